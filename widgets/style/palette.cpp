#include "widgets/style/palette.h"

#include <QApplication>
#include <QPainter>
#include <QProxyStyle>
#include <QStyleOption>
#include <algorithm>
#include <array>
#include <cmath>

namespace palimpsest::style {
namespace {

// One row per role, one column per theme. Contrast is tested: text 4.5:1, graphics 3:1.
struct Pair {
  QRgb light, dark;
  QColor in(Theme theme) const { return QColor(theme == Theme::Dark ? dark : light); }
  QColor now() const { return in(current()); }
};

// Slots 1-6 are a subset of Petroff's ten colours (2021) with a lighter variant for the dark theme: 3.3:1 on white and
// 4.5:1 on #1e1e1e at least. Slots 7-10 are his others, below 3:1 on white, hence always dashed.
constexpr std::array<Pair, kRunSlots> kRuns{{{0x3f90da, 0x96b7e7},
                                             {0xbd1f01, 0xe35644},
                                             {0x832db6, 0xb85be1},
                                             {0xe76300, 0xff9626},
                                             {0x717581, 0xe2e3e5},
                                             {0xa96b59, 0xc8ac96},
                                             {0xffa90e, 0xffa90e},
                                             {0x94a4a2, 0x94a4a2},
                                             {0xb9ac70, 0xb9ac70},
                                             {0x92dadd, 0x92dadd}}};
constexpr Pair kPlot{0xffffff, 0x1e1e1e};
constexpr Pair kGrid{0xe3e5e8, 0x34373b};
constexpr Pair kAxis{0x4a4f57, 0xc3c7cd};
constexpr Pair kBandEven{0xf4f6f9, 0x24272b};
constexpr Pair kBandOdd{0xffffff, 0x1e1e1e};
constexpr Pair kAccent{0x1a66c2, 0x62a8f5};
constexpr Pair kWarning{0x8f5600, 0xf2b14c};
constexpr Pair kError{0xb3261e, 0xff8a7d};
constexpr Pair kGood{0x1b6e3c, 0x6fcf97};
constexpr Pair kMuted{0x5c626b, 0xa3a9b1};
constexpr Pair kCold{0x2b6cb0, 0x5ea2e6};  // the diverging scale's ends
constexpr Pair kHot{0xd9650a, 0xf08c3a};

constexpr Pair kWindow{0xf3f4f6, 0x25282c};
constexpr Pair kBase{0xffffff, 0x1e1e1e};
constexpr Pair kAlternate{0xf5f7fa, 0x26292d};
constexpr Pair kButton{0xe9ebee, 0x33373c};
constexpr Pair kText{0x1c1f24, 0xe6e8eb};
constexpr Pair kDisabled{0x8a9099, 0x767c85};
constexpr Pair kHighlight{0x1a66c2, 0x2f6fbf};
constexpr Pair kHighlighted{0xffffff, 0xffffff};
constexpr Pair kTip{0x2b2f36, 0x3b4047};
constexpr Pair kTipText{0xffffff, 0xf2f3f5};
constexpr Pair kVisited{0x7a3db8, 0xc79bf2};

// Cividis (Nunez, Anderton and Renslow, 2018), every eighth entry; public domain.
constexpr std::array<QRgb, 33> kCividis{
    0x00224e, 0x00285b, 0x002e6a, 0x053371, 0x1a386f, 0x273e6e, 0x32436d, 0x3b496c, 0x434e6c, 0x4b546c, 0x535a6d,
    0x5a5f6e, 0x61656f, 0x686a71, 0x6f7073, 0x767676, 0x7d7c78, 0x838179, 0x8b8778, 0x928d78, 0x9a9376, 0xa29975,
    0xaaa073, 0xb3a670, 0xbbad6d, 0xc3b369, 0xccba64, 0xd4c15f, 0xddc858, 0xe6d051, 0xefd748, 0xf8df3c, 0xfee838};

QColor mixed(const QColor& a, const QColor& b, double share) {
  const auto blend = [&](int from, int to) { return int(std::lround(from + (to - from) * share)); };
  return {blend(a.red(), b.red()), blend(a.green(), b.green()), blend(a.blue(), b.blue())};
}

double luminance(const QColor& colour) {
  const auto linear = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
  return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

// Fusion frames check boxes in a shade darker than the window, which on a dark list is no frame at all.
class FramedStyle : public QProxyStyle {
 public:
  FramedStyle() : QProxyStyle(QStringLiteral("Fusion")) {}
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const override {
    QProxyStyle::drawPrimitive(element, option, painter, widget);
    const bool focused = option->state.testFlags(State_HasFocus | State_KeyboardFocusChange);  // has a frame of its own
    if (element != PE_IndicatorCheckBox || focused) return;
    const auto frame = option->state.testFlag(State_Enabled) ? QPalette::Normal : QPalette::Disabled;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(frame == QPalette::Normal ? muted() : option->palette.color(frame, QPalette::Text));
    painter->setBrush(Qt::NoBrush);
    painter->drawRect(QRectF(option->rect).adjusted(0.5, 0.5, -0.5, -0.5));
    painter->restore();
  }
};

int slotIndex(int slot) { return ((slot % kRunSlots) + kRunSlots) % kRunSlots; }

}  // namespace

QPalette palette(Theme theme) {
  QPalette p(kButton.in(theme), kWindow.in(theme));
  const auto set = [&](QPalette::ColorRole role, const Pair& pair) { p.setColor(role, pair.in(theme)); };
  set(QPalette::Base, kBase);
  set(QPalette::AlternateBase, kAlternate);
  set(QPalette::ToolTipBase, kTip);
  set(QPalette::ToolTipText, kTipText);
  set(QPalette::Highlight, kHighlight);
  set(QPalette::HighlightedText, kHighlighted);
  set(QPalette::Link, kAccent);
  set(QPalette::LinkVisited, kVisited);
  set(QPalette::PlaceholderText, kMuted);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::BrightText}) {
    set(role, kText);
    p.setColor(QPalette::Disabled, role, kDisabled.in(theme));
  }
  p.setColor(QPalette::Disabled, QPalette::Highlight, kGrid.in(theme));
  p.setColor(QPalette::Disabled, QPalette::HighlightedText, kDisabled.in(theme));
  return p;
}

void apply(QApplication&, Theme theme) {
  if (!dynamic_cast<FramedStyle*>(QApplication::style())) QApplication::setStyle(new FramedStyle);  // which takes it over
  QApplication::setPalette(palette(theme));
}

Theme current() {
  return QGuiApplication::palette().color(QPalette::Window).lightness() < 128 ? Theme::Dark : Theme::Light;
}

QColor run(int slot, Theme theme) { return kRuns[std::size_t(slotIndex(slot))].in(theme); }
QColor run(int slot) { return run(slot, current()); }

QPen runPen(int slot, qreal width) {
  // In units of the pen's width. The first run is solid; from slot 7 on no colour stands alone.
  static const std::array<QList<qreal>, kRunSlots> kDashes{QList<qreal>{}, {6, 2.5},           {2, 2}, {7, 2.5, 2, 2.5},
                                                           {11, 3},        {4, 2, 2, 2, 2, 2}, {1, 2}, {9, 2, 4, 2},
                                                           {3, 5},         {11, 2, 2, 2, 2, 2}};
  QPen pen(run(slot), width);
  const auto& dashes = kDashes[std::size_t(slotIndex(slot))];
  if (!dashes.isEmpty()) pen.setDashPattern(dashes);
  pen.setCapStyle(Qt::FlatCap);
  pen.setJoinStyle(Qt::RoundJoin);
  return pen;
}

QColor cividis(double fraction) {
  if (std::isnan(fraction)) return muted();
  const double place = std::clamp(fraction, 0.0, 1.0) * (kCividis.size() - 1);
  const auto low = std::min(std::size_t(place), kCividis.size() - 2);
  return mixed(QColor(kCividis[low]), QColor(kCividis[low + 1]), place - double(low));
}

// The ends that would vanish in the plot's background are left out.
QColor task(int task, int tasks) {
  const double age = tasks > 1 ? std::clamp(double(task) / (tasks - 1), 0.0, 1.0) : 0.5;
  return current() == Theme::Dark ? cividis(0.3 + 0.7 * age) : cividis(0.85 * age);
}

QColor accuracy(double percent) { return cividis(percent / 100); }

QColor difference(double value, double range) {
  if (std::isnan(value)) return muted();
  const double share = range > 0 ? std::clamp(value / range, -1.0, 1.0) : 0;
  return mixed(plotBackground(), (share < 0 ? kCold : kHot).now(), std::abs(share));
}

QColor share(double fraction) {
  if (std::isnan(fraction)) return muted();
  return mixed(plotBackground(), accent(), std::clamp(fraction, 0.0, 1.0));
}

QColor textOn(const QColor& background) {
  return contrast(background, Qt::black) >= contrast(background, Qt::white) ? QColor(Qt::black) : QColor(Qt::white);
}

QColor grid() { return kGrid.now(); }
QColor axis() { return kAxis.now(); }
QColor plotBackground(Theme theme) { return kPlot.in(theme); }
QColor plotBackground() { return plotBackground(current()); }
QColor band(bool even) { return (even ? kBandEven : kBandOdd).now(); }
QColor accent() { return kAccent.now(); }
QColor warning() { return kWarning.now(); }
QColor error() { return kError.now(); }
QColor good() { return kGood.now(); }
QColor muted() { return kMuted.now(); }

double contrast(const QColor& a, const QColor& b) {
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

}  // namespace palimpsest::style
