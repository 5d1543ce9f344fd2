// A contact sheet: a row of small pictures for each class with its name beside it, as PNG.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/image.h"

namespace palimpsest::report {

struct SheetRow {
  std::string label;  // UTF-8; broken into lines, cut where it does not fit
  std::vector<Image> images;
};

struct ContactSheet {
  std::string title;
  std::vector<SheetRow> rows;
  int side = 64;  // pixels of a cell; images keep their proportions, small ones are enlarged without smoothing
};

struct SheetSize {
  int width = 0, height = 0;  // pixels
};
SheetSize sheetSize(int rows, int columns, int side);
inline constexpr int kMostSheetSide = 30'000;                 // pixels; drawing libraries stop soon after
inline constexpr std::int64_t kMostSheetPixels = 80'000'000;  // a third of a gigabyte while it is drawn

// Throws Error{"disk-full"} or Error{"write-failed"}.
void writePng(const ContactSheet& sheet, const std::filesystem::path& file);

}  // namespace palimpsest::report
