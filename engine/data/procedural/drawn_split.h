// A split whose images are drawn when they are asked for. Classes take turns, so that asking for more images of each
// class keeps the ones there were.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "engine/data/dataset.h"

namespace palimpsest {

class DrawnSplit final : public Split {
 public:
  using Draw = std::function<Image(int label, std::int64_t number)>;
  using Caption = std::function<std::string(int label, std::int64_t number)>;
  DrawnSplit(std::string name, int classes, int per_class, Draw draw, Caption caption = {})
      : name_(std::move(name)),
        classes_(classes),
        size_(static_cast<std::int64_t>(classes) * per_class),
        draw_(std::move(draw)),
        caption_(std::move(caption)) {}
  std::int64_t size() const override { return size_; }
  int label(std::int64_t index) const override { return static_cast<int>(index % classes_); }
  Image image(std::int64_t index) const override { return draw_(label(index), index / classes_); }
  std::string name(std::int64_t index) const override { return name_ + " " + std::to_string(index); }
  std::string caption(std::int64_t index) const override {
    return caption_ ? caption_(label(index), index / classes_) : std::string();
  }

 private:
  std::string name_;
  int classes_;
  std::int64_t size_;
  Draw draw_;
  Caption caption_;
};

}  // namespace palimpsest
