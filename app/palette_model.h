// What the command palette lists: entries from any number of providers, ranked by how well they fit what was typed.
#pragma once

#include <QAbstractListModel>
#include <QIcon>
#include <QString>
#include <functional>
#include <vector>

namespace palimpsest {

struct PaletteEntry {
  QString kind;      // "action", "run", ...: the word at the left; entries of one kind need different texts
  QString text;      // what is searched first
  QString detail;    // searched too, counts half; shown below
  QString shortcut;  // that would have done it, as the desktop writes it; may be empty
  QIcon icon;
  bool enabled = true;
  std::function<void()> choose;
};

// Called each time the palette opens, on the window's thread; cheap.
using PaletteProvider = std::function<std::vector<PaletteEntry>()>;

class PaletteModel : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { KindRole = Qt::UserRole + 1, DetailRole, ShortcutRole, MatchRole /* QList<int>, positions in the text */ };
  using QAbstractListModel::QAbstractListModel;

  void setEntries(std::vector<PaletteEntry> entries);  // keeps the pattern
  // Best first; equal ones in the order in which they came, with those chosen lately before others. What cannot be chosen now
  // comes last.
  void setPattern(const QString& pattern);
  const PaletteEntry& at(int row) const { return entries_[std::size_t(shown_[std::size_t(row)].entry)]; }
  void remember(int row);  // it was chosen

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(shown_.size()); }
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 private:
  struct Shown {
    int entry = 0, score = 0;
    QList<int> at;
  };
  void rank();
  int recency(const PaletteEntry& entry) const;  // 0: never chosen, else larger for later
  std::vector<PaletteEntry> entries_;
  std::vector<Shown> shown_;
  QString pattern_;
  QStringList chosen_;  // kind and text, latest last
};

}  // namespace palimpsest
