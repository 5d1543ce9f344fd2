// Figures and tables on their way out: files and the clipboard.
#pragma once

#include <QSize>
#include <QString>
#include <functional>
#include <optional>

class QPaintDevice;

namespace palimpsest {

// Writes what `paint` paints on a surface of `size` logical pixels, whole or not at all. The suffix says the format:
// .png (twice the size), .svg, .pdf. `vector` tells the painter that nothing may be thinned. Returns what went wrong.
std::optional<QString> writeFigure(const QString& path, QSize size, const QString& title,
                                   const std::function<void(QPaintDevice& device, bool vector)>& paint);
std::optional<QString> writeText(const QString& path, const QString& text);
QString csvField(const QString& text);     // quoted where RFC 4180 asks for it
QString figureFilter();                    // for file dialogs
QString exact(double value);               // shortest text that reads back as the same number
QString compact(double value);             // for axes: 1500, 12k, 2.5M, 1G

}  // namespace palimpsest
