// Rows of features whose every value follows from their index, for tests of what is kept of them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "engine/protocol/random.h"
#include "engine/record/feature_store.h"

namespace palimpsest::record {

namespace fs = std::filesystem;

inline constexpr std::uint64_t kMany = std::uint64_t{1} << 40;

inline FeatureKey keyOf(const std::string& weights) {
  return {.weights = weights, .transform = "resize 224", .data = "cifar100 4f1c", .split = "train", .network = "vit-b16 float32 cpu"};
}

// What a row holds is a pure function of its index, and of who computed it where that matters.
inline void fillRow(std::int64_t index, std::int64_t width, float* out, std::uint64_t who = 0) {
  Rng rng = rngOf(who, Purpose::Probe, index);
  for (std::int64_t j = 0; j < width; ++j) out[j] = static_cast<float>(rng.uniform(-1, 1));
}
inline std::vector<float> rowsOf(const std::vector<std::int64_t>& indices, std::int64_t width, std::uint64_t who = 0) {
  std::vector<float> rows(indices.size() * static_cast<std::size_t>(width));
  for (std::size_t i = 0; i < indices.size(); ++i) fillRow(indices[i], width, rows.data() + static_cast<std::int64_t>(i) * width, who);
  return rows;
}

inline std::vector<std::int64_t> upTo(std::int64_t n) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(n));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

// Bit for bit.
inline bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y); });
}

struct Count {
  int present = 0, wrong = 0;  // wrong: neither what the one nor what the other process computed
};
inline Count countRows(StoredFeatures& rows, const std::vector<std::int64_t>& indices, std::int64_t width, std::uint64_t other = 0) {
  Count count;
  std::vector<float> out(static_cast<std::size_t>(width));
  for (const std::int64_t index : indices) {
    if (!rows.load({&index, 1}, out.data())) continue;
    ++count.present;
    count.wrong += !same(out, rowsOf({index}, width)) && !same(out, rowsOf({index}, width, other));
  }
  return count;
}

// All rows in an order of one's own, as a run that computes them chunk by chunk.
inline void fillAll(const fs::path& folder, std::int64_t size, std::int64_t width, std::uint64_t order, std::uint64_t who = 0) {
  FeatureStore store(folder, kMany, 0);
  const std::size_t chunk_size = 64;
  const auto rows = store.open(keyOf("w"), size, width);
  std::vector<std::int64_t> indices = upTo(size);
  Rng rng(order);
  rng.shuffle(indices);
  for (std::size_t at = 0; at < indices.size(); at += chunk_size) {
    const std::vector<std::int64_t> chunk(indices.begin() + static_cast<std::ptrdiff_t>(at),
                                          indices.begin() + static_cast<std::ptrdiff_t>(std::min(indices.size(), at + chunk_size)));
    rows->store(chunk, rowsOf(chunk, width, who).data());
  }
}

inline fs::path onlyFileOf(const FeatureStore& store) {
  const auto entries = store.entries();
  return entries.size() == 1 ? entries[0].file : fs::path();
}

// Counts what a store with `n` rows in its only file still has; damaged or not, nothing may be wrong.
inline Count reopened(const fs::path& folder, std::int64_t n, std::int64_t width) {
  FeatureStore store(folder, kMany, 0);
  return countRows(*store.open(keyOf("w"), n, width), upTo(n), width);
}

}  // namespace palimpsest::record
