#include "engine/data/dataset.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "engine/data/procedural/scene.h"
#include "engine/data/procedural/world.h"
#include "engine/data/sources.h"
#include "engine/data/spec_options.h"
#include "engine/protocol/error.h"
#include "engine/protocol/param.h"

namespace palimpsest {
namespace {

// The first images of each class of another split, in each of its domains.
class LimitedSplit final : public Split {
 public:
  LimitedSplit(std::shared_ptr<const Split> whole, int limit) : whole_(std::move(whole)) {
    std::map<std::pair<int, int>, int> taken;
    for (std::int64_t i = 0; i < whole_->size(); ++i)
      if (taken[{whole_->domain(i), whole_->label(i)}]++ < limit) kept_.push_back(i);
  }
  std::int64_t size() const override { return static_cast<std::int64_t>(kept_.size()); }
  int label(std::int64_t index) const override { return whole_->label(kept_[index]); }
  Image image(std::int64_t index) const override { return whole_->image(kept_[index]); }
  std::string name(std::int64_t index) const override { return whole_->name(kept_[index]); }
  std::string caption(std::int64_t index) const override { return whole_->caption(kept_[index]); }
  int domain(std::int64_t index) const override { return whole_->domain(kept_[index]); }

 private:
  std::shared_ptr<const Split> whole_;
  std::vector<std::int64_t> kept_;
};

const std::vector<std::string>& kinds() {
  static const std::vector<std::string> list{"fashion-mnist", "idx",     "cifar10", "cifar100",
                                             "folder",        "domains", "shapes",  "world"};
  return list;
}

Dataset openDrawn(const Spec& spec, Issues& issues) {
  const bool world = spec.kind == "world";
  SpecOptions options(spec.rest, "--data", issues);
  const ShapesStyle style = world ? ShapesStyle{} : shapesStyleFrom(options);
  const int most = world ? kMostWorldClasses : style.relations ? kMostRelationScenes : kMostPlainScenes;
  const WorldSize size = worldSizeFrom(options, world ? kWorldDefaults : kShapesDefaults, most);
  options.finish();
  if (hasErrors(issues)) return {};
  Dataset data = world ? makeWorld(size) : makeShapes(size, style);
  Fingerprint print;
  print.add(spec.kind + " 1");  // the version of the generator
  for (const std::int64_t number : {std::int64_t{size.classes}, std::int64_t{size.train}, std::int64_t{size.test},
                                    std::int64_t{size.side}, static_cast<std::int64_t>(size.seed)})
    print.add(number);
  if (style.relations) print.add(std::string("relations"));
  for (const std::string& domain : data.domain_names) print.add("domain " + domain);
  if (data.domain_names.empty() && style.domains.front() != Domain::Plain) print.add(nameOf(style.domains.front()));
  data.fingerprint = print.hex();
  return data;
}

Dataset openKind(const Spec& spec, int limit_train, int limit_test, Issues& issues) {
  if (spec.kind == "fashion-mnist") return openFashionMnist(spec.rest, issues);
  if (spec.kind == "idx") return openIdx(spec.rest, issues);
  if (spec.kind == "cifar10") return openCifar10(spec.rest, issues);
  if (spec.kind == "cifar100") return openCifar100(spec.rest, issues);
  if (spec.kind == "folder") return openFolder(spec.rest, limit_train, limit_test, issues);
  if (spec.kind == "domains") return openDomains(spec.rest, limit_train, limit_test, issues);
  if (spec.kind == "shapes" || spec.kind == "world") return openDrawn(spec, issues);
  const auto meant = nearest(spec.kind, kinds());
  issues.push_back(
      error("--data",
            "there is no data set \"" + spec.kind + "\"" + (meant ? "; did you mean " + *meant + "?" : std::string()),
            "Choose fashion-mnist[:DIR], idx:DIR, cifar10:DIR, cifar100:DIR, folder:DIR, domains:DIR, "
            "shapes[:classes=N] or world[:classes=N]."));
  return {};
}

}  // namespace

Dataset openDataset(const std::string& text, int limit_train, int limit_test) {
  Issues issues;
  if (limit_train < 0) issues.push_back(error("--limit-train", std::to_string(limit_train) + " is below 0"));
  if (limit_test < 0) issues.push_back(error("--limit-test", std::to_string(limit_test) + " is below 0"));
  const Spec spec = splitSpec(text);
  Dataset data = openKind(spec, limit_train, limit_test, issues);
  if (hasErrors(issues)) throw BadInput(std::move(issues));
  data.spec = text;
  if (limit_train > 0) data.train = std::make_shared<LimitedSplit>(data.train, limit_train);
  if (limit_test > 0) data.test = std::make_shared<LimitedSplit>(data.test, limit_test);
  if (limit_train > 0 || limit_test > 0) {
    Fingerprint print;
    print.add(data.fingerprint);
    print.add(limit_train);
    print.add(limit_test);
    data.fingerprint = print.hex();
  }
  return data;
}

std::vector<DatasetInfo> knownDatasets() {
  std::error_code ignored;
  const bool fashion =
      std::filesystem::is_regular_file(std::string(kFashionMnistFolder) + "/train-images-idx3-ubyte.gz", ignored);
  return {
      {"fashion-mnist", "Fashion-MNIST",
       "60,000 training and 10,000 test images of clothes, 10 classes, 28 x 28 grey. Debian's package "
       "dataset-fashion-mnist; fashion-mnist:DIR reads another folder.",
       fashion},
      {"shapes", "Shapes",
       "Drawn on demand, with captions: each class is a shape, a texture and a colour. "
       "shapes:classes=N,train=M,test=K,side=S,seed=Q; 20 classes, 100 training and 50 test images each, 32 x 32 "
       "unless "
       "said otherwise, up to 720 classes. relations=yes makes sizes and a second object beside, above or inside the "
       "first part of the classes, up to 2,880. domain=plain|photo|sketch|inverted|blurred shows the same scenes in "
       "another style; domains=photo+sketch shows them in several, for dil: streams, with M and K images in each.",
       true},
      {"world", "Formula-driven world",
       "Drawn on demand, for pre-training: contours, fractals, glyphs, textures, composed objects. "
       "world:classes=N,train=M,test=K,side=S,seed=Q; 256 classes, 1,000 training and 20 test images each, 28 x 28 "
       "unless said otherwise.",
       true},
      {"cifar10:DIR", "CIFAR-10", "The binary version: data_batch_*.bin and test_batch.bin, or train.bin and test.bin.",
       false},
      {"cifar100:DIR", "CIFAR-100",
       "The binary version: train.bin and test.bin. A part of the classes works when its labels are 0 to n-1.", false},
      {"idx:DIR", "IDX images",
       "Four files as MNIST has them, plain or compressed: train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k.",
       false},
      {"folder:DIR", "Folder of images",
       "train/ and test/ (or val/, validation/), in each a folder for every class with JPEG or PNG files.", false},
      {"domains:DIR", "Folder of images in domains",
       "For dil: streams: train/ and test/ (or val/, validation/), in each a folder for every domain, in each of these "
       "a "
       "folder for every class with JPEG or PNG files.",
       false}};
}

std::vector<std::int64_t> indicesOf(const Split& split, const std::vector<int>& classes) {
  const int most = classes.empty() ? -1 : *std::max_element(classes.begin(), classes.end());
  std::vector<std::vector<std::int64_t>> by_class(most + 1);
  const std::set<int> wanted(classes.begin(), classes.end());
  for (std::int64_t i = 0; i < split.size(); ++i)
    if (const int label = split.label(i); wanted.contains(label)) by_class[label].push_back(i);
  std::vector<std::int64_t> out;
  for (const int label : classes) out.insert(out.end(), by_class[label].begin(), by_class[label].end());
  return out;
}

int checkedClasses(const std::string& path, const std::vector<int>& train, const std::vector<int>& test,
                   Issues& issues) {
  const std::set<int> in_train(train.begin(), train.end()), in_test(test.begin(), test.end());
  const std::size_t before = issues.size();
  const int classes = in_train.empty() ? 0 : *in_train.rbegin() + 1;
  if (in_train.empty()) issues.push_back(error(path, "there is no training image"));
  for (int label = 0; label < classes; ++label) {
    if (!in_train.contains(label))
      issues.push_back(error(path, "class " + std::to_string(label) + " has no training image",
                             "Labels have to be 0 to n-1 without a gap."));
    if (!in_test.contains(label))
      issues.push_back(
          error(path, "class " + std::to_string(label) + " has no test image", "Every class needs at least one."));
  }
  for (const int label : in_test)
    if (label < 0 || label >= classes)
      issues.push_back(error(path, "class " + std::to_string(label) + " has test images but no training image"));
  return issues.size() == before ? classes : 0;
}

void Fingerprint::add(const void* bytes, std::size_t size) {
  constexpr std::uint64_t prime = 0x100000001b3ULL;
  const auto* in = static_cast<const std::uint8_t*>(bytes);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {  // eight bytes a step, little-endian on every machine
    std::uint64_t word = 0;
    for (int b = 0; b < 8; ++b) word |= std::uint64_t{in[i + b]} << (8 * b);
    hash_ = (hash_ ^ word) * prime;
    hash_ ^= hash_ >> 32;
  }
  for (; i < size; ++i) hash_ = (hash_ ^ in[i]) * prime;
}

void Fingerprint::add(const std::string& text) {
  add(static_cast<std::int64_t>(text.size()));
  add(text.data(), text.size());
}

void Fingerprint::add(std::int64_t number) {
  std::uint8_t bytes[8];
  for (int b = 0; b < 8; ++b) bytes[b] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * b));
  add(bytes, sizeof bytes);
}

std::string Fingerprint::hex() const {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash_));
  return text;
}

}  // namespace palimpsest
