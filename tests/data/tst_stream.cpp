// Which images the tasks of a scenario have, over data sets made here.
#include <QDir>
#include <QImage>
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <cstdlib>
#include <set>

#include "engine/protocol/error.h"
#include "engine/scenario/stream.h"

using namespace palimpsest;

namespace {

using Indices = std::vector<std::int64_t>;

// Labels without images: streams look at nothing else.
class LabelSplit final : public Split {
 public:
  explicit LabelSplit(std::vector<int> labels, std::vector<int> domains = {})
      : labels_(std::move(labels)), domains_(std::move(domains)) {}
  std::int64_t size() const override { return std::int64_t(labels_.size()); }
  int label(std::int64_t index) const override { return labels_[std::size_t(index)]; }
  int domain(std::int64_t index) const override { return domains_.empty() ? 0 : domains_[std::size_t(index)]; }
  Image image(std::int64_t) const override { return {}; }
  std::string name(std::int64_t index) const override { return std::to_string(index); }

 private:
  std::vector<int> labels_, domains_;
};

// Class c has sizes[c] training images and two test images; classes take turns.
Dataset labelled(const std::vector<int>& sizes) {
  Dataset data;
  std::vector<int> train, test;
  for (int round = 0; round < *std::max_element(sizes.begin(), sizes.end()); ++round)
    for (std::size_t c = 0; c < sizes.size(); ++c)
      if (round < sizes[c]) train.push_back(int(c));
  for (std::size_t i = 0; i < 2 * sizes.size(); ++i) test.push_back(int(i % sizes.size()));
  for (std::size_t c = 0; c < sizes.size(); ++c) data.class_names.push_back("c" + std::to_string(c));
  data.train = std::make_shared<LabelSplit>(train);
  data.test = std::make_shared<LabelSplit>(test);
  return data;
}

Issues issuesOf(const std::string& spec, const Dataset& data) {
  try {
    makeScenario(spec, data);
  } catch (const BadInput& problem) {
    return problem.issues;
  }
  return {};
}

// What holds for every kind: all images once, labels where the tasks say they are, the matrix's columns disjoint.
void verifyStream(const Scenario& scenario, const Stream& stream, const Dataset& data) {
  QCOMPARE(stream.train.size(), scenario.tasks.size());
  QCOMPARE(stream.test.size(), scenario.tasks.size());
  Indices train, test;
  for (std::size_t t = 0; t < stream.train.size(); ++t) {
    const Task& task = scenario.tasks[t];
    for (const auto index : stream.train[t]) {
      const int label = scenario.label_of[std::size_t(data.train->label(index))];
      QVERIFY(label >= task.first_label && label < task.seen);
    }
    for (const auto index : stream.test[t]) QCOMPARE(scenario.taskOf(*data.test, index), int(t));
    train.insert(train.end(), stream.train[t].begin(), stream.train[t].end());
    test.insert(test.end(), stream.test[t].begin(), stream.test[t].end());
  }
  for (auto [indices, split] : {std::pair(&train, data.train), std::pair(&test, data.test)}) {
    QCOMPARE(std::int64_t(indices->size()), split->size());
    std::sort(indices->begin(), indices->end());
    for (std::int64_t i = 0; i < split->size(); ++i) QCOMPARE((*indices)[std::size_t(i)], i);
  }
  QCOMPARE(scenario.tasks.back().seen, int(data.class_names.size()));
}

// counts[task][class] of the training images.
std::vector<std::vector<int>> countsOf(const Stream& stream, const Dataset& data) {
  std::vector<std::vector<int>> counts;
  for (const Indices& task : stream.train) {
    counts.emplace_back(data.class_names.size());
    for (const auto index : task) ++counts.back()[std::size_t(data.train->label(index))];
  }
  return counts;
}

// That labels are numbered by first appearance in the stream.
void verifyFirstAppearance(const Scenario& scenario, const Stream& stream, const Dataset& data) {
  int next = 0;
  for (std::size_t t = 0; t < stream.train.size(); ++t) {
    for (const auto index : stream.train[t]) {
      const int label = scenario.label_of[std::size_t(data.train->label(index))];
      QVERIFY(label <= next);
      if (label == next) ++next;
    }
    QCOMPARE(scenario.tasks[t].seen, next);
  }
}

void writePicture(const QString& path) {
  QDir().mkpath(QFileInfo(path).path());
  QImage picture(4, 4, QImage::Format_RGB32);
  picture.fill(Qt::red);
  QVERIFY(picture.save(path));
}

}  // namespace

class StreamTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void classIncrementalTasksHaveTheImagesOfTheirClasses() {
    const Dataset data = labelled({3, 5, 1, 4, 2, 6, 3});
    for (const char* spec : {"cil:init=2,increment=3,order=1993", "til:increment=3,order=7", "cil:init=all",
                             "cil:increment=2,semantics=mammoth"}) {
      const Scenario scenario = makeScenario(spec, data);
      const Stream stream = streamOf(scenario, data);
      QCOMPARE(scenario.class_order, makeScenario(spec, 7).class_order);
      for (std::size_t t = 0; t < scenario.tasks.size(); ++t) {
        QCOMPARE(stream.train[t], indicesOf(*data.train, scenario.tasks[t].classes));
        QCOMPARE(stream.test[t], indicesOf(*data.test, scenario.tasks[t].classes));
      }
      verifyStream(scenario, stream, data);
      verifyFirstAppearance(scenario, stream, data);
    }
  }

  void labelsPermuteTheCountsOfBothSplitsAlike() {
    const Dataset data = labelled({3, 5, 1, 4});
    const Scenario scenario = makeScenario("cil:increment=1,order=3", data);
    const Stream stream = streamOf(scenario, data);
    const std::vector<int> sizes{3, 5, 1, 4};
    for (std::size_t label = 0; label < 4; ++label) {
      QCOMPARE(int(stream.train[label].size()), sizes[std::size_t(scenario.class_order[label])]);
      QCOMPARE(int(stream.test[label].size()), 2);
    }
  }

  void everyDomainIsATaskOverAllClasses() {
    const Dataset data = openDataset("shapes:classes=4,train=3,test=2,side=8,domains=plain+photo+sketch");
    const Scenario scenario = makeScenario("dil:", data);
    QVERIFY(scenario.kind == Scenario::Kind::DomainIncremental && !scenario.task_known);
    QCOMPARE(scenario.domain_order, (std::vector{0, 1, 2}));
    QCOMPARE(scenario.class_order, (std::vector{0, 1, 2, 3}));
    const Stream stream = streamOf(scenario, data);
    verifyStream(scenario, stream, data);
    for (std::size_t t = 0; t < 3; ++t) {
      QCOMPARE(scenario.tasks[t].first_label, 0);
      QCOMPARE(scenario.tasks[t].seen, 4);
      QCOMPARE(scenario.evaluableFrom(int(t)), 0);
      QCOMPARE(stream.train[t].size(), std::size_t{12});
      QCOMPARE(stream.test[t].size(), std::size_t{8});
      for (const auto index : stream.train[t]) QCOMPARE(data.train->domain(index), int(t));
    }
    QCOMPARE(stream.train[1], (Indices{12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23}));  // class by class
  }

  void theOrderOfDomainsIsThatOfASeed() {
    const Dataset data = openDataset("shapes:classes=2,train=1,test=1,side=8,domains=plain+photo+sketch+blurred");
    const Scenario scenario = makeScenario("dil:order=1993", data);
    QCOMPARE(scenario.domain_order, pilotClassOrder(4, 1993));
    QVERIFY(scenario.domain_order != (std::vector{0, 1, 2, 3}));
    QCOMPARE(scenario.class_order, (std::vector{0, 1}));
    const Stream stream = streamOf(scenario, data);
    verifyStream(scenario, stream, data);
    QCOMPARE(data.train->domain(stream.train[0][0]), scenario.domain_order[0]);
    QCOMPARE(scenario.taskOf(*data.train, stream.train[2][1]), 2);
  }

  void domainsOfAFolderMakeAStreamOfTheirOwn() {
    const QTemporaryDir root;
    for (const char* path :
         {"train/b/cat/1.png", "train/b/dog/1.png", "train/a/cat/1.png", "train/a/cat/2.png", "train/a/dog/1.png",
          "test/a/cat/1.png", "test/a/dog/1.png", "test/b/cat/1.png", "test/b/dog/1.png"})
      writePicture(root.filePath(QLatin1String(path)));
    const Dataset data = openDataset("domains:" + root.path().toStdString());
    const Scenario scenario = makeScenario("dil:order=natural", data);
    const Stream stream = streamOf(scenario, data);
    verifyStream(scenario, stream, data);
    QCOMPARE(stream.train, (std::vector<Indices>{{0, 1, 2}, {3, 4}}));
    QCOMPARE(data.train->name(stream.train[1][0]), std::string("b/cat/1.png"));
    const Scenario classes = makeScenario("cil:increment=1,order=natural", data);  // domains need not be used
    QCOMPARE(streamOf(classes, data).train, (std::vector<Indices>{{0, 1, 3}, {2, 4}}));
  }

  void whatADomainLacksIsReported() {
    Dataset data = labelled({2, 2, 2});
    QCOMPARE(issuesOf("dil:", data).size(), std::size_t{1});  // a single domain
    QCOMPARE(issuesOf("dil:ordr=2", data).size(), std::size_t{2});
    data.domain_names = {"photo", "sketch"};
    data.train = std::make_shared<LabelSplit>(std::vector{0, 1, 2, 0, 2}, std::vector{0, 0, 0, 1, 1});
    data.test = std::make_shared<LabelSplit>(std::vector{1, 0, 1, 2}, std::vector{0, 1, 1, 1});
    const Issues issues = issuesOf("dil:", data);
    QCOMPARE(issues.size(), std::size_t{2});
    QCOMPARE(issues[0].message, std::string("domain sketch has no training image of 1 class: c1"));
    QCOMPARE(issues[1].message, std::string("domain photo has no test image of 2 classes: c0, c2"));
    QCOMPARE(issuesOf("cil:increment=1", data).size(), std::size_t{0});
  }

  void aClassWithoutTestImagesIsReported() {
    Dataset data = labelled({2, 2, 2});
    data.test = std::make_shared<LabelSplit>(std::vector{0, 0, 2});
    for (const char* spec : {"cil:increment=1", "til:increment=1", "blurry:tasks=2", "drift:tasks=2"}) {
      const Issues issues = issuesOf(spec, data);
      QCOMPARE(issues.size(), std::size_t{1});
      QCOMPARE(issues[0].message, std::string("the data set has no test image of 1 class: c1"));
    }
  }

  void blurryClassesAreSpreadAsDeclared_data() {
    QTest::addColumn<QByteArray>("spec");
    QTest::addColumn<int>("tasks");
    QTest::addColumn<int>("disjoint");
    QTest::addColumn<int>("percent");
    QTest::newRow("usual") << QByteArray("blurry:") << 5 << 8 << 10;  // half of 16 classes
    QTest::newRow("most") << QByteArray("blurry:tasks=4,disjoint=25,blurry=75,order=1") << 4 << 4 << 75;
    QTest::newRow("rounded") << QByteArray("blurry:tasks=3,disjoint=10,blurry=33,order=2") << 3 << 2 << 33;
    QTest::newRow("none") << QByteArray("blurry:tasks=16,disjoint=100") << 16 << 16 << 10;
    QTest::newRow("all") << QByteArray("blurry:tasks=2,disjoint=0,blurry=50") << 2 << 0 << 50;
  }
  void blurryClassesAreSpreadAsDeclared() {
    QFETCH(QByteArray, spec);
    QFETCH(int, tasks);
    QFETCH(int, disjoint);
    QFETCH(int, percent);
    const std::vector<int> sizes{100, 53, 1, 2, 80, 9, 31, 17, 40, 100, 7, 64, 100, 3, 25, 50};
    const Dataset data = labelled(sizes);
    const Scenario scenario = makeScenario(spec.toStdString(), data);
    const Stream stream = streamOf(scenario, data);
    QCOMPARE(scenario.tasks.size(), std::size_t(tasks));
    verifyStream(scenario, stream, data);
    verifyFirstAppearance(scenario, stream, data);
    const auto counts = countsOf(stream, data);
    const std::vector<int> order = pilotClassOrder(16, spec.contains("order=1")   ? 1
                                                       : spec.contains("order=2") ? 2
                                                                                  : 1993);
    std::vector<int> own(std::size_t(tasks), 0), own_disjoint(std::size_t(tasks), 0);
    for (int k = 0; k < 16; ++k) {
      const auto cls = std::size_t(order[std::size_t(k)]);
      const int major = scenario.taskOf(scenario.label_of[cls]);
      ++own[std::size_t(major)];
      own_disjoint[std::size_t(major)] += k < disjoint;
      int away = 0, least = 1'000, most = 0;
      for (int t = 0; t < tasks; ++t) {
        if (t == major) continue;
        away += counts[std::size_t(t)][cls];
        least = std::min(least, counts[std::size_t(t)][cls]);
        most = std::max(most, counts[std::size_t(t)][cls]);
      }
      if (k < disjoint) QCOMPARE(away, 0);
      else QVERIFY2(std::abs(100 * away - percent * sizes[cls]) <= 100, qPrintable(QString::number(away)));
      QVERIFY(most - least <= 1);
      QVERIFY(counts[std::size_t(major)][cls] >= 1);
    }
    for (const auto& sizes_of : {own, own_disjoint})
      QVERIFY(*std::max_element(sizes_of.begin(), sizes_of.end()) -
                  *std::min_element(sizes_of.begin(), sizes_of.end()) <=
              1);
  }

  void aDrawnStreamBelongsToItsSeed() {
    const Dataset data = labelled(std::vector<int>(10, 40));
    for (const std::string kind : {"blurry:", "drift:"}) {
      const Scenario one = makeScenario(kind + "order=1", data), again = makeScenario(kind + "order=1", data),
                     other = makeScenario(kind + "order=2", data);
      QCOMPARE(one.drawn, again.drawn);
      QCOMPARE(one.class_order, again.class_order);
      QVERIFY(one.drawn != other.drawn);
      QVERIFY(!std::is_sorted(one.drawn[0].begin(), one.drawn[0].end()));
    }
    // Computed by hand outside the program, from MT19937 and SplitMix64: the same on every machine and in every
    // version.
    const auto firstOf = [&](const char* spec) {
      const Indices first = makeScenario(spec, data).drawn[0];
      return Indices(first.begin(), first.begin() + 6);
    };
    QCOMPARE(firstOf("blurry:order=1"), (Indices{73, 292, 63, 113, 142, 332}));
    QCOMPARE(firstOf("drift:order=1"), (Indices{322, 282, 212, 312, 112, 33}));
  }

  void neighboursOfADriftingStreamMixLinearly() {
    const Dataset data = labelled(std::vector<int>(8, 3000));
    const Scenario scenario = makeScenario("drift:tasks=4,order=11", data);
    const Stream stream = streamOf(scenario, data);
    verifyStream(scenario, stream, data);
    verifyFirstAppearance(scenario, stream, data);
    // Of a task's images, an eighth each comes in the neighbours' segments; nobody is beyond the ends.
    const double share[4][4] = {{.875, .125, 0, 0}, {.125, .75, .125, 0}, {0, .125, .75, .125}, {0, 0, .125, .875}};
    const auto counts = countsOf(stream, data);
    for (std::size_t cls = 0; cls < 8; ++cls) {
      const auto major = std::size_t(scenario.taskOf(scenario.label_of[cls]));
      for (std::size_t t = 0; t < 4; ++t) {
        const double found = counts[t][cls] / 3000.0, expected = share[major][t];
        QVERIFY2(expected == 0 ? found == 0 : std::abs(found - expected) < 0.03, qPrintable(QString::number(found)));
      }
    }
    // Between the middles of tasks 1 and 2 the share of task 2 rises from 0 to 1: by quarters .125, .375, .625, .875.
    Indices both = stream.train[1];
    both.insert(both.end(), stream.train[2].begin(), stream.train[2].end());
    for (int quarter = 0; quarter < 4; ++quarter) {
      const auto begin = std::int64_t(stream.train[1].size()) / 2 + quarter * 1500;
      int later = 0;
      for (auto i = begin; i < begin + 1500; ++i) later += scenario.taskOf(*data.train, both[std::size_t(i)]) == 2;
      QVERIFY2(std::abs(later / 1500.0 - (0.125 + 0.25 * quarter)) < 0.06, qPrintable(QString::number(later / 1500.0)));
    }
  }

  void whatCannotBeDrawnIsReported() {
    const Dataset data = labelled({5, 5, 5, 5, 5, 5});
    QCOMPARE(issuesOf("blurry:tasks=6", data).size(), std::size_t{0});
    QCOMPARE(issuesOf("blurry:tasks=7", data).size(), std::size_t{1});
    QCOMPARE(issuesOf("drift:tasks=1", data).size(), std::size_t{1});
    QCOMPARE(issuesOf("blurry:disjoint=-1,blurry=101,order=x,semantics=pilot", data).size(), std::size_t{4});
    QCOMPARE(issuesOf("blurry:blurry=80", data).size(), std::size_t{0});
    QCOMPARE(issuesOf("blurry:blurry=81", data).size(), std::size_t{1});  // more elsewhere than at home
    int refused = 0;
    for (int seed = 0; seed < 20; ++seed) {  // six images on their way through six segments leave some empty
      const Issues issues = issuesOf("drift:tasks=6,order=" + std::to_string(seed), labelled({1, 1, 1, 1, 1, 1}));
      refused += !issues.empty();
      for (const Issue& issue : issues)
        QVERIFY(issue.message.find("would have no training image") != std::string::npos);
    }
    QVERIFY(refused > 0);
  }

  void theRealisedStreamCanBeWrittenDown() {
    const Dataset data = labelled({10, 10, 10, 10});
    const Scenario scenario = makeScenario("blurry:tasks=2,disjoint=50,blurry=20,order=1", data);
    const Stream stream = streamOf(scenario, data);
    const Value value = realised(scenario, stream, data);
    const auto counts = countsOf(stream, data);
    QCOMPARE(value.asArray().size(), std::size_t{2});
    for (std::size_t t = 0; t < 2; ++t) {
      const Value& task = value.asArray()[t];
      QVERIFY(!task.find("domain"));
      const auto& classes = task.find("classes")->asArray();
      QCOMPARE(classes.size(), std::size_t{3});  // one of its own alone, two that are blurry
      for (std::size_t i = 0; i < 3; ++i) {
        const auto cls = std::size_t(classes[i].asInt());
        QCOMPARE(task.find("train")->asArray()[i].asInt(), counts[t][cls]);
        QCOMPARE(task.find("test")->asArray()[i].asInt(), scenario.taskOf(scenario.label_of[cls]) == int(t) ? 2 : 0);
      }
    }
    const Dataset domains = openDataset("shapes:classes=2,train=3,test=1,side=8,domains=photo+sketch");
    const Scenario dil = makeScenario("dil:", domains);
    QCOMPARE(realised(dil, streamOf(dil, domains), domains).asArray()[1].text(),
             Value(Value::Object{{"domain", "sketch"},
                                 {"classes", Value::Array{0, 1}},
                                 {"train", Value::Array{3, 3}},
                                 {"test", Value::Array{1, 1}}})
                 .text());
  }
};

QTEST_GUILESS_MAIN(StreamTest)
#include "tst_stream.moc"
