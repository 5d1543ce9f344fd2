// The pre-trained networks that a run can build on: those of the program and those that somebody added. One row each,
// with what is known of the file and the newest preview of its features.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <map>
#include <vector>

#include "engine/protocol/backbone_info.h"

namespace palimpsest {

struct BackbonePreview {
  enum class State { None, Running, Done, Failed };
  State state = State::None;
  double percent = 0;  // Done: accuracy of the nearest class mean. Running: how far it has come.
  QString data;        // what it is measured on, in words; two previews compare only where these agree
  QString said;        // Done: on how many images. Failed: why.
};

class BackboneListModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Name, Network, Input, Parameters, NearestMean, ColumnCount };
  enum Role { NameRole = Qt::UserRole + 1, NoteRole, WarningRole };  // NoteRole: the second line; WarningRole: it warns
  using QAbstractTableModel::QAbstractTableModel;

  void setBackbones(std::vector<BackboneInfo> backbones);  // a preview stays with a file that has not changed
  void setPreview(const QString& name, BackbonePreview preview);
  // What the next run takes: a name or a file, and the data as previews put it. Previews on other data are muted.
  void setNextRun(const QString& backbone, const QString& data);

  const BackboneInfo& at(int row) const { return backbones_[std::size_t(row)]; }
  int rowOf(const QString& name) const;  // -1: unknown
  BackbonePreview preview(const QString& name) const;
  bool isNext(int row) const;
  bool hasAdded() const;
  const QString& nextData() const { return data_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QString display(int row, int column) const;
  QString note(int row) const;
  QString toolTip(int row, int column) const;
  QVariant foreground(int row, int column) const;
  void announce(int row);

  std::vector<BackboneInfo> backbones_;
  std::map<QString, BackbonePreview> previews_;  // by name
  QString next_, data_;
};

// "width 192, depth 5, patch 7" of "vit: 28 px, patch 7, width 192, depth 5, heads 3": what tells networks apart first.
QString shortNetwork(const std::string& architecture);
QString previewText(const BackbonePreview& preview);  // a sentence; empty when there was none

}  // namespace palimpsest
