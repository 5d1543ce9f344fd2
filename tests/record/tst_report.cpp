// Summaries, comparisons, tables and the page, from run folders made up for the test.
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "engine/export/compare.h"
#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "tests/protocol/printing.h"
#include "tests/record/made_run.h"

using namespace palimpsest;
using namespace palimpsest::report;
using tests::MadeRun;
namespace fs = std::filesystem;

namespace {

std::string contentOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
bool near(std::optional<double> a, double b) { return a && std::abs(*a - b) < 1e-9; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

}  // namespace

class TestReport : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { base_ = std::make_unique<QTemporaryDir>(); }

  void aSummaryAgreesWithTheResults();
  void theStateOfARunIsToldFromItsFolder();
  void aRunWithoutEventsIsReadFromItsResults();
  void aResumedRunIsCountedOnce();
  void aFolderWithoutARunIsRefused();
  void seedsBecomeMeanAndSampleDeviation();
  void jointTrainingTellsIntransigence();
  void runsThatDifferInASettingAreDifferentMethods();
  void runsFromBeforeAnOptionAreLikeThoseThatLeaveItAlone();
  void classOrdersOfOneMethodAreRepetitions();
  void completeRunsAreNotMixedWithOthers();
  void unequalConditionsAreNamed();
  void methodsThatDoNotTrainHaveNoEpochsToCompare();
  void theTableShowsTheNumbersOfTheResults();
  void csvQuotesWhatItMust();
  void latexEscapesWhatItMust();
  void latexCompiles();
  void jsonHoldsEveryRun();
  void allFilesAreWritten();
  void theHtmlIsWellFormedAndSelfContained();
  void theHtmlEscapesEveryWord();
  void theBestIsMarkedOnlyAmongEquals();
  void unfinishedRunsSaySo();
  void nothingAtAllIsStillAPage();

 private:
  RunSummary made(const MadeRun& run, const char* name) {
    tests::write(run, path(name)).reset();
    return summarise(path(name));
  }
  fs::path path(const char* name) const { return fs::path(base_->path().toStdString()) / name; }
  std::string page(const std::vector<RunSummary>& runs) {
    writeReport(path("page.html"), runs);
    return contentOf(path("page.html"));
  }
  std::unique_ptr<QTemporaryDir> base_;
};

void TestReport::aSummaryAgreesWithTheResults() {
  const MadeRun run{.probe_every = 5};
  const RunSummary summary = made(run, "a");
  QCOMPARE(summary.recipe, std::string("l2p"));
  QCOMPARE(summary.state, std::string("done"));
  QVERIFY(summary.complete());
  QCOMPARE(summary.id(), std::string("a"));
  QCOMPARE(summary.tasks, 3);
  QCOMPARE(summary.matrix.average(), tests::matrixOf(run).average());
  QCOMPARE(summary.seconds, 12.3 + 1);
  QCOMPARE(summary.header.backbone_sha256, run.backbone_sha256);
  QCOMPARE(summary.task_steps, (std::vector<std::int64_t>{0, 40, 80, 120}));
  QCOMPARE(summary.loss.size(), std::size_t{120});
  QCOMPARE(summary.loss[60].at, 1.5);
  QCOMPARE(summary.probed.size(), std::size_t{3});
  QCOMPARE(summary.probed[0].size(), std::size_t{24});
  QCOMPARE(summary.probed[2].size(), std::size_t{8});
}

void TestReport::theStateOfARunIsToldFromItsFolder() {
  const auto writer = tests::write({.finished = 1, .state = ""}, path("running"));
  QCOMPARE(summarise(path("running")).state, std::string("running"));
  QCOMPARE(made({.finished = 1, .state = ""}, "killed").state, std::string("interrupted"));
  QCOMPARE(made({.finished = 1, .state = "stopped"}, "stopped").state, std::string("stopped"));
  const RunSummary failed = made({.finished = 2, .state = "failed"}, "failed");
  QCOMPARE(failed.state, std::string("failed"));
  QVERIFY(has(failed.failure, "Out of memory"));
  QVERIFY(!failed.complete());
}

void TestReport::aRunWithoutEventsIsReadFromItsResults() {
  const MadeRun run;
  const RunSummary whole = made(run, "a");
  fs::remove(record::Paths(path("a")).events());
  const RunSummary rest = summarise(path("a"));
  QCOMPARE(rest.matrix.average(), whole.matrix.average());
  QCOMPARE(rest.matrix.forgetting(), whole.matrix.forgetting());
  QCOMPARE(rest.state, std::string("done"));
  QVERIFY(rest.complete());
}

void TestReport::aResumedRunIsCountedOnce() {
  const MadeRun run;
  made(run, "a");
  const std::size_t steps = summarise(path("a")).loss.size();
  {
    const auto writer = record::Writer::append(path("a"));
    // Back to where the last task began; then the task again, with other numbers.
    std::uint64_t from = 0;
    for (const Event& event : record::Reader(path("a")).poll())
      if (const auto* task = std::get_if<TaskStarted>(&event.what); task && task->task == 2) from = event.seq;
    writer->on(
        {writer->nextSeq(), 0, RunResumed{.from_seq = static_cast<std::int64_t>(from), .global_step = 80, .task = 2}});
    writer->on({writer->nextSeq(), 0, TaskStarted{.task = 2}});
    for (int j = 0; j < 3; ++j)
      writer->on({writer->nextSeq(), 0, Evaluated{.after_task = 2, .on_task = j, .hits = 1000, .count = 1000}});
  }
  const RunSummary summary = summarise(path("a"));
  QCOMPARE(summary.state, std::string("interrupted"));
  QCOMPARE(summary.loss.size(), steps * 2 / 3);
  QCOMPARE(summary.matrix.last().value_or(0), 1.0);
  QCOMPARE(summary.task_steps.size(), std::size_t{4});
}

void TestReport::aFolderWithoutARunIsRefused() { QVERIFY_EXCEPTION_THROWN(summarise(path("nothing")), BadInput); }

void TestReport::seedsBecomeMeanAndSampleDeviation() {
  const Spread spread = spreadOf({1.0, std::nullopt, 2.0, 4.0});
  QCOMPARE(spread.n, 3);
  QVERIFY(near(spread.mean, 7.0 / 3));
  QVERIFY(near(spread.deviation, std::sqrt(7.0 / 3)));  // (16 + 1 + 25) / 9 / 2
  QVERIFY(!spreadOf({5.0}).deviation);
  QVERIFY(!spreadOf({}).mean);

  std::vector<RunSummary> runs;
  std::vector<std::optional<double>> averages;
  for (int seed = 1; seed <= 3; ++seed) {
    runs.push_back(made({.seed = seed}, std::string("s").append(std::to_string(seed)).c_str()));
    averages.push_back(100 * *tests::matrixOf({.seed = seed}).average());
  }
  const Comparison all = compare(runs);
  QCOMPARE(all.methods.size(), std::size_t{1});
  QCOMPARE(all.methods[0].average.n, 3);
  QVERIFY(near(all.methods[0].average.mean, *spreadOf(averages).mean));
  QVERIFY(near(all.methods[0].average.deviation, *spreadOf(averages).deviation));
  QVERIFY(*all.methods[0].average.deviation > 0);
  QVERIFY(all.methods[0].forgetting_at[0].n == 0 && all.methods[0].forgetting_at[2].n == 3);
  QVERIFY(all.unfair.empty() && all.notes.empty());
}

// What two joint runs reach on each new task on average, minus what the method reaches. Without joint runs of the same
// stream: nothing.
void TestReport::jointTrainingTellsIntransigence() {
  const RunSummary learner = made({}, "l"), other = made({.class_order = {0, 1, 2, 3, 4, 5}}, "o");
  const auto joint = [&](const char* name, double start) { return made({.recipe = "joint", .title = "Joint training", .start = start}, name); };
  const Comparison all = compare({learner, joint("j1", 0.95), joint("j2", 0.97)});
  QCOMPARE(all.methods.size(), std::size_t{2});
  const AccuracyMatrix own = learner.matrix, one = all.runs[1].matrix, two = all.runs[2].matrix;
  double points = 0;
  for (int k = 0; k < 3; ++k) points += 100 * ((*one.at(k, k) + *two.at(k, k)) / 2 - *own.at(k, k)) / 3;
  QVERIFY(points > 1);
  QVERIFY(near(all.methods[0].intransigence.mean, points));
  QVERIFY(!all.methods[1].intransigence.mean);  // it is the reference
  QVERIFY(has(comparisonTable(all), "intransigence"));
  QVERIFY(has(comparisonTex(all), "& Intransigence"));
  QVERIFY(near(comparisonJson(all).at("methods.0.intransigence.mean")->asDouble(), points));
  QVERIFY(has(page({learner, joint("j3", 0.95)}), "<th>Intransigence</th>"));
  const Comparison alone = compare({other, joint("j4", 0.95)});
  QVERIFY(!alone.methods[0].intransigence.mean);
  QVERIFY(!has(comparisonTable(alone), "intransigence"));
}

void TestReport::runsThatDifferInASettingAreDifferentMethods() {
  const Comparison all = compare({made({.epochs = 2}, "a"), made({.epochs = 7}, "b")});
  QCOMPARE(all.methods.size(), std::size_t{2});
  QCOMPARE(all.methods[0].name, std::string("l2p (phases.0.epochs 2)"));
  QCOMPARE(all.methods[1].name, std::string("l2p (phases.0.epochs 7)"));
  for (const Setting& setting : all.settings) QCOMPARE(setting.differs, setting.path == "phases.0.epochs");
}

void TestReport::runsFromBeforeAnOptionAreLikeThoseThatLeaveItAlone() {
  RunSummary before = made({}, "before"), alone = made({.seed = 2}, "alone"), held = made({.seed = 3}, "held");
  before.header.options.erase("held_out");
  alone.header.options["held_out"] = 0;
  held.header.options["held_out"] = 20;
  const Comparison same = compare({before, alone});
  QCOMPARE(same.methods.size(), std::size_t{1});
  QVERIFY(same.unfair.empty());
  const Comparison other = compare({before, held});
  QCOMPARE(other.methods.size(), std::size_t{2});
  QCOMPARE(other.methods[1].name, std::string("l2p (held_out 20)"));
  QVERIFY(std::ranges::any_of(other.unfair, [](const Issue& issue) { return has(issue.message, "held_out"); }));
}

void TestReport::classOrdersOfOneMethodAreRepetitions() {
  const Comparison all =
      compare({made({.class_order = {0, 1, 2, 3, 4, 5}}, "a"), made({.class_order = {5, 4, 3, 2, 1, 0}}, "b")});
  QCOMPARE(all.methods.size(), std::size_t{1});
  QVERIFY(all.unfair.empty());
}

void TestReport::completeRunsAreNotMixedWithOthers() {
  const Comparison all = compare({made({.seed = 1}, "a"), made({.seed = 2, .finished = 1, .state = "stopped"}, "b")});
  QCOMPARE(all.methods[0].runs.size(), std::size_t{2});
  QCOMPARE(all.methods[0].used, std::vector<std::size_t>{0});
  QVERIFY(all.methods[0].complete);
  QVERIFY(has(tests::linesOf(all.notes), "was stopped; 1 of 3 tasks are finished"));
  QVERIFY(has(tests::linesOf(all.notes), "1 complete runs of 2"));
}

void TestReport::unequalConditionsAreNamed() {
  const Comparison all = compare({made({}, "a"), made({.recipe = "coda",
                                                       .title = "CODA-Prompt",
                                                       .seed = 2,
                                                       .epochs = 20,
                                                       .backbone_sha256 = "other",
                                                       .class_order = {0, 1, 2, 3, 4, 5}},
                                                      "b")});
  const std::string lines = tests::linesOf(all.unfair);
  for (const char* expected : {"the epochs differ: l2p 2; coda 20", "the classes come in different orders",
                               "the backbones' weights differ", "the seeds differ: l2p 1; coda 2"})
    QVERIFY2(has(lines, expected), lines.c_str());
  QCOMPARE(all.unfair.size(), std::size_t{4});
}

void TestReport::methodsThatDoNotTrainHaveNoEpochsToCompare() {
  const Comparison all =
      compare({made({}, "a"), made({.recipe = "simplecil", .title = "SimpleCIL", .epochs = 0}, "b")});
  QVERIFY2(all.unfair.empty(), tests::linesOf(all.unfair).c_str());
}

void TestReport::theTableShowsTheNumbersOfTheResults() {
  const MadeRun run, other{.recipe = "simplecil", .title = "SimpleCIL", .epochs = 0, .fall = 0.01};
  const std::string table = comparisonTable(compare({made(run, "a"), made(other, "b")}));
  QStringList lines = QString::fromStdString(table).split(QLatin1Char('\n'));
  QCOMPARE(lines[0].simplified(), QStringLiteral("method task 1 task 2 task 3 average last forgetting seconds"));
  int row = 2;
  for (const MadeRun* one : {&run, &other}) {
    const Value results = record::resultsOf(tests::resultInputsOf(*one));
    QStringList expected{QString::fromStdString(one->recipe)};
    for (const Value& value : results.find("top1")->asArray()) expected << QString::number(value.asDouble(), 'f', 1);
    for (const char* key : {"average", "last", "forgetting"})
      expected << QString::number(results.find(key)->asDouble(), 'f', 2);
    expected << QString::number(results.at("seconds.total")->asDouble(), 'f', 1);
    QCOMPARE(lines[row++].simplified(), expected.join(QLatin1Char(' ')));
  }
  QCOMPARE(lines[2].size(), lines[1].size());  // right-aligned columns end together
}

void TestReport::csvQuotesWhatItMust() {
  const std::string csv = comparisonCsv(compare({made({.recipe = "a,b", .title = "the \"best\""}, "a")}));
  QVERIFY(csv.starts_with("method,title,runs,complete,task_1_mean,task_1_std,"));
  QVERIFY2(has(csv, "\r\n\"a,b\",\"the \"\"best\"\"\",1,true,"), csv.c_str());
  const std::string first = csv.substr(0, csv.find("\r\n"));
  QCOMPARE(count(first, ","), std::size_t{4 + 2 * 3 + 2 * 6 - 1});
}

void TestReport::latexEscapesWhatItMust() {
  const std::string tex = comparisonTex(compare({made({.title = "50% & $x_1$ #{a} \\ ~^<|>"}, "a")}));
  QVERIFY2(has(tex,
               "50\\% \\& \\$x\\_1\\$ \\#\\{a\\} \\textbackslash{} "
               "\\textasciitilde{}\\textasciicircum{}\\ensuremath{<}\\ensuremath{|}\\ensuremath{>} & $"),
           tex.c_str());
  QCOMPARE(count(tex, "\\\\\n"), std::size_t{2});
  QCOMPARE(count(tex, " & "), std::size_t{12});  // six between the cells of each of two rows
}

void TestReport::latexCompiles() {
  const QString latex = QStandardPaths::findExecutable(QStringLiteral("pdflatex"));
  if (latex.isEmpty()) QSKIP("pdflatex is not installed");
  const std::string tex = comparisonTex(compare({made({.title = "50% & $x_1$ #{a} \\ ~^<|>"}, "a")}));
  std::ofstream(path("t.tex")) << "\\documentclass{article}\\usepackage{booktabs}\\begin{document}" << tex
                               << "\\end{document}";
  QProcess process;
  process.setWorkingDirectory(base_->path());
  process.start(latex, {QStringLiteral("-halt-on-error"), QStringLiteral("t.tex")});
  QVERIFY(process.waitForFinished());
  QCOMPARE(process.exitCode(), 0);
}

void TestReport::jsonHoldsEveryRun() {
  const MadeRun run;
  const Value json = comparisonJson(compare(
      {made(run, "a"), made({.seed = 2}, "b"), made({.recipe = "coda", .finished = 1, .state = "stopped"}, "c")}));
  QCOMPARE(record::parseJson(record::toJson(json, 2), "x"), json);
  QCOMPARE(json.find("runs")->asArray().size(), std::size_t{3});
  QCOMPARE(json.find("methods")->asArray().size(), std::size_t{2});
  QCOMPARE(*json.at("runs.0.average"), *record::resultsOf(tests::resultInputsOf(run)).find("average"));
  QCOMPARE(*json.at("methods.0.average.n"), Value(2));
  QVERIFY(json.at("runs.2.forgetting")->isNull());
  QCOMPARE(*json.at("runs.2.state"), Value("stopped"));
}

void TestReport::allFilesAreWritten() {
  const fs::path out = path("out") / "deeper";
  writeComparison(out, {made({}, "a"), made({.recipe = "simplecil", .epochs = 0}, "b")});
  for (const char* name :
       {"compare.json", "compare.csv", "compare.tex", "report.html", "accuracy.png", "forgetting.png", "loss.png"})
    QVERIFY2(fs::file_size(out / name) > 100, name);
  QVERIFY(contentOf(out / "accuracy.png").starts_with("\x89PNG"));
  const fs::path silent = path("silent");
  writeComparison(silent, {made({.recipe = "simplecil", .epochs = 0}, "c")});
  QVERIFY(!fs::exists(silent / "loss.png"));  // nothing was minimised
  std::ofstream(path("file")) << "x";
  QVERIFY_EXCEPTION_THROWN(writeComparison(path("file") / "out", {made({}, "d")}), Error);
}

void TestReport::theHtmlIsWellFormedAndSelfContained() {
  const std::string html =
      page({made({.probe_every = 5}, "a"), made({.recipe = "simplecil", .title = "SimpleCIL", .epochs = 0}, "b")});
  QVERIFY(!has(html, "<script") && !has(html, "<link") && !has(html, "<img") && !has(html, "url(") &&
          !has(html, "@import"));
  QCOMPARE(count(html, "http"), count(html, "http://www.w3.org/2000/svg"));  // the name of a format, nothing to load
  QVERIFY(!has(html, base_->path().toStdString()));                          // no personal path is passed on
  // Everything but the DOCTYPE and the two void tags of the head is written as XML would have it.
  QString body = QString::fromStdString(html.substr(html.find("<body>"), html.find("</html>") - html.find("<body>")));
  QXmlStreamReader xml(body);
  int depth = 0;
  QMap<QString, int> tags;
  while (!xml.atEnd()) {
    xml.readNext();
    if (xml.isStartElement()) {
      ++depth;
      ++tags[xml.name().toString()];
    }
    if (xml.isEndElement()) --depth;
  }
  QVERIFY2(!xml.hasError(), qPrintable(xml.errorString() + QString::number(xml.lineNumber())));
  QCOMPARE(depth, 0);
  QCOMPARE(tags[QStringLiteral("svg")], 4);  // accuracy, forgetting, loss, and one method with probes
  QCOMPARE(tags[QStringLiteral("h1")], 1);
  const Value results = record::resultsOf(tests::resultInputsOf({}));
  QVERIFY(has(html, QString::number(results.find("average")->asDouble(), 'f', 2).toStdString()));
  for (const char* part : {"Same conditions.", "5d1a77", "9f2c41d0", "4 2 7 6 0 3", "LibTorch 1.13.1", "Chaudhry",
                           "prefers-color-scheme:dark", "@media print"})
    QVERIFY2(has(html, part), part);
}

void TestReport::theHtmlEscapesEveryWord() {
  const std::string evil = "<script>alert('1')</script>&\"";
  const std::string html =
      page({made({.recipe = evil, .title = evil, .finished = 1, .state = "", .backbone_sha256 = evil}, "a"),
            made({.recipe = evil + "2", .title = evil}, "b")});
  QVERIFY(!has(html, "<script"));
  QVERIFY(!has(html, "alert('1')"));
  QVERIFY(has(html, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;"));
}

void TestReport::theBestIsMarkedOnlyAmongEquals() {
  const RunSummary good = made({}, "a"), bad = made({.recipe = "coda", .start = 0.5}, "b"),
                   unequal = made({.recipe = "coda", .epochs = 9, .start = 0.5}, "c");
  const auto marks = [](const std::string& html) { return count(html, "class=\"best\""); };
  QCOMPARE(marks(page({good, bad})), std::size_t{4 + 3});  // four figures, three tasks
  QCOMPARE(marks(page({good, unequal})), std::size_t{0});
  QCOMPARE(marks(page({good})), std::size_t{0});
}

void TestReport::unfinishedRunsSaySo() {
  const auto writer = tests::write({.recipe = "coda", .title = "CODA-Prompt", .finished = 1, .state = ""}, path("b"));
  const std::vector<RunSummary> runs{made({.finished = 2, .state = "failed"}, "a"), summarise(path("b"))};
  const std::string html = page(runs), table = comparisonTable(compare(runs));
  for (const std::string& text : {html, table}) {
    QVERIFY(has(text, "failed (Out of memory in task 3. Task 2 is saved.); 2 of 3 tasks are finished"));
    QVERIFY(has(text, "is still going; 1 of 3 tasks are finished"));
    QVERIFY(has(text, "not complete"));
  }
  QVERIFY(has(table, "l2p *") && has(table, "coda *"));
}

void TestReport::nothingAtAllIsStillAPage() {
  QVERIFY(has(page({made({.finished = 0, .epochs = 0, .state = ""}, "a")}), "Nothing was evaluated yet."));
  QVERIFY(has(page({}), "</html>"));
  QVERIFY(!comparisonTable(compare({})).empty());
}

QTEST_GUILESS_MAIN(TestReport)
#include "tst_report.moc"
