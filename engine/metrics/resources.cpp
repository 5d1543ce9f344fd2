#include "engine/metrics/resources.h"

#include <algorithm>

namespace palimpsest {
namespace {

// Sizes up to a million: a product of three of them still fits into 64 bits.
std::int64_t whole(std::int64_t size) { return std::clamp<std::int64_t>(size, 0, 1000000); }
double real(std::int64_t size) { return static_cast<double>(whole(size)); }
double images(std::int64_t count) { return static_cast<double>(std::max<std::int64_t>(count, 0)); }

}  // namespace

VitSize vitSize(int image_side, int patch_side, int width, int depth, int mlp, int prefix, int channels) {
  const std::int64_t side = patch_side > 0 ? whole(image_side) / patch_side : 0;
  VitSize size{width, depth, mlp};
  size.patches = static_cast<int>(whole(side * side));
  size.tokens = size.patches + static_cast<int>(whole(prefix));
  size.patch_dim = static_cast<int>(whole(whole(channels) * whole(whole(patch_side) * whole(patch_side))));
  return size;
}

VitSize withPrompts(VitSize size, int prompts) {
  size.tokens = static_cast<int>(whole(whole(size.tokens) + whole(prompts)));
  return size;
}

double forwardMacs(const VitSize& size) {
  const double d = real(size.width), n = real(size.tokens);
  const double block = 4 * n * d * d + 2 * n * d * real(size.mlp) + 2 * n * n * d;
  return real(size.depth) * block + real(size.patches) * real(size.patch_dim) * d;
}

double adapterMacs(const VitSize& size, int rank) {
  return real(size.depth) * real(size.tokens) * 2 * real(size.width) * real(rank);
}

double stepMacs(double forward, Trained trained) {
  return forward * (trained == Trained::Everything ? 3 : trained == Trained::Adaptation ? 2 : 1);
}

double flops(double macs) { return 2 * macs; }

double gramMacs(std::int64_t count, int features) { return images(count) * real(features) * real(features); }
double covarianceMacs(std::int64_t count, int width) { return gramMacs(count, width); }
double choleskyMacs(int side) { return real(side) * real(side) * real(side) / 3; }

std::int64_t vitParameters(const VitSize& size) {
  const std::int64_t d = whole(size.width), h = whole(size.mlp), n = whole(size.tokens), patches = whole(size.patches);
  const std::int64_t block = 4 * d * d + 2 * d * h + 9 * d + h;
  return d * whole(size.patch_dim) + d + std::max<std::int64_t>(n - patches, 0) * d + n * d +
         whole(size.depth) * block + 2 * d;
}

std::int64_t adapterParameters(const VitSize& size, int rank) {
  const std::int64_t d = whole(size.width), r = whole(rank);
  return whole(size.depth) * (2 * d * r + r + d);
}

std::int64_t cosineHeadParameters(int width, int classes) { return whole(width) * whole(classes) + 1; }

std::vector<std::int64_t> growth(std::span<const std::int64_t> parameters) {
  std::vector<std::int64_t> out(parameters.begin(), parameters.end());
  for (std::size_t t = 1; t < out.size(); ++t) out[t] = parameters[t] - parameters[t - 1];
  return out;
}

std::int64_t imageBytes(int height, int width, int channels) { return whole(height) * whole(width) * whole(channels); }

std::int64_t exemplarBytes(std::int64_t count, int height, int width, int channels) {
  return std::max<std::int64_t>(count, 0) * imageBytes(height, width, channels);
}

std::int64_t meanBytes(int classes, int width) { return kFloatBytes * whole(classes) * whole(width); }
std::int64_t covarianceBytes(int classes, int width) { return meanBytes(classes, width) * whole(width); }

std::int64_t ridgeBytes(int features, int width, int classes) {
  return kFloatBytes * whole(features) * (whole(features) + whole(width) + whole(classes));
}

std::int64_t StoredBytes::total() const {
  return backbone + adaptation + head + statistics + exemplars + logits + importance + teacher;
}

std::optional<std::int64_t> imagesPerBackbone(std::int64_t backbone_bytes, std::int64_t bytes_of_image) {
  if (bytes_of_image < 1) return std::nullopt;
  return std::max<std::int64_t>(backbone_bytes, 0) / bytes_of_image;
}

}  // namespace palimpsest
