// Where data sets come from. Each source reports all of its problems; a data set with errors is not to be used.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace palimpsest {

Dataset openFashionMnist(const std::string& folder, Issues& issues);  // "" takes Debian's place
Dataset openIdx(const std::string& folder, Issues& issues);
Dataset openCifar10(const std::string& folder, Issues& issues);
Dataset openCifar100(const std::string& folder, Issues& issues);
// The limits apply before images are checked, so that nothing is decoded in vain. Splits of more than `checked_whole`
// files are checked by the beginnings and ends of their files, others by decoding all of them.
Dataset openFolder(const std::string& folder, int limit_train, int limit_test, Issues& issues,
                   std::size_t checked_whole = 20'000);
// DIR/train/DOMAIN/CLASS/*.png and DIR/test/DOMAIN/CLASS/*.png, images in this order. Both splits need the same classes
// in a domain; that another domain lacks some of them is for a scenario to judge. Limits count in each domain.
Dataset openDomains(const std::string& folder, int limit_train, int limit_test, Issues& issues,
                    std::size_t checked_whole = 20'000);

inline constexpr const char* kFashionMnistFolder = "/usr/share/datasets/fashion-mnist";

// Labels have to be 0 to n-1, each with images in both splits; returns n, or 0 after reporting.
int checkedClasses(const std::string& path, const std::vector<int>& train, const std::vector<int>& test,
                   Issues& issues);

// A 64-bit FNV-1a hash, the same on every machine.
class Fingerprint {
 public:
  void add(const void* bytes, std::size_t size);
  void add(const std::string& text);  // with its length, so that neighbours cannot trade letters
  void add(std::int64_t number);
  std::string hex() const;

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace palimpsest
