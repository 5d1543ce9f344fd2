#include "widgets/models/life_order.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace palimpsest {

namespace {
constexpr LifeKind kReading[] = {LifeKind::Forgotten, LifeKind::Relearned, LifeKind::Never, LifeKind::Late, LifeKind::Kept};
constexpr int kLast = std::numeric_limits<int>::max();

struct Key {
  int kind = 0, first = 0, second = 0;
  std::int64_t sample = 0;
  int row = 0;
  bool operator<(const Key& other) const { return std::tie(kind, first, second, sample) < std::tie(other.kind, other.first, other.second, other.sample); }
};

Key keyOf(const Life& life, int label, LifeOrder::Sort sort) {
  const int fell = life.fell < 0 ? kLast : life.fell;
  return sort == LifeOrder::Sort::ByClass ? Key{0, label, fell} : Key{0, fell, label};
}
}  // namespace

LifeOrder lifeOrder(const PredictionHistory& history, int upto, LifeOrder::Sort sort) {
  std::vector<Key> keys;
  keys.reserve(history.rows());
  for (std::size_t row = 0; row < history.rows(); ++row) {
    const Life life = history.life(row, upto);
    if (life.kind == LifeKind::Untested) continue;
    Key key = keyOf(life, history.label(row), sort);
    key.kind = int(std::find(std::begin(kReading), std::end(kReading), life.kind) - std::begin(kReading));
    key.sample = history.sample(row);
    key.row = int(row);
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  LifeOrder out;
  for (const Key& key : keys) {
    const LifeKind kind = kReading[key.kind];
    if (out.groups.empty() || out.groups.back().kind != kind) out.groups.push_back({kind, out.rows.size(), 0});
    ++out.groups.back().count;
    out.rows.push_back(key.row);
  }
  return out;
}

std::vector<std::int64_t> ordered(const PredictionHistory& history, int upto, LifeOrder::Sort sort, std::vector<std::int64_t> samples) {
  std::vector<Key> keys;
  keys.reserve(samples.size());
  for (const std::int64_t sample : samples) {
    const int row = history.rowOf(sample);
    const Life life = row < 0 ? Life() : history.life(std::size_t(row), upto);
    const bool tested = life.kind != LifeKind::Untested;
    Key key = keyOf(life, tested ? history.label(std::size_t(row)) : kLast, sort);
    key.kind = !tested;
    key.sample = sample;
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 0; i < keys.size(); ++i) samples[i] = keys[i].sample;
  return samples;
}

}  // namespace palimpsest
