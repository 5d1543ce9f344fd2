// Editing a recipe: every edit can be taken back to the byte, whatever was edited and in which order.
#include <QAbstractItemModelTester>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <random>

#include "engine/protocol/options.h"
#include "engine/record/json.h"
#include "tests/widgets/small_catalogue.h"
#include "widgets/models/param_form.h"
#include "widgets/models/recipe_difference.h"
#include "widgets/models/recipe_document.h"
#include "widgets/models/recipe_form.h"
#include "widgets/models/value_tree.h"

using namespace palimpsest;

namespace {

std::string bytes(const RecipeDocument& document) {
  return record::toJson(document.recipe()) + record::toJson(document.options());
}

// One edit drawn at random, of which some lead nowhere.
void edit(RecipeDocument& document, std::mt19937& draw) {
  static const QStringList paths{QStringLiteral("phases.0"),      QStringLiteral("phases.1"), QStringLiteral("phases.7"),   QStringLiteral("prompts.0"),      QStringLiteral("prompts.0.pool"), QStringLiteral("prompts.1.select"), QStringLiteral("prompts.2.inject"), QStringLiteral("head"),
                                 QStringLiteral("adapt.0"),       QStringLiteral("adapt.1"),  QStringLiteral("memory"),     QStringLiteral("backbone"),       QStringLiteral("query"),          QStringLiteral("nowhere"),          QStringLiteral(""),                 QStringLiteral("phases"),
                                 QStringLiteral("phases.0.lr.x"), QStringLiteral("phases.x"), QStringLiteral("penalties.0"), QStringLiteral("prompts..pool"), QStringLiteral("phases.99999999999999999999")};
  static const QStringList names{QStringLiteral("lr"), QStringLiteral("epochs"), QStringLiteral("train"), QStringLiteral("size"), QStringLiteral("top_k"), QStringLiteral("milestones"), QStringLiteral("width"), QStringLiteral("nonsense"), QStringLiteral("when")};
  const auto any = [&](const auto& of) { return of[qsizetype(draw() % std::size_t(of.size()))]; };
  const QString path = any(paths);
  switch (draw() % 8) {
    case 0: document.put(path, document.catalogue()[draw() % document.catalogue().size()]); break;
    case 1: document.remove(path); break;
    case 2: document.move(path, int(draw() % 5) - 2); break;
    case 3: document.setOption(draw() % 2 ? QStringLiteral("seed") : any(names), Value(int(draw() % 9) - 1)); break;
    case 4: draw() % 8 ? void(document.set(QStringLiteral("title"), Value("t" + std::to_string(draw() % 5)))) : void(document.take(draw() % 2 ? small::l2p() : small::head())); break;
    case 5: if (draw() % 8 == 0) document.duplicate(); break;
    default: {
      const Value values[] = {Value(int(draw() % 6)), Value(0.5), Value("first-task"), Value(), Value(Value::Array{1, 2}), Value("all")};
      document.set(path + QLatin1Char('.') + any(names), values[draw() % 6]);
    }
  }
}

}  // namespace

class RecipeDocumentTest : public QObject {
  Q_OBJECT
  const std::vector<PartInfo> catalogue_ = small::catalogue();
  std::unique_ptr<RecipeDocument> document_;

  QString issues() const {
    QString all;
    for (const Issue& issue : document_->issues()) all += QString::fromStdString(lineOf(issue)) + QLatin1Char('\n');
    return all;
  }
  const Value* at(const char* path) const { return document_->recipe().at(path); }
  const PartInfo& part(const char* slot, const char* name) const { return *document_->part(QLatin1String(slot), QLatin1String(name)); }

 private Q_SLOTS:
  void init() {
    document_ = std::make_unique<RecipeDocument>(catalogue_);
    document_->take(small::l2p());
  }

  void everyEditIsTakenBackToTheByte() {
    const unsigned first = std::random_device{}();
    qInfo("seeds %u to %u", first, first + 999);
    for (unsigned seed = first; seed != first + 1000; ++seed) {
      RecipeDocument document(catalogue_);
      document.take(small::l2p());
      std::mt19937 draw(seed);
      std::vector<std::string> seen{bytes(document)};  // by index of the stack
      const int base = document.undoStack().index();
      for (int step = 0; step < 10; ++step) {
        edit(document, draw);
        if (draw() % 6 == 0) document.undoStack().undo();
        const int index = document.undoStack().index() - base;
        if (index < 0) document.undoStack().redo();
        else {
          seen.resize(std::size_t(index) + 1);
          seen[std::size_t(index)] = bytes(document);
        }
      }
      while (document.undoStack().canRedo()) document.undoStack().redo();
      const std::string end = bytes(document);
      const int last = document.undoStack().index();
      while (document.undoStack().index() > base) {
        document.undoStack().undo();
        const auto index = std::size_t(document.undoStack().index() - base);
        if (index < seen.size()) QVERIFY2(bytes(document) == seen[index], qPrintable(QStringLiteral("seed %1").arg(seed)));
      }
      QVERIFY2(bytes(document) == seen.front(), qPrintable(QStringLiteral("seed %1").arg(seed)));
      while (document.undoStack().index() < last) document.undoStack().redo();
      QVERIFY2(bytes(document) == end, qPrintable(QStringLiteral("seed %1").arg(seed)));
    }
  }

  void editsOfOneSettingInARowAreOneStep() {
    const int before = document_->undoStack().index();
    for (int epochs = 6; epochs < 12; ++epochs) QCOMPARE(document_->set(QStringLiteral("phases.0.epochs"), Value(epochs)), QString());
    QCOMPARE(document_->undoStack().index(), before + 1);
    document_->set(QStringLiteral("phases.0.lr"), Value(0.5));
    QCOMPARE(document_->undoStack().index(), before + 2);
    document_->undoStack().undo();
    document_->undoStack().undo();
    QCOMPARE(bytes(*document_), record::toJson(small::l2p()) + record::toJson(document_->startOptions()));
  }

  void aSettingPutBackIsNoChange() {
    const int before = document_->undoStack().index();
    document_->set(QStringLiteral("prompts.0.pool.length"), Value(9));
    QVERIFY(document_->dirty());
    QVERIFY(document_->changedAt(QStringLiteral("prompts.0.pool")));
    document_->set(QStringLiteral("prompts.0.pool.length"), Value(5));  // its default, which was not written
    QVERIFY(!document_->dirty());
    QVERIFY(!document_->changedAt(QStringLiteral("prompts.0.pool")));
    QCOMPARE(document_->undoStack().index(), before);
  }

  void aPartKeepsWhatItSharesWithItsPredecessor() {
    QCOMPARE(document_->put(QStringLiteral("phases.0"), part("phase", "observe")), QString());
    QCOMPARE(at("phases.0.use")->asString(), std::string("observe"));
    QVERIFY(!at("phases.0.lr"));
    QCOMPARE(document_->put(QStringLiteral("memory"), part("memory", "exemplars")), QString());
    QCOMPARE(document_->put(QStringLiteral("adapt.0"), part("adapt", "low-rank")), QString());
    QCOMPARE(at("adapt.0.use")->asString(), std::string("low-rank"));
    QCOMPARE(issues(), QString());
  }

  void aPromptIsBuiltFromItsParts() {
    QCOMPARE(document_->put(QStringLiteral("prompts.1.pool"), part("pool", "flat")), QString());
    QVERIFY(issues().contains(QStringLiteral("prompts.1.select")));
    document_->put(QStringLiteral("prompts.1.select"), part("select", "top-k-cosine"));
    document_->put(QStringLiteral("prompts.1.inject"), part("inject", "tokens"));
    QCOMPARE(issues(), QString());
    QCOMPARE(document_->move(QStringLiteral("prompts.1.pool"), -1), QString());
    QCOMPARE(at("prompts.1.pool.size")->asInt(), 20);
    for (const char* slot : {"prompts.0.pool", "prompts.0.select", "prompts.0.inject"}) QCOMPARE(document_->remove(QLatin1String(slot)), QString());
    QCOMPARE(at("prompts")->asArray().size(), std::size_t(1));  // an entry without parts is gone
    QCOMPARE(document_->remove(QStringLiteral("prompts.0")), QString());
    QVERIFY(!at("prompts"));
  }

  void whatDoesNotFitIsExplained() {
    const QString why = document_->put(QStringLiteral("head"), part("phase", "sgd"));
    QVERIFY2(why.contains(QStringLiteral("\"phase\"")) && why.contains(QStringLiteral("linear, ridge")), qPrintable(why));
    QVERIFY(!document_->put(QStringLiteral("phases.5"), part("phase", "sgd")).isEmpty());
    QVERIFY(!document_->remove(QStringLiteral("backbone")).isEmpty());
    QVERIFY(!document_->remove(QStringLiteral("phases.9")).isEmpty());
    QVERIFY(!document_->move(QStringLiteral("head"), 1).isEmpty());
    QVERIFY(!document_->move(QStringLiteral("phases.1"), 1).isEmpty());
    QVERIFY(!document_->set(QStringLiteral("head.nonsense"), Value(1)).isEmpty());
    QVERIFY(!document_->dirty());
  }

  void aWrongValueIsKeptWithItsIssue() {
    document_->set(QStringLiteral("phases.0.epochs"), Value(-3));
    QCOMPARE(at("phases.0.epochs")->asInt(), -3);
    QVERIFY(issues().contains(QStringLiteral("phases.0.epochs")));
    document_->setOption(QStringLiteral("eval_batch"), Value(0));
    QVERIFY(issues().contains(QStringLiteral("--eval_batch")));
    document_->undoStack().undo();
    document_->undoStack().undo();
    QCOMPARE(issues(), QString());
  }

  void rulesThatSpanPartsAreAsked() {
    document_->setRules([](const Value& recipe) { return recipe.find("memory") ? Issues{} : Issues{error("memory", "there is none")}; });
    QVERIFY(issues().contains(QStringLiteral("there is none")));
    document_->put(QStringLiteral("memory"), part("memory", "exemplars"));
    QCOMPARE(issues(), QString());
  }

  void aRecipeIsSavedWholeAndOpenedAgain() {
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("a.json"));
    document_->set(QStringLiteral("phases.0.epochs"), Value(9));
    QVERIFY(document_->dirty());
    QCOMPARE(document_->save(file), QString());
    QVERIFY(!document_->dirty());
    QVERIFY(document_->changedAt(QStringLiteral("phases.0.epochs")));  // from the recipe it began with
    RecipeDocument other(catalogue_);
    QCOMPARE(other.open(file), QString());
    QCOMPARE(record::toJson(other.recipe()), record::toJson(document_->recipe()));
    QVERIFY(!other.dirty());
    document_->set(QStringLiteral("phases.0.epochs"), Value(10));
    QVERIFY(document_->dirty());
    QCOMPARE(document_->duplicate(), QString());
    QCOMPARE(document_->file(), QString());
    QCOMPARE(document_->name(), QStringLiteral("l2p-copy"));
    QVERIFY(!document_->save(folder.filePath(QStringLiteral("no/such/folder.json"))).isEmpty());
  }

  void whatIsNoRecipeIsRefused() {
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("b.json"));
    const std::string before = bytes(*document_);
    for (const char* content : {"", "{", "[1]", "7"}) {
      QFile out(file);
      QVERIFY(out.open(QIODevice::WriteOnly | QIODevice::Truncate));
      out.write(content);
      out.close();
      QVERIFY2(!document_->open(file).isEmpty(), content);
    }
    QVERIFY(!document_->open(folder.filePath(QStringLiteral("absent.json"))).isEmpty());
    QCOMPARE(bytes(*document_), before);
  }

  void aFamilyIsNotOverwrittenByOneOfIt() {
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("family.json"));
    Value family = small::l2p();
    family["variants"]["wide"]["set"]["prompts.0.pool.size"] = 50;
    record::writeFileAtomically(file.toStdString(), record::toJson(family));
    QCOMPARE(document_->open(file), QString());
    QCOMPARE(document_->file(), QString());
    QCOMPARE(issues(), QString());
  }

  void anythingMayStandInARecipe() {
    for (const Value& odd : {Value(), Value(7), Value("x"), Value(Value::Array{1}), Value(Value::Object{{"phases", 5}, {"prompts", "x"}, {"head", 1}, {"adapt", Value::Object{}}}),
                             Value(Value::Object{{"phases", Value::Array{1, Value::Array{}}}, {"prompts", Value::Array{3}}})}) {
      document_->take(odd);
      std::mt19937 draw(1);
      for (int step = 0; step < 60; ++step) edit(*document_, draw);
      while (document_->undoStack().canUndo()) document_->undoStack().undo();
      QVERIFY(document_->empty());
      init();
    }
  }

  void differencesAreOnlyDifferences() {
    Value other = small::l2p();
    other.at("phases.0")->operator[]("lr") = 0.25;
    other["memory"]["use"] = "exemplars";
    const Value left = resolve(small::l2p(), catalogue_).recipe, right = resolve(other, catalogue_).recipe;
    QVERIFY(differences(left, left).empty());
    QStringList paths;
    for (const RecipeDifference& one : differences(left, right)) paths << one.path;
    QCOMPARE(paths, (QStringList{QStringLiteral("phases.0.lr"), QStringLiteral("memory.use"), QStringLiteral("memory.capacity")}));
    RecipeDifferenceModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.compare(left, QStringLiteral("A, with comma"), right, QStringLiteral("B|b"));
    QCOMPARE(model.rowCount(), 3);
    QVERIFY(model.toCsv().startsWith(QStringLiteral("Setting,\"A, with comma\",B|b\nphases.0.lr,")));
    QVERIFY(model.toMarkdown().startsWith(QStringLiteral("| Setting | A, with comma | B\\|b |\n|---|---|---|\n| phases.0.lr | ")));
  }

  void theWholeRecipeIsATree() {
    ValueTreeModel tree;
    QAbstractItemModelTester tester(&tree, QAbstractItemModelTester::FailureReportingMode::QtTest);
    tree.setValue(document_->resolved());
    bool seen = false;
    for (int row = 0; row < tree.rowCount(); ++row)
      if (const QModelIndex at = tree.index(row, 0); at.data() == QStringLiteral("phases")) {
        seen = true;
        QCOMPARE(tree.rowCount(at), 2);
        QCOMPARE(tree.index(0, 1, at).data().toString(), QStringLiteral("sgd"));
        QCOMPARE(tree.parent(tree.index(0, 0, at)), at);
      }
    QVERIFY(seen);
    tree.setValue(Value());
    QCOMPARE(tree.rowCount(), 0);
  }

  void theFormAndTheDocumentGoTogether() {
    ParamFormModel form;
    RecipeForm binding(*document_, form);
    QVERIFY(form.set("phases.0", "epochs", Value(8)));
    QCOMPARE(at("phases.0.epochs")->asInt(), 8);
    form.set("", "seed", Value(7));
    QCOMPARE(document_->options().find("seed")->asInt(), 7);
    document_->undoStack().undo();
    document_->undoStack().undo();
    QCOMPARE(form.values(0).find("seed")->asInt(), 1);
    QVERIFY(!form.changed());
    document_->put(QStringLiteral("memory"), part("memory", "exemplars"));
    QVERIFY(form.find("memory", "capacity").isValid());
    QVERIFY(!form.changed());  // a new part starts from its defaults
    document_->undoStack().undo();
    QVERIFY(!form.find("memory", "capacity").isValid());
    form.set("phases.0", "epochs", Value(-1));
    QVERIFY(!form.valid());
    form.set("phases.0", "epochs", Value(4));
    QVERIFY(form.valid());
  }

  void whatCannotBeReadStaysInTheForm() {
    ParamFormModel form;
    RecipeForm binding(*document_, form);
    const QModelIndex row = form.find("phases.0", "milestones");
    form.setData(row, QStringLiteral("10, x"));
    QVERIFY(!form.valid());
    QVERIFY(!row.data(ParamFormModel::ProblemRole).toString().isEmpty());
    form.setData(row, QStringLiteral("10, 20"));
    QVERIFY(form.valid());
    QCOMPARE(at("phases.0.milestones")->asArray().size(), std::size_t(2));
  }
};

QTEST_MAIN(RecipeDocumentTest)
#include "tst_recipe_document.moc"
