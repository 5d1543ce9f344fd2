// Tells the desktop that a run ended, failed, collapsed or lost its loss while nobody looked at the window. Each thing once.
#pragma once

#include <QObject>
#include <QPointer>
#include <functional>
#include <map>

#include "widgets/models/run_list.h"

class QSystemTrayIcon;
class QWidget;

namespace palimpsest {

class Notifications : public QObject {
  Q_OBJECT
 public:
  // Whether somebody computes the run now. Asked once each time a run starts or goes on, so that a finished run that is opened,
  // and told from its first event on, is no news.
  using Live = std::function<bool(const RunData&)>;
  using Send = std::function<void(const QString& title, const QString& text)>;
  // All borrowed. Nothing is sent while `window` is the active one.
  Notifications(RunListModel& runs, QWidget& window, Live live, QObject* parent = nullptr);
  ~Notifications() override;
  void setSend(Send send) { send_ = std::move(send); }  // for tests; else the desktop's notification area, or the window's entry flashes

  bool enabled() const { return enabled_; }
  void setEnabled(bool enabled);  // stored; on at first

 Q_SIGNALS:
  void activated();  // the notification was clicked: bring the window to the front

 private:
  struct Known {
    QPointer<RunData> run;
    RunData::State state = RunData::State::Preparing;
    bool live = false, nan = false;
    std::size_t collapses = 0;
  };
  void look(RunData* run);
  void say(const RunData& run, const QString& what);
  void show(const QString& title, const QString& text);
  QWidget& window_;
  const Live live_;
  Send send_;
  bool enabled_;
  std::map<const RunData*, Known> known_;
  QSystemTrayIcon* tray_ = nullptr;
};

}  // namespace palimpsest
