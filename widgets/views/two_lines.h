// A row of a list in two lines: what it is, and smaller below it how it stands. Shared by delegates.
#pragma once

#include <QColor>
#include <QFont>
#include <QRectF>
#include <QString>

class QPainter;

namespace palimpsest {

struct LineOfText {
  QString text;
  QColor colour;
};

// Both lines elided to the area and centred in its height.
void drawTwoLines(QPainter& painter, const QRectF& area, const QFont& font, const LineOfText& upper,
                  const LineOfText& lower);
int heightOfTwoLines(const QFont& font);

}  // namespace palimpsest
