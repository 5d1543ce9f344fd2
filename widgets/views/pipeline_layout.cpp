#include "widgets/views/pipeline_layout.h"

#include <QFontMetricsF>
#include <algorithm>

namespace palimpsest {

QFont PipelineLayout::small(const QFont& font) {
  QFont out = font;
  if (font.pointSizeF() > 0) out.setPointSizeF(font.pointSizeF() * 0.88);
  else out.setPixelSize(std::max(8, int(font.pixelSize() * 0.88)));
  return out;
}

PipelineLayout::PipelineLayout(const std::vector<PipelineStage>& stages, double width, const QFont& font) {
  const QFontMetricsF large(font), little(small(font));
  const double narrowest = large.averageCharWidth() * 30, room = std::max(width - 2 * kMargin, 60.0);
  const int columns = std::clamp(int((room + kGap) / (narrowest + kGap)), 1, std::max(1, int(stages.size())));
  const double card = std::min((room - (columns - 1) * kGap) / columns, narrowest * 1.6), header = large.height() + 10;
  double top = kMargin, lowest = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const int column = int(i) % columns;
    if (i > 0 && column == 0) top = lowest + kGap;
    Card made;
    made.begins_row = i > 0 && column == 0;
    const double left = kMargin + column * (card + kGap);
    made.header = QRectF(left, top, card, header);
    double y = made.header.bottom();
    for (const PipelinePlace& place : stages[i].places) {
      const double height = large.height() + 10 + (place.settings.isEmpty() ? 0 : little.height() + 1);
      made.places.emplace_back(left + kInset, y, card - 2 * kInset, height);
      y += height + kInset;
    }
    if (stages[i].places.empty()) y += large.height() + kInset;  // a word that nothing stands here
    made.rect = QRectF(left, top, card, y - top + 2);
    lowest = column == 0 ? made.rect.bottom() : std::max(lowest, made.rect.bottom());
    cards_.push_back(std::move(made));
  }
  height_ = lowest + kMargin;
}

PipelineLayout::Spot PipelineLayout::at(const QPointF& position) const {
  for (std::size_t i = 0; i < cards_.size(); ++i) {
    if (!cards_[i].rect.contains(position)) continue;
    for (std::size_t k = 0; k < cards_[i].places.size(); ++k)
      if (cards_[i].places[k].contains(position)) return {int(i), int(k)};
    return {int(i), -1};
  }
  return {};
}

}  // namespace palimpsest
