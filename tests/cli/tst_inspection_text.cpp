// What a person reads of the instruments' findings. The findings here are made up; nothing is trained.
#include <QTest>

#include "app/cli/inspection_text.h"

using namespace palimpsest;

namespace {

Value boundary(int after_task, double evenness, double retrieval) {
  return Value::Object{
      {"after_task", after_task}, {"available", 10},          {"evenness", evenness},   {"effective", 5.125},
      {"dependence", 0.0625},     {"winners_cosine", 0.9375}, {"retrieval", retrieval}, {"dead", 4}};
}

Value forgotten(int task, double jaccard, double soft, double drift) {
  return Value::Object{{"task", task}, {"jaccard", jaccard}, {"soft_jaccard", soft}, {"usage_weighted_drift", drift}};
}

Value layer(int number, const char* kind, double jaccard, double soft) {
  return Value::Object{{"layer", number},
                       {"blocks", Value::Array{2, 3, 4}},
                       {"kind", kind},
                       {"boundaries", Value::Array{boundary(0, 0.75, 1.0), boundary(1, 0.125, 0.5)}},
                       {"forgetting", Value::Array{forgotten(0, jaccard, soft, 0.25)}}};
}

Value alarm(int task, int at) {
  return Value::Object{{"task", task},
                       {"layer", at},
                       {"first_step", 12},
                       {"global_step", 112},
                       {"winners", Value::Array{1, 7}},
                       {"sentence",
                        "The choice hardly depends on the image: they share 0.01 nats of information, below "
                        "0.115, and what follows makes this sentence a long one."}};
}

Value diagnosis() {
  return Value::Object{
      {"recipe", "l2p"},
      {"tasks", 2},
      {"images", 60},
      {"images_per_class", 10},
      {"collapse", Value::Object{{"raised", true}, {"alarms", Value::Array{alarm(1, 0)}}}},
      {"queries", Value::Object{{"anisotropy", 0.875}, {"nearest_mean_retrieval", 0.625}, {"chance", 0.5}}},
      {"layers", Value::Array{layer(0, "hard", 0.5, 0.0), layer(1, "soft", 1.0, 0.25)}},
      {"attribution", Value::Array{Value::Object{{"task", 0},
                                                 {"learned", 90.5},
                                                 {"now", 40.25},
                                                 {"matching", 10.5},
                                                 {"prompts", 20.25},
                                                 {"head", -1.5},
                                                 {"class_expansion", 21.0},
                                                 {"feature_drift", 0.1}}}},
      {"usefulness", Value::Object{{"selected", 50.5},
                                   {"fixed", 50.25},
                                   {"random", 45.0},
                                   {"none", 44.0},
                                   {"oracle_task", 61.0},
                                   {"task_masked_head", 80.0}}}};
}

Value answer() {
  const auto accuracies = [](double all, double first, Value second) {
    return Value::Object{{"accuracy", all}, {"by_task", Value::Array{first, std::move(second)}}};
  };
  return Value::Object{{"recipe", "l2p"},
                       {"after_task", 1},
                       {"images", 60},
                       {"change", Value::Object{{"mask", Value::Array{3, 7}},
                                                {"force", Value::Array{}},
                                                {"swap", Value::Array{Value::Array{0, 4}}},
                                                {"top_k", 2},
                                                {"temperature", Value()},
                                                {"centre", true},
                                                {"layer", -1}}},
                       {"before", accuracies(50.0, 60.0, 40.0)},
                       {"after", accuracies(45.5, 62.5, Value())},
                       {"changed_predictions", 12},
                       {"changed_share", 0.2},
                       {"changed_selections", 0.375},
                       {"seconds", 0.5}};
}

Value batches(std::int64_t changed) {
  const auto row = [](int batch, const char* composition, double accuracy, int others, double purity) {
    return Value::Object{{"batch", batch},
                         {"composition", composition},
                         {"accuracy", accuracy},
                         {"changed", others},
                         {"purity", purity}};
  };
  return Value::Object{{"recipe", "l2p.pilot"},
                       {"images", 60},
                       {"changed_predictions", changed},
                       {"share", 0.1},
                       {"rows", Value::Array{row(1, "alone", 50, 0, 1), row(16, "shuffled", 48, 6, 0.5)}},
                       {"bwe", 3.25},
                       {"bwe_shuffled", -2.0},
                       {"reference_accuracy", 50.0}};
}

QStringList linesOf(const std::string& text) { return QString::fromStdString(text).split(QLatin1Char('\n')); }

// Words of the first line that begins with `start`.
QStringList wordsOf(const std::string& text, const char* start) {
  for (const QString& line : linesOf(text))
    if (line.startsWith(QLatin1String(start))) return line.split(QLatin1Char(' '), Qt::SkipEmptyParts);
  return {};
}

bool says(const std::string& text, const char* part) {
  return QString::fromStdString(text).simplified().contains(QLatin1String(part));
}

}  // namespace

class TestInspectionText : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theVerdictComesFirst();
  void manyAlarmsAreNotAllTold();
  void everyLayerHasATableOverBoundaries();
  void forgettingIsATableOverTasks();
  void whatChoosingIsWorth();
  void aWhatIfSaysWhatWasChangedAndWhatBecameOfIt();
  void aWhatIfThatKeepsEverything();
  void theBatchIsJudged();
  void featuresAreToldByTask();
  void linesFitATerminal();
  void whatIsMissingIsADash();
};

void TestInspectionText::theVerdictComesFirst() {
  const std::string text = cli::diagnosisText(diagnosis());
  QCOMPARE(linesOf(text)[0], QStringLiteral("l2p: 2 tasks, 60 test images (10 of each class)"));
  QVERIFY2(linesOf(text)[1].startsWith(
               QStringLiteral("COLLAPSE (task 2, layer 0, from step 12 on, prompts 1, 7): The choice")),
           text.c_str());
  QVERIFY2(says(text, "0.115, and what follows makes this sentence a long one."), text.c_str());
  Value sound = diagnosis();
  sound["collapse"] = Value::Object{{"raised", false}, {"alarms", Value::Array{}}};
  QCOMPARE(linesOf(cli::diagnosisText(sound))[1], QStringLiteral("No sign of collapse."));
  sound["layers"] = Value::Array{};
  QVERIFY(says(cli::diagnosisText(sound), "Nothing is chosen"));
}

void TestInspectionText::manyAlarmsAreNotAllTold() {
  Value many = diagnosis();
  Value::Array alarms;
  for (int at = 0; at < 8; ++at) alarms.push_back(alarm(0, at));
  many["collapse"]["alarms"] = std::move(alarms);
  const std::string text = cli::diagnosisText(many);
  QCOMPARE(QString::fromStdString(text).count(QStringLiteral("COLLAPSE")), 3);
  QVERIFY2(says(text, "and 5 more, which --json lists"), text.c_str());
}

void TestInspectionText::everyLayerHasATableOverBoundaries() {
  const std::string text = cli::diagnosisText(diagnosis());
  QVERIFY2(says(text, "Layer 0, blocks 2, 3, 4: a few prompts for each image"), text.c_str());
  QVERIFY2(says(text, "Layer 1, blocks 2, 3, 4: a weighted sum for each image"), text.c_str());
  Value general = diagnosis();  // as of DualPrompt: one prompt for all images in the first layer
  for (const char* at : {"layers.0.boundaries.0", "layers.0.boundaries.1"}) (*general.at(at))["evenness"] = Value();
  QVERIFY(says(cli::diagnosisText(general), "Layer 0, blocks 2, 3, 4: the same prompts for every image"));
  QVERIFY2(says(text, "1 0.75 5.12 of 10 0.06 0.94 1.00 4"), text.c_str());
  QVERIFY2(says(text, "2 0.12 5.12 of 10 0.06 0.94 0.50 4"), text.c_str());
  QCOMPARE(QString::fromStdString(text).count(QStringLiteral("Evenness 0")), 2);
}

void TestInspectionText::forgettingIsATableOverTasks() {
  const std::string text = cli::diagnosisText(diagnosis());
  // The choice that was kept: the mean of the hard layer's Jaccard index, 0.5, and the soft layer's overlap, 0.25.
  QVERIFY2(says(text, "1 90.50 40.25 10.50 20.25 -1.50 21.00 0.38 0.25"), text.c_str());
  Value young = diagnosis();
  young["attribution"] = Value::Array{};
  for (const char* at : {"layers.0", "layers.1"}) (*young.at(at))["forgetting"] = Value::Array{};
  QVERIFY(says(cli::diagnosisText(young), "no task has been followed by another yet"));
}

void TestInspectionText::whatChoosingIsWorth() {
  const std::string text = cli::diagnosisText(diagnosis());
  QVERIFY2(says(text, "50.50 50.25 45.00 44.00 61.00 80.00"), text.c_str());
  QVERIFY2(says(text, "what choosing by the image adds: +0.25 points."), text.c_str());
  Value fixed = diagnosis();
  fixed["usefulness"]["fixed"] = Value();
  QVERIFY2(says(cli::diagnosisText(fixed), "what choosing by the image adds."), text.c_str());
}

void TestInspectionText::aWhatIfSaysWhatWasChangedAndWhatBecameOfIt() {
  const std::string text = cli::whatIfText(answer());
  QCOMPARE(linesOf(text)[0], QStringLiteral("l2p after task 2, 60 test images: mask 3, 7; swap 0:4; top_k 2; centre"));
  QCOMPARE(wordsOf(text, "all tasks").mid(2),
           (QStringList{QStringLiteral("50.00"), QStringLiteral("45.50"), QStringLiteral("-4.50")}));
  QCOMPARE(wordsOf(text, "task 1").mid(2),
           (QStringList{QStringLiteral("60.00"), QStringLiteral("62.50"), QStringLiteral("2.50")}));
  QCOMPARE(wordsOf(text, "task 2").mid(2),
           (QStringList{QStringLiteral("40.00"), QStringLiteral("-"), QStringLiteral("-")}));
  QVERIFY2(
      says(text,
           "Predictions that changed: 12 of 60 (20.0 %). Share of the prompts' weight that moved to others: 0.38."),
      text.c_str());
}

void TestInspectionText::aWhatIfThatKeepsEverything() {
  Value same = answer();
  same["after_task"] = Value();
  same["changed_predictions"] = 0;
  same["change"] = Value::Object{};
  const std::string text = cli::whatIfText(same);
  QVERIFY2(says(text, "l2p as it is now, 60 test images: nothing changed"), text.c_str());
  QVERIFY2(says(text, "0 of 60 (0.0 %)"), text.c_str());
}

void TestInspectionText::theBatchIsJudged() {
  const std::string sound = cli::invarianceText(batches(0)), unsound = cli::invarianceText(batches(6));
  QVERIFY2(sound.ends_with("\nPredictions do not depend on the batch.\n"), sound.c_str());
  QVERIFY2(says(sound, "16 shuffled 48.00 6 0.50"), sound.c_str());
  QVERIFY2(says(unsound, "6 of 60 predictions change with the batch: "), unsound.c_str());
  QVERIFY2(says(unsound, "batches of one task: +3.25 points. Gain from shuffled batches: -2.00 points."),
           unsound.c_str());
}

void TestInspectionText::featuresAreToldByTask() {
  const Value answer = Value::Object{{"recipe", "finetune"}, {"images", 80}, {"pretrained", Value::Array{90.0, 80.0}}, {"before", Value::Array{Value(), 75.0}},
                                     {"learned", Value::Array{95.0, 85.0}}, {"now", Value::Array{70.0, 85.0}}, {"drift", Value::Array{0.5, 1.0}},
                                     {"forward_transfer", -5.0}, {"feature_forgetting", 25.0}};
  const std::string text = cli::transferText(answer);
  QVERIFY2(says(text, "finetune: nearest class means on 80 images"), text.c_str());
  QVERIFY2(says(text, "1 90.00 - 95.00 70.00 0.50"), text.c_str());
  QVERIFY2(says(text, "2 80.00 75.00 85.00 85.00 1.00"), text.c_str());
  QVERIFY2(says(text, "(before it - pre-trained): -5.00 points. Forgotten by the features (learned - now): 25.00 points."), text.c_str());
  for (const QString& line : linesOf(text)) QVERIFY2(line.size() < 110, qPrintable(line));
}

void TestInspectionText::linesFitATerminal() {
  Value wide = diagnosis();
  Value::Array blocks;
  for (int block = 0; block < 40; ++block) blocks.emplace_back(block);
  (*wide.at("layers.0"))["blocks"] = std::move(blocks);
  for (const std::string& text : {cli::diagnosisText(wide), cli::whatIfText(answer()), cli::invarianceText(batches(6))})
    for (const QString& line : linesOf(text)) QVERIFY2(line.size() < 110, qPrintable(line));
}

void TestInspectionText::whatIsMissingIsADash() {
  for (const Value& nothing : {Value(), Value(Value::Object{}), Value(3)})
    for (const auto text : {cli::diagnosisText, cli::whatIfText, cli::invarianceText, cli::transferText})
      QVERIFY(text(nothing).ends_with('\n'));
  Value sparse = diagnosis();
  *sparse.at("layers.0.boundaries.1") = Value::Object{{"after_task", 1}, {"evenness", Value()}};
  *sparse.at("attribution.0") = Value::Object{{"task", 0}, {"learned", Value()}};
  const std::string text = cli::diagnosisText(sparse);
  QVERIFY2(says(text, "2 - - of - - - - -"), text.c_str());
  QVERIFY2(says(text, "1 - - - - - - 0.38 0.25"), text.c_str());
}

QTEST_GUILESS_MAIN(TestInspectionText)
#include "tst_inspection_text.moc"
