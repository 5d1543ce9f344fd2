#include "widgets/models/selection.h"

#include <algorithm>
#include <iterator>

namespace palimpsest {

Selection::Mode Selection::modeOf(Qt::KeyboardModifiers keys) {
  const bool shift = keys.testFlag(Qt::ShiftModifier), control = keys.testFlag(Qt::ControlModifier);
  if (shift && control) return Mode::Intersect;
  return shift ? Mode::Add : control ? Mode::Remove : Mode::Replace;
}

bool Selection::contains(std::int64_t sample) const { return std::binary_search(samples_.begin(), samples_.end(), sample); }

void Selection::select(std::vector<std::int64_t> samples, const QString& what, Mode mode) {
  std::sort(samples.begin(), samples.end());
  samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
  std::vector<std::int64_t> out;
  const auto combine = [&](auto algorithm) {
    algorithm(samples_.begin(), samples_.end(), samples.begin(), samples.end(), std::back_inserter(out));
  };
  QString words = what;
  switch (mode) {
    case Mode::Replace: out = std::move(samples); break;
    case Mode::Add:
      combine([](auto... a) { std::set_union(a...); });
      if (!what_.isEmpty()) words = tr("%1, and %2").arg(what_, what);
      break;
    case Mode::Remove:
      combine([](auto... a) { std::set_difference(a...); });
      words = tr("%1, but not %2").arg(what_, what);
      break;
    case Mode::Intersect:
      combine([](auto... a) { std::set_intersection(a...); });
      words = tr("%1 that are also %2").arg(what_, what);
      break;
  }
  if (out.empty()) words.clear();
  if (out == samples_ && words == what_) return;
  samples_ = std::move(out);
  what_ = words;
  Q_EMIT changed();
}

void Selection::clear() { select({}, {}); }

void Selection::keep(const QString& name) {
  if (name.isEmpty() || samples_.empty()) return;
  std::erase_if(slices_, [&](const Slice& slice) { return slice.name == name; });
  slices_.push_back({name, samples_});
  Q_EMIT slicesChanged();
}

void Selection::dropSlice(const QString& name) {
  if (std::erase_if(slices_, [&](const Slice& slice) { return slice.name == name; }) > 0) Q_EMIT slicesChanged();
}

}  // namespace palimpsest
