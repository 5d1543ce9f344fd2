// The backbones as a list, what is known of the selected one, and what can be done with it. Everything that is done is
// said by signals.
#pragma once

#include <QWidget>

class QAction;
class QLabel;
class QTextBrowser;
class QTreeView;

namespace palimpsest {

class BackboneListModel;

class BackboneView : public QWidget {
  Q_OBJECT
 public:
  explicit BackboneView(BackboneListModel& backbones, QWidget* parent = nullptr);
  QString current() const;  // a name; empty: none is selected
  void setCurrent(const QString& name);
  void setBusy(const QString& what);           // "Reading..."; empty: nothing is going on
  void setPreviewBlocked(const QString& why);  // empty: a preview may begin

 Q_SIGNALS:
  void addRequested();
  void useRequested(const QString& name);
  void previewRequested(const QString& name);
  void previewStopRequested();
  void forgetRequested(const QString& name);

 protected:
  void changeEvent(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;  // the list's width decides about its columns

 private:
  QAction* action(const char* name, const QString& text, const QList<QKeySequence>& keys);
  void buildTable();
  void buildActions();
  void build();
  void chooseColumns();
  void refresh();
  void refreshActions(int row);
  void showDetails(int row);
  void restoreCurrent();
  int currentRow() const;
  BackboneListModel& backbones_;
  QTreeView* table_;
  QTextBrowser* details_;
  QLabel *note_, *preview_on_;
  QAction *add_ = nullptr, *use_ = nullptr, *preview_ = nullptr, *forget_ = nullptr;
  QString current_, blocked_, busy_, shown_;
};

}  // namespace palimpsest
