// MNIST's IDX files, compressed or not: a big-endian header (type, dimensions), then the bytes.
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "engine/data/memory_split.h"
#include "engine/data/sources.h"

namespace palimpsest {
namespace {

namespace fs = std::filesystem;

struct IdxFile {
  std::vector<std::uint32_t> shape;
  std::vector<std::uint8_t> bytes;
};

struct GzipCloser {
  void operator()(gzFile file) const { gzclose_r(file); }
};
using Gzip = std::unique_ptr<gzFile_s, GzipCloser>;

std::optional<fs::path> fileNamed(const fs::path& folder, const std::string& stem, int dimensions) {
  for (const char* joint : {"-", "."})
    for (const char* ending : {"", ".gz"}) {
      const fs::path path = folder / (stem + joint + "idx" + std::to_string(dimensions) + "-ubyte" + ending);
      std::error_code ignored;
      if (fs::is_regular_file(path, ignored)) return path;
    }
  return std::nullopt;
}

// Reads up to `wanted` bytes in pieces: what a header claims is not believed before it has arrived.
std::vector<std::uint8_t> readUpTo(gzFile file, std::uint64_t wanted) {
  constexpr std::uint64_t piece = 1 << 24;
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < wanted) {
    const std::size_t before = bytes.size();
    const auto ask = static_cast<unsigned>(std::min(piece, wanted - before));
    bytes.resize(before + ask);
    const int got = gzread(file, bytes.data() + before, ask);
    bytes.resize(before + std::max(got, 0));
    if (got < static_cast<int>(ask)) break;
  }
  return bytes;
}

std::string sizeText(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

std::optional<IdxFile> readIdx(const fs::path& path, int dimensions, Issues& issues) {
  const char* again = "Copy or download the file again.";
  const auto refuse = [&](const std::string& what, const char* hint) {
    issues.push_back(error(path.string(), what, hint));
    return std::nullopt;
  };
  const Gzip file(gzopen(path.c_str(), "rb"));
  if (!file) return refuse("the file cannot be opened", "Check that you may read it.");
  const auto damaged = [&] {
    int problem = Z_OK;
    gzerror(file.get(), &problem);
    return problem == Z_DATA_ERROR || problem == Z_STREAM_ERROR;
  };
  const std::uint64_t header_size = 4 + 4 * dimensions;
  const std::vector<std::uint8_t> header = readUpTo(file.get(), header_size);
  if (damaged()) return refuse("the compressed file is damaged", again);
  if (header.size() < header_size)
    return refuse(
        "the file ends within its header: expected " + sizeText(header_size) + ", found " + sizeText(header.size()),
        again);
  if (header[0] != 0 || header[1] != 0 || header[2] != 8 || header[3] != dimensions)
    return refuse("this is no IDX file of bytes with " + std::to_string(dimensions) + " dimensions",
                  "Check that it is the file that its name says.");
  IdxFile out;
  std::uint64_t wanted = 1;
  for (int d = 0; d < dimensions; ++d) {
    const std::uint8_t* b = &header[4 + 4 * d];
    out.shape.push_back(std::uint32_t{b[0]} << 24 | b[1] << 16 | b[2] << 8 | b[3]);
    const bool fits = out.shape.back() >= 1 && (d == 0 || out.shape.back() <= 4096);
    if (!fits) return refuse("dimension " + std::to_string(d) + " is " + std::to_string(out.shape.back()), again);
    wanted *= out.shape.back();
  }
  if (wanted > (std::uint64_t{1} << 36)) return refuse("the header announces " + sizeText(wanted), again);
  out.bytes = readUpTo(file.get(), wanted);
  if (damaged()) return refuse("the compressed file is damaged", again);
  if (out.bytes.size() < wanted)
    return refuse("the file is truncated: expected " + sizeText(header_size + wanted) + ", found " +
                      sizeText(header_size + out.bytes.size()),
                  again);
  std::uint8_t beyond = 0;
  const int more = gzread(file.get(), &beyond, 1);  // also checks the checksum at the end of gzip files
  if (more < 0) return refuse("the compressed file is damaged", again);
  if (more > 0)
    return refuse("the file goes on after the " + sizeText(header_size + wanted) + " that its header announces", again);
  return out;
}

std::shared_ptr<MemorySplit> openSplit(const fs::path& folder, const std::string& stem, const char* hint,
                                       Issues& issues) {
  const auto open = [&](const char* what, int dimensions) -> std::optional<IdxFile> {
    const std::string name = stem + what;
    if (const auto path = fileNamed(folder, name, dimensions)) return readIdx(*path, dimensions, issues);
    issues.push_back(error((folder / (name + "-idx" + std::to_string(dimensions) + "-ubyte[.gz]")).string(),
                           "the file is missing", hint));
    return std::nullopt;
  };
  std::optional<IdxFile> images = open("-images", 3), labels = open("-labels", 1);
  if (!images || !labels) return nullptr;
  if (images->shape[0] != labels->shape[0]) {
    issues.push_back(error(
        folder.string(),
        stem + ": " + std::to_string(images->shape[0]) + " images, but " + std::to_string(labels->shape[0]) + " labels",
        "The two files belong to different data sets: fetch them again."));
    return nullptr;
  }
  const int height = static_cast<int>(images->shape[1]), width = static_cast<int>(images->shape[2]);
  const std::size_t area = static_cast<std::size_t>(width) * height;
  return std::make_shared<MemorySplit>(stem == "train" ? "train" : "test",
                                       MemorySplit::Layout{width, height, 1, 0, area}, std::move(images->bytes),
                                       std::vector<int>(labels->bytes.begin(), labels->bytes.end()));
}

Dataset openIdxFolder(const std::string& folder, const char* hint, Issues& issues) {
  Dataset data{.title = "IDX images"};
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    issues.push_back(error(folder, "the folder does not exist", hint));
    return data;
  }
  const auto train = openSplit(folder, "train", hint, issues), test = openSplit(folder, "t10k", hint, issues);
  if (!train || !test) return data;
  const int classes = checkedClasses(folder, train->labels(), test->labels(), issues);
  Fingerprint print;
  for (const auto& split : {train, test}) {
    for (const int label : split->labels()) print.add(label);
    print.add(split->bytes().data(), split->bytes().size());
  }
  for (int c = 0; c < classes; ++c) data.class_names.push_back(std::to_string(c));
  data.train = train;
  data.test = test;
  data.fingerprint = print.hex();
  return data;
}

}  // namespace

Dataset openIdx(const std::string& folder, Issues& issues) {
  return openIdxFolder(folder,
                       "The folder has to hold train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with "
                       "t10k, each plain or as .gz.",
                       issues);
}

Dataset openFashionMnist(const std::string& folder, Issues& issues) {
  Dataset data = openIdxFolder(
      folder.empty() ? kFashionMnistFolder : folder,
      "Install Debian's package dataset-fashion-mnist, or give the folder of its four files: fashion-mnist:DIR.",
      issues);
  data.title = "Fashion-MNIST";
  const std::vector<std::string> names{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                       "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  if (data.class_names.size() == names.size()) data.class_names = names;
  return data;
}

}  // namespace palimpsest
