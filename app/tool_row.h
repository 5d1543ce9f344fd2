// The row under the menus: perspectives, the transport, how many runs wait, and the one big button.
#pragma once

#include <QToolBar>

class QLabel;
class QPushButton;

namespace palimpsest {

class Actions;
class TransportBar;

class ToolRow : public QToolBar {
  Q_OBJECT
 public:
  ToolRow(Actions& actions, TransportBar& transport, QWidget* parent = nullptr);  // borrowed
  void setWaiting(std::size_t runs, bool held);
  void setCompareVisible(bool visible);  // not while the caption of the recording has the same button

 private:
  QLabel* waiting_;
  QPushButton* compare_;
};

}  // namespace palimpsest
