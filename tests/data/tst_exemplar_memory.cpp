#include <QtTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "engine/memory/exemplar_memory.h"
#include "engine/memory/herding.h"
#include "engine/protocol/error.h"

using namespace palimpsest;

namespace {

// An image that tells which it is, of a size that differs from its neighbours'.
Exemplar madeExemplar(int number, int label, int logits = 0) {
  Exemplar made;
  made.image = {2 + number % 3, 3, number % 2 ? 3 : 1, {}};
  for (int i = 0; i < made.image.width * made.image.height * made.image.channels; ++i)
    made.image.pixels.push_back(static_cast<std::uint8_t>(7 * number + i));
  made.label = label;
  made.task = label / 2;
  made.index = 1000 + number;
  for (int i = 0; i < logits; ++i) made.logits.push_back(0.1f * static_cast<float>(number) - static_cast<float>(i));
  return made;
}

ExemplarMemory filled(std::int64_t capacity, ExemplarPolicy policy, std::uint64_t seed, int offers, int classes = 1) {
  ExemplarMemory memory(capacity, policy, seed);
  for (int i = 0; i < offers; ++i) memory.offer(madeExemplar(i, i % classes, i % 4));
  return memory;
}

std::vector<Exemplar> listOf(int label, int first, int count) {
  std::vector<Exemplar> list;
  for (int i = 0; i < count; ++i) list.push_back(madeExemplar(first + i, label));
  return list;
}

std::vector<std::int64_t> indicesHeld(const ExemplarMemory& memory, int label = -1) {
  std::vector<std::int64_t> indices;
  for (const Exemplar& held : memory.entries())
    if (label < 0 || held.label == label) indices.push_back(held.index);
  return indices;
}

// Four standard deviations of a count of `trials` with this probability.
bool within4Sigma(double count, double trials, double probability) {
  return std::abs(count - trials * probability) < 4 * std::sqrt(trials * probability * (1 - probability));
}

Issues issuesOf(const ExemplarState& state, std::int64_t capacity, ExemplarPolicy policy) {
  ExemplarMemory memory(capacity, policy, 1);
  try {
    memory.restore(state);
  } catch (const BadInput& problem) {
    return memory.entries().empty() && memory.offered() == 0 ? problem.issues : Issues{};
  }
  return {};
}

template <typename Act>
bool isRefused(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code == "internal";
  }
  return false;
}

}  // namespace

class ExemplarMemoryTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void aReservoirHoldsEveryImageEquallyOften() {
    constexpr int kTrials = 10000, kCapacity = 5, kOffers = 12;
    std::vector<int> times(kOffers);
    int first_with_last = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::set<std::int64_t> held;
      for (const std::int64_t index : indicesHeld(filled(kCapacity, ExemplarPolicy::Reservoir, trial, kOffers))) {
        held.insert(index);
        ++times[static_cast<std::size_t>(index - 1000)];
      }
      QCOMPARE(held.size(), std::size_t{kCapacity});
      first_with_last += held.contains(1000) && held.contains(1000 + kOffers - 1);
    }
    for (const int count : times) QVERIFY(within4Sigma(count, kTrials, 5.0 / 12));
    QVERIFY(within4Sigma(first_with_last, kTrials, 5.0 / 12 * 4 / 11));
    // Drawing from one number too many would hold the last image with 5/13: the bound tells the two apart.
    QVERIFY(!within4Sigma(kTrials * 5.0 / 13, kTrials, 5.0 / 12));
  }

  void theFirstImageBeyondTheCapacityEntersWithItsShare() {
    int entered = 0;  // into a memory of one image: every second time; with one number too many every third
    for (int seed = 0; seed < 10000; ++seed) {
      ExemplarMemory memory(1, ExemplarPolicy::Reservoir, seed);
      QCOMPARE(memory.offer(madeExemplar(0, 0)), std::optional<std::size_t>(0));
      entered += memory.offer(madeExemplar(1, 0)).has_value();
    }
    QVERIFY(within4Sigma(entered, 10000, 0.5));
  }

  void theCapacityIsNeverExceeded() {
    for (const auto policy : {ExemplarPolicy::Reservoir, ExemplarPolicy::ClassBalanced})
      for (const std::int64_t capacity : {0, 1, 7, 40}) {
        ExemplarMemory memory(capacity, policy, 3);
        for (int i = 0; i < 60; ++i) {
          const auto place = memory.offer(madeExemplar(i, i / 10));
          QCOMPARE(static_cast<std::int64_t>(memory.entries().size()), std::min<std::int64_t>(capacity, i + 1));
          if (place) QCOMPARE(memory.entries().at(*place).index, std::int64_t{1000 + i});
          if (place) QCOMPARE(memory.entries().at(*place).insertion, std::int64_t{i});
        }
        QCOMPARE(memory.offered(), std::int64_t{60});
      }
    ExemplarMemory herded(7, ExemplarPolicy::Herding, 3);
    QCOMPARE(herded.setClass(0, listOf(0, 0, 5)), std::size_t{5});
    QCOMPARE(herded.setClass(1, listOf(1, 10, 5)), std::size_t{2});
    QCOMPARE(indicesHeld(herded, 1), (std::vector<std::int64_t>{1010, 1011}));
  }

  void aMemoryWithoutRoomStaysEmpty() {
    ExemplarMemory herded(0, ExemplarPolicy::Herding, 3);
    QCOMPARE(herded.setClass(0, listOf(0, 0, 5)), std::size_t{0});
    herded.shrink(2);
    QVERIFY(herded.draw(4, 1).entries.empty() && !herded.draw(4, 1).repeated);
    QCOMPARE(herded.imageBytes() + herded.logitBytes(), std::int64_t{0});
    const ExemplarMemory memory = filled(0, ExemplarPolicy::Reservoir, 1, 20);
    ExemplarMemory again(0, ExemplarPolicy::Reservoir, 1);
    again.restore(memory.state());
    QVERIFY(again.state() == memory.state());
    QCOMPARE(again.offered(), std::int64_t{20});
  }

  void classesShareABalancedMemory() {
    // Class after class, as tasks bring them, and of very different sizes.
    ExemplarMemory memory(42, ExemplarPolicy::ClassBalanced, 5);
    int number = 0;
    const auto offer = [&](int label, int images) {
      for (int i = 0; i < images; ++i) memory.offer(madeExemplar(number++, label));
      std::vector<std::int64_t> held = memory.heldByLabel();
      std::sort(held.begin(), held.end());
      return held;
    };
    using Held = std::vector<std::int64_t>;
    QCOMPARE(offer(0, 200), (Held{42}));
    QCOMPARE(offer(1, 3), (Held{3, 39}));  // a small class keeps what it has
    QCOMPARE(offer(2, 500), (Held{3, 19, 20}));
    QCOMPARE(offer(3, 30), (Held{3, 13, 13, 13}));
    QCOMPARE(offer(1, 5), (Held{8, 11, 11, 12}));
    QCOMPARE(offer(1, 50), (Held{10, 10, 11, 11}));
    QCOMPARE(offer(0, 500), (Held{10, 10, 11, 11}));
  }

  void aBalancedMemoryHoldsAClassUniformly() {
    // 20 of class 0, then 7 of class 1 and 13 of class 0 mixed: 4 of the 7 and 4 of the 33 stay.
    constexpr int kTrials = 10000;
    std::map<std::int64_t, int> times;
    for (int trial = 0; trial < kTrials; ++trial) {
      ExemplarMemory memory(8, ExemplarPolicy::ClassBalanced, trial);
      for (int i = 0; i < 40; ++i) memory.offer(madeExemplar(i, i >= 20 && i % 3 == 0));
      QCOMPARE(memory.heldByLabel(), (std::vector<std::int64_t>{4, 4}));
      for (const std::int64_t index : indicesHeld(memory)) ++times[index - 1000];
    }
    for (int i = 0; i < 40; ++i)
      QVERIFY2(within4Sigma(times[i], kTrials, i >= 20 && i % 3 == 0 ? 4.0 / 7 : 4.0 / 33),
               qPrintable(QString::number(i)));
  }

  void moreClassesThanRoomLeaveTheFirst() {
    ExemplarMemory memory(3, ExemplarPolicy::ClassBalanced, 2);
    for (int i = 0; i < 60; ++i) memory.offer(madeExemplar(i, i / 10));
    QCOMPARE(memory.heldByLabel(), (std::vector<std::int64_t>{1, 1, 1}));
  }

  void shrinkingKeepsPrefixes() {
    ExemplarMemory memory(20, ExemplarPolicy::Herding, 1);
    memory.setClass(0, listOf(0, 0, 10));
    memory.setClass(1, listOf(1, 100, 10));
    memory.shrinkEach(quotas(13, 3));
    memory.setClass(2, listOf(2, 200, 4));
    QCOMPARE(memory.heldByLabel(), (std::vector<std::int64_t>{5, 4, 4}));
    QCOMPARE(indicesHeld(memory, 0), (std::vector<std::int64_t>{1000, 1001, 1002, 1003, 1004}));
    memory.shrink(2);
    QCOMPARE(indicesHeld(memory), (std::vector<std::int64_t>{1000, 1001, 1100, 1101, 1200, 1201}));
    memory.setClass(1, listOf(1, 150, 3));  // instead of what was held
    QCOMPARE(indicesHeld(memory, 1), (std::vector<std::int64_t>{1150, 1151, 1152}));
    memory.shrinkEach({2, 0, 5});
    QCOMPARE(memory.heldByLabel(), (std::vector<std::int64_t>{2, 0, 2}));
  }

  void drawsAreWithoutReplacementAsLongAsPossible() {
    const ExemplarMemory memory = filled(10, ExemplarPolicy::Reservoir, 4, 25);
    std::vector<int> times(10);
    constexpr int kDraws = 10000;
    for (int key = 0; key < kDraws; ++key) {
      const auto drawn = memory.draw(4, key);
      QVERIFY(!drawn.repeated);
      QCOMPARE(std::set(drawn.entries.begin(), drawn.entries.end()).size(), std::size_t{4});
      for (const std::size_t entry : drawn.entries) ++times.at(entry);
    }
    for (const int count : times) QVERIFY(within4Sigma(count, kDraws, 0.4));
    auto all = memory.draw(10, 1);
    QVERIFY(!all.repeated);
    QCOMPARE(std::set(all.entries.begin(), all.entries.end()).size(), std::size_t{10});
    all = memory.draw(11, 1);
    QVERIFY(all.repeated);
    QCOMPARE(all.entries.size(), std::size_t{11});
    QVERIFY(std::all_of(all.entries.begin(), all.entries.end(), [](std::size_t entry) { return entry < 10; }));
    QVERIFY(memory.draw(0, 1).entries.empty() && memory.draw(-1, 1).entries.empty());
  }

  void aDrawDependsOnSeedAndKeyAlone() {
    const ExemplarMemory memory = filled(50, ExemplarPolicy::Reservoir, 4, 50);
    const auto first = memory.draw(20, 8).entries;
    QVERIFY(memory.draw(20, 9).entries != first);
    QCOMPARE(memory.draw(20, 8).entries, first);
    QVERIFY(filled(50, ExemplarPolicy::Reservoir, 5, 50).draw(20, 8).entries != first);
  }

  void bytesAreCountedExactly() {
    ExemplarMemory memory(10, ExemplarPolicy::Reservoir, 1);
    memory.offer({{32, 32, 3, std::vector<std::uint8_t>(3072)}, 0, 0, 0, std::vector<float>(10)});
    memory.offer({{5, 7, 1, std::vector<std::uint8_t>(35)}, 0, 0, 1, {}});
    QCOMPARE(memory.imageBytes(), std::int64_t{3072 + 35});
    QCOMPARE(memory.logitBytes(), std::int64_t{40});
  }

  void theStateComesBackBitForBit() {
    ExemplarMemory memory(6, ExemplarPolicy::Reservoir, 9);
    for (int i = 0; i < 20; ++i) memory.offer(madeExemplar(i, i % 3, i % 4));
    Exemplar odd = madeExemplar(99, 1);
    odd.logits = {-0.0f, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::infinity()};
    while (!memory.offer(odd)) continue;
    const ExemplarState state = memory.state();
    ExemplarMemory again(6, ExemplarPolicy::Reservoir, 9);
    again.restore(state);
    QVERIFY(again.state() == state);
    QCOMPARE(std::memcmp(again.state().logits.data(), state.logits.data(), state.logits.size() * sizeof(float)), 0);
    for (std::size_t i = 0; i < 6; ++i) {
      const Exemplar &before = memory.entries()[i], &after = again.entries()[i];
      QCOMPARE(after.image.pixels, before.image.pixels);
      QCOMPARE(std::tuple(after.image.width, after.image.height, after.image.channels),
               std::tuple(before.image.width, before.image.height, before.image.channels));
      QCOMPARE(std::tuple(after.label, after.task, after.index, after.insertion),
               std::tuple(before.label, before.task, before.index, before.insertion));
      QCOMPARE(after.logits, before.logits);
    }
    QCOMPARE(again.imageBytes(), memory.imageBytes());
  }

  void aRestoredMemoryGoesOnAsIfNeverStopped() {
    for (const auto policy : {ExemplarPolicy::Reservoir, ExemplarPolicy::ClassBalanced})
      for (const int stop : {0, 3, 8, 9, 40, 79}) {
        const ExemplarMemory straight = filled(8, policy, 6, 80, 3);
        const ExemplarMemory before = filled(8, policy, 6, stop, 3);
        ExemplarMemory after(8, policy, 6);
        after.offer(madeExemplar(500, 2));  // replaced by what is restored
        after.restore(before.state());
        for (int i = stop; i < 80; ++i) after.offer(madeExemplar(i, i % 3, i % 4));
        QVERIFY(after.state() == straight.state());
        QCOMPARE(after.draw(5, 77).entries, straight.draw(5, 77).entries);
      }
    ExemplarMemory herded(20, ExemplarPolicy::Herding, 1), again(20, ExemplarPolicy::Herding, 1);
    herded.setClass(0, listOf(0, 0, 10));
    again.restore(herded.state());
    for (ExemplarMemory* memory : {&herded, &again}) {
      memory->shrink(4);
      memory->setClass(1, listOf(1, 50, 4));
    }
    QVERIFY(herded.state() == again.state());
  }

  void everyProblemOfAStateIsListed() {
    const auto policy = ExemplarPolicy::Reservoir;
    const ExemplarState good = filled(6, policy, 9, 20, 3).state();
    const auto count = [&](auto spoil) {
      ExemplarState bad = good;
      spoil(bad);
      return issuesOf(bad, 6, policy).size();
    };
    QCOMPARE(count([](ExemplarState& bad) { bad.pixels.pop_back(); }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.sizes[0] = -1; }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.sizes[2] = 2; }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.sizes[0] = std::numeric_limits<int>::max(); }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.sizes.pop_back(); }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.labels[1] = -2; }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.labels[1] = std::numeric_limits<int>::max(); }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.tasks.push_back(0); }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.indices[5] = -1; }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.insertions[0] = 20; }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.insertions[0] = bad.insertions[1]; }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.logits.push_back(1); }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.logit_counts.clear(); }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.offered_by_label = {20}; }), std::size_t{1});
    QCOMPARE(count([](ExemplarState& bad) { bad.tasks.pop_back(), bad.logits.push_back(1), bad.sizes[1] = 0; }),
             std::size_t{3});
    QVERIFY(!issuesOf(good, 5, policy).empty());  // more than a smaller memory holds
    QVERIFY(!issuesOf(good, 7, policy).empty());  // 20 were offered: 7 places would not be empty
    QVERIFY(!issuesOf(good, 6, ExemplarPolicy::ClassBalanced).empty());
    const Issues issues = issuesOf(filled(6, ExemplarPolicy::Reservoir, 9, 20).state(), 5, policy);
    QVERIFY(!issues.empty() && issues[0].path == "memory.labels" && !issues[0].hint.empty());
  }

  void countersOfClassesMustAddUp() {
    const auto policy = ExemplarPolicy::ClassBalanced;
    const ExemplarState good = filled(6, policy, 9, 20, 3).state();
    for (const std::vector<std::int64_t>& offered : {std::vector<std::int64_t>{7, 7},
                                                     {7, 7, 5},
                                                     {1, 12, 7},
                                                     {-7, 20, 7},
                                                     {},
                                                     {7, 7, std::numeric_limits<std::int64_t>::max()}}) {
      ExemplarState bad = good;
      bad.offered_by_label = offered;
      QVERIFY(!issuesOf(bad, 6, policy).empty());
    }
    QVERIFY(issuesOf(good, 6, policy).empty());
  }

  void mistakesOfTheCallerAreRefused() {
    ExemplarMemory stream(4, ExemplarPolicy::Reservoir, 1), herded(4, ExemplarPolicy::Herding, 1);
    QVERIFY(isRefused([&] { herded.offer(madeExemplar(0, 0)); }));
    QVERIFY(isRefused([&] { stream.setClass(0, listOf(0, 0, 2)); }));
    QVERIFY(isRefused([&] { stream.shrink(1); }));
    QVERIFY(isRefused([&] { herded.setClass(1, listOf(0, 0, 2)); }));
    QVERIFY(isRefused([&] { stream.offer({{4, 4, 3, std::vector<std::uint8_t>(47)}, 0, 0, 0, {}}); }));
    QVERIFY(isRefused([&] { stream.offer(madeExemplar(0, -1)); }));
    QVERIFY(isRefused([] { ExemplarMemory(-1, ExemplarPolicy::Reservoir, 1); }));
    herded.setClass(1, listOf(1, 0, 2));
    QVERIFY(isRefused([&] { herded.shrinkEach({1}); }));  // class 1 has no quota
    QCOMPARE(stream.offered() + static_cast<std::int64_t>(stream.entries().size()), std::int64_t{0});
  }
};

QTEST_GUILESS_MAIN(ExemplarMemoryTest)
#include "tst_exemplar_memory.moc"
