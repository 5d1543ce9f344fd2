#include "widgets/style/format.h"

#include <QCoreApplication>
#include <QFontDatabase>
#include <QFontMetricsF>
#include <QGuiApplication>
#include <QLocale>
#include <cmath>

namespace palimpsest::style {
namespace {

struct Format {
  Q_DECLARE_TR_FUNCTIONS(Format)
};

QString dash() { return QString(QChar(0x2013)); }

bool equallyWide(const QFont& font) {
  const QFontMetricsF metrics(font);
  for (char digit = '1'; digit <= '9'; ++digit)
    if (std::abs(metrics.horizontalAdvance(QLatin1Char(digit)) - metrics.horizontalAdvance(QLatin1Char('0'))) > 0.01)
      return false;
  return true;
}

}  // namespace

QString percent(double percent) {
  return std::isfinite(percent) ? Format::tr("%1 %").arg(QLocale().toString(percent, 'f', 1)) : dash();
}

QString points(double points) { return std::isfinite(points) ? QLocale().toString(points, 'f', 1) : dash(); }

QString number(double value) {
  if (!std::isfinite(value)) return dash();
  if (value == std::trunc(value) && std::abs(value) < 1e15) return integer(std::int64_t(value));
  return QLocale().toString(value, 'g', 4);
}

QString integer(std::int64_t value) {
  QLocale locale;
  locale.setNumberOptions(QLocale::OmitGroupSeparator);
  QString text = locale.toString(qlonglong(value));
  const auto first = value < 0 ? locale.negativeSign().size() : 0;
  if (text.size() - first <= 4) return text;  // 1993, a year or a seed, stays whole
  for (auto at = text.size() - 3; at > first; at -= 3) text.insert(at, QChar(0x202f));
  return text;
}

QString duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return dash();
  const auto whole = std::int64_t(std::llround(seconds));
  const auto two = [](std::int64_t n) { return QStringLiteral("%1").arg(n, 2, 10, QLatin1Char('0')); };
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours > 0) return QStringLiteral("%1:%2:%3").arg(hours).arg(two(minutes), two(whole % 60));
  return QStringLiteral("%1:%2").arg(minutes).arg(two(whole % 60));
}

QString left(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return {};
  return Format::tr("%1 left").arg(duration(seconds));
}

QString bytes(std::int64_t bytes) { return QLocale().formattedDataSize(bytes, 1, QLocale::DataSizeSIFormat); }

QString rate(double per_second) {
  if (!std::isfinite(per_second) || per_second <= 0) return {};
  return Format::tr("%1 img/s")
      .arg(per_second < 10 ? QLocale().toString(per_second, 'f', 1) : integer(std::llround(per_second)));
}

QFont tabularFont() {
  const QFont own = QGuiApplication::font();
  if (equallyWide(own)) return own;
  QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  if (own.pointSizeF() > 0) fixed.setPointSizeF(own.pointSizeF());
  else fixed.setPixelSize(own.pixelSize());
  return fixed;
}

}  // namespace palimpsest::style
