#include "app/notifications.h"

#include <QApplication>
#include <QSettings>
#include <QSystemTrayIcon>
#include <QTimer>
#include <QWidget>

#include "widgets/style/format.h"

namespace palimpsest {

namespace {
const QString kKey = QStringLiteral("window/notifications");
constexpr int kShownMs = 10000;

using State = RunData::State;

bool ended(State state) { return state == State::Done || state == State::Failed || state == State::Interrupted; }
bool going(State state) { return state == State::Running || state == State::Paused || state == State::Preparing; }
}  // namespace

Notifications::Notifications(RunListModel& runs, QWidget& window, Live live, QObject* parent)
    : QObject(parent), window_(window), live_(std::move(live)), enabled_(QSettings().value(kKey, true).toBool()) {
  connect(&runs, &RunListModel::runChanged, this, &Notifications::look);
  connect(&runs, &QAbstractItemModel::rowsInserted, this, [this, &runs](const QModelIndex&, int first, int last) {
    for (int row = first; row <= last; ++row) {
      known_.erase(runs.at(row));  // another run may stand at the address of one that has gone
      connect(runs.at(row), &QObject::destroyed, this, [this, run = runs.at(row)] { known_.erase(run); });
    }
  });
}

Notifications::~Notifications() = default;

void Notifications::setEnabled(bool enabled) {
  enabled_ = enabled;
  QSettings().setValue(kKey, enabled);
}

void Notifications::look(RunData* run) {
  if (run->recording) return;
  Known& known = known_[run];
  const State state = run->state();
  const bool starts = !known.run || (!going(known.state) && going(state));
  known.run = run;
  const bool nan = !run->loss().breaks().empty();
  const std::size_t collapses = run->collapses().size();
  const bool ends = ended(state) && !ended(known.state);
  if (starts || (!known.live && known.state == State::Preparing)) known.live = live_(*run);
  const bool news_nan = nan && !known.nan, news_collapse = collapses > known.collapses;
  known.state = state;
  known.nan = nan;
  known.collapses = collapses;
  if (!known.live) return;
  if (news_nan) say(*run, tr("The loss is not a number any more (step %1).").arg(qint64(run->loss().breaks().back())));
  if (news_collapse) say(*run, QString::fromStdString(run->collapses().back().sentence));
  if (!ends) return;
  if (state == State::Failed) say(*run, tr("Failed: %1").arg(QString::fromStdString(run->failure().message)));
  else if (state == State::Interrupted) say(*run, tr("Interrupted: nobody computes it any more. It can be resumed."));
  else if (const auto last = run->matrix().last()) say(*run, tr("Done. Accuracy on all classes: %1").arg(style::percent(100 * *last)));
  else say(*run, tr("Done."));
}

void Notifications::say(const RunData& run, const QString& what) {
  if (!enabled_ || window_.isActiveWindow()) return;
  if (send_) send_(run.title(), what);
  else show(run.title(), what);
}

void Notifications::show(const QString& title, const QString& text) {
  QApplication::alert(&window_);
  if (!QSystemTrayIcon::isSystemTrayAvailable() || !QSystemTrayIcon::supportsMessages()) return;
  if (!tray_) {
    tray_ = new QSystemTrayIcon(QApplication::windowIcon(), this);
    connect(tray_, &QSystemTrayIcon::messageClicked, this, &Notifications::activated);
    connect(tray_, &QSystemTrayIcon::activated, this, &Notifications::activated);
  }
  tray_->show();  // some desktops show messages only of icons that can be seen
  tray_->showMessage(title, text, QSystemTrayIcon::Information, kShownMs);
  QTimer::singleShot(2 * kShownMs, tray_, &QSystemTrayIcon::hide);
}

}  // namespace palimpsest
