// A run's marker: the second sign beside its colour, the same in plots, lists and legends.
#pragma once

#include <QIcon>
#include <QPainterPath>

namespace palimpsest::style {

// Outline of the slot's marker about the origin, `size` across; to be filled.
QPainterPath marker(int slot, qreal size);
// 16 px: the run's dash with its marker on it, in the present theme.
QIcon swatch(int slot);

}  // namespace palimpsest::style
