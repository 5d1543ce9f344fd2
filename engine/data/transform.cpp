// The named pipelines of contracts.md, section 2, with torchvision's geometry.
#include "engine/data/transform.h"

#include <algorithm>
#include <cmath>

#include "engine/data/resample.h"
#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

struct Crop {
  int left = 0, top = 0, width = 0, height = 0;
};

// torchvision's RandomResizedCrop.get_params: ten tries, then the largest central crop of an allowed shape.
Crop randomCrop(int width, int height, double smallest, Rng& rng) {
  constexpr double narrow = 3.0 / 4.0, wide = 4.0 / 3.0;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = static_cast<double>(width) * height * rng.uniform(smallest, 1.0);
    const double aspect = std::exp(rng.uniform(std::log(narrow), std::log(wide)));
    const int w = static_cast<int>(std::nearbyint(std::sqrt(area * aspect)));
    const int h = static_cast<int>(std::nearbyint(std::sqrt(area / aspect)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const int top = static_cast<int>(rng.below(height - h + 1));
    const int left = static_cast<int>(rng.below(width - w + 1));
    return {left, top, w, h};
  }
  Crop crop{0, 0, width, height};
  const double aspect = static_cast<double>(width) / height;
  if (aspect < narrow) crop.height = std::max(1, static_cast<int>(std::nearbyint(width / narrow)));
  else if (aspect > wide) crop.width = std::max(1, static_cast<int>(std::nearbyint(height * wide)));
  crop.left = (width - crop.width) / 2;
  crop.top = (height - crop.height) / 2;
  return crop;
}

Image randomResizedCrop(const Image& image, int side, double smallest, Rng& rng) {
  const Crop crop = randomCrop(image.width, image.height, smallest, rng);
  const PixelView view = viewOf(image, crop.left, crop.top, crop.width, crop.height);
  const Box all{0, 0, static_cast<double>(crop.width), static_cast<double>(crop.height)};
  return resampled(view, all, side, side, {0, 0, side, side}, Resampling::Bilinear);
}

// Resize(short) keeps the aspect ratio and truncates the longer side; CenterCrop rounds half to even.
Image resizedAndCropped(const Image& image, int short_side, int side, Resampling how) {
  const auto longer = [&](int a, int b) {
    return static_cast<int>(static_cast<double>(static_cast<std::int64_t>(short_side) * a) / b);
  };
  const bool tall = image.width <= image.height;
  const int width = tall ? short_side : longer(image.width, image.height);
  const int height = tall ? longer(image.height, image.width) : short_side;
  const Window window{static_cast<int>(std::nearbyint((width - side) / 2.0)),
                      static_cast<int>(std::nearbyint((height - side) / 2.0)), side, side};
  const Box all{0, 0, static_cast<double>(image.width), static_cast<double>(image.height)};
  return resampled(viewOf(image), all, width, height, window, how);
}

int pilotShortSide(int side) { return static_cast<int>(std::nearbyint(side * 256.0 / 224.0)); }

Image prepared(const TransformSpec& spec, const Image& image, Rng& rng) {
  if (spec.name == "plain") return resized(image, spec.side, spec.side, Resampling::Bicubic);  // untouched when it fits
  const bool coda = spec.name == "pilot-coda";
  if (spec.train) {
    Image out = randomResizedCrop(image, spec.side, coda ? 0.08 : 0.05, rng);
    return rng.uniform() < 0.5 ? flipped(out) : out;
  }
  return coda ? resizedAndCropped(image, spec.side, spec.side, Resampling::Bilinear)
              : resizedAndCropped(image, pilotShortSide(spec.side), spec.side, Resampling::Bicubic);
}

// In float, as ToTensor and Normalize compute it.
float ranged(const std::string& range, int channel, int byte) {
  constexpr float mean[] = {0.485f, 0.456f, 0.406f}, deviation[] = {0.229f, 0.224f, 0.225f};
  constexpr float clip_mean[] = {0.48145466f, 0.4578275f, 0.40821073f}, clip_deviation[] = {0.26862954f, 0.26130258f, 0.27577711f};
  const float value = static_cast<float>(byte) / 255.0f;
  if (range == "-1..1") return (value - 0.5f) / 0.5f;
  if (range == "imagenet") return (value - mean[channel]) / deviation[channel];
  if (range == "clip") return (value - clip_mean[channel]) / clip_deviation[channel];
  return value;
}

}  // namespace

Image cropped(const Image& image, int left, int top, int width, int height) {
  const PixelView view = viewOf(image, left, top, width, height);
  Image out{width, height, image.channels, {}};
  out.pixels.reserve(static_cast<std::size_t>(width) * height * image.channels);
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = view.pixels + y * view.stride;
    out.pixels.insert(out.pixels.end(), row, row + width * image.channels);
  }
  return out;
}

Image flipped(const Image& image) {
  Image out = image;
  const int c = image.channels, bytes = image.width * c;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      std::copy_n(&image.pixels[static_cast<std::size_t>(y) * bytes + x * c], c,
                  &out.pixels[static_cast<std::size_t>(y) * bytes + (image.width - 1 - x) * c]);
  return out;
}

Image toRgb(const Image& image) {
  if (image.channels == 3) return image;
  Image out{image.width, image.height, 3, std::vector<std::uint8_t>(image.pixels.size() * 3)};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) std::fill_n(&out.pixels[i * 3], 3, image.pixels[i]);
  return out;
}

std::string TransformSpec::id() const {
  return name + (train ? "-train-" : "-test-") + std::to_string(side) + "-" + range;
}

Transform::Transform(TransformSpec spec) : spec_(std::move(spec)), table_(3 * 256) {
  Issues issues;
  const char* option = spec_.train ? "--train-transform" : "--test-transform";
  if (spec_.name != "plain" && spec_.name != "pilot" && spec_.name != "pilot-coda")
    issues.push_back(
        error(option, "there is no transform \"" + spec_.name + "\"", "Choose plain, pilot or pilot-coda."));
  if (spec_.range != "0..1" && spec_.range != "-1..1" && spec_.range != "imagenet" && spec_.range != "clip")
    issues.push_back(
        error("--input-range", "there is no range \"" + spec_.range + "\"", "Choose 0..1, -1..1, imagenet or clip."));
  if (spec_.side < 1 || spec_.side > 4096)
    issues.push_back(error("--image-size", "an image side of " + std::to_string(spec_.side) + " pixels is not possible",
                           "Choose 1 to 4096."));
  if (!issues.empty()) throw BadInput(std::move(issues));
  for (int c = 0; c < 3; ++c)
    for (int byte = 0; byte < 256; ++byte) table_[c * 256 + byte] = ranged(spec_.range, c, byte);
}

std::vector<std::string> Transform::steps() const {
  const std::string side = std::to_string(spec_.side), square = side + " x " + side + " pixels";
  if (spec_.name == "plain") return {"resize to " + square + " (bicubic, antialiased)"};
  const bool coda = spec_.name == "pilot-coda";
  if (spec_.train) return {"cut out a random part (" + std::string(coda ? "8" : "5") + " to 100 % of the area) and resize it to " + square + " (bilinear, antialiased)", "flip every other image"};
  return {"resize the shorter side to " + std::to_string(coda ? spec_.side : pilotShortSide(spec_.side)) + " pixels (" + (coda ? "bilinear" : "bicubic") + ", antialiased)", "cut out the centre, " + square};
}

bool Transform::deterministic() const { return spec_.name == "plain" || !spec_.train; }

void Transform::operator()(const Image& image, Rng& rng, float* out) const {
  const Image ready = prepared(spec_, image, rng);
  const std::size_t area = static_cast<std::size_t>(spec_.side) * spec_.side;
  for (int c = 0; c < 3; ++c) {
    const float* table = &table_[c * 256];
    const std::uint8_t* in = ready.pixels.data() + (ready.channels == 3 ? c : 0);  // grey feeds all three planes
    for (std::size_t i = 0; i < area; ++i) out[c * area + i] = table[in[i * ready.channels]];
  }
}

}  // namespace palimpsest
