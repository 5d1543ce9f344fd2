// The catalogue as a list to choose from: which parts go to the place in question, and why the others do not.
#pragma once

#include <QAbstractListModel>
#include <QSortFilterProxyModel>

#include "widgets/models/recipe_document.h"

namespace palimpsest {

// What is dragged: a part by its slot and name.
inline constexpr char kPartMime[] = "application/x-palimpsest-part";
QMimeData* mimeOf(const PartInfo& part);  // owned by the caller
const PartInfo* partIn(const QMimeData& mime, const RecipeDocument& document);  // nullptr: none that the catalogue knows

class PartListModel : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { SlotRole = Qt::UserRole + 1, FitsRole, ReasonRole };
  explicit PartListModel(RecipeDocument& document, QObject* parent = nullptr);  // borrowed
  void setTarget(const QString& path);  // the place in question; empty: wherever a part has its place
  const QString& target() const { return target_; }
  const PartInfo& at(int row) const { return document_.catalogue()[std::size_t(row)]; }

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QStringList mimeTypes() const override { return {QLatin1String(kPartMime)}; }
  QMimeData* mimeData(const QModelIndexList& indexes) const override;

 private:
  QString reason(const PartInfo& part) const;
  RecipeDocument& document_;
  QString target_;
};

// By words, each of which must occur in title, name, slot or doc; and by fit, where asked for.
class PartFilter : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  using QSortFilterProxyModel::QSortFilterProxyModel;
  void setWords(const QString& words);
  void setOnlyFitting(bool only);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  QStringList words_;
  bool only_fitting_ = false;
};

}  // namespace palimpsest
