// Takes the tensors of one table and lays out another under new names, remembering what became of each.
#pragma once

#include <deque>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/weights/tensor_table.h"

namespace palimpsest {

// What became of a file's tensors. Missing, unexpected and misshapen ones are found when the result meets a network.
struct NameReport {
  std::string scheme;                                        // "timm", "Hugging Face ViT", ...: for people
  std::vector<std::pair<std::string, std::string>> renamed;  // name in the file, name in the network
  std::vector<std::string> dropped;                          // known, and of no use here
};

class NameMapper {
 public:
  // `prefix` is what the names of the network begin with in this file; others are left aside.
  NameMapper(const TensorTable& from, std::string prefix);

  bool has(std::string_view name) const { return source(name) != nullptr; }
  const TensorView* source(std::string_view name) const;  // without the prefix

  // Each returns whether the tensor was there; a tensor that does not have the rank that is needed is passed on as it
  // is, so that whoever checks shapes names it.
  bool rename(const std::string& from, const std::string& to);
  bool reshape(const std::string& from, const std::string& to, Sizes shape);
  // Axes of the result in terms of the source's, then a shape where it has as many elements: {1, 0} transposes a matrix.
  bool permute(const std::string& from, const std::string& to, const std::vector<int>& axes, Sizes shape = {});
  // Rows of several tensors, one after the other; all must be there.
  bool stack(const std::vector<std::string>& from, const std::string& to);
  // The same of tensors that were made here; they are gone afterwards.
  bool stackMade(const std::vector<std::string>& parts, const std::string& to);
  void pair(const std::string& from, const std::string& to);  // .weight and .bias
  using Pairs = std::initializer_list<std::pair<const char*, const char*>>;
  void pairs(const std::string& from, const std::string& to, Pairs layers);  // of a block: each behind its prefix
  void drop(const std::string& name);
  void dropWhere(bool (*known)(std::string_view name));  // of what nobody took yet
  void note(const std::string& key, const std::string& value) { metadata_.try_emplace(key, value); }
  const TensorView* result(std::string_view name) const;
  void replace(TensorView made, std::vector<std::byte> bytes);  // the result of the same name

  // The new table. What nobody took keeps its name; what did not begin with the prefix is dropped.
  TensorTable finish(NameReport& report);

 private:
  void take(const TensorView& source, TensorView made);
  const TensorTable& from_;
  const std::string prefix_;
  std::set<const TensorView*> taken_;
  std::vector<TensorView> made_;
  std::deque<std::vector<std::byte>> bytes_;
  Metadata metadata_;
  NameReport report_;
};

}  // namespace palimpsest
