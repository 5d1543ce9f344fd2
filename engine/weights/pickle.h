// A pickle, read as data. Nothing in it is ever run: a class or a function is a name, a call is a node that says what
// would have been called with what. What containers of tensors need (OrderedDict, tensors, parameters) is understood;
// all else stays opaque. Opcodes of the protocols 2 to 5, and Python 2's strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace palimpsest {

class Pickle {
 public:
  using Id = std::uint32_t;  // of a node
  enum class Kind { None, Bool, Int, Float, Text, Bytes, List, Tuple, Dict, Set, Global, Storage, Tensor, Opaque };
  struct Node {
    Kind kind = Kind::None;
    std::int64_t number = 0;  // Bool, Int
    double real = 0;          // Float
    std::string text;         // Text, Bytes (also integers of more than 64 bits, little-endian), Global ("module name")
    // Dict: key, value, key, value, ...; Storage: the persistent id's parts; Tensor: the arguments of
    // torch._utils._rebuild_tensor*; Opaque: what was called, its arguments and, where there is one, its state.
    std::vector<Id> items;
  };

  // Reads one object from the beginning of `bytes`; more may follow. Throws Error{"bad-pickle"}: a reason without the
  // file's name. Memory stays within a fixed multiple of the bytes read.
  explicit Pickle(std::span<const std::byte> bytes);

  Id root() const { return root_; }
  std::size_t size() const { return at_; }  // bytes read
  const Node& operator[](Id id) const { return nodes_[id]; }
  const std::vector<Node>& nodes() const { return nodes_; }
  // Value of a text key, of a Dict or of an Opaque's state; nullptr when there is none.
  const Node* member(const Node& node, std::string_view key) const;
  // The attributes of an Opaque (its state, which must be a Dict), or the Dict itself; nullptr for anything else.
  const Node* dictOf(const Node& node) const;

 private:
  friend class PickleReader;
  std::vector<Node> nodes_;
  Id root_ = 0;
  std::size_t at_ = 0;
};

}  // namespace palimpsest
