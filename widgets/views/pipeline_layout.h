// Where the stages of a pipeline stand: cards from left to right that go on in the next row, as high as their places need.
#pragma once

#include <QFont>
#include <QRectF>
#include <QSizeF>
#include <vector>

#include "widgets/models/pipeline_model.h"

namespace palimpsest {

class PipelineLayout {
 public:
  PipelineLayout(const std::vector<PipelineStage>& stages, double width, const QFont& font);

  struct Card {
    QRectF rect, header;
    std::vector<QRectF> places;
    bool begins_row = false;
  };
  const std::vector<Card>& cards() const { return cards_; }
  double height() const { return height_; }
  struct Spot {
    int stage = -1, place = -1;  // -1: on no stage; on a stage beside its places
  };
  Spot at(const QPointF& position) const;

  static QFont small(const QFont& font);
  static constexpr double kGap = 18, kInset = 6, kMargin = 10;

 private:
  std::vector<Card> cards_;
  double height_ = 0;
};

}  // namespace palimpsest
