#include "widgets/feed/image_store.h"

#include <algorithm>
#include <vector>

namespace palimpsest {

namespace {
constexpr std::size_t kKept = 4000;  // pictures; a tenth is let go at once when there are more
constexpr int kTellMs = 33;
}  // namespace

ImageStore::ImageStore(Read read, QObject* parent) : QObject(parent), read_(std::move(read)) {
  readers_.setMaxThreadCount(2);
  tell_.setInterval(kTellMs);
  tell_.setSingleShot(true);
  connect(&tell_, &QTimer::timeout, this, &ImageStore::ready);
}

ImageStore::~ImageStore() {
  readers_.clear();
  readers_.waitForDone();
}

const Picture* ImageStore::get(const std::filesystem::path& source, std::int64_t sample) {
  const Key key{source, sample};
  if (const auto found = kept_.find(key); found != kept_.end()) {
    found->second.second = ++clock_;
    return &found->second.first;
  }
  if (!read_ || source.empty() || !under_way_.insert(key).second) return nullptr;
  readers_.start(
      [this, key] {
        auto picture = std::make_shared<Picture>(read_(key.first, key.second));
        QMetaObject::invokeMethod(this, [this, key, picture] { store(key, std::move(*picture)); });
      },
      int(++asked_));
  return nullptr;
}

void ImageStore::store(const Key& key, Picture picture) {
  if (under_way_.erase(key) == 0) return;  // forgotten meanwhile
  kept_[key] = {std::move(picture), ++clock_};
  if (kept_.size() > kKept) {
    std::vector<std::uint64_t> ages;
    for (const auto& [k, entry] : kept_) ages.push_back(entry.second);
    std::nth_element(ages.begin(), ages.begin() + long(kKept / 10), ages.end());
    std::erase_if(kept_, [limit = ages[kKept / 10]](const auto& entry) { return entry.second.second < limit; });
  }
  if (!tell_.isActive()) tell_.start();
}

void ImageStore::forget() {
  kept_.clear();
  under_way_.clear();
  Q_EMIT ready();
}

}  // namespace palimpsest
