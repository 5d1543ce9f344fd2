// Features of the frozen network, each computed once. They are always computed in the same chunks of a task's image
// list, so that a value does not depend on the order of training, on the evaluation batch, or on where a run was resumed.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/record/feature_store.h"

namespace palimpsest {

class FrozenCache {
 public:
  static constexpr std::int64_t kChunk = 64;

  // Rows for images 0..size-1 of a split; memory is touched as rows are filled.
  void open(std::int64_t size, std::int64_t width);
  bool isOpen() const { return rows_.defined(); }
  std::int64_t width() const { return rows_.size(1); }
  bool has(std::int64_t index) const { return filled_[static_cast<std::size_t>(index)]; }
  void put(const std::vector<std::int64_t>& indices, const torch::Tensor& rows);
  torch::Tensor rows(const std::vector<std::int64_t>& indices) const;  // [n, width] on the CPU
  std::unique_ptr<record::StoredFeatures> behind;  // rows kept across runs; null: none are
  std::int64_t bytes() const { return filled_count_ * (rows_.defined() ? rows_.size(1) * 4 : 0); }

 private:
  torch::Tensor rows_;  // [size, width]
  std::vector<bool> filled_;
  std::int64_t filled_count_ = 0;
};

}  // namespace palimpsest
