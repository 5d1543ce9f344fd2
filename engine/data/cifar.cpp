// CIFAR's official binary layout: records of one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100), then
// 32 x 32 bytes each of red, green and blue.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "engine/data/memory_split.h"
#include "engine/data/sources.h"

namespace palimpsest {
namespace {

namespace fs = std::filesystem;
constexpr int kSide = 32;
constexpr std::size_t kImage = 3 * kSide * kSide;

struct Flavour {
  const char* title;
  const char* spec;
  std::size_t labels;  // label bytes before an image; the last one counts
  const char* names;   // file of class names
  std::size_t record() const { return labels + kImage; }
};
constexpr Flavour kTen{"CIFAR-10", "cifar10", 1, "batches.meta.txt"};
constexpr Flavour kHundred{"CIFAR-100", "cifar100", 2, "fine_label_names.txt"};

std::vector<fs::path> filesOf(const fs::path& folder, const char* whole, const std::string& part) {
  std::error_code ignored;
  if (fs::is_regular_file(folder / whole, ignored)) return {folder / whole};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(part) && name.ends_with(".bin")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void appendFile(const fs::path& path, const Flavour& flavour, std::vector<std::uint8_t>& bytes, Issues& issues) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    issues.push_back(error(path.string(), "the file cannot be opened", "Check that you may read it."));
    return;
  }
  file.seekg(0, std::ios::end);
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(file.tellg(), 0));
  if (size == 0 || size % flavour.record() != 0) {
    const Flavour& other = flavour.labels == 1 ? kHundred : kTen;
    const bool mixed_up = size > 0 && size % other.record() == 0;
    issues.push_back(
        error(path.string(),
              "expected a multiple of " + std::to_string(flavour.record()) + " bytes, found " + std::to_string(size),
              mixed_up ? "This looks like " + std::string(other.title) + ": write " + other.spec + ":DIR."
                       : "Copy or download the file again; it is truncated or no binary version."));
    return;
  }
  const std::size_t before = bytes.size();
  bytes.resize(before + size);
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(bytes.data() + before), static_cast<std::streamsize>(size)))
    issues.push_back(
        error(path.string(), "the file cannot be read to its end", "Check the disk, or copy the file again."));
}

std::shared_ptr<MemorySplit> openSplit(const fs::path& folder, bool train, const Flavour& flavour, Issues& issues) {
  const char* whole = train ? "train.bin" : "test.bin";
  const std::string part = train ? "data_batch_" : "test_batch";
  const std::vector<fs::path> files = filesOf(folder, whole, part);
  if (files.empty()) {
    issues.push_back(error((folder / whole).string(),
                           "the file is missing, and so are files like " + part + (train ? "1.bin" : ".bin"),
                           "Unpack the binary version of " + std::string(flavour.title) + " and give its folder."));
    return nullptr;
  }
  std::vector<std::uint8_t> bytes;
  const std::size_t before = issues.size();
  for (const fs::path& path : files) appendFile(path, flavour, bytes, issues);
  if (issues.size() != before) return nullptr;
  std::vector<int> labels(bytes.size() / flavour.record());
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = bytes[i * flavour.record() + flavour.labels - 1];
  const MemorySplit::Layout layout{kSide, kSide, 3, flavour.labels, flavour.record()};
  return std::make_shared<MemorySplit>(train ? "train" : "test", layout, std::move(bytes), std::move(labels));
}

std::vector<std::string> namesFrom(const fs::path& path, int classes) {
  std::ifstream file(path);
  std::vector<std::string> names;
  for (std::string line; static_cast<int>(names.size()) < classes && std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  for (int c = static_cast<int>(names.size()); c < classes; ++c) names.push_back("class " + std::to_string(c));
  return names;
}

Dataset openCifar(const std::string& folder, const Flavour& flavour, Issues& issues) {
  Dataset data{.title = flavour.title};
  std::error_code ignored;
  if (folder.empty() || !fs::is_directory(folder, ignored)) {
    issues.push_back(error(folder.empty() ? std::string("--data") : folder,
                           folder.empty() ? "the folder is missing" : "the folder does not exist",
                           "Write " + std::string(flavour.spec) + ":DIR with the folder of the binary version."));
    return data;
  }
  const auto train = openSplit(folder, true, flavour, issues), test = openSplit(folder, false, flavour, issues);
  if (!train || !test) return data;
  const int classes = checkedClasses(folder, train->labels(), test->labels(), issues);
  data.class_names = namesFrom(fs::path(folder) / flavour.names, classes);
  Fingerprint print;
  for (const auto& split : {train, test}) print.add(split->bytes().data(), split->bytes().size());
  data.train = train;
  data.test = test;
  data.fingerprint = print.hex();
  return data;
}

}  // namespace

Dataset openCifar10(const std::string& folder, Issues& issues) { return openCifar(folder, kTen, issues); }
Dataset openCifar100(const std::string& folder, Issues& issues) { return openCifar(folder, kHundred, issues); }

}  // namespace palimpsest
