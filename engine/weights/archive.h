// ZIP archives as weights use them: the central directory is believed, and only after it was checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct zip;

namespace palimpsest {

// Read-only; one thread.
class Archive {
 public:
  // Throws BadInput for anything that is no plain archive: encrypted members, names given twice, absolute names or
  // names with "..", and members that claim to be larger than deflate could have made them from their bytes.
  explicit Archive(const std::filesystem::path& file);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  const std::map<std::string, std::uint64_t>& members() const { return sizes_; }  // name -> bytes
  bool has(const std::string& name) const { return sizes_.contains(name); }
  // The member's bytes, its check sum compared. Throws BadInput when it is damaged or larger than `most`.
  std::vector<std::byte> read(const std::string& name, std::uint64_t most = UINT64_MAX) const;

 private:
  const std::filesystem::path file_;
  struct Close {
    void operator()(zip* archive) const;
  };
  std::unique_ptr<zip, Close> zip_;
  std::map<std::string, std::uint64_t> sizes_;
};

}  // namespace palimpsest
