// The comparison as text for terminals, CSV, LaTeX and JSON.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/export/compare.h"
#include "engine/export/figures.h"

namespace palimpsest::report {
namespace {

struct Column {
  std::string head;
  bool right = true;
  std::vector<std::string> cells;
};

// Characters, not bytes: "±" is two of these.
std::size_t widthOf(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string gap(width - std::min(width, widthOf(text)), ' ');
  return right ? gap + text : text + gap;
}

// Where some cells have a deviation, the others get room for one: the means stay below one another.
void alignMeans(Column& column) {
  std::size_t tail = 0;
  for (const std::string& cell : column.cells)
    if (const auto at = cell.find(" ±"); at != std::string::npos) tail = std::max(tail, widthOf(cell.substr(at)));
  for (std::string& cell : column.cells)
    if (cell.find(" ±") == std::string::npos) cell += std::string(tail, ' ');
}

bool hasIntransigence(const Comparison& all) {
  return std::ranges::any_of(all.methods, [](const Method& m) { return m.intransigence.mean.has_value(); });
}

std::vector<Column> columnsOf(const Comparison& all) {
  std::vector<Column> columns{{"method", false, {}}};
  for (int i = 0; i < all.tasks; ++i) columns.push_back({"task " + std::to_string(i + 1), true, {}});
  for (const char* head : {"average", "last", "forgetting"}) columns.push_back({head, true, {}});
  const bool joint = hasIntransigence(all);
  if (joint) columns.push_back({"intransigence", true, {}});
  columns.push_back({"seconds", true, {}});
  const auto repeated = [](const Method& m) { return m.used.size() > 1; };
  const bool seeds = std::any_of(all.methods.begin(), all.methods.end(), repeated);
  if (seeds) columns.push_back({"runs", true, {}});
  for (const Method& method : all.methods) {
    std::size_t c = 0;
    columns[c++].cells.push_back(method.name + (method.complete ? "" : " *"));
    for (int i = 0; i < all.tasks; ++i)
      columns[c++].cells.push_back(static_cast<std::size_t>(i) < method.top1.size()
                                       ? meanText(method.top1[static_cast<std::size_t>(i)], 1)
                                       : "-");
    columns[c++].cells.push_back(spreadText(method.average, 2));
    columns[c++].cells.push_back(spreadText(method.last, 2));
    columns[c++].cells.push_back(spreadText(method.forgetting, 2));
    if (joint) columns[c++].cells.push_back(spreadText(method.intransigence, 2));
    columns[c++].cells.push_back(meanText(method.seconds, 1));
    if (seeds) columns[c++].cells.push_back(std::to_string(method.used.size()));
  }
  for (Column& column : columns) alignMeans(column);
  return columns;
}

// RFC 4180: quoted where it must be.
std::string csvCell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string exact(std::optional<double> value) {
  if (!value) return {};
  char buffer[40];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, *value).ptr};
}

std::string texEscaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') out += "\\textbackslash{}";
    else if (c == '~') out += "\\textasciitilde{}";
    else if (c == '^') out += "\\textasciicircum{}";
    else if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) out += std::string("\\") + c;
    else if (c == '<' || c == '>' || c == '|') out += std::string("\\ensuremath{") + c + "}";
    else out += c;
  }
  return out;
}

std::string texSpread(const Spread& spread, int decimals) {
  if (!spread.mean) return "--";
  std::string out = fixed(*spread.mean, decimals);
  if (spread.deviation) out += " \\pm " + fixed(*spread.deviation, decimals);
  return "$" + out + "$";
}

Value json(std::optional<double> value) { return value ? Value(*value) : Value(); }

Value json(const Spread& spread) {
  return Value::Object{{"mean", json(spread.mean)}, {"std", json(spread.deviation)}, {"n", spread.n}};
}

Value json(const Issues& issues) {
  Value::Array out;
  for (const Issue& issue : issues)
    out.push_back(Value::Object{{"about", issue.path}, {"message", issue.message}, {"hint", issue.hint}});
  return Value(std::move(out));
}

Value json(const Comparison& all, const Method& method) {
  Value::Array runs, stages;
  for (const std::size_t run : method.runs) runs.emplace_back(all.runs[run].id());
  for (const Spread& spread : method.top1) stages.push_back(json(spread));
  return Value::Object{{"method", method.name},
                       {"title", method.title},
                       {"complete", method.complete},
                       {"runs", std::move(runs)},
                       {"top1", std::move(stages)},
                       {"average", json(method.average)},
                       {"last", json(method.last)},
                       {"last_macro", json(method.last_macro)},
                       {"forgetting", json(method.forgetting)},
                       {"intransigence", json(method.intransigence)},
                       {"seconds", json(method.seconds)}};
}

Value json(const RunSummary& run) {
  Value::Array top1, order(run.header.class_order.begin(), run.header.class_order.end());
  const auto percent = [](std::optional<double> x) { return x ? Value(100 * *x) : Value(); };
  for (int i = 0; i < run.matrix.stages(); ++i) top1.push_back(percent(run.matrix.top1(i)));
  return Value::Object{{"run", run.id()},
                       {"recipe", run.recipe},
                       {"state", run.state},
                       {"seed", run.header.seed},
                       {"tasks", run.tasks},
                       {"finished", run.matrix.stages()},
                       {"top1", std::move(top1)},
                       {"average", percent(run.matrix.average())},
                       {"last", percent(run.matrix.last())},
                       {"last_macro", percent(run.matrix.lastMacro())},
                       {"forgetting", percent(run.matrix.forgetting())},
                       {"seconds", run.seconds},
                       {"class_order", std::move(order)},
                       {"data", run.header.data},
                       {"data_fingerprint", run.header.data_fingerprint},
                       {"backbone", run.header.backbone},
                       {"backbone_sha256", run.header.backbone_sha256},
                       {"evaluation", run.header.evaluation},
                       {"version", run.header.version},
                       {"device", run.header.device},
                       {"threads", run.header.threads}};
}

}  // namespace

std::string fixed(double value, int decimals) {
  char buffer[400];
  const double shown = std::abs(value) < 0.5 * std::pow(10, -decimals) ? 0.0 : value;  // no "-0.00"
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, shown, std::chars_format::fixed, decimals).ptr};
}

std::string meanText(const Spread& spread, int decimals) { return spread.mean ? fixed(*spread.mean, decimals) : "-"; }

std::string spreadText(const Spread& spread, int decimals) {
  return meanText(spread, decimals) + (spread.deviation ? " ± " + fixed(*spread.deviation, decimals) : "");
}

std::string comparisonTable(const Comparison& all) {
  const auto columns = columnsOf(all);
  std::string out;
  const auto line = [&](const auto& textOf) {
    std::string text;
    for (const Column& column : columns) {
      std::size_t width = widthOf(column.head);
      for (const std::string& cell : column.cells) width = std::max(width, widthOf(cell));
      text += (text.empty() ? "" : "  ") + padded(textOf(column, width), width, column.right);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out += text + "\n";
  };
  line([](const Column& column, std::size_t) { return column.head; });
  line([](const Column&, std::size_t width) { return std::string(width, '-'); });
  for (std::size_t m = 0; m < all.methods.size(); ++m)
    line([m](const Column& column, std::size_t) { return column.cells[m]; });
  out += "\nPercent. task k: after learning task k, all classes seen so far.";
  if (hasIntransigence(all)) out += " intransigence: what joint training reaches on a new task, minus what is reached here.";
  const auto repeated = [](const Method& m) { return m.used.size() > 1; };
  if (std::any_of(all.methods.begin(), all.methods.end(), repeated))
    out += " ± is the sample standard deviation over runs.";
  out += "\n";
  if (std::any_of(all.methods.begin(), all.methods.end(), [](const Method& m) { return !m.complete; }))
    out += "* not complete: figures are of the tasks finished so far.\n";
  for (const Issue& issue : all.unfair) out += "unfair: " + issue.message + "\n";
  for (const Issue& issue : all.notes) out += "note: " + issue.path + ": " + issue.message + "\n";
  return out;
}

std::string comparisonCsv(const Comparison& all) {
  std::string out = "method,title,runs,complete";
  for (int i = 0; i < all.tasks; ++i)
    out += ",task_" + std::to_string(i + 1) + "_mean,task_" + std::to_string(i + 1) + "_std";
  for (const char* name : {"average", "last", "last_macro", "forgetting", "intransigence", "seconds"})
    out += std::string(",") + name + "_mean," + name + "_std";
  out += "\r\n";
  for (const Method& method : all.methods) {
    out += csvCell(method.name) + "," + csvCell(method.title) + "," + std::to_string(method.used.size()) + "," +
           (method.complete ? "true" : "false");
    const auto add = [&](const Spread& spread) { out.append(",").append(exact(spread.mean)).append(",").append(exact(spread.deviation)); };
    for (int i = 0; i < all.tasks; ++i)
      add(static_cast<std::size_t>(i) < method.top1.size() ? method.top1[static_cast<std::size_t>(i)] : Spread{});
    for (const Spread* spread :
         {&method.average, &method.last, &method.last_macro, &method.forgetting, &method.intransigence, &method.seconds})
      add(*spread);
    out += "\r\n";
  }
  return out;
}

std::string comparisonTex(const Comparison& all) {
  std::string out = "% Needs \\usepackage{booktabs}. Percent; +- is the sample standard deviation over runs.\n";
  const bool joint = hasIntransigence(all);
  out += "\\begin{tabular}{l" + std::string(static_cast<std::size_t>(all.tasks) + (joint ? 4 : 3), 'r') + "}\n\\toprule\nMethod";
  for (int i = 0; i < all.tasks; ++i) out += " & " + std::to_string(i + 1);
  out += std::string(" & Average & Last & Forgetting") + (joint ? " & Intransigence" : "") + " \\\\\n\\midrule\n";
  for (const Method& method : all.methods) {
    out += texEscaped(method.title) + (method.complete ? "" : "$^{*}$");
    for (int i = 0; i < all.tasks; ++i)
      out += " & " + (static_cast<std::size_t>(i) < method.top1.size()
                          ? texSpread({1, method.top1[static_cast<std::size_t>(i)].mean, {}}, 1)
                          : "--");
    out += " & " + texSpread(method.average, 2) + " & " + texSpread(method.last, 2) + " & " +
           texSpread(method.forgetting, 2) + (joint ? " & " + texSpread(method.intransigence, 2) : "") + " \\\\\n";
  }
  out += "\\bottomrule\n\\end{tabular}\n";
  if (std::any_of(all.methods.begin(), all.methods.end(), [](const Method& m) { return !m.complete; }))
    out += "% * not complete: figures are of the tasks finished so far.\n";
  return out;
}

Value comparisonJson(const Comparison& all) {
  Value::Array methods, runs;
  for (const Method& method : all.methods) methods.push_back(json(all, method));
  for (const RunSummary& run : all.runs) runs.push_back(json(run));
  return Value::Object{{"format", 1},
                       {"tasks", all.tasks},
                       {"methods", std::move(methods)},
                       {"runs", std::move(runs)},
                       {"unfair", json(all.unfair)},
                       {"notes", json(all.notes)}};
}

}  // namespace palimpsest::report
