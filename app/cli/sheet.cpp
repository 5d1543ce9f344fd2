// palimpsest-cli sheet: a picture of what is in a data set, a row for each class.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/cli/commands.h"
#include "app/cli/plan.h"
#include "engine/data/dataset.h"
#include "engine/export/contact_sheet.h"
#include "engine/protocol/error.h"

namespace palimpsest::cli {
namespace {

struct Arguments {
  explicit Arguments(CLI::App& command) : options(command, {"data"}) {
    command.add_option("--out", out, "Picture to write.")->type_name("FILE.png");
    command.add_option("--split", split, "train or test. [default train]")->type_name("TEXT");
    command.add_option("--classes", classes, "Rows: the first N classes. [1 to 10000; default 20]")->type_name("N");
    command.add_option("--images", images, "Columns: the first M images of each class. [1 to 1000; default 10]")
        ->type_name("M");
    command.add_option("--side", side, "Side of a picture on the sheet. [8 to 1024 pixels; default 64]")
        ->type_name("S");
  }
  RunArguments options;
  std::string out, split = "train";
  std::string classes = "20", images = "10", side = "64";  // as written, so that all misfits are told together
};

// Everything that is wrong at once, the data set included.
Dataset opened(const std::string& spec, Issues& issues) {
  try {
    return openDataset(spec);
  } catch (const BadInput& bad) {
    append(issues, bad.issues);
    return {};
  }
}

void refuseUnwritable(const std::string& out, Issues& issues) {
  const std::filesystem::path file = out;
  std::error_code trouble;
  if (out.empty()) issues.push_back(error("--out", "is missing", "for example --out sheet.png"));
  else if (std::filesystem::is_directory(file, trouble)) issues.push_back(error("--out", out + " is a folder"));
  else refuseUnusable(file.has_parent_path() ? file.parent_path() : ".", issues);
}

// Refused before anything is drawn.
void refuseTooLarge(int rows, int columns, int side, Issues& issues) {
  const report::SheetSize size = report::sheetSize(rows, columns, side);
  if (size.width <= report::kMostSheetSide && size.height <= report::kMostSheetSide &&
      std::int64_t{size.width} * size.height <= report::kMostSheetPixels)
    return;
  issues.push_back(error("--side", fmt::format("the sheet would have {} x {} pixels", size.width, size.height),
                         "choose fewer --classes or --images, or a smaller --side"));
}

int sheet(const Arguments& arguments, Console& console) {
  Issues issues;
  const RunOptions options = arguments.options.read(issues);
  const int most_rows = wholeNumber("--classes", arguments.classes, 1, 10'000, issues);
  const int columns = wholeNumber("--images", arguments.images, 1, 1'000, issues);
  const int side = wholeNumber("--side", arguments.side, 8, 1'024, issues);
  if (arguments.split != "train" && arguments.split != "test")
    issues.push_back(error("--split", "\"" + arguments.split + "\" is not one of train, test"));
  refuseUnwritable(arguments.out, issues);
  const Dataset data = opened(options.data, issues);
  const int rows = std::min(most_rows, static_cast<int>(data.class_names.size()));
  refuseTooLarge(rows, columns, side, issues);
  refuse(issues);

  const Split& split = arguments.split == "test" ? *data.test : *data.train;
  report::ContactSheet sheet{.title = data.title + ", " + arguments.split + ": " + data.spec, .rows = {}, .side = side};
  for (int label = 0; label < rows; ++label) sheet.rows.push_back({data.class_names[label], {}});
  for (std::int64_t i = 0, missing = std::int64_t{rows} * columns; i < split.size() && missing > 0; ++i) {
    const int label = split.label(i);
    if (label >= rows || static_cast<int>(sheet.rows[label].images.size()) >= columns) continue;
    sheet.rows[label].images.push_back(split.image(i));
    --missing;
  }
  const std::filesystem::path file = arguments.out;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  report::writePng(sheet, file);
  console.line(fmt::format("{} classes are in {}", rows, arguments.out));
  return kDone;
}

}  // namespace

void addSheet(CLI::App& app, Context& context) {
  CLI::App& command = *app.add_subcommand("sheet", "A contact sheet of a data set as PNG: a row for each class.");
  auto arguments = std::make_shared<Arguments>(command);
  whenChosen(command, context, [arguments, &context] { return sheet(*arguments, context.console); });
}

}  // namespace palimpsest::cli
