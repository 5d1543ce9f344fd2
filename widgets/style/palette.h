// Colours by role, one variant per theme. Never a literal colour elsewhere. Every colour is asked for again when
// the palette changes: the theme is read off the application's palette, nothing is stored.
#pragma once

#include <QColor>
#include <QPalette>
#include <QPen>

class QApplication;

namespace palimpsest::style {

enum class Theme { Light, Dark };

void apply(QApplication& app, Theme theme);  // Fusion, with check boxes that are seen, and palette; Qt sends ApplicationPaletteChange
Theme current();                             // before the first apply(): what the desktop uses
QPalette palette(Theme theme);

constexpr int kRunSlots = 10;
QColor run(int slot);  // categorical; slots repeat after 10
QColor run(int slot, Theme theme);
QPen runPen(int slot, qreal width);  // colour doubled by dash, so that it is not colour alone; see also style/swatch.h
QColor task(int task, int tasks);    // ordered: old dark to new bright (cividis)
QColor accuracy(double percent);     // cividis, fixed 0..100
QColor difference(double value, double range);  // diverging, blue below 0, orange above; symmetric about 0
QColor share(double fraction);            // sequential, 0..1, from the plot's background to the accent: prompt use
QColor textOn(const QColor& background);  // black or white, whichever has more contrast (never below 4.5:1)
QColor grid();
QColor axis();  // axes and their labels
QColor plotBackground();
QColor plotBackground(Theme theme);
QColor band(bool even);  // task bands behind curves
QColor accent();
QColor warning();
QColor error();
QColor good();
QColor muted();                   // secondary text
QColor cividis(double fraction);  // 0..1; NaN gives muted()

// WCAG 2.1 contrast ratio, 1 to 21.
double contrast(const QColor& a, const QColor& b);

}  // namespace palimpsest::style
