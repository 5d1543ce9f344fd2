#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/protocol/error.h"
#include "engine/record/descriptor.h"
#include "engine/weights/safetensors.h"

namespace palimpsest {
namespace {

// Header with its length in front, padded so that the data begin at a multiple of 8.
std::string headerOf(const std::vector<TensorView>& tensors, const Metadata& metadata) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::uint64_t at = 0;
  for (const TensorView& tensor : tensors) {
    PALIMPSEST_EXPECT(!json.contains(tensor.name), "Two tensors of a file have the same name");
    std::size_t bytes = dtypeBytes(tensor.dtype);
    for (const std::int64_t size : tensor.shape) bytes *= static_cast<std::size_t>(size);
    PALIMPSEST_EXPECT(bytes == tensor.data.size(), "A tensor's shape does not fit its data");
    json[tensor.name] = {
        {"dtype", dtypeName(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = json.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(text.size() >> (8 * i) & 0xff);
  return length + text;
}

}  // namespace

void writeSafetensors(const std::filesystem::path& file, std::vector<TensorView> tensors, const Metadata& metadata) {
  // Wide types first keeps every tensor aligned to its own size.
  std::ranges::stable_sort(tensors, [](const TensorView& a, const TensorView& b) {
    return std::pair(dtypeBytes(b.dtype), a.name) < std::pair(dtypeBytes(a.dtype), b.name);
  });
  const std::string header = headerOf(tensors, metadata);
  std::filesystem::path temporary = file;
  temporary += "." + std::to_string(::getpid()) + ".tmp";
  const auto fail = [&](int system_error) {
    ::unlink(temporary.c_str());
    record::throwWriteError(system_error,
                            "\"" + file.string() + "\" could not be written; what was there before is unchanged",
                            "Free some space or choose another folder.");
  };
  record::Descriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!out) fail(errno);
  if (const int problem = record::writeAll(out.get(), header)) fail(problem);
  for (const TensorView& tensor : tensors) {
    const std::string_view bytes(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
    if (const int problem = record::writeAll(out.get(), bytes)) fail(problem);
  }
  if (::fsync(out.get()) != 0 || !out.close()) fail(errno);
  if (::rename(temporary.c_str(), file.c_str()) != 0) fail(errno);
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const record::Descriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent) ::fsync(parent.get());  // not every file system offers it; the rename is done either way
}

std::string sha256OfFile(const std::filesystem::path& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "rb"), std::fclose);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 20);
  std::size_t count = 0;
  while (in && (count = std::fread(buffer.data(), 1, buffer.size(), in.get())) > 0)
    EVP_DigestUpdate(digest.get(), buffer.data(), count);
  if (!in || std::ferror(in.get()))
    throw BadInput({error(file.string(), std::string("it cannot be read: ") + std::strerror(errno))});
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(digest.get(), bytes, &length);
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

}  // namespace palimpsest
