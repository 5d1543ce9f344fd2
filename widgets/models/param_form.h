// One model for every form: rows over ParamSpec, edited as Values. Options of a run and each part of a recipe are
// groups. A row knows its default, the recipe's own value, whether it was changed, and what is wrong with it.
#pragma once

#include <QAbstractItemModel>
#include <QSortFilterProxyModel>
#include <string>
#include <vector>

#include "engine/protocol/param.h"

namespace palimpsest {

class ParamFormModel : public QAbstractItemModel {
  Q_OBJECT
 public:
  enum Column { Name, Setting, ColumnCount };
  // SpecRole is a const ParamSpec* (as void*), ValueRole the value as QVariant (lists as QVariantList), PathRole
  // "phases.0.epochs", LevelRole the depth from which on it is shown (int of Level; a group has its rows' lowest).
  enum Role { SpecRole = Qt::UserRole + 1, ValueRole, ChangedRole, ProblemRole, DocRole, PathRole, LevelRole };
  struct Group {
    QString title, doc;
    std::string path;  // "phases.0"; empty for run options
    std::vector<ParamSpec> specs;
    Value values;  // object: the starting values, to which "reset" returns
  };
  using QAbstractItemModel::QAbstractItemModel;

  void setGroups(std::vector<Group> groups);
  const std::vector<Group>& groups() const { return groups_; }
  Value values(int group) const;       // object with the present values
  bool valid() const;                  // no row has a problem
  bool changed() const;                // some row differs from its starting value
  void reset(const QModelIndex& row);  // to the starting value; of a group: all its rows
  // Also a value that does not fit is kept and shown with its problem. False when there is no such parameter.
  bool set(const std::string& path, const std::string& name, const Value& value);
  QModelIndex find(const std::string& path, const std::string& name) const;  // column Setting; invalid when unknown
  // Problems found elsewhere (rules that span parameters), shown at the rows and groups whose paths they name, until
  // the next call.
  void setIssues(const Issues& issues);

  QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  QModelIndex parent(const QModelIndex& index) const override;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 Q_SIGNALS:
  void edited();

 private:
  struct Row {
    Value start, present;
    QString unreadable;     // what was wrong with the text that was typed
    QString issue;          // from setIssues()
    bool blocking = false;  // the issue is an error
  };
  struct Place {
    int group, row;
  };
  static Place placeOf(const QModelIndex& index);  // row < 0: a group
  const ParamSpec& spec(Place place) const;
  const Row& row(Place place) const { return rows_[std::size_t(place.group)][std::size_t(place.row)]; }
  QVariant groupData(int group, int column, int role) const;
  QVariant rowData(Place place, int column, int role) const;
  QString problem(Place place) const;
  QString toolTip(Place place) const;
  bool store(Place place, Value value, const QString& unreadable = {});
  void announce(Place place);

  std::vector<Group> groups_;
  std::vector<std::vector<Row>> rows_;  // by group
  std::vector<QString> group_issues_;
};

// Shows the rows up to a depth: Learn hides what only experts touch. A changed row or one with a problem always shows.
class ParamFilter : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  explicit ParamFilter(QObject* parent = nullptr) : QSortFilterProxyModel(parent) {
    setRecursiveFilteringEnabled(true);
  }
  void setDeepest(Level level);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  Level deepest_ = Level::Work;
};

}  // namespace palimpsest
