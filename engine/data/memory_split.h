// A split that fits in memory as bytes: records of one size behind each other, as IDX and CIFAR files hold them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/data/dataset.h"

namespace palimpsest {

class MemorySplit final : public Split {
 public:
  struct Layout {
    int width = 0, height = 0;
    int planes = 1;          // 1: grey; 3: red, green and blue behind each other
    std::size_t first = 0;   // byte of the first image
    std::size_t stride = 0;  // from image to image
  };
  MemorySplit(std::string name, Layout layout, std::vector<std::uint8_t> bytes, std::vector<int> labels)
      : name_(std::move(name)), layout_(layout), bytes_(std::move(bytes)), labels_(std::move(labels)) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(labels_.size()); }
  int label(std::int64_t index) const override { return labels_[index]; }
  std::string name(std::int64_t index) const override { return name_ + " " + std::to_string(index); }
  Image image(std::int64_t index) const override {
    const std::size_t area = static_cast<std::size_t>(layout_.width) * layout_.height;
    const std::uint8_t* in = &bytes_[layout_.first + index * layout_.stride];
    Image out{layout_.width, layout_.height, layout_.planes, std::vector<std::uint8_t>(area * layout_.planes)};
    for (int plane = 0; plane < layout_.planes; ++plane)
      for (std::size_t i = 0; i < area; ++i) out.pixels[i * layout_.planes + plane] = in[plane * area + i];
    return out;
  }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  const std::vector<int>& labels() const { return labels_; }

 private:
  std::string name_;
  Layout layout_;
  std::vector<std::uint8_t> bytes_;
  std::vector<int> labels_;
};

}  // namespace palimpsest
