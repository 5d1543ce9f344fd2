#include <QTest>

#include "engine/protocol/random.h"
#include "widgets/models/fuzzy.h"

using namespace palimpsest;

namespace {

QString word(const char* text) { return QString::fromLatin1(text); }

// The candidates in the order in which a palette would list them.
QStringList ranked(const QString& pattern, const QStringList& texts) {
  std::vector<std::pair<int, QString>> found;
  for (const QString& text : texts)
    if (const auto match = fuzzyMatch(pattern, text)) found.emplace_back(match->score, text);
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  QStringList out;
  for (const auto& [score, text] : found) out << text;
  return out;
}

// By trying: is the pattern a subsequence of the text?
bool isSubsequence(const QString& pattern, const QString& text) {
  int at = 0;
  for (const QChar c : text)
    if (at < pattern.size() && c.toCaseFolded() == pattern[at].toCaseFolded()) ++at;
  return at == pattern.size();
}

}  // namespace

class FuzzyTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void anEmptyPatternMatchesEverything() {
    QVERIFY(fuzzyMatch({}, word("anything")));
    QCOMPARE(fuzzyMatch(word("  "), word("anything"))->score, 0);
    QVERIFY(fuzzyMatch({}, {}));
    QVERIFY(!fuzzyMatch(word("a"), {}));
  }

  void aMatchIsExactlyASubsequence() {
    Rng rng(3);
    for (int round = 0; round < 3000; ++round) {
      QString pattern, text;
      for (std::size_t i = 0, n = 1 + rng.below(4); i < n; ++i) pattern += QChar(u'a' + char16_t(rng.below(3)));
      for (std::size_t i = 0, n = rng.below(9); i < n; ++i) text += QChar(u'A' + char16_t(rng.below(3)));
      const auto match = fuzzyMatch(pattern, text);
      QCOMPARE(match.has_value(), isSubsequence(pattern, text));
      if (!match) continue;
      QCOMPARE(match->at.size(), std::size_t(pattern.size()));
      for (std::size_t i = 0; i < match->at.size(); ++i) {
        QCOMPARE(text[match->at[i]].toLower(), pattern[qsizetype(i)]);
        if (i > 0) QVERIFY(match->at[i] > match->at[i - 1]);
      }
    }
  }

  void wordsMayComeInAnyOrder() {
    QVERIFY(fuzzyMatch(word("report exp"), word("Export a report")));
    QVERIFY(!fuzzyMatch(word("report xyz"), word("Export a report")));
  }

  void initialsFindTheirAction() {
    QCOMPARE(ranked(word("pt"), {word("Export all plots"), word("Repeat the last"), word("Previous task")}).front(), word("Previous task"));
    QCOMPARE(fuzzyMatch(word("cr"), word("Compare runs"))->at, (std::vector<int>{0, 8}));
  }

  void aRunOfLettersBeatsScatteredOnes() {
    QCOMPARE(ranked(word("stop"), {word("Set the other part"), word("Stop and keep"), word("Show the top")}).front(), word("Stop and keep"));
    QCOMPARE(ranked(word("lear"), {word("classes of every run"), word("Learning rate"), word("Unclear")}).at(0), word("Learning rate"));
  }

  void theShorterOfTwoEqualMatchesIsFirst() {
    QCOMPARE(ranked(word("theme"), {word("Theme of the desktop, whichever it is now"), word("Theme")}).front(), word("Theme"));
  }

  void longTextsAndPatternsAreNoTrouble() {
    const QString text(100000, QLatin1Char('a'));
    QVERIFY(fuzzyMatch(word("aaa"), text));
    QVERIFY(fuzzyMatch(text, text));  // the first four hundred letters of both
    QVERIFY(!fuzzyMatch(word("b"), text));
  }
};

QTEST_APPLESS_MAIN(FuzzyTest)
#include "tst_fuzzy.moc"
