#include "engine/weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "engine/protocol/error.h"
#include "engine/record/descriptor.h"

namespace palimpsest {

void refuse(const std::filesystem::path& file, const Problems& problems) {
  if (problems.empty()) return;
  Issues issues;
  for (const std::string& problem : problems)
    issues.push_back(error(file.string(), problem, "Take another copy of the file; nothing was changed."));
  throw BadInput(std::move(issues));
}

MappedFile::MappedFile(const std::filesystem::path& file, std::size_t least) {
  const record::Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!in || ::fstat(in.get(), &status) != 0) refuse(file, {std::string("it cannot be read: ") + std::strerror(errno)});
  if (!S_ISREG(status.st_mode)) refuse(file, {"it is no file"});
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ < least)
    refuse(file, {"it is shorter than the " + std::to_string(least) + " bytes that every such file begins with"});
  if (size_ == 0) return;
  void* at = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, in.get(), 0);
  if (at == MAP_FAILED) refuse(file, {std::string("it cannot be mapped: ") + std::strerror(errno)});
  data_ = static_cast<const std::byte*>(at);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace palimpsest
