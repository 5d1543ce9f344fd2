#include "engine/weights/torch_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "engine/protocol/error.h"
#include "engine/weights/archive.h"
#include "engine/weights/mapped_file.h"
#include "engine/weights/pickle.h"

namespace palimpsest {
namespace {

namespace fs = std::filesystem;
using Node = Pickle::Node;
using Kind = Pickle::Kind;
using Bytes = std::span<const std::byte>;

constexpr std::size_t kHighestRank = 8, kMostTensors = 100'000;
constexpr int kDeepest = 64;
constexpr std::uint64_t kMost = std::uint64_t{1} << 48;  // elements: more than any file holds

constexpr std::array<std::pair<std::string_view, Dtype>, 10> kStorages{{{"torch FloatStorage", Dtype::F32},
                                                                        {"torch HalfStorage", Dtype::F16},
                                                                        {"torch BFloat16Storage", Dtype::BF16},
                                                                        {"torch DoubleStorage", Dtype::F64},
                                                                        {"torch LongStorage", Dtype::I64},
                                                                        {"torch IntStorage", Dtype::I32},
                                                                        {"torch ShortStorage", Dtype::I16},
                                                                        {"torch CharStorage", Dtype::I8},
                                                                        {"torch ByteStorage", Dtype::U8},
                                                                        {"torch BoolStorage", Dtype::Bool}}};

struct Storage {
  Dtype dtype = Dtype::F32;
  std::string key;
  std::uint64_t count = 0;   // elements of the whole storage
  std::uint64_t offset = 0;  // elements; a view of another storage in old files
};

// ("storage", class, key, location, elements[, view])
std::optional<Storage> storageOf(const Pickle& pickle, const Node& node) {
  if (node.kind != Kind::Storage || node.items.size() < 5) return std::nullopt;
  const auto part = [&](std::size_t i) -> const Node& { return pickle[node.items[i]]; };
  const auto type = std::ranges::find(kStorages, std::string_view(part(1).text), &std::pair<std::string_view, Dtype>::first);
  if (type == kStorages.end() || part(2).kind != Kind::Text || part(4).kind != Kind::Int || part(4).number < 0) return std::nullopt;
  Storage out{type->second, part(2).text, static_cast<std::uint64_t>(part(4).number), 0};
  if (node.items.size() > 5 && part(5).kind == Kind::Tuple) {  // (key of the view, offset, size) in old files
    const Node& view = part(5);
    if (view.items.size() != 3 || pickle[view.items[1]].kind != Kind::Int || pickle[view.items[1]].number < 0) return std::nullopt;
    out.offset = static_cast<std::uint64_t>(pickle[view.items[1]].number);
  }
  return out;
}

// Tensors found in a pickle, before their storages are looked at.
struct Found {
  std::string name;
  Storage storage;
  std::uint64_t offset = 0;
  Sizes shape, strides;
};

class Collector {
 public:
  explicit Collector(const Pickle& pickle) : pickle_(pickle) {}

  void collect() {
    const Node* root = unwrapped(&pickle_[pickle_.root()]);
    if (!pickle_.dictOf(*root)) problems.push_back("it holds no table of tensors and no model");
    else walk("", *root, 0);
    if (problems.empty() && found.empty()) problems.push_back("it holds no tensors");
    stripModule();
  }

  std::vector<Found> found;
  std::vector<std::string> ignored;
  Problems problems;

 private:
  // {"state_dict": {...}, "epoch": 3} and {"model": {...}} are the table within.
  const Node* unwrapped(const Node* node) const {
    for (const char* key : {"state_dict", "model"})
      if (const Node* inner = pickle_.member(*node, key); inner && pickle_.dictOf(*inner)) node = inner;
    return node;
  }

  void walk(const std::string& prefix, const Node& node, int depth) {
    const Node* dict = pickle_.dictOf(node);
    if (!dict) return;
    if (depth > kDeepest || found.size() > kMostTensors) {
      if (problems.empty()) problems.push_back("it is nested too deeply or holds too many tensors");
      return;
    }
    for (std::size_t i = 0; i + 1 < dict->items.size() && problems.size() < 100; i += 2) {
      const Node &key = pickle_[dict->items[i]], &value = pickle_[dict->items[i + 1]];
      if (key.kind != Kind::Text) continue;
      // The tables of a pickled torch.nn.Module add nothing to names.
      const bool table = key.text == "_parameters" || key.text == "_buffers" || key.text == "_modules";
      const std::string name = table ? prefix : prefix.empty() ? key.text : prefix + "." + key.text;
      if (value.kind == Kind::Tensor) take(name, value);
      else if (pickle_.dictOf(value) && ++tables_ < kMostTensors) walk(name, value, depth + 1);
      else if (value.kind != Kind::None) ignored.push_back(name);
    }
  }

  void take(const std::string& name, const Node& tensor) {
    const auto wrong = [&](const std::string& what) { problems.push_back("its tensor \"" + name + "\" " + what); };
    if (tensor.items.size() < 4) return wrong("is described by too little");
    const auto storage = storageOf(pickle_, pickle_[tensor.items[0]]);
    const auto shape = sizesOf(pickle_[tensor.items[2]]), strides = sizesOf(pickle_[tensor.items[3]]);
    const Node& offset = pickle_[tensor.items[1]];
    if (!storage) return wrong("has a storage of a type that is not read");
    if (!shape || !strides || shape->size() != strides->size() || shape->size() > kHighestRank || offset.kind != Kind::Int || offset.number < 0)
      return wrong("has an impossible shape");
    found.push_back({name, *storage, static_cast<std::uint64_t>(offset.number), *shape, *strides});
  }

  std::optional<Sizes> sizesOf(const Node& node) const {
    if (node.kind != Kind::Tuple && node.kind != Kind::List) return std::nullopt;
    Sizes out;
    for (const Pickle::Id id : node.items) {
      if (pickle_[id].kind != Kind::Int || pickle_[id].number < 0 || out.size() > kHighestRank) return std::nullopt;
      out.push_back(pickle_[id].number);
    }
    return out;
  }

  void stripModule() {
    constexpr std::string_view kModule = "module.";
    if (!std::ranges::all_of(found, [&](const Found& tensor) { return tensor.name.starts_with(kModule); })) return;
    for (Found& tensor : found) tensor.name.erase(0, kModule.size());
  }

  const Pickle& pickle_;
  std::size_t tables_ = 0;
};

// What a table's views look into.
struct Owner {
  std::shared_ptr<const MappedFile> file;
  std::map<std::string, std::vector<std::byte>> storages;
  std::vector<std::vector<std::byte>> copies;
};

// Fills the table; `bytesOf` gives a storage's bytes by key, whose number must be what was declared.
template <typename BytesOf>
void lay(TensorTable& table, Owner& owner, const Collector& from, BytesOf bytesOf, Problems& problems) {
  std::uint64_t stored = 0, copied = 0;
  std::set<std::string> names, counted;
  for (const Found& tensor : from.found) {
    const auto wrong = [&](const std::string& what) { problems.push_back("its tensor \"" + tensor.name + "\" " + what); };
    const std::size_t item = dtypeBytes(tensor.storage.dtype);
    std::uint64_t count = 0, last = tensor.offset;
    bool fits = countOf(tensor.shape, kMost, count) && tensor.storage.count < kMost && tensor.offset < kMost && tensor.storage.offset < kMost;
    last += tensor.storage.offset;
    for (std::size_t axis = 0; fits && count > 0 && axis < tensor.shape.size(); ++axis) {
      std::uint64_t reach = 0;
      fits = !__builtin_mul_overflow(static_cast<std::uint64_t>(tensor.shape[axis] - 1), static_cast<std::uint64_t>(tensor.strides[axis]), &reach) &&
             reach < kMost && (last += reach) < kMost;
    }
    if (!fits || (count > 0 && last >= tensor.storage.count)) wrong("reaches beyond its storage");
    else if (count > tensor.storage.count) wrong("repeats parts of its storage, which weights do not");
    else if (!names.insert(tensor.name).second) wrong("is there twice");
    else {
      const std::optional<Bytes> bytes = count == 0 ? Bytes{} : bytesOf(tensor.storage);
      if (!bytes) continue;  // said already
      if (counted.insert(tensor.storage.key).second) stored += bytes->size();
      const std::uint64_t begin = tensor.storage.offset + tensor.offset;
      TensorView view{tensor.name, tensor.storage.dtype, tensor.shape, {}};
      if (count > 0 && isContiguous(tensor.shape, tensor.strides)) {
        view.data = bytes->subspan(begin * item, count * item);
      } else if (count > 0) {
        copied += count * item;
        if (copied > 4 * stored) return wrong("and others are more copies of their storages than weights are");
        view.data = owner.copies.emplace_back(contiguousCopy(*bytes, item, begin, tensor.shape, tensor.strides));
      }
      table.tensors.push_back(std::move(view));
    }
  }
}

Pickle pickleOf(const fs::path& file, Bytes bytes) {
  try {
    return Pickle(bytes);
  } catch (const Error& problem) {
    refuse(file, {problem.what()});
    throw;
  }
}

// "archive/" of "archive/data.pkl"; torch.save and TorchScript have one folder with everything in it.
std::string rootOf(const Archive& archive, const fs::path& file) {
  constexpr std::string_view kObject = "data.pkl";
  for (const auto& [name, size] : archive.members())
    if (name.ends_with(kObject) && std::ranges::count(name, '/') <= 1) return name.substr(0, name.size() - kObject.size());
  refuse(file, {"it is a ZIP archive without \"data.pkl\": PyTorch did not write it"});
  return {};
}

bool littleEndian(Bytes bytes) {
  constexpr std::string_view kBig = "big";
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).substr(0, kBig.size()) != kBig;
}

}  // namespace

TensorTable readTorchArchive(const fs::path& file) {
  const Archive archive(file);
  const std::string root = rootOf(archive, file);
  if (archive.has(root + "byteorder") && !littleEndian(archive.read(root + "byteorder", 64)))
    refuse(file, {"its numbers are big-endian, which is not read"});
  const bool scripted = archive.has(root + "constants.pkl");
  TensorTable table{.format = scripted ? "TorchScript archive" : "PyTorch archive"};
  const auto owner = std::make_shared<Owner>();
  const Pickle pickle = pickleOf(file, archive.read(root + "data.pkl", std::uint64_t{32} << 20));
  Collector collector(pickle);
  collector.collect();
  Problems problems = std::move(collector.problems);
  std::set<std::string> missing;
  const auto bytesOf = [&](const Storage& storage) -> std::optional<Bytes> {
    const std::uint64_t expected = storage.count * dtypeBytes(storage.dtype);
    const std::string name = root + "data/" + storage.key;
    const auto known = owner->storages.find(storage.key);
    const auto member = archive.members().find(name);
    if (member == archive.members().end() || member->second != expected) {
      if (missing.insert(name).second)
        problems.push_back("its member \"" + name + "\" " + (member == archive.members().end() ? "is missing" : "has " + std::to_string(member->second) + " bytes instead of " + std::to_string(expected)));
      return std::nullopt;
    }
    if (known != owner->storages.end()) return Bytes(known->second);
    return Bytes(owner->storages.emplace(storage.key, archive.read(name)).first->second);
  };
  if (problems.empty()) lay(table, *owner, collector, bytesOf, problems);
  refuse(file, problems);
  table.ignored = std::move(collector.ignored);
  table.owner = owner;
  return table;
}

namespace {

// The 80-bit number that old files begin with, as a pickled long.
constexpr unsigned char kMagic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

// Storages of an old file: in the order of the pickled list of keys, each with its number of elements in front.
std::map<std::string, Bytes> storagesOf(Bytes rest, const Pickle& keys, const std::map<std::string, Storage>& declared, Problems& problems) {
  std::map<std::string, Bytes> out;
  for (const Pickle::Id id : keys[keys.root()].items) {
    const std::string& key = keys[id].text;
    const auto found = declared.find(key);
    if (found == declared.end()) {
      problems.push_back("its storage \"" + key + "\" belongs to no tensor of the table: its size is unknown");
      return out;
    }
    const std::uint64_t bytes = found->second.count * dtypeBytes(found->second.dtype);
    std::uint64_t count = 0;
    if (rest.size() >= 8) std::memcpy(&count, rest.data(), 8);
    if (rest.size() < 8 || count != found->second.count || bytes > rest.size() - 8) {
      problems.push_back("the data of its storage \"" + key + "\" are cut off or damaged");
      return out;
    }
    out[key] = rest.subspan(8, bytes);
    rest = rest.subspan(8 + bytes);
  }
  return out;
}

// All storages that the pickle names, also those of tensors that are not taken.
std::map<std::string, Storage> declaredStorages(const Pickle& pickle) {
  std::map<std::string, Storage> out;
  for (const Node& node : pickle.nodes())
    if (const auto storage = storageOf(pickle, node); storage && storage->count < kMost) out[storage->key] = *storage;
  return out;
}

bool saysBigEndian(const Pickle& system) {
  const Node* little = system.member(system[system.root()], "little_endian");
  return little && little->kind == Kind::Bool && little->number == 0;
}

}  // namespace

TensorTable readTorchStream(const fs::path& file) {
  const auto owner = std::make_shared<Owner>();
  owner->file = std::make_shared<const MappedFile>(file);
  Bytes rest = owner->file->bytes();
  const auto next = [&] {
    Pickle pickle = pickleOf(file, rest);
    rest = rest.subspan(pickle.size());
    return pickle;
  };
  const Pickle magic = next();
  if (magic[magic.root()].text != std::string_view(reinterpret_cast<const char*>(kMagic), sizeof kMagic))
    refuse(file, {"it is a pickle, but not one that PyTorch wrote"});
  const Pickle protocol = next();
  if (protocol[protocol.root()].number != 1001) refuse(file, {"it is of an unknown protocol of PyTorch; 1001 is read"});
  if (const Pickle system = next(); saysBigEndian(system)) refuse(file, {"its numbers are big-endian, which is not read"});
  const Pickle object = next(), keys = next();
  TensorTable table{.format = "PyTorch stream (before 1.6)"};
  Collector collector(object);
  collector.collect();
  Problems problems = std::move(collector.problems);
  const auto storages = storagesOf(rest, keys, declaredStorages(object), problems);
  const auto bytesOf = [&](const Storage& storage) -> std::optional<Bytes> {
    const auto found = storages.find(storage.key);
    if (found != storages.end() && found->second.size() == storage.count * dtypeBytes(storage.dtype)) return found->second;
    problems.push_back("its storage \"" + storage.key + "\" is missing");
    return std::nullopt;
  };
  if (problems.empty()) lay(table, *owner, collector, bytesOf, problems);
  refuse(file, problems);
  table.ignored = std::move(collector.ignored);
  table.owner = owner;
  return table;
}

}  // namespace palimpsest
