#include "widgets/views/attribution_view.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPointer>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <cmath>

#include "engine/protocol/error.h"
#include "widgets/style/format.h"
#include "widgets/views/figure.h"

namespace palimpsest {

namespace {
struct Cancelled {};

QString problemOf(const std::exception& thrown) {
  QString text = QString::fromStdString(thrown.what());
  if (const auto* refused = dynamic_cast<const BadInput*>(&thrown); refused && !refused->issues.empty()) {
    const Issue& first = refused->issues.front();
    text = QString::fromStdString(first.path.empty() ? first.message : first.path + ": " + first.message);
    if (!first.hint.empty()) text += QStringLiteral(" – ") + QString::fromStdString(first.hint);
  }
  return text;
}
}  // namespace

AttributionView::AttributionView(Lab& lab, PredictionLoader& loader, QWidget* parent)
    : QWidget(parent), lab_(lab), loader_(loader), task_(new QComboBox), ask_(new QPushButton), progress_(new QProgressBar), words_(new QLabel), waterfall_(new Waterfall) {
  setObjectName(QStringLiteral("attributionView"));
  pool_.setMaxThreadCount(1);
  task_->setObjectName(QStringLiteral("attributionTask"));
  task_->setAccessibleName(tr("Task whose forgetting is explained"));
  task_->setToolTip(tr("Task whose forgetting is explained"));
  ask_->setObjectName(QStringLiteral("attributionAsk"));
  progress_->setObjectName(QStringLiteral("attributionProgress"));
  progress_->setAccessibleName(tr("Progress of the comparison"));
  progress_->setMaximumWidth(220);
  words_->setObjectName(QStringLiteral("attributionWords"));
  words_->setWordWrap(true);
  words_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  words_->setContentsMargins(10, 2, 10, 4);
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 6, 8, 2);
  row->addWidget(task_);
  row->addWidget(ask_);
  row->addWidget(progress_);
  row->addStretch(1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addLayout(row);
  column->addWidget(words_);
  column->addWidget(waterfall_, 1);
  connect(ask_, &QPushButton::clicked, this, [this] { asking_ ? cancel() : ask(); });
  connect(task_, &QComboBox::currentIndexChanged, this, &AttributionView::refresh);
  connect(&loader_, &PredictionLoader::changed, this, &AttributionView::refresh);
  connect(&lab_.cursor, &Cursor::runChanged, this, &AttributionView::refresh);
  connect(&lab_.cursor, &Cursor::taskChanged, this, &AttributionView::refresh);
  connect(waterfall_, &Waterfall::chosen, this, &AttributionView::choose);
  refresh();
}

AttributionView::~AttributionView() {
  cancel();
  pool_.waitForDone();
}

QString AttributionView::reason() const {
  const RunData* run = lab_.cursor.run();
  if (!run) return tr("No run is in focus. Choose one in the list of runs.");
  if (!lab_.inspectors.diagnose) return tr("This needs the engine, which is not part of this window. On the command line \"palimpsest-cli diagnose\" does it.");
  if (run->folder.empty()) return tr("%1 is a recording: its checkpoints, from which old parts are put back, did not come with it.").arg(run->title());
  if (run->lastEndedTask() < 1) return tr("Nothing can be forgotten before task 2 has ended.");
  return {};
}

const AttributionView::Answer* AttributionView::answer() const {
  const RunData* run = lab_.cursor.run();
  const auto found = run ? answers_.find(run->id()) : answers_.end();
  return found == answers_.end() ? nullptr : &found->second;
}

const TaskAttribution* AttributionView::shown() const {
  const Answer* known = answer();
  const int at = task_->currentIndex();
  return known && at >= 0 && std::size_t(at) < known->tasks.size() ? &known->tasks[std::size_t(at)] : nullptr;
}

void AttributionView::refresh() {
  const QString why = reason();
  const Answer* known = answer();
  ask_->setEnabled(asking_ || why.isEmpty());
  ask_->setText(asking_ ? tr("Cancel") : known ? tr("Compute again") : tr("Find the causes"));
  ask_->setToolTip(why.isEmpty() ? tr("Evaluates a few test images of each class with parts of the old models put back: seconds to minutes") : why);
  progress_->setVisible(asking_);
  {
    const QSignalBlocker quiet(task_);
    const int before = std::max(0, task_->currentIndex());
    task_->clear();
    if (known)
      for (const TaskAttribution& one : known->tasks) task_->addItem(tr("T%1").arg(one.task + 1));
    task_->setCurrentIndex(std::min(before, task_->count() - 1));
  }
  task_->setVisible(task_->count() > 0);
  words_->setVisible(shown() != nullptr);
  if (const TaskAttribution* one = shown()) return show(*one, known->after);
  QString text = why;
  if (asking_) text = tr("Putting old parts back and evaluating…");
  else if (known) text = known->problem.isEmpty() ? tr("This run has nothing whose forgetting could be taken apart.") : tr("It could not be found out: %1").arg(known->problem);
  else if (why.isEmpty()) text = tr("What is forgetting due to: keys that moved, prompts that were written over, the head, or only that there are more classes? \"Find the causes\" puts each part of the old model back and looks.");
  waterfall_->set({}, {}, text);
}

void AttributionView::show(const TaskAttribution& one, int after) {
  const RunData* run = lab_.cursor.run();
  QString text = inWords(one);
  if (std::isfinite(one.drift)) text += tr(" Its features turned by %1 (mean 1 - cosine).").arg(style::number(std::round(one.drift * 1000) / 1000));
  if (run && run->lastEndedTask() > after) text += tr(" Computed after T%1; the run has gone on since.").arg(after + 1);
  words_->setText(text);
  std::vector<Waterfall::Bar> bars{{tr("T%1 learned").arg(one.task + 1), tr("%1 right on the probe images when T%2 was learned").arg(style::percent(one.learned)).arg(one.task + 1), 0, one.learned, true, false}};
  double at = one.learned;
  for (const ForgettingCause& cause : one.causes) {
    if (std::isnan(cause.points)) continue;
    const QString images = cause.samples.empty() ? QString() : tr("\nA click selects its %n images.", nullptr, int(cause.samples.size()));
    bars.push_back({causeName(cause.kind), tr("%1: %2 points. %3.").arg(causeName(cause.kind), style::points(-cause.points), causeDefinition(cause.kind)) + images, at, at - cause.points, false, !cause.samples.empty()});
    at -= cause.points;
  }
  bars.push_back({tr("now"), tr("%1 right now. A click selects the test images of T%2 that are forgotten.").arg(style::percent(one.now)).arg(one.task + 1), 0, one.now, true, true});
  waterfall_->set(std::move(bars), tr("T%1: from when it was learned to T%2, % right").arg(one.task + 1).arg(after + 1), {});
}

void AttributionView::ask() {
  RunData* run = lab_.cursor.run();
  if (asking_ || !reason().isEmpty()) return;
  asking_ = true;
  progress_->setRange(0, 0);
  cancelled_ = std::make_shared<std::atomic<bool>>(false);
  refresh();
  InspectOptions options;
  options.progress = [this, flag = cancelled_](int done, int of) {
    if (*flag) throw Cancelled();
    QMetaObject::invokeMethod(this, [this, done, of] {
      progress_->setRange(0, of);
      progress_->setValue(done);
    });
  };
  pool_.start([this, options, id = run->id(), folder = run->source(), after = run->lastEndedTask(), diagnose = lab_.inspectors.diagnose] {
    Answer answer;
    answer.after = after;
    try {
      answer.tasks = attributionsOf(diagnose(folder, options));
    } catch (const Cancelled&) {
      answer.after = -1;
    } catch (const std::exception& thrown) {
      answer.problem = problemOf(thrown);
    }
    QMetaObject::invokeMethod(this, [this, id, answer] { take(id, answer); });
  });
}

void AttributionView::cancel() {
  if (cancelled_) *cancelled_ = true;
}

void AttributionView::take(const QString& run, Answer answer) {
  asking_ = false;
  if (answer.after >= 0) answers_[run] = std::move(answer);
  refresh();
}

void AttributionView::choose(int bar, Qt::KeyboardModifiers keys) {
  const TaskAttribution* one = shown();
  if (!one) return;
  const QString name = waterfall_->bars()[std::size_t(bar)].name;
  for (const ForgettingCause& cause : one->causes)
    if (causeName(cause.kind) == name) return lab_.selection.select(cause.samples, tr("T%1 lost to %2").arg(one->task + 1).arg(name), Selection::modeOf(keys));
  const auto history = loader_.history();
  std::vector<std::int64_t> samples;
  for (const std::int64_t sample : history->ofKind(LifeKind::Forgotten, lab_.cursor.task()))
    if (history->first(std::size_t(history->rowOf(sample))) == one->task) samples.push_back(sample);
  lab_.selection.select(std::move(samples), tr("images of T%1 forgotten by T%2").arg(one->task + 1).arg(lab_.cursor.task() + 1), Selection::modeOf(keys));
}

TextTable AttributionView::text() const {
  TextTable out{{tr("task"), tr("learned")}, {}};
  for (const auto kind : {ForgettingCause::Kind::Expansion, ForgettingCause::Kind::Head, ForgettingCause::Kind::Prompts, ForgettingCause::Kind::Matching}) out.header << causeName(kind);
  out.header << tr("now");
  if (const Answer* known = answer())
    for (const TaskAttribution& one : known->tasks) {
      QStringList row{tr("T%1").arg(one.task + 1), exact(one.learned)};
      for (const ForgettingCause& cause : one.causes) row << exact(cause.points);
      out.rows.push_back(row << exact(one.now));
    }
  return out;
}

void AttributionView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu;
  const auto copy = [](const QString& text) { QApplication::clipboard()->setText(text); };
  menu.addAction(tr("Save image…"), this, [this] {
    const QString path = QFileDialog::getSaveFileName(this, tr("Save image"), QString(), figureFilter());
    if (path.isEmpty()) return;
    if (const auto wrong = waterfall_->exportImage(path)) Q_EMIT problem(*wrong);
  });
  menu.addSeparator();
  menu.addAction(tr("Copy as CSV"), this, [&] { copy(csvOf(text())); });
  menu.addAction(tr("Copy as Markdown"), this, [&] { copy(markdownOf(text())); });
  menu.addAction(tr("Copy as LaTeX"), this, [&] { copy(latexOf(text())); });
  for (QAction* action : menu.actions()) action->setEnabled(shown() != nullptr);
  menu.exec(event->globalPos());
}

}  // namespace palimpsest
