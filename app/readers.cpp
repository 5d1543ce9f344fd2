#include "app/readers.h"

#include <cstring>
#include <map>
#include <mutex>

#include "engine/data/dataset.h"
#include "engine/protocol/error.h"
#include "engine/protocol/options.h"
#include "engine/record/run_folder.h"
#include "engine/record/run_header.h"
#include "engine/weights/safetensors.h"

namespace palimpsest {

namespace {

QString wordsOf(const std::exception& error) {
  const auto* bad = dynamic_cast<const BadInput*>(&error);
  if (!bad || bad->issues.empty()) return QString::fromUtf8(error.what());
  return QString::fromStdString(bad->issues.front().message);
}

template <class From, class To>
std::vector<To> numbers(std::span<const std::byte> data) {
  std::vector<From> from(data.size() / sizeof(From));
  std::memcpy(from.data(), data.data(), from.size() * sizeof(From));
  return {from.begin(), from.end()};
}

Blob::Tensor tensorOf(const TensorView& view) {
  Blob::Tensor out;
  out.shape = view.shape;
  switch (view.dtype) {
    case Dtype::F32: out.values = numbers<float, float>(view.data); break;
    case Dtype::F64: out.values = numbers<double, float>(view.data); break;
    case Dtype::I64: out.integers = numbers<std::int64_t, std::int64_t>(view.data); break;
    case Dtype::I32: out.integers = numbers<std::int32_t, std::int64_t>(view.data); break;
    case Dtype::U8: out.integers = numbers<std::uint8_t, std::int64_t>(view.data); break;
    default: break;  // none of ours: an empty tensor
  }
  return out;
}

// By what run.json says of the data; a data set that could not be opened is tried again next time.
std::shared_ptr<const Split> testSplit(const std::filesystem::path& source) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Split>> open;
  const std::scoped_lock lock(mutex);
  const record::RunHeader header = record::runHeader(record::Reader(source).run());
  Issues none;
  const RunOptions options = readParams<RunOptions>(header.options, "", none);
  const std::string key = options.data + '\n' + std::to_string(options.limit_test);
  std::shared_ptr<const Split>& split = open[key];
  if (!split) split = openDataset(options.data, 1, options.limit_test).test;
  return split;
}

QImage imageOf(const Image& image) {
  const auto format = image.channels == 1 ? QImage::Format_Grayscale8 : QImage::Format_RGB888;
  return QImage(image.pixels.data(), image.width, image.height, image.width * image.channels, format).copy();
}

}  // namespace

Blob readBlob(const std::filesystem::path& file) try {
  Blob blob;
  const TensorTable table = readSafetensors(file);
  for (const TensorView& view : table.tensors) blob.tensors[view.name] = tensorOf(view);
  return blob;
} catch (const std::exception& error) {
  Blob blob;
  blob.problem = wordsOf(error);
  return blob;
}

Picture readPicture(const std::filesystem::path& source, std::int64_t sample) try {
  const auto split = testSplit(source);
  if (sample < 0 || sample >= split->size()) return {{}, {}, QObject::tr("The data set has no test image %1 any more.").arg(sample)};
  return {imageOf(split->image(sample)), QString::fromStdString(split->name(sample)), {}};
} catch (const std::exception& error) {
  return {{}, {}, wordsOf(error)};
}

}  // namespace palimpsest
