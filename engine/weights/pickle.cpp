#include "engine/weights/pickle.h"

#include <bit>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

constexpr std::size_t kLongestPickle = std::size_t{32} << 20;  // tensors' data are not in it

[[noreturn]] void fail(const std::string& reason) { throw Error("bad-pickle", reason); }

}  // namespace

// The pickle machine: a stack, marks on it and a memo. Every node is made by an opcode, so their number is bounded by
// the bytes read.
class PickleReader {
 public:
  using Id = Pickle::Id;
  using Kind = Pickle::Kind;
  using Node = Pickle::Node;

  PickleReader(Pickle& pickle, std::span<const std::byte> bytes)
      : pickle_(pickle), bytes_(bytes.first(std::min(bytes.size(), kLongestPickle))) {}

  void run() {
    while (!stopped_) step(static_cast<char>(number<1>()));
    pickle_.root_ = pop();
    pickle_.at_ = at_;
  }

 private:
  template <int kBytes>
  std::uint64_t number() {
    const auto raw = take(kBytes);
    std::uint64_t out = 0;
    for (int i = kBytes; i-- > 0;) out = out << 8 | static_cast<std::uint64_t>(raw[static_cast<std::size_t>(i)]);
    return out;
  }
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > bytes_.size() - at_) fail("its pickle is cut off");
    const auto out = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return out;
  }
  std::string text(std::uint64_t count) {
    const auto raw = take(count);
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
  }
  std::string line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) fail("its pickle is cut off");
    at_ += end + 1;
    return std::string(rest.substr(0, end));
  }

  Node& node(Id id) { return pickle_.nodes_[id]; }
  Id made(Node node) {
    pickle_.nodes_.push_back(std::move(node));
    return static_cast<Id>(pickle_.nodes_.size() - 1);
  }
  void push(Node node) {
    spend(node.items.size() + node.text.size());
    stack_.push_back(made(std::move(node)));
  }
  // What nodes hold comes from bytes that were read, once each: a pickle that recalls one large thing again and again
  // to have it copied is no file of weights.
  void spend(std::size_t amount) {
    spent_ += amount;
    if (spent_ > 4 * bytes_.size() + 4096) fail("its pickle grows beyond what it holds");
  }
  void pushText(Kind kind, std::string text) { push({.kind = kind, .text = std::move(text)}); }
  void pushInt(std::int64_t value) { push({.kind = Kind::Int, .number = value}); }
  // The part of the stack that belongs to the newest mark begins at floor(): nothing below may be taken.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Id pop() {
    if (stack_.size() <= floor()) fail("its pickle takes from an empty stack");
    const Id id = stack_.back();
    stack_.pop_back();
    return id;
  }
  Id top() const {
    if (stack_.size() <= floor()) fail("its pickle looks at an empty stack");
    return stack_.back();
  }
  std::vector<Id> popTo(std::size_t count) {
    if (stack_.size() - floor() < count) fail("its pickle takes from an empty stack");
    std::vector<Id> out(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return out;
  }
  std::vector<Id> popMark() {
    if (marks_.empty()) fail("its pickle closes what was never opened");
    std::vector<Id> out = popTo(stack_.size() - marks_.back());
    marks_.pop_back();
    return out;
  }
  void memoise(std::uint64_t key) {
    const Id id = top();
    memo_[key] = id;
  }
  void recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail("its pickle recalls what it never stored");
    stack_.push_back(found->second);
  }

  void addTo(Id container, const std::vector<Id>& items, Kind kind) {
    Node& target = node(container);
    if (target.kind == Kind::Opaque) return;  // a container of a class that we do not know
    if (target.kind != kind) fail("its pickle adds to something that takes no items");
    if (kind == Kind::Dict && items.size() % 2 != 0) fail("its pickle has a key without a value");
    spend(items.size());
    target.items.insert(target.items.end(), items.begin(), items.end());
  }
  bool is(Id id, std::string_view global) { return node(id).kind == Kind::Global && node(id).text == global; }

  // An OrderedDict from a list of pairs.
  Node dictFrom(Id arguments) {
    Node out{.kind = Kind::Dict};
    if (node(arguments).items.empty()) return out;
    spend(2 * node(node(arguments).items[0]).items.size());
    for (const Id pair : node(node(arguments).items[0]).items) {
      if (node(pair).items.size() != 2) fail("its pickle has an OrderedDict that is no list of pairs");
      out.items.insert(out.items.end(), node(pair).items.begin(), node(pair).items.end());
    }
    return out;
  }

  void call(Id what, Id arguments) {
    if (node(arguments).kind != Kind::Tuple) fail("its pickle calls something without arguments");
    spend(node(arguments).items.size());
    const std::vector<Id> given = node(arguments).items;
    if (is(what, "torch.storage _load_from_bytes")) fail("it holds a pickle inside a pickle, which is not read");
    if (is(what, "collections OrderedDict")) return push(dictFrom(arguments));
    if (is(what, "torch._utils _rebuild_tensor_v2") || is(what, "torch._utils _rebuild_tensor"))
      return push({.kind = Kind::Tensor, .items = given});
    const bool parameter = is(what, "torch._utils _rebuild_parameter") || is(what, "torch._utils _rebuild_parameter_with_state");
    if (parameter && !given.empty()) return stack_.push_back(given[0]);
    if (is(what, "torch Size") && !given.empty()) return stack_.push_back(given[0]);
    push({.kind = Kind::Opaque, .items = {what, arguments}});
  }
  void build() {
    const Id state = pop();
    Node& target = node(top());
    if (target.kind == Kind::Opaque && target.items.size() == 2) target.items.push_back(state);
  }
  void persistent() {
    const Id id = pop();
    if (node(id).kind != Kind::Tuple) fail("its pickle has a persistent object that is no storage");
    push({.kind = Kind::Storage, .items = node(id).items});
  }
  void pushLong(std::uint64_t count) {
    const std::string raw = text(count);
    if (raw.size() > 8) return pushText(Kind::Bytes, raw);
    std::uint64_t value = raw.empty() || !(raw.back() & 0x80) ? 0 : ~std::uint64_t{0};
    for (std::size_t i = raw.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(raw[i]);
    pushInt(static_cast<std::int64_t>(value));
  }
  void pushReal() {
    std::uint64_t bits = 0;
    for (const std::byte b : take(8)) bits = bits << 8 | static_cast<std::uint64_t>(b);  // big-endian
    push({.kind = Kind::Float, .real = std::bit_cast<double>(bits)});
  }
  void stackGlobal() {
    const std::vector<Id> names = popTo(2);
    if (node(names[0]).kind != Kind::Text || node(names[1]).kind != Kind::Text) fail("its pickle names a class by something that is no text");
    pushText(Kind::Global, node(names[0]).text + " " + node(names[1]).text);
  }

  // The opcodes, by what they do. Each group returns whether the opcode was one of its own.
  bool scalar(char op) {
    switch (op) {
      case 'N': push({}); return true;
      case '\x88': push({.kind = Kind::Bool, .number = 1}); return true;
      case '\x89': push({.kind = Kind::Bool}); return true;
      case 'J': pushInt(static_cast<std::int32_t>(number<4>())); return true;
      case 'K': pushInt(static_cast<std::int64_t>(number<1>())); return true;
      case 'M': pushInt(static_cast<std::int64_t>(number<2>())); return true;
      case '\x8a': pushLong(number<1>()); return true;
      case '\x8b': pushLong(number<4>()); return true;
      case 'G': pushReal(); return true;
      case 'X': pushText(Kind::Text, text(number<4>())); return true;
      case '\x8c': pushText(Kind::Text, text(number<1>())); return true;
      case '\x8d': pushText(Kind::Text, text(number<8>())); return true;
      case 'U': pushText(Kind::Text, text(number<1>())); return true;  // Python 2's str
      case 'T': pushText(Kind::Text, text(number<4>())); return true;
      case 'C': pushText(Kind::Bytes, text(number<1>())); return true;
      case 'B': pushText(Kind::Bytes, text(number<4>())); return true;
      case '\x8e': pushText(Kind::Bytes, text(number<8>())); return true;
      default: return false;
    }
  }
  bool container(char op) {
    switch (op) {
      case ']': push({.kind = Kind::List}); return true;
      case '}': push({.kind = Kind::Dict}); return true;
      case ')': push({.kind = Kind::Tuple}); return true;
      case '\x8f': push({.kind = Kind::Set}); return true;
      case 'l': push({.kind = Kind::List, .items = popMark()}); return true;
      case 't': push({.kind = Kind::Tuple, .items = popMark()}); return true;
      case '\x91': push({.kind = Kind::Set, .items = popMark()}); return true;
      case '\x85': push({.kind = Kind::Tuple, .items = popTo(1)}); return true;
      case '\x86': push({.kind = Kind::Tuple, .items = popTo(2)}); return true;
      case '\x87': push({.kind = Kind::Tuple, .items = popTo(3)}); return true;
      case 'd': {
        const std::vector<Id> items = popMark();
        push({.kind = Kind::Dict});
        addTo(top(), items, Kind::Dict);
        return true;
      }
      case 'a': return adds(popTo(1), Kind::List);
      case 'e': return adds(popMark(), Kind::List);
      case 's': return adds(popTo(2), Kind::Dict);
      case 'u': return adds(popMark(), Kind::Dict);
      case '\x90': return adds(popMark(), Kind::Set);
      default: return false;
    }
  }
  bool adds(const std::vector<Id>& items, Kind kind) {
    addTo(top(), items, kind);
    return true;
  }
  bool stack(char op) {
    switch (op) {
      case '(': marks_.push_back(stack_.size()); return true;
      case '0': pop(); return true;
      case '1': popMark(); return true;
      case '2': stack_.push_back(top()); return true;
      case 'q': memoise(number<1>()); return true;
      case 'r': memoise(number<4>()); return true;
      case '\x94': memoise(memo_.size()); return true;
      case 'h': recall(number<1>()); return true;
      case 'j': recall(number<4>()); return true;
      default: return false;
    }
  }
  bool object(char op) {
    switch (op) {
      case 'c': {
        const std::string module = line();
        pushText(Kind::Global, module + " " + line());
        return true;
      }
      case '\x93': stackGlobal(); return true;
      case 'R':
      case '\x81': {
        const std::vector<Id> two = popTo(2);
        call(two[0], two[1]);
        return true;
      }
      case 'b': build(); return true;
      case 'Q': persistent(); return true;
      default: return false;
    }
  }
  void step(char op) {
    if (scalar(op) || container(op) || stack(op) || object(op)) return;
    if (op == '\x80') {
      if (const auto protocol = number<1>(); protocol < 2 || protocol > 5)
        fail("its pickle is of protocol " + std::to_string(protocol) + "; 2 to 5 are read");
    } else if (op == '\x95') {
      number<8>();  // a frame: how much follows, which we see ourselves
    } else if (op == '.') {
      stopped_ = true;
    } else {
      fail("its pickle holds the opcode " + std::to_string(static_cast<unsigned char>(op)) + ", which is not read");
    }
  }

  Pickle& pickle_;
  const std::span<const std::byte> bytes_;
  std::size_t at_ = 0, spent_ = 0;
  bool stopped_ = false;
  std::vector<Id> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Id> memo_;
};

Pickle::Pickle(std::span<const std::byte> bytes) { PickleReader(*this, bytes).run(); }

const Pickle::Node* Pickle::dictOf(const Node& node) const {
  if (node.kind == Kind::Dict) return &node;
  if (node.kind != Kind::Opaque || node.items.size() < 3) return nullptr;
  const Node& state = nodes_[node.items[2]];
  return state.kind == Kind::Dict ? &state : nullptr;
}

const Pickle::Node* Pickle::member(const Node& node, std::string_view key) const {
  const Node* dict = dictOf(node);
  for (std::size_t i = 0; dict && i + 1 < dict->items.size(); i += 2) {
    const Node& name = nodes_[dict->items[i]];
    if (name.kind == Kind::Text && name.text == key) return &nodes_[dict->items[i + 1]];
  }
  return nullptr;
}

}  // namespace palimpsest
