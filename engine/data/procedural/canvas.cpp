#include "engine/data/procedural/canvas.h"

#include <algorithm>
#include <cmath>

namespace palimpsest {

Colour fromHsv(float hue, float saturation, float value) {
  const auto channel = [&](float offset) {
    const float k = std::fmod(offset + (hue - std::floor(hue)) * 6.0f, 6.0f);
    return value - value * saturation * std::clamp(std::min(k, 4.0f - k), 0.0f, 1.0f);
  };
  return {channel(5), channel(3), channel(1)};
}

Placement::Placement(const Pose& pose, int side) : side_(side) {
  const float half = side * 0.5f, c = std::cos(pose.angle), s = std::sin(pose.angle);
  const float sx = half * pose.scale * std::sqrt(pose.stretch), sy = half * pose.scale / std::sqrt(pose.stretch);
  forward_[0] = c * sx;
  forward_[1] = c * sx * pose.shear - s * sy;
  forward_[2] = s * sx;
  forward_[3] = s * sx * pose.shear + c * sy;
  shift_ = {half * (1 + pose.shift.x), half * (1 + pose.shift.y)};
  invert();
}

Placement Placement::part(Point centre, float scale, float angle) const {
  Placement out(side_);
  const float c = scale * std::cos(angle), s = scale * std::sin(angle);
  out.forward_[0] = forward_[0] * c + forward_[1] * s;
  out.forward_[1] = forward_[1] * c - forward_[0] * s;
  out.forward_[2] = forward_[2] * c + forward_[3] * s;
  out.forward_[3] = forward_[3] * c - forward_[2] * s;
  out.shift_ = pixelAt(centre);
  out.invert();
  return out;
}

void Placement::invert() {
  const float determinant = forward_[0] * forward_[3] - forward_[1] * forward_[2];
  inverse_[0] = forward_[3] / determinant;
  inverse_[1] = -forward_[1] / determinant;
  inverse_[2] = -forward_[2] / determinant;
  inverse_[3] = forward_[0] / determinant;
  pixel_ = 1.0f / std::sqrt(std::abs(determinant));
}

Canvas::Canvas(int side, Colour background) : side_(side), rgb_(static_cast<std::size_t>(side) * side * 3) {
  for (std::size_t i = 0; i < rgb_.size(); i += 3) {
    rgb_[i] = background.r;
    rgb_[i + 1] = background.g;
    rgb_[i + 2] = background.b;
  }
}

void Canvas::shadeLinear(float angle, float amount) {
  const float dx = std::cos(angle) * 2 / side_, dy = std::sin(angle) * 2 / side_;
  for (int y = 0, i = 0; y < side_; ++y)
    for (int x = 0; x < side_; ++x, i += 3) {
      const float add = amount * ((x + 0.5f) * dx - std::cos(angle) + (y + 0.5f) * dy - std::sin(angle));
      for (int c = 0; c < 3; ++c) rgb_[i + c] += add;
    }
}

void Canvas::shadeNoise(float cell, float amount, Rng& rng) {
  const int nodes = static_cast<int>(side_ / cell) + 2;
  std::vector<float> lattice(nodes * nodes);
  for (float& node : lattice) node = between(rng, -amount, amount);
  for (int y = 0, i = 0; y < side_; ++y)
    for (int x = 0; x < side_; ++x, i += 3) {
      const float u = x / cell, v = y / cell;
      const int iu = static_cast<int>(u), iv = static_cast<int>(v);
      const float fu = u - iu, fv = v - iv;
      const float* node = &lattice[iv * nodes + iu];
      const float add = mix(mix(node[0], node[1], fu), mix(node[nodes], node[nodes + 1], fu), fv);
      for (int c = 0; c < 3; ++c) rgb_[i + c] += add;
    }
}

void Canvas::blend(const Layer& layer, Colour colour, Colour other) {
  for (std::size_t i = 0; i < layer.cover.size(); ++i) {
    const float cover = layer.cover[i], tone = layer.tone[i];
    if (cover <= 0) continue;
    rgb_[i * 3] = mix(rgb_[i * 3], mix(other.r, colour.r, tone), cover);
    rgb_[i * 3 + 1] = mix(rgb_[i * 3 + 1], mix(other.g, colour.g, tone), cover);
    rgb_[i * 3 + 2] = mix(rgb_[i * 3 + 2], mix(other.b, colour.b, tone), cover);
  }
}

void Canvas::blur() {
  const auto pass = [this](int step, int along) {  // along: distance between neighbours; edges repeat
    std::vector<float> out(rgb_.size());
    for (int line = 0; line < side_; ++line)
      for (int i = 0; i < side_; ++i) {
        const int at = line * step + i * along;
        const int before = i > 0 ? at - along : at, after = i + 1 < side_ ? at + along : at;
        for (int c = 0; c < 3; ++c)
          out[at + c] = 0.25f * rgb_[before + c] + 0.5f * rgb_[at + c] + 0.25f * rgb_[after + c];
      }
    rgb_.swap(out);
  };
  pass(side_ * 3, 3);
  pass(3, side_ * 3);
}

void Canvas::gain(float contrast, float brightness) {
  for (float& value : rgb_) value = value * contrast + brightness;
}

void Canvas::addNoise(float deviation, bool coloured, Rng& rng) {
  // Four 16-bit uniforms summed are near enough to a normal draw, at a tenth of its cost.
  const auto draw = [&rng] {
    const std::uint64_t bits = rng.next();
    const auto sum =
        static_cast<std::int64_t>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
    return static_cast<float>(sum - 131070) * (1.0f / 37837.0f);  // 65536 / sqrt(3)
  };
  for (std::size_t i = 0; i < rgb_.size(); i += 3) {
    const float shared = draw() * deviation;
    for (int c = 0; c < 3; ++c) rgb_[i + c] += coloured && c ? draw() * deviation : shared;
  }
}

void soften(std::vector<float>& values, int side, int channels, float deviation) {
  const float width = std::sqrt(4 * deviation * deviation + 1);  // of a box: a third of the variance
  const int reach = static_cast<int>((width - 1) / 2);
  const float rest = (width - 1) / 2 - reach, scale = 1 / width;  // the next pixels count by this share
  std::vector<float> line(side);
  const auto box = [&](std::size_t first, std::size_t along) {
    const auto at = [&](int i) { return line[std::clamp(i, 0, side - 1)]; };
    for (int i = 0; i < side; ++i) line[i] = values[first + i * along];
    float sum = 0;
    for (int i = -reach; i <= reach; ++i) sum += at(i);
    for (int i = 0; i < side; ++i) {
      values[first + i * along] = scale * (sum + rest * (at(i - reach - 1) + at(i + reach + 1)));
      sum += at(i + reach + 1) - at(i - reach);
    }
  };
  const std::size_t row = static_cast<std::size_t>(side) * channels;
  for (int pass = 0; pass < 3; ++pass)
    for (const bool down : {false, true})
      for (int i = 0; i < side * channels; ++i) {
        const int line_at = i / channels, channel = i % channels;
        if (down) box(static_cast<std::size_t>(line_at) * channels + channel, row);
        else box(line_at * row + channel, channels);
      }
}

Image Canvas::image() const {
  Image out{side_, side_, 3, std::vector<std::uint8_t>(rgb_.size())};
  for (std::size_t i = 0; i < rgb_.size(); ++i)
    out.pixels[i] = static_cast<std::uint8_t>(std::clamp(rgb_[i], 0.0f, 1.0f) * 255.0f + 0.5f);
  return out;
}

}  // namespace palimpsest
