#include "engine/weights/archive.h"

#include <zip.h>

#include "engine/protocol/error.h"
#include "engine/weights/mapped_file.h"

namespace palimpsest {
namespace {

constexpr std::uint64_t kDeflateAtBest = 1032;  // bytes out of one byte in
constexpr std::uint64_t kUnpacked = 64;            // times the archive, all members together
constexpr zip_int64_t kMostMembers = 200'000;

bool plainName(const std::string& name) {
  return !name.empty() && name.front() != '/' && name.find('\\') == std::string::npos &&
         name.find("..") == std::string::npos;
}

// What is wrong with one entry of the directory; empty when nothing is.
std::string faultOf(const zip_stat_t& entry, std::uint64_t file_bytes) {
  constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if ((entry.valid & needed) != needed) return "has no name or no size";
  if (entry.comp_size > file_bytes) return "is said to be larger than the file";
  if (entry.encryption_method != ZIP_EM_NONE) return "is encrypted";
  if (entry.comp_method == ZIP_CM_STORE) return entry.size == entry.comp_size ? "" : "has two sizes";
  if (entry.comp_method != ZIP_CM_DEFLATE) return "is compressed in a way that is not supported";
  return entry.size / kDeflateAtBest > entry.comp_size + 1 ? "is said to be larger than its bytes can hold" : "";
}

}  // namespace

void Archive::Close::operator()(zip* archive) const { zip_discard(archive); }

Archive::Archive(const std::filesystem::path& file) : file_(file) {
  std::error_code none;
  const std::uint64_t bytes = std::filesystem::file_size(file, none);
  int problem = 0;
  zip_.reset(zip_open(file.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &problem));
  if (!zip_) {
    zip_error_t error;
    zip_error_init_with_code(&error, problem);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    refuse(file, {"it is no readable ZIP archive (" + text + "): it is cut off or damaged"});
  }
  const zip_int64_t entries = zip_get_num_entries(zip_.get(), 0);
  if (entries > kMostMembers) refuse(file, {"it has more than " + std::to_string(kMostMembers) + " members"});
  Problems problems;
  std::uint64_t unpacked = 0;
  for (zip_int64_t i = 0; i < entries; ++i) {
    zip_stat_t entry;
    if (zip_stat_index(zip_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &entry) != 0 || !entry.name) {
      problems.push_back("its member " + std::to_string(i + 1) + " cannot be read");
      continue;
    }
    const std::string name = entry.name;
    if (!plainName(name)) problems.push_back("its member \"" + name + "\" has a name that leads out of the archive");
    else if (const std::string fault = faultOf(entry, bytes); !fault.empty()) problems.push_back("its member \"" + name + "\" " + fault);
    else if (!sizes_.emplace(name, entry.size).second) problems.push_back("its member \"" + name + "\" is there twice");
    else unpacked += entry.size;
  }
  if (unpacked > kUnpacked * bytes + (16 << 20)) problems.push_back("it unpacks to " + std::to_string(unpacked) + " bytes, " + std::to_string(unpacked / bytes) + " times its size, which weights do not");
  refuse(file, problems);
}

Archive::~Archive() = default;

std::vector<std::byte> Archive::read(const std::string& name, std::uint64_t most) const {
  const auto found = sizes_.find(name);
  if (found == sizes_.end()) refuse(file_, {"its member \"" + name + "\" is missing"});
  if (found->second > most)
    refuse(file_, {"its member \"" + name + "\" has " + std::to_string(found->second) + " bytes, more than the " + std::to_string(most) + " expected"});
  std::vector<std::byte> bytes(static_cast<std::size_t>(found->second));
  zip_file_t* member = zip_fopen(zip_.get(), name.c_str(), ZIP_FL_ENC_RAW);
  std::size_t got = 0;
  while (member && got < bytes.size()) {
    const zip_int64_t count = zip_fread(member, bytes.data() + got, bytes.size() - got);
    if (count <= 0) break;
    got += static_cast<std::size_t>(count);
  }
  std::byte one{};  // the check sum is compared at the end of the member, which has to be seen
  const bool whole = member && got == bytes.size() && zip_fread(member, &one, 1) == 0;
  if (member) zip_fclose(member);
  if (!whole) refuse(file_, {"its member \"" + name + "\" is damaged"});
  return bytes;
}

}  // namespace palimpsest
