// Tensors that events name, read from a run's blobs/ on a thread of its own and kept while there is room. A view asks at
// every frame; what is not there yet comes with loaded(). Window's thread, but for `Read`.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace palimpsest {

struct Blob {
  struct Tensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;           // of a tensor of floats, row-major
    std::vector<std::int64_t> integers;  // of a tensor of integers
    std::int64_t size(std::size_t dimension) const { return dimension < shape.size() ? shape[dimension] : 1; }
  };
  std::map<std::string, Tensor> tensors;
  QString problem;  // why it could not be read, for people; there are no tensors then
  const Tensor* find(const std::string& name) const {
    const auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : &found->second;
  }
};

class BlobStore : public QObject {
  Q_OBJECT
 public:
  using Read = std::function<Blob(const std::filesystem::path&)>;  // any thread; never throws
  explicit BlobStore(Read read, QObject* parent = nullptr);
  ~BlobStore() override;

  // nullptr while it is being read. A file that could not be read is a Blob with a problem, and tried again after forget().
  std::shared_ptr<const Blob> get(const std::filesystem::path& file);
  void forget(const std::filesystem::path& folder);  // everything below it

 Q_SIGNALS:
  void loaded(const QString& file);

 private:
  struct Kept {
    std::shared_ptr<const Blob> blob;
    std::size_t bytes = 0;
    std::uint64_t used = 0;
  };
  void store(const std::filesystem::path& file, Blob blob);
  const Read read_;
  std::map<std::filesystem::path, Kept> kept_;
  std::set<std::filesystem::path> under_way_;
  std::uint64_t clock_ = 0;
  QThreadPool disk_;
};

}  // namespace palimpsest
