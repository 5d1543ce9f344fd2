// report.html: one file, no script, no network; tables first, then the curves that explain them.
#include "engine/export/report_text.h"

#include <algorithm>
#include <functional>
#include <set>

#include "engine/export/canvas.h"
#include "engine/export/compare.h"
#include "engine/export/figures.h"
#include "engine/export/report_style.h"
#include "engine/record/json.h"

namespace palimpsest::report {
namespace {

class Page {
 public:
  explicit Page(const Comparison& all) : all_(all) {}

  std::string html() {
    const std::string title = titleText();
    out_ =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\">\n<title>" +
        escaped(title) + "</title>\n<style>" + kReportCss + chartCss() + "</style></head>\n<body><main>\n";
    head(title);
    results();
    curves();
    matrices();
    settings();
    provenance();
    definitions();
    return out_ +
           "<footer>Made by Palimpsest from the runs' records. Every figure is derived from counts of test "
           "images.</footer>\n</main></body></html>\n";
  }

 private:
  std::string titleText() const {
    std::string names;
    const std::size_t named = all_.methods.size() > 4 ? 3 : all_.methods.size();
    for (std::size_t m = 0; m < named; ++m) names += (m ? ", " : "") + all_.methods[m].title;
    if (named < all_.methods.size()) names += " and " + std::to_string(all_.methods.size() - named) + " more";
    std::set<std::string> data;
    for (const RunSummary& run : all_.runs) data.insert(run.header.data);
    return names + (data.size() == 1 && !data.begin()->empty() ? " on " + *data.begin() : "");
  }

  void head(const std::string& title) {
    const char* kind = all_.methods.size() > 1 ? "Comparison" : "Report";
    out_ += std::string("<p class=\"kicker\">Palimpsest · ") + kind + "</p>\n<h1>" + escaped(title) +
            "</h1>\n<p class=\"lede\">";
    std::string facts = plural(all_.runs.size(), "run") + " · " + plural(static_cast<std::size_t>(all_.tasks), "task");
    const auto shared = [&](const std::function<std::string(const RunSummary&)>& of) {
      std::set<std::string> values;
      for (const RunSummary& run : all_.runs) values.insert(of(run));
      if (values.size() == 1 && !values.begin()->empty()) facts += " · " + *values.begin();
    };
    shared([](const RunSummary& r) { return r.scenario; });
    shared([](const RunSummary& r) {
      return r.header.backbone.empty() ? std::string() : "backbone " + r.header.backbone;
    });
    std::int64_t first = 0;
    for (const RunSummary& run : all_.runs)
      if (run.started_us > 0 && (first == 0 || run.started_us < first)) first = run.started_us;
    if (first > 0) facts += " · " + dateText(first);
    out_ += escaped(facts) + "</p>\n";
    fairness();
    box(all_.notes, "Not everything is complete.", true);
  }

  void fairness() {
    if (all_.methods.size() < 2) return;
    if (all_.unfair.empty())
      out_ +=
          "<div class=\"note good\"><p><strong>Same conditions.</strong> Data, class order, backbone, transforms, "
          "epochs, batch, evaluation and seeds agree wherever they apply.</p></div>\n";
    else box(all_.unfair, "Not the same conditions. Best values are not marked, because these differ:", false);
  }

  void box(const Issues& issues, const std::string& heading, bool with_path) {
    if (issues.empty()) return;
    out_ += "<div class=\"note warn\"><p><strong>" + escaped(heading) + "</strong></p><ul>";
    for (const Issue& issue : issues)
      out_ += "<li>" + (with_path && !issue.path.empty() ? escaped(issue.path) + ": " : "") + escaped(issue.message) +
              (issue.hint.empty() ? "" : " <span class=\"small\">" + escaped(issue.hint) + "</span>") + "</li>";
    out_ += "</ul></div>\n";
  }

  // The best mean of a column; nothing is best among unequal conditions, unfinished runs or alone.
  std::optional<double> bestOf(const std::function<Spread(const Method&)>& of, bool high) const {
    std::optional<double> best;
    if (all_.methods.size() < 2 || !all_.unfair.empty()) return best;
    for (const Method& method : all_.methods) {
      const auto mean = of(method).mean;
      if (mean && method.complete && (!best || (high ? *mean > *best : *mean < *best))) best = mean;
    }
    return best;
  }

  using Figure = std::function<Spread(const Method&)>;
  struct Column {
    std::string head;
    Figure of;
    int decimals = 2;
    enum class Best { None, High, Low } best = Best::High;
  };

  void resultTable(const std::vector<Column>& columns) {
    out_ += "<div class=\"scroll\"><table><thead><tr><th class=\"left\">Method</th>";
    for (const Column& column : columns) out_ += "<th>" + column.head + "</th>";
    out_ += "</tr></thead><tbody>\n";
    for (std::size_t m = 0; m < all_.methods.size(); ++m) {
      const Method& method = all_.methods[m];
      out_ += "<tr><th scope=\"row\">" + swatch(m) + escaped(method.title) + (method.complete ? "" : " *") + "</th>";
      for (const Column& column : columns) cell(column, method);
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table></div>\n";
  }

  void cell(const Column& column, const Method& method) {
    const Spread spread = column.of(method);
    const auto best =
        column.best == Column::Best::None ? std::nullopt : bestOf(column.of, column.best == Column::Best::High);
    const bool is_best =
        best && spread.mean && method.complete && fixed(*spread.mean, column.decimals) == fixed(*best, column.decimals);
    const bool wide = std::any_of(all_.methods.begin(), all_.methods.end(),
                                  [&](const Method& m) { return column.of(m).deviation.has_value(); });
    out_ += (is_best ? "<td class=\"best\">" : "<td>") + spreadHtml(spread, column.decimals, wide) + "</td>";
  }

  void results() {
    out_ += "<h2>Results</h2>\n";
    const auto any = [&](auto test) { return std::any_of(all_.methods.begin(), all_.methods.end(), test); };
    std::vector<Column> columns{{"Average", [](const Method& m) { return m.average; }},
                                {"Last", [](const Method& m) { return m.last; }},
                                {"Last, macro", [](const Method& m) { return m.last_macro; }},
                                {"Forgetting", [](const Method& m) { return m.forgetting; }, 2, Column::Best::Low}};
    if (any([](const Method& m) { return m.intransigence.mean.has_value(); }))
      columns.push_back({"Intransigence", [](const Method& m) { return m.intransigence; }, 2, Column::Best::Low});
    columns.push_back({"Seconds", [](const Method& m) { return m.seconds; }, 1, Column::Best::None});
    columns.push_back({"Runs", [](const Method& m) { return Spread{1, static_cast<double>(m.used.size()), {}}; }, 0, Column::Best::None});
    resultTable(columns);
    std::vector<Column> stages;
    for (std::size_t i = 0; i < static_cast<std::size_t>(all_.tasks); ++i)
      stages.push_back({std::to_string(i + 1),
                        [i](const Method& m) {
                          return i < m.top1.size() ? Spread{1, m.top1[i].mean, {}} : Spread{};
                        },
                        1});
    out_ += "<h3>Accuracy so far, after each task</h3>\n";
    resultTable(stages);
    out_ += "<p class=\"small\">Percent.";
    if (any([](const Method& m) { return m.used.size() > 1; }))
      out_ += " ± is the sample standard deviation over runs.";
    if (any([](const Method& m) { return !m.complete; }))
      out_ += " * not complete: figures are of the tasks finished so far.";
    out_ += " The figures are defined at the end.</p>\n";
  }

  void figure(LineChart chart, const std::string& caption) {
    chart.width = 540;  // as wide as two of them are shown side by side, so that the lettering has the page's size
    chart.height = 350;
    out_ +=
        "<figure>" + svgOf(chart, SvgStyle::Themed) + "<figcaption>" + escaped(caption) + "</figcaption></figure>\n";
  }

  void curves() {
    out_ += "<h2>Curves</h2>\n<div class=\"figures\">\n";
    figure(accuracyChart(all_), "Lines are means over runs, shaded by one standard deviation where there are several.");
    figure(forgettingChart(all_), "A frozen method forgets too: new classes compete with the old ones.");
    const LineChart loss = lossChart(all_);
    if (!loss.series.empty())
      figure(loss, "Means over short stretches. Losses of different methods need not be comparable.");
    out_ += "</div>\n";
    std::string probes;
    out_.swap(probes);
    for (const Method& method : all_.methods)
      if (const RunSummary& run = all_.runs[method.used.front()]; !run.probed.empty())
        figure(probeChart(run), "Seed " + std::to_string(run.header.seed) +
                                    ". A small fixed set of test images of each task, while later tasks are learned: "
                                    "for watching, not for choosing.");
    out_.swap(probes);
    if (!probes.empty()) out_ += "<h2>Inside the tasks</h2>\n<div class=\"figures\">\n" + probes + "</div>\n";
  }

  void matrices() {
    out_ +=
        "<h2>Accuracy matrices</h2>\n<p class=\"small\">Row: after learning task i. Column: accuracy on task j, among "
        "all classes seen. Percent.</p>\n<div class=\"matrices\">\n";
    for (const Method& method : all_.methods) {
      const RunSummary& run = all_.runs[method.used.front()];
      const HeatMap map = matrixMap(run);
      out_ += "<figure class=\"matrix\"><figcaption>" + escaped(method.title) + "</figcaption>";
      out_ += "<span class=\"small\">seed " + std::to_string(run.header.seed) +
              (method.used.size() > 1 ? ", the first of " + std::to_string(method.used.size()) : "") + "</span>";
      if (map.percent.empty()) out_ += "<p class=\"small\">Nothing was evaluated yet.</p></figure>\n";
      else heatTable(map);
    }
    out_ += "</div>\n";
  }

  void heatTable(const HeatMap& map) {
    out_ += "<table><thead><tr><th></th>";
    for (std::size_t j = 0; j < map.percent.size(); ++j) out_ += "<th scope=\"col\">" + std::to_string(j + 1) + "</th>";
    out_ += "</tr></thead><tbody>";
    for (std::size_t i = 0; i < map.percent.size(); ++i) {
      out_ += "<tr><th scope=\"row\">" + std::to_string(i + 1) + "</th>";
      for (const auto& value : map.percent[i]) {
        const std::string colour = heatColour(value.value_or(0) / 100);
        out_ +=
            value ? "<td style=\"background:" + colour + ";color:" + inkOn(colour) + "\">" + fixed(*value, 1) + "</td>"
                  : "<td>–</td>";
      }
      out_ += "</tr>";
    }
    out_ += "</tbody></table></figure>\n";
  }

  template <typename Wanted>
  void settingRows(const std::string& heading, Wanted wanted) {
    if (std::none_of(all_.settings.begin(), all_.settings.end(), wanted)) return;
    out_ += heading + "<div class=\"scroll\"><table><thead><tr><th class=\"left\">Setting</th>";
    for (const Method& method : all_.methods) out_ += "<th class=\"left\">" + escaped(method.title) + "</th>";
    out_ += "</tr></thead><tbody>\n";
    for (const Setting& setting : all_.settings) {
      if (!wanted(setting)) continue;
      out_ += "<tr><th class=\"mono\" scope=\"row\">" + escaped(setting.path) + "</th>";
      for (const std::string& value : setting.values)
        out_ += "<td class=\"wrap mono\">" + (value.empty() ? "–" : escaped(value)) + "</td>";
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table></div>\n";
  }

  void settings() {
    if (all_.settings.empty()) return;
    const auto shared = [](const Setting& s) {
      return std::find(s.values.begin(), s.values.end(), "") == s.values.end();
    };
    out_ += "<h2>Settings</h2>\n";
    settingRows("<h3>What differs</h3>\n", [&](const Setting& s) { return s.differs && shared(s); });
    settingRows("<h3>What only some of them have</h3>\n", [&](const Setting& s) { return s.differs && !shared(s); });
    const auto same = static_cast<std::size_t>(
        std::count_if(all_.settings.begin(), all_.settings.end(), [](const Setting& s) { return !s.differs; }));
    if (same == 0) return;
    out_ += "<details><summary>" + plural(same, "setting") +
            (all_.methods.size() > 1 ? " with the same value everywhere" : "") + "</summary>\n";
    settingRows("", [](const Setting& s) { return !s.differs; });
    out_ += "</details>\n";
  }

  void provenance() {
    out_ +=
        "<h2>Provenance</h2>\n<div class=\"scroll\"><table><thead><tr><th class=\"left\">Run</th><th>Seed</th><th "
        "class=\"left\">State</th>"
        "<th>Tasks</th><th>Seconds</th><th>Trained parameters</th><th>Stored</th><th>Peak memory</th><th "
        "class=\"left\">Machine</th></tr></thead><tbody>\n";
    for (const RunSummary& run : all_.runs) {
      out_ += "<tr><th class=\"mono\" scope=\"row\">" + escaped(run.id()) + "</th>";
      const auto right = [&](const std::string& text) { out_ += "<td>" + text + "</td>"; };
      const auto left = [&](const std::string& text) { out_ += "<td class=\"left\">" + escaped(text) + "</td>"; };
      right(std::to_string(run.header.seed));
      left(run.state);
      right(std::to_string(run.matrix.stages()) + " of " + std::to_string(run.tasks));
      right(fixed(run.seconds, 1));
      right(groupedText(run.trainable_parameters));
      right(bytesText(run.stored_bytes));
      right(bytesText(run.peak_rss_bytes));
      left(run.header.device + ", " + plural(static_cast<std::size_t>(std::max(run.header.threads, 0)), "thread"));
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table></div>\n<dl>\n";
    origin("Data", [](const RunSummary& r) { return r.header.data; });
    origin("Data fingerprint", [](const RunSummary& r) { return r.header.data_fingerprint; });
    origin("Scenario", [](const RunSummary& r) { return r.scenario; });
    origin("Class order", [](const RunSummary& r) {
      std::string order;
      for (const int c : r.header.class_order) order += (order.empty() ? "" : " ") + std::to_string(c);
      return order;
    });
    origin("Backbone", [](const RunSummary& r) { return r.header.backbone; });
    origin("SHA-256 of its weights", [](const RunSummary& r) { return r.header.backbone_sha256; });
    origin("Evaluation", [](const RunSummary& r) {
      return r.header.evaluation + (r.batch > 0 ? ", batch " + std::to_string(r.batch) : "");
    });
    origin("Programs", [](const RunSummary& r) {
      return "Palimpsest " + r.header.version + (r.header.torch.empty() ? "" : ", LibTorch " + r.header.torch);
    });
    out_ += "</dl>\n";
  }

  // Once where all runs agree, else with the runs that have it.
  void origin(const std::string& name, const std::function<std::string(const RunSummary&)>& of) {
    std::vector<std::pair<std::string, std::string>> values;  // value, runs
    for (const RunSummary& run : all_.runs) {
      const std::string value = of(run).empty() ? "not recorded" : of(run);
      const auto known = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == value; });
      if (known == values.end()) values.emplace_back(value, run.id());
      else known->second += ", " + run.id();
    }
    out_ += "<dt>" + escaped(name) + "</dt>";
    for (const auto& [value, runs] : values)
      out_ += "<dd class=\"mono\">" + escaped(value) +
              (values.size() > 1 ? " <span class=\"small\">(" + escaped(runs) + ")</span>" : "") + "</dd>\n";
  }

  void definitions() {
    out_ +=
        "<h2>What the figures mean</h2>\n<dl>"
        "<dt>Accuracy so far</dt><dd>After task k, the share of the test images of all classes seen so far that are "
        "classified rightly among all these classes; images are pooled, so larger tasks weigh more (micro).</dd>"
        "<dt>Average</dt><dd>The mean of accuracy so far over all tasks (average incremental accuracy).</dd>"
        "<dt>Last</dt><dd>Accuracy so far after the last task. <em>Last, macro</em> is the mean of the accuracies on "
        "each task instead, in which all tasks weigh the same; papers call either of them “average accuracy”.</dd>"
        "<dt>Forgetting</dt><dd>For each task but the last: the best accuracy on it after any earlier stage, minus the "
        "accuracy on it now; then the mean (Chaudhry et al., 2018). It is negative where tasks got better.</dd>"
        "<dt>Intransigence</dt><dd>What a network reaches on each new task when it is trained on this task and all "
        "before it together, minus what the method reaches on it when it has learned it; then the mean (Chaudhry et al., "
        "2018). It is shown where a run of joint training on the same stream is among the runs, and is negative where "
        "learning one after the other helped.</dd>"
        "<dt>Loss</dt><dd>The value that was minimised, with all penalties, in nats.</dd>"
        "<dt>±</dt><dd>Sample standard deviation (n − 1) over the runs of a method: different seeds, and different "
        "class orders where the scenario has several.</dd></dl>\n";
  }

  const Comparison& all_;
  std::string out_;
};

}  // namespace

void writeReport(const std::filesystem::path& file, const std::vector<RunSummary>& runs) {
  record::writeFileAtomically(file, Page(compare(runs)).html());
}

void writeComparison(const std::filesystem::path& folder, const std::vector<RunSummary>& runs) {
  const Comparison all = compare(runs);
  std::error_code ignored;  // a folder that cannot be made shows when the first file is written
  std::filesystem::create_directories(folder, ignored);
  record::writeFileAtomically(folder / "compare.json", record::toJson(comparisonJson(all), 2) + "\n");
  record::writeFileAtomically(folder / "compare.csv", comparisonCsv(all));
  record::writeFileAtomically(folder / "compare.tex", comparisonTex(all));
  record::writeFileAtomically(folder / "report.html", Page(all).html());
  writePng(accuracyChart(all), folder / "accuracy.png");
  writePng(forgettingChart(all), folder / "forgetting.png");
  if (const LineChart loss = lossChart(all); !loss.series.empty()) writePng(loss, folder / "loss.png");
}

}  // namespace palimpsest::report
