#include "app/view_state.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QCryptographicHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMainWindow>
#include <QSettings>
#include <QSplitter>
#include <QTabWidget>
#include <algorithm>
#include <limits>
#include <memory>

#include "widgets/models/selection.h"
#include "widgets/views/live_plot.h"

namespace palimpsest {

namespace {

const QString kKey = QStringLiteral("view/state"), kSizes = QStringLiteral("sizes"), kIndex = QStringLiteral("index"),
              kChoice = QStringLiteral("choice"), kSamples = QStringLiteral("samples"), kWhat = QStringLiteral("what"), kSlices = QStringLiteral("slices"), kName = QStringLiteral("name");
constexpr qsizetype kDigest = 32;        // bytes of the checksum in front of the text
constexpr int kMostPixels = 100000;

QByteArray digest(const QByteArray& text) { return QCryptographicHash::hash(text, QCryptographicHash::Sha256); }

// JSON and not Qt's own stream, because whatever stands in a damaged file, reading it makes plain values only.
QByteArray packed(const QJsonObject& parts) {
  const QByteArray text = QJsonDocument(QJsonObject{{QStringLiteral("version"), ViewState::kVersion}, {QStringLiteral("parts"), parts}}).toJson(QJsonDocument::Compact);
  return digest(text) + text;
}

QJsonObject unpacked(const QSettings& settings) {
  const QByteArray stored = settings.value(kKey).toByteArray();
  const QByteArray text = stored.mid(kDigest);
  if (text.isEmpty() || digest(text) != stored.left(kDigest)) return {};
  const QJsonObject whole = QJsonDocument::fromJson(text).object();
  return whole.value(QStringLiteral("version")).toInt() == ViewState::kVersion ? whole.value(QStringLiteral("parts")).toObject() : QJsonObject();
}

QVariantList listOf(const std::vector<std::int64_t>& samples) {
  QVariantList out;
  for (const std::int64_t sample : samples) out << qlonglong(sample);
  return out;
}

std::vector<std::int64_t> samplesOf(const QVariant& list) {
  std::vector<std::int64_t> out;
  for (const QVariant& item : list.toList()) {
    bool number = false;
    const qlonglong sample = item.toLongLong(&number);
    if (number && sample >= 0 && sample <= std::numeric_limits<int>::max()) out.push_back(sample);
  }
  return out;
}

}  // namespace

void ViewState::add(const QString& name, Save save, Restore restore) {
  const auto same = std::find_if(parts_.begin(), parts_.end(), [&](const Part& part) { return part.name == name; });
  if (same == parts_.end()) parts_.push_back({name, std::move(save), std::move(restore)});
  else *same = {name, std::move(save), std::move(restore)};
}

void ViewState::add(const QString& name, QSplitter& splitter) {
  const auto last = std::make_shared<QList<int>>();  // sizes without a layout are nobody's
  QObject::connect(&splitter, &QSplitter::splitterMoved, &splitter, [&splitter, last] { *last = splitter.sizes(); });
  const auto save = [&splitter, last] {
    if (splitter.isVisible()) *last = splitter.sizes();
    QVariantList sizes;
    for (const int size : *last) sizes << size;
    return QVariantMap{{kSizes, sizes}};
  };
  const auto restore = [&splitter, last](const QVariantMap& kept) {
    QList<int> sizes;
    for (const QVariant& size : kept.value(kSizes).toList()) sizes << qBound(0, size.toInt(), kMostPixels);
    const bool all_gone = std::all_of(sizes.begin(), sizes.end(), [](int size) { return size == 0; });
    if (sizes.size() != splitter.count() || all_gone) return;
    splitter.setSizes(sizes);
    *last = sizes;
  };
  add(name, save, restore);
  resets_.emplace_back([&splitter, last, first = splitter.saveState()] {
    splitter.restoreState(first);
    last->clear();
  });
}

void ViewState::resetSizes() {
  for (const auto& reset : resets_) reset();
}

void ViewState::add(const QString& name, QTabWidget& tabs) {
  add(name, [&tabs] { return QVariantMap{{kIndex, tabs.currentIndex()}}; },
      [&tabs](const QVariantMap& kept) {
        bool number = false;
        const int index = kept.value(kIndex).toInt(&number);
        if (number && index >= 0 && index < tabs.count()) tabs.setCurrentIndex(index);
      });
}

void ViewState::add(const QString& name, QComboBox& chooser) {
  const auto choiceAt = [&chooser](int index) { return chooser.itemData(index).isValid() ? chooser.itemData(index).toString() : chooser.itemText(index); };
  add(name, [&chooser, choiceAt] { return QVariantMap{{kChoice, choiceAt(chooser.currentIndex())}}; },
      [&chooser, choiceAt](const QVariantMap& kept) {
        for (int i = 0; i < chooser.count(); ++i)
          if (choiceAt(i) == kept.value(kChoice).toString()) return chooser.setCurrentIndex(i);
      });
}

void ViewState::add(const QString& name, QAbstractButton& box) {
  add(name, [&box] { return QVariantMap{{kChoice, box.isChecked()}}; },
      [&box](const QVariantMap& kept) {
        if (kept.value(kChoice).metaType().id() == QMetaType::Bool) box.setChecked(kept.value(kChoice).toBool());
      });
}

void ViewState::add(const QString& name, LivePlot& plot) {
  add(name, [&plot] { return plot.view(); }, [&plot](const QVariantMap& kept) { plot.setView(kept); });
}

void ViewState::add(const QString& name, Selection& selection) {
  const auto save = [&selection] {
    QVariantList slices;
    for (const Selection::Slice& slice : selection.slices()) slices << QVariantMap{{kName, slice.name}, {kSamples, listOf(slice.samples)}};
    return QVariantMap{{kSamples, listOf(selection.samples())}, {kWhat, selection.what()}, {kSlices, slices}};
  };
  const auto restore = [&selection](const QVariantMap& kept) {
    for (const QVariant& item : kept.value(kSlices).toList()) {
      const QVariantMap slice = item.toMap();
      const QString called = slice.value(kName).toString();
      const auto samples = samplesOf(slice.value(kSamples));
      if (called.isEmpty() || samples.empty()) continue;
      selection.select(samples, called);  // a slice is what was selected when it was kept
      selection.keep(called);
    }
    const auto samples = samplesOf(kept.value(kSamples));
    if (samples.empty()) selection.clear();
    else selection.select(samples, kept.value(kWhat).toString());
  };
  add(name, save, restore);
}

void ViewState::save(QSettings& settings) const {
  QJsonObject all = unpacked(settings);
  for (const Part& part : parts_) all[part.name] = QJsonObject::fromVariantMap(part.save());
  settings.setAtomicSyncRequired(true);
  settings.setValue(kKey, packed(all));
  settings.sync();
}

QStringList ViewState::restore(const QSettings& settings) const {
  const QJsonObject kept = unpacked(settings);
  QStringList done;
  for (const Part& part : parts_) {
    const QJsonValue of = kept.value(part.name);
    if (!of.isObject()) continue;
    part.restore(of.toObject().toVariantMap());
    done << part.name;
  }
  return done;
}

bool ViewState::restore(const QSettings& settings, const QString& name) const {
  const QJsonValue of = unpacked(settings).value(name);
  const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& p) { return p.name == name; });
  if (part == parts_.end() || !of.isObject()) return false;
  part->restore(of.toObject().toVariantMap());
  return true;
}

void DockLayouts::leave(const QString& perspective) { kept_[perspective] = window_.saveState(version_); }

bool DockLayouts::enter(const QString& perspective) {
  const auto found = kept_.find(perspective);
  return found != kept_.end() && window_.restoreState(found->second, version_);
}

QVariantMap DockLayouts::save() const {
  QVariantMap out;
  for (const auto& [perspective, layout] : kept_) out[perspective] = QString::fromLatin1(layout.toBase64());
  return out;
}

void DockLayouts::restore(const QVariantMap& kept) {
  for (auto it = kept.begin(); it != kept.end(); ++it) {
    const auto layout = QByteArray::fromBase64Encoding(it.value().toString().toLatin1(), QByteArray::AbortOnBase64DecodingErrors);
    if (layout && !layout.decoded.isEmpty()) kept_[it.key()] = layout.decoded;
  }
}

}  // namespace palimpsest
