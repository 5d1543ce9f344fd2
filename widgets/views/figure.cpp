#include "widgets/views/figure.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QImage>
#include <QLocale>
#include <QPageSize>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>
#include <cmath>

namespace palimpsest {

namespace {

constexpr int kDotsPerInch = 96;
constexpr double kPngScale = 2;

QString say(const char* text) { return QCoreApplication::translate("Figure", text); }

QString notWritten(const QSaveFile& file) {
  return say("%1 could not be written: %2. Nothing was changed; choose another folder.").arg(file.fileName(), file.errorString());
}

void paintPdf(QIODevice& file, QSize size, const QString& title, const std::function<void(QPaintDevice&, bool)>& paint) {
  QPdfWriter pdf(&file);
  pdf.setResolution(kDotsPerInch);
  pdf.setPageSize(QPageSize(QSizeF(size) * 72.0 / kDotsPerInch, QPageSize::Point, QString(), QPageSize::ExactMatch));
  pdf.setPageMargins(QMarginsF());
  pdf.setTitle(title);
  pdf.setCreator(QCoreApplication::applicationName());
  paint(pdf, true);
}

void paintSvg(QIODevice& file, QSize size, const QString& title, const std::function<void(QPaintDevice&, bool)>& paint) {
  QSvgGenerator svg;
  svg.setOutputDevice(&file);
  svg.setResolution(kDotsPerInch);
  svg.setSize(size);
  svg.setViewBox(QRect(QPoint(), size));
  svg.setTitle(title);
  paint(svg, true);
}

bool paintPng(QIODevice& file, QSize size, const QString& title, const std::function<void(QPaintDevice&, bool)>& paint) {
  QImage image(size * kPngScale, QImage::Format_ARGB32_Premultiplied);
  image.setDevicePixelRatio(kPngScale);
  image.fill(Qt::transparent);
  image.setText(QStringLiteral("Title"), title);
  paint(image, false);
  return image.save(&file, "PNG");
}

}  // namespace

std::optional<QString> writeFigure(const QString& path, QSize size, const QString& title,
                                   const std::function<void(QPaintDevice&, bool)>& paint) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  QSaveFile file(path);
  if (suffix != QLatin1String("png") && suffix != QLatin1String("svg") && suffix != QLatin1String("pdf"))
    return say("%1 has no known ending. Figures are written as .png, .svg or .pdf.").arg(path);
  if (!file.open(QIODevice::WriteOnly)) return notWritten(file);
  bool painted = true;
  if (suffix == QLatin1String("pdf")) paintPdf(file, size, title, paint);
  else if (suffix == QLatin1String("svg")) paintSvg(file, size, title, paint);
  else painted = paintPng(file, size, title, paint);
  if (!painted || !file.commit()) return notWritten(file);
  return std::nullopt;
}

std::optional<QString> writeText(const QString& path, const QString& text) {
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly)) return notWritten(file);
  const QByteArray bytes = text.toUtf8();
  if (file.write(bytes) != bytes.size() || !file.commit()) return notWritten(file);
  return std::nullopt;
}

QString csvField(const QString& text) {
  static const QString kSpecial = QStringLiteral(",\"\n\r");
  for (const QChar c : kSpecial)
    if (text.contains(c)) return QLatin1Char('"') + QString(text).replace(QLatin1Char('"'), QStringLiteral("\"\"")) + QLatin1Char('"');
  return text;
}

QString figureFilter() { return say("PNG image (*.png);;SVG drawing (*.svg);;PDF document (*.pdf)"); }

QString exact(double value) {
  return std::isnan(value) ? QString() : QString::number(value, 'g', QLocale::FloatingPointShortest);
}

QString compact(double value) {
  const double size = std::abs(value);
  QLocale plain;
  plain.setNumberOptions(QLocale::OmitGroupSeparator);
  if (size >= 1e9) return plain.toString(value / 1e9, 'g', 4) + QLatin1Char('G');
  if (size >= 1e6) return plain.toString(value / 1e6, 'g', 4) + QLatin1Char('M');
  if (size >= 1e4) return plain.toString(value / 1e3, 'g', 4) + QLatin1Char('k');
  return plain.toString(value, 'g', 4);
}

}  // namespace palimpsest
