#include "widgets/feed/blob_store.h"

#include <algorithm>

namespace palimpsest {

namespace {
constexpr std::size_t kRoom = std::size_t(256) << 20;  // bytes that are kept at most, beside the newest

std::size_t bytesOf(const Blob& blob) {
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : blob.tensors) bytes += tensor.values.size() * sizeof(float) + tensor.integers.size() * sizeof(std::int64_t);
  return bytes;
}

bool isBelow(const std::filesystem::path& file, const std::filesystem::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}
}  // namespace

BlobStore::BlobStore(Read read, QObject* parent) : QObject(parent), read_(std::move(read)) { disk_.setMaxThreadCount(1); }

BlobStore::~BlobStore() { disk_.waitForDone(); }

std::shared_ptr<const Blob> BlobStore::get(const std::filesystem::path& file) {
  if (const auto found = kept_.find(file); found != kept_.end()) {
    found->second.used = ++clock_;
    return found->second.blob;
  }
  if (!read_ || !under_way_.insert(file).second) return nullptr;
  disk_.start([this, file] {
    auto blob = std::make_shared<Blob>(read_(file));
    QMetaObject::invokeMethod(this, [this, file, blob] { store(file, std::move(*blob)); });
  });
  return nullptr;
}

void BlobStore::store(const std::filesystem::path& file, Blob blob) {
  if (under_way_.erase(file) == 0) return;  // forgotten meanwhile
  const std::size_t bytes = bytesOf(blob);
  kept_[file] = {std::make_shared<const Blob>(std::move(blob)), bytes, ++clock_};
  std::size_t all = 0;
  for (const auto& [name, kept] : kept_) all += kept.bytes;
  while (all > kRoom && kept_.size() > 1) {
    const auto oldest = std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    all -= oldest->second.bytes;
    kept_.erase(oldest);
  }
  Q_EMIT loaded(QString::fromStdString(file.string()));
}

void BlobStore::forget(const std::filesystem::path& folder) {
  std::erase_if(kept_, [&](const auto& entry) { return isBelow(entry.first, folder); });
  std::erase_if(under_way_, [&](const auto& file) { return isBelow(file, folder); });
}

}  // namespace palimpsest
