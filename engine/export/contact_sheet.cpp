#include "engine/export/contact_sheet.h"

#include <algorithm>

#include "engine/export/canvas.h"
#include "engine/record/json.h"

namespace palimpsest::report {
namespace {

constexpr int kMargin = 12, kGap = 4, kLabelWidth = 150, kTitleHeight = 26, kLineHeight = 13;
const TextStyle kTitle{.size = 13, .bold = true}, kLabel{.size = 10.5};
const Ink kInk{.colour = {"#222222", "#222222"}}, kFrame{.colour = {"#bbbbbb", "#bbbbbb"}};

std::string cutTo(std::string text, double width, const TextStyle& style) {
  if (textWidth(text, style) <= width) return text;
  while (!text.empty() && textWidth(text + "…", style) > width) {
    while (text.size() > 1 && (static_cast<unsigned char>(text.back()) >> 6) == 0x2) text.pop_back();  // whole letters
    text.pop_back();
  }
  return text + "…";
}

// At most `most` lines that fit the width; what is left over is cut.
std::vector<std::string> linesOf(const std::string& text, int most) {
  std::vector<std::string> lines{""};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    const std::string longer = lines.back().empty() ? word : lines.back() + " " + word;
    const bool fits = textWidth(longer, kLabel) <= kLabelWidth || static_cast<int>(lines.size()) == most;
    if (fits || lines.back().empty()) lines.back() = longer;
    else lines.push_back(word);
    at = end + 1;
  }
  for (std::string& line : lines) line = cutTo(line, kLabelWidth, kLabel);
  return lines;
}

void drawLabel(PngCanvas& canvas, const std::string& label, double top, int side) {
  const auto lines = linesOf(label, std::max(1, side / kLineHeight));
  double base = top + (side - kLineHeight * static_cast<double>(lines.size())) / 2 + 10;
  for (const std::string& line : lines) {
    canvas.text(kMargin, base, line, kInk, kLabel);
    base += kLineHeight;
  }
}

void drawImage(PngCanvas& canvas, const Image& image, double left, double top, int side) {
  const double scale = static_cast<double>(side) / std::max({image.width, image.height, 1});
  const double width = image.width * scale, height = image.height * scale;
  const double x = left + (side - width) / 2, y = top + (side - height) / 2;
  canvas.image(x, y, scale, image);
  canvas.line({{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}, {x, y}}, kFrame, 0.5);
}

}  // namespace

SheetSize sheetSize(int rows, int columns, int side) {
  return {2 * kMargin + kLabelWidth + columns * (side + kGap),
          2 * kMargin + kTitleHeight + rows * (side + kGap) - kGap};
}

void writePng(const ContactSheet& sheet, const std::filesystem::path& file) {
  std::size_t columns = 0;
  for (const SheetRow& row : sheet.rows) columns = std::max(columns, row.images.size());
  const SheetSize size = sheetSize(static_cast<int>(sheet.rows.size()), static_cast<int>(columns), sheet.side);
  PngCanvas canvas(size.width, size.height, 1);
  canvas.text(kMargin, kMargin + 12, cutTo(sheet.title, size.width - 2 * kMargin, kTitle), kInk, kTitle);
  double top = kMargin + kTitleHeight;
  for (const SheetRow& row : sheet.rows) {
    drawLabel(canvas, row.label, top, sheet.side);
    double left = kMargin + kLabelWidth + kGap;
    for (const Image& image : row.images) {
      drawImage(canvas, image, left, top, sheet.side);
      left += sheet.side + kGap;
    }
    top += sheet.side + kGap;
  }
  record::writeFileAtomically(file, canvas.finish());
}

}  // namespace palimpsest::report
