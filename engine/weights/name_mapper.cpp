#include "engine/weights/name_mapper.h"

#include <algorithm>

namespace palimpsest {
namespace {

bool sameCount(const Sizes& a, const Sizes& b) {
  std::uint64_t left = 0, right = 0;
  return !b.empty() && countOf(a, UINT64_MAX, left) && countOf(b, UINT64_MAX, right) && left == right;
}

// All there, of one type, and alike but for the number of rows.
bool stackable(const std::vector<const TensorView*>& parts) {
  return std::ranges::all_of(parts, [&](const TensorView* part) {
    return part && parts[0] && !part->shape.empty() && !parts[0]->shape.empty() && part->dtype == parts[0]->dtype &&
           std::equal(part->shape.begin() + 1, part->shape.end(), parts[0]->shape.begin() + 1, parts[0]->shape.end());
  });
}

TensorView stacked(const std::vector<const TensorView*>& parts, const std::string& name, std::vector<std::byte>& bytes) {
  TensorView made{name, parts[0]->dtype, parts[0]->shape, {}};
  made.shape[0] = 0;
  for (const TensorView* part : parts) {
    bytes.insert(bytes.end(), part->data.begin(), part->data.end());
    made.shape[0] += part->shape[0];
  }
  made.data = bytes;
  return made;
}

}  // namespace

NameMapper::NameMapper(const TensorTable& from, std::string prefix) : from_(from), prefix_(std::move(prefix)), metadata_(from.metadata) {}

const TensorView* NameMapper::source(std::string_view name) const { return from_.find(prefix_ + std::string(name)); }

void NameMapper::take(const TensorView& source, TensorView made) {
  taken_.insert(&source);
  if (source.name != made.name) report_.renamed.emplace_back(source.name, made.name);
  made_.push_back(std::move(made));
}

bool NameMapper::rename(const std::string& from, const std::string& to) {
  const TensorView* tensor = source(from);
  if (!tensor) return false;
  TensorView made = *tensor;
  made.name = to;
  take(*tensor, std::move(made));
  return true;
}

bool NameMapper::reshape(const std::string& from, const std::string& to, Sizes shape) {
  if (!rename(from, to)) return false;
  if (sameCount(made_.back().shape, shape)) made_.back().shape = std::move(shape);
  return true;
}

bool NameMapper::permute(const std::string& from, const std::string& to, const std::vector<int>& axes, Sizes shape) {
  const TensorView* tensor = source(from);
  if (!tensor) return false;
  if (tensor->shape.size() != axes.size()) return rename(from, to);
  Sizes strides(axes.size(), 1), turned, steps;
  for (std::size_t i = axes.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * tensor->shape[i + 1];
  for (const int axis : axes) {
    turned.push_back(tensor->shape[static_cast<std::size_t>(axis)]);
    steps.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  const auto& bytes = bytes_.emplace_back(contiguousCopy(tensor->data, dtypeBytes(tensor->dtype), 0, turned, steps));
  take(*tensor, {to, tensor->dtype, sameCount(turned, shape) ? std::move(shape) : turned, bytes});
  return true;
}

bool NameMapper::stack(const std::vector<std::string>& from, const std::string& to) {
  std::vector<const TensorView*> parts;
  for (const std::string& name : from) parts.push_back(source(name));
  if (!stackable(parts)) return false;
  for (const TensorView* part : parts) {
    taken_.insert(part);
    report_.renamed.emplace_back(part->name, to);
  }
  made_.push_back(stacked(parts, to, bytes_.emplace_back()));
  return true;
}

bool NameMapper::stackMade(const std::vector<std::string>& names, const std::string& to) {
  std::vector<const TensorView*> parts;
  for (const std::string& name : names) parts.push_back(result(name));
  if (!stackable(parts)) return false;
  TensorView whole = stacked(parts, to, bytes_.emplace_back());
  for (const std::string& name : names) {
    for (auto& [before, after] : report_.renamed)
      if (after == name) after = to;
    std::erase_if(made_, [&](const TensorView& tensor) { return tensor.name == name; });
  }
  made_.push_back(std::move(whole));
  return true;
}

void NameMapper::pair(const std::string& from, const std::string& to) {
  rename(from + ".weight", to + ".weight");
  rename(from + ".bias", to + ".bias");
}

void NameMapper::pairs(const std::string& from, const std::string& to, Pairs layers) {
  for (const auto& [theirs, ours] : layers) pair(from + theirs, to + ours);
}

void NameMapper::drop(const std::string& name) {
  if (const TensorView* tensor = source(name); tensor && taken_.insert(tensor).second) report_.dropped.push_back(tensor->name);
}

void NameMapper::dropWhere(bool (*known)(std::string_view)) {
  for (const TensorView& tensor : from_.tensors)
    if (!taken_.contains(&tensor) && tensor.name.starts_with(prefix_) && known(std::string_view(tensor.name).substr(prefix_.size())) && taken_.insert(&tensor).second)
      report_.dropped.push_back(tensor.name);
}

const TensorView* NameMapper::result(std::string_view name) const {
  const auto found = std::ranges::find(made_, name, &TensorView::name);
  return found == made_.end() ? nullptr : &*found;
}

void NameMapper::replace(TensorView made, std::vector<std::byte> bytes) {
  const auto found = std::ranges::find(made_, made.name, &TensorView::name);
  if (found == made_.end()) return;
  made.data = bytes_.emplace_back(std::move(bytes));
  *found = std::move(made);
}

TensorTable NameMapper::finish(NameReport& report) {
  for (const TensorView& tensor : from_.tensors) {
    if (taken_.contains(&tensor)) continue;
    if (!tensor.name.starts_with(prefix_)) {
      report_.dropped.push_back(tensor.name);
      continue;
    }
    made_.push_back(tensor);
    made_.back().name.erase(0, prefix_.size());
    if (!prefix_.empty()) report_.renamed.emplace_back(tensor.name, made_.back().name);
  }
  report_.scheme = std::move(report.scheme);
  report = std::move(report_);
  struct Owner {
    std::shared_ptr<const void> before;
    std::deque<std::vector<std::byte>> bytes;
  };
  const auto owner = std::make_shared<Owner>(Owner{from_.owner, std::move(bytes_)});  // a deque keeps its elements where they are
  return {from_.format, std::move(made_), std::move(metadata_), from_.ignored, owner};
}

}  // namespace palimpsest
