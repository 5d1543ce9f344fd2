// A folder of images: DIR/train/CLASS/*.jpg and DIR/test/CLASS/*.jpg, or with a folder for each domain above those of
// the classes. Classes are the rank of their folder's name in byte order, files are visited as sorted(os.walk) does:
// both as the Python toolboxes have it.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include "engine/data/decode.h"
#include "engine/data/sources.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kKeptBytes = 256ll << 20;  // decoded images that stay in memory, per split
constexpr std::size_t kListed = 200;              // problems of one kind that are named one by one
constexpr const char* kLayout = "Expected DIR/train/CLASS/*.jpg and DIR/test/CLASS/*.jpg (or val, validation).";
constexpr const char* kDomainLayout =
    "Expected DIR/train/DOMAIN/CLASS/*.jpg and DIR/test/DOMAIN/CLASS/*.jpg (or val, validation).";

std::optional<std::vector<std::uint8_t>> bytesOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(path, problem);
  if (problem) return std::nullopt;
  std::vector<std::uint8_t> bytes(size);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

struct File {
  std::string relative;  // to the split's folder
  std::uint64_t size = 0;
  int label = 0;
  int domain = 0;
};

class FolderSplit final : public Split {
 public:
  FolderSplit(fs::path folder, std::vector<File> files)
      : folder_(std::move(folder)), files_(std::move(files)), kept_(files_.size()) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(files_.size()); }
  int label(std::int64_t index) const override { return files_[index].label; }
  std::string name(std::int64_t index) const override { return files_[index].relative; }
  int domain(std::int64_t index) const override { return files_[index].domain; }
  Image image(std::int64_t index) const override {
    if (!kept_[index].pixels.empty()) return kept_[index];
    Decoded decoded = decode(index);
    if (decoded.problem.empty()) return std::move(decoded.image);
    throw Error("bad-image", path(index).string() + ": " + decoded.problem,
                "The file was whole when the run began: restore it, then resume.");
  }
  fs::path path(std::int64_t index) const { return folder_ / files_[index].relative; }
  const std::vector<File>& files() const { return files_; }

  // Problem of each file, found by all cores; images are kept as far as there is room. Of more than `whole` files
  // only the beginnings and ends are read.
  std::vector<std::string> check(std::size_t whole);

 private:
  Decoded decode(std::int64_t index) const {
    const auto bytes = bytesOf(path(index));
    return bytes ? decodeImage(*bytes) : Decoded{{}, "the file cannot be read"};
  }
  std::string checkOne(std::int64_t index, std::atomic<std::int64_t>& room);
  std::string checkEnds(std::int64_t index) const;

  fs::path folder_;
  std::vector<File> files_;
  std::vector<Image> kept_;  // empty where the file is read again
  bool ends_only_ = false;
};

std::string FolderSplit::checkOne(std::int64_t index, std::atomic<std::int64_t>& room) {
  if (ends_only_) return checkEnds(index);
  const auto bytes = bytesOf(path(index));
  if (!bytes) return "the file cannot be read";
  if (room <= 0) return problemOf(*bytes);
  Decoded decoded = decodeImage(*bytes);
  const auto size = static_cast<std::int64_t>(decoded.image.pixels.size());
  if (decoded.problem.empty() && room.fetch_sub(size) >= size) kept_[index] = std::move(decoded.image);
  return decoded.problem;
}

// Whole files end with a marker; where it is not in sight the file is decoded after all.
std::string FolderSplit::checkEnds(std::int64_t index) const {
  constexpr std::size_t window = 4096;
  std::ifstream file(path(index), std::ios::binary);
  if (!file) return "the file cannot be read";
  std::vector<std::uint8_t> head(16), tail(std::min<std::uint64_t>(window, files_[index].size));
  file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  file.clear();
  file.seekg(-static_cast<std::streamoff>(tail.size()), std::ios::end);
  file.read(reinterpret_cast<char*>(tail.data()), static_cast<std::streamsize>(tail.size()));
  const ImageKind kind = imageKindOf(head.data(), head.size());
  const std::string marker = kind == ImageKind::Jpeg ? "\xff\xd9" : "IEND";
  const bool ended = kind != ImageKind::Unknown &&
                     std::search(tail.begin(), tail.end(), marker.begin(), marker.end(), [](std::uint8_t a, char b) {
                       return a == static_cast<std::uint8_t>(b);
                     }) != tail.end();
  return ended ? "" : decode(index).problem;
}

std::vector<std::string> FolderSplit::check(std::size_t whole) {
  ends_only_ = files_.size() > whole;
  std::vector<std::string> problems(files_.size());
  std::atomic<std::int64_t> room{kKeptBytes};
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < files_.size(); i = next++) try {
        problems[i] = checkOne(static_cast<std::int64_t>(i), room);
      } catch (const std::bad_alloc&) {
        problems[i] = "there is not enough memory to decode the image";
      }
  };
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  return problems;
}

std::string lowerEnding(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return ending;
}

bool readable(const fs::path& path) {
  static const std::set<std::string> endings{".jpg", ".jpeg", ".png"};
  return endings.contains(lowerEnding(path));
}

bool imageOfAnotherKind(const fs::path& path) {
  static const std::set<std::string> endings{".bmp", ".gif", ".heic", ".pgm", ".ppm", ".tif", ".tiff", ".webp"};
  return endings.contains(lowerEnding(path));
}

std::vector<std::string> foldersIn(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    if (name[0] != '.' && entry.is_directory(ignored)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Image files of the class whose folder is `split` / `name`, at any depth: by folder, then by name.
std::vector<File> filesOfClass(const fs::path& split, const fs::path& name, int label, int domain,
                               std::vector<std::string>& unsupported, Issues& issues) {
  struct Found {
    std::string folder, name;
    std::uint64_t size;
    auto operator<=>(const Found&) const = default;
  };
  std::vector<Found> found;
  std::error_code problem;
  for (fs::recursive_directory_iterator at(split / name, problem), end; !problem && at != end; at.increment(problem)) {
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    if (imageOfAnotherKind(at->path())) unsupported.push_back(at->path().string());
    if (readable(at->path()))
      found.push_back({at->path().parent_path().string(), at->path().filename().string(), at->file_size(ignored)});
  }
  if (problem) issues.push_back(error((split / name).string(), "the folder cannot be read: " + problem.message()));
  std::sort(found.begin(), found.end());
  std::vector<File> files;
  for (const Found& file : found)
    files.push_back({(fs::path(file.folder) / file.name).lexically_relative(split).string(), file.size, label, domain});
  return files;
}

void listProblems(const std::vector<std::pair<std::string, std::string>>& problems, const char* hint, Issues& issues) {
  for (std::size_t i = 0; i < std::min(problems.size(), kListed); ++i)
    issues.push_back(error(problems[i].first, problems[i].second, hint));
  if (problems.size() > kListed)
    issues.push_back(
        error("--data", std::to_string(problems.size() - kListed) + " more files have such problems", hint));
}

// What to look for in both splits, each in byte order. A data set without domains has one, named "".
struct Layout {
  std::vector<std::string> domains, classes;
};

// The files of a split: by domain, then by class. `limit`: first N of each class in each domain; 0 takes all.
std::vector<File> filesOf(const fs::path& folder, const Layout& layout, int limit,
                          std::vector<std::string>& unsupported, Issues& issues) {
  std::vector<File> files;
  for (std::size_t domain = 0; domain < layout.domains.size(); ++domain)
    for (std::size_t label = 0; label < layout.classes.size(); ++label) {
      const fs::path name = fs::path(layout.domains[domain]) / layout.classes[label];
      std::error_code ignored;
      if (!fs::is_directory(folder / name, ignored)) continue;  // reported where the splits are compared
      std::vector<File> own =
          filesOfClass(folder, name, static_cast<int>(label), static_cast<int>(domain), unsupported, issues);
      if (own.empty())
        issues.push_back(
            error((folder / name).string(), "the class has no JPEG or PNG image", "Add images or remove the folder."));
      if (limit > 0 && own.size() > static_cast<std::size_t>(limit)) own.resize(limit);
      files.insert(files.end(), own.begin(), own.end());
    }
  return files;
}

std::shared_ptr<FolderSplit> openSplit(const fs::path& folder, const Layout& layout, int limit,
                                       std::size_t checked_whole, Issues& issues) {
  std::vector<std::string> unsupported;
  std::vector<File> files = filesOf(folder, layout, limit, unsupported, issues);
  std::vector<std::pair<std::string, std::string>> others;
  for (const std::string& path : unsupported) others.emplace_back(path, "only JPEG and PNG images are read");
  listProblems(others, "Convert the file, or remove it.", issues);

  auto split = std::make_shared<FolderSplit>(folder, std::move(files));
  const std::vector<std::string> found = split->check(checked_whole);
  std::vector<std::pair<std::string, std::string>> broken;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!found[i].empty()) broken.emplace_back(split->path(static_cast<std::int64_t>(i)).string(), found[i]);
  listProblems(broken, "Replace the file, or remove it.", issues);
  return split;
}

std::optional<fs::path> testFolder(const fs::path& folder) {
  std::error_code ignored;
  for (const char* name : {"test", "val", "validation"})
    if (fs::is_directory(folder / name, ignored)) return folder / name;
  return std::nullopt;
}

// Reports folders that only one of the splits has. `what`: what a folder stands for; `inside`: where in the splits.
void compareFolders(const fs::path& train, const fs::path& test, const fs::path& inside, const std::string& what,
                    Issues& issues) {
  const auto report = [&](const fs::path& with, const fs::path& without) {
    const std::vector<std::string> a = foldersIn(with / inside), b = foldersIn(without / inside);
    std::vector<std::string> missing;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(missing));
    for (const std::string& name : missing)
      issues.push_back(
          error((without / inside / name).string(), "the " + what + " is in " + with.filename().string() + " only",
                what == "class" ? "Both splits need the same classes." : "Both splits need the same domains."));
  };
  report(train, test);
  report(test, train);
}

// The splits' folders, or nothing after reporting.
std::optional<std::pair<fs::path, fs::path>> splitFolders(const std::string& name, const char* layout, Issues& issues) {
  const fs::path folder(name);
  std::error_code ignored;
  if (name.empty() || !fs::is_directory(folder, ignored)) {
    issues.push_back(error(name.empty() ? std::string("--data") : name,
                           name.empty() ? "the folder is missing" : "the folder does not exist", layout));
    return std::nullopt;
  }
  const fs::path train = folder / "train";
  const std::optional<fs::path> test = testFolder(folder);
  const bool whole = fs::is_directory(train, ignored) && test;
  if (!fs::is_directory(train, ignored)) issues.push_back(error(train.string(), "the folder is missing", layout));
  if (!test)
    issues.push_back(error((folder / "test").string(), "the folder is missing, and so are val and validation", layout));
  return whole ? std::optional(std::pair(train, *test)) : std::nullopt;
}

Layout plainLayout(const fs::path& train, const fs::path& test, Issues& issues) {
  const Layout layout{{""}, foldersIn(train)};
  if (layout.classes.empty()) issues.push_back(error(train.string(), "there is no folder of a class in it", kLayout));
  compareFolders(train, test, "", "class", issues);
  return layout;
}

Layout domainLayout(const fs::path& train, const fs::path& test, Issues& issues) {
  Layout layout{foldersIn(train), {}};
  if (layout.domains.empty())
    issues.push_back(error(train.string(), "there is no folder of a domain in it", kDomainLayout));
  compareFolders(train, test, "", "domain", issues);
  std::set<std::string> classes;
  for (const std::string& domain : layout.domains) {
    const std::vector<std::string> own = foldersIn(train / domain);
    if (own.empty())
      issues.push_back(error((train / domain).string(), "there is no folder of a class in it", kDomainLayout));
    classes.insert(own.begin(), own.end());
    std::error_code ignored;
    if (fs::is_directory(test / domain, ignored)) compareFolders(train, test, domain, "class", issues);
  }
  layout.classes.assign(classes.begin(), classes.end());
  return layout;
}

struct Limits {
  int train = 0, test = 0;        // images of each class in each domain; 0: all
  std::size_t checked_whole = 0;  // files
};

Dataset openLayout(const std::string& name, const std::pair<fs::path, fs::path>& folders, const Layout& layout,
                   const Limits& limits, Issues& issues) {
  Dataset data;
  std::error_code ignored;
  data.title = fs::weakly_canonical(name, ignored).filename().string();
  data.class_names = layout.classes;
  const auto train = openSplit(folders.first, layout, limits.train, limits.checked_whole, issues);
  const auto test = openSplit(folders.second, layout, limits.test, limits.checked_whole, issues);
  Fingerprint print;
  for (const auto& split : {train, test})
    for (const File& file : split->files()) {
      print.add(file.relative);
      print.add(static_cast<std::int64_t>(file.size));
      print.add(file.label);
    }
  data.train = train;
  data.test = test;
  data.fingerprint = print.hex();
  return data;
}

}  // namespace

Dataset openFolder(const std::string& name, int limit_train, int limit_test, Issues& issues,
                   std::size_t checked_whole) {
  const auto folders = splitFolders(name, kLayout, issues);
  if (!folders) return {};
  const Layout layout = plainLayout(folders->first, folders->second, issues);
  return openLayout(name, *folders, layout, {limit_train, limit_test, checked_whole}, issues);
}

Dataset openDomains(const std::string& name, int limit_train, int limit_test, Issues& issues,
                    std::size_t checked_whole) {
  const auto folders = splitFolders(name, kDomainLayout, issues);
  if (!folders) return {};
  const Layout layout = domainLayout(folders->first, folders->second, issues);
  Dataset data = openLayout(name, *folders, layout, {limit_train, limit_test, checked_whole}, issues);
  data.domain_names = layout.domains;
  return data;
}

}  // namespace palimpsest
