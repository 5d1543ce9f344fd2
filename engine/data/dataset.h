// A data set: two splits of labelled images. Splits are immutable after opening and safe to read from many threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/data/image.h"
#include "engine/protocol/issue.h"

namespace palimpsest {

class Split {
 public:
  virtual ~Split() = default;
  virtual std::int64_t size() const = 0;
  virtual int label(std::int64_t index) const = 0;                // class of the data set, 0-based
  virtual Image image(std::int64_t index) const = 0;              // decodes; throws Error{"bad-image"} naming the file
  virtual std::string name(std::int64_t index) const = 0;         // for people: file name or "train 17"
  virtual std::string caption(std::int64_t) const { return {}; }  // an English phrase; empty: there is none
  virtual int domain(std::int64_t) const { return 0; }            // position in Dataset::domain_names
};

struct Dataset {
  std::string spec;   // as given
  std::string title;  // "Fashion-MNIST"
  std::vector<std::string> class_names;
  std::vector<std::string> domain_names;  // where the same classes look different; empty: one domain without a name
  std::shared_ptr<const Split> train, test;
  std::string fingerprint;  // of file names, sizes and labels; equal for equal data
};

// Opens what --data names (contracts.md: fashion-mnist[:DIR], idx:DIR, cifar10:DIR, cifar100:DIR, folder:DIR,
// domains:DIR, shapes[:classes=N], world[:...]). limit_*: first N images of each class (in each domain) in data set
// order, 0 takes all.
// Throws BadInput listing every problem: missing folder, truncated file, wrong size, empty class, unreadable images.
Dataset openDataset(const std::string& spec, int limit_train = 0, int limit_test = 0);

struct DatasetInfo {
  std::string spec, title, doc;
  bool available = false;  // found on this machine
};
std::vector<DatasetInfo> knownDatasets();

// Indices of the images of these classes, class by class in the order given, each in data set order: the order of
// samples inside a task (metrics-and-protocols, section 3).
std::vector<std::int64_t> indicesOf(const Split& split, const std::vector<int>& classes);

}  // namespace palimpsest
