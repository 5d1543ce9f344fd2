#include "widgets/views/confusion_view.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/heat_map.h"

namespace palimpsest {

namespace {
constexpr std::size_t kManyClasses = 60;  // from here on tasks come first
constexpr double kMutedShare = 0.35;      // of the diagonal's colour

// Logarithmic: one error in a thousand images must not vanish beside a hundred.
double logShare(double value, double most) { return most > 0 ? std::log1p(std::max(0.0, value)) / std::log1p(most) : 0; }

QColor mutedColour(double share) {
  const QColor back = style::plotBackground(), fore = style::muted();
  const double part = share * kMutedShare;
  const auto mix = [&](int a, int b) { return int(std::lround(a * (1 - part) + b * part)); };
  return {mix(back.red(), fore.red()), mix(back.green(), fore.green()), mix(back.blue(), fore.blue())};
}
}  // namespace

ConfusionView::ConfusionView(Lab& lab, PredictionLoader& a, PredictionLoader& b, QWidget* parent)
    : QWidget(parent), lab_(lab), a_(a), b_(b), rows_(new QComboBox), minus_(new QCheckBox(tr("A minus B"))), note_(new QLabel), map_(new HeatMap) {
  setObjectName(QStringLiteral("confusionView"));
  rows_->setObjectName(QStringLiteral("confusionRows"));
  rows_->setAccessibleName(tr("Rows and columns"));
  rows_->addItems({tr("automatic"), tr("classes"), tr("tasks")});
  rows_->setToolTip(tr("What rows and columns stand for. Automatic: classes, or tasks when there are more than %1 classes").arg(kManyClasses));
  minus_->setObjectName(QStringLiteral("confusionMinus"));
  note_->setObjectName(QStringLiteral("confusionNote"));
  note_->setForegroundRole(QPalette::PlaceholderText);
  map_->setObjectName(QStringLiteral("confusionMap"));
  map_->setAccessibleName(tr("Confusions"));
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 6, 8, 2);
  auto* label = new QLabel(tr("Rows and columns:"));
  label->setBuddy(rows_);
  row->addWidget(label);
  row->addWidget(rows_);
  row->addSpacing(12);
  row->addWidget(minus_);
  row->addWidget(note_, 1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addLayout(row);
  column->addWidget(map_, 1);
  connect(rows_, &QComboBox::currentIndexChanged, this, &ConfusionView::refresh);
  connect(minus_, &QCheckBox::toggled, this, &ConfusionView::refresh);
  connect(&a_, &PredictionLoader::changed, this, &ConfusionView::refresh);
  connect(&b_, &PredictionLoader::changed, this, &ConfusionView::refresh);
  connect(&lab_.cursor, &Cursor::taskChanged, this, &ConfusionView::refresh);
  connect(&lab_.cursor, &Cursor::otherChanged, this, &ConfusionView::refresh);
  connect(map_, &HeatMap::activated, this, &ConfusionView::choose);
  connect(map_, &HeatMap::problem, this, &ConfusionView::problem);
  refresh();
}

bool ConfusionView::showsDifference() const { return minus_->isEnabled() && minus_->isChecked(); }

void ConfusionView::setDifference(bool on) { minus_->setChecked(on); }

bool ConfusionView::showsTasks() const {
  const int chosen = rows_->currentIndex();
  if (chosen != Automatic) return chosen == Tasks;
  return a_.run() && a_.run()->start().class_names.size() > kManyClasses;
}

// Classes of one data set are not those of another, whatever their numbers.
void ConfusionView::offerDifference() {
  const RunData* other = b_.run();
  QString why;
  if (!other) why = tr("Choose a second run as B to subtract its counts");
  else if (a_.run() && other->start().data != a_.run()->start().data) why = tr("B looks at other data (%1): its classes are not those of A").arg(QString::fromStdString(other->start().data));
  else if (b_.history()->empty()) why = b_.emptyText();
  minus_->setEnabled(why.isEmpty());
  minus_->setToolTip(why.isEmpty() ? tr("Counts of A minus counts of B, on the classes that both have learned") : why);
}

void ConfusionView::refresh() {
  offerDifference();
  const auto history = a_.history();
  task_ = history->latest(lab_.cursor.task());
  if (task_ < 0) {
    HeatMapData nothing;
    nothing.title = tr("Confusions");
    nothing.empty = lab_.cursor.run() && lab_.cursor.task() < 0 && !history->empty() ? tr("No task had ended at this time. Move the cursor on.") : a_.emptyText();
    nothing.summary = nothing.empty;
    shown_ = of_a_ = {};
    note_->clear();
    return map_->set(std::move(nothing));
  }
  const std::vector<int>& order = a_.run()->start().class_order;
  Confusion counts = history->confusion(task_, order);
  Confusion alone = counts;
  note_->setText(a_.loading() ? tr("reading…") : a_.problem());
  if (showsDifference()) {
    const int then = b_.history()->latest(task_);
    const Confusion other = b_.history()->confusion(then, order);
    counts = difference(counts, other);
    alone = difference(alone, Confusion{counts.keys, counts.tasks, std::vector<std::int64_t>(counts.counts.size(), 0)});
    if (then != task_) note_->setText(tr("B after T%1").arg(then + 1));
  }
  show(showsTasks() ? byTask(counts) : counts, showsTasks() ? byTask(alone) : alone);
}

QString ConfusionView::nameOf(int key) const { return showsTasks() ? tr("T%1").arg(key + 1) : classNameOf(a_.run(), key); }

std::function<QColor(int, int)> ConfusionView::colours(double most) const {
  if (showsDifference()) return {};
  return [this, most](int row, int column) {
    const auto count = double(shown_.at(std::size_t(row), std::size_t(column)));
    return row == column ? mutedColour(logShare(count, double(shown_.rowSum(std::size_t(row))))) : style::share(logShare(count, most));
  };
}

void ConfusionView::show(const Confusion& counts, const Confusion& of_a) {
  shown_ = counts;
  of_a_ = of_a;
  HeatMapData data;
  const bool minus = showsDifference();
  double most = 1;
  for (std::size_t row = 0; row < counts.size(); ++row)
    for (std::size_t column = 0; column < counts.size(); ++column)
      if (minus || row != column) most = std::max(most, std::abs(double(counts.at(row, column))));
  data.title = minus ? tr("%1 minus %2, after T%3").arg(a_.run()->title(), b_.run()->title()).arg(task_ + 1) : tr("%1: what is taken for what, after T%2").arg(a_.run()->title()).arg(task_ + 1);
  data.row_title = showsTasks() ? tr("true task") : tr("true class");
  data.column_title = showsTasks() ? tr("task of the predicted class") : tr("predicted class");
  for (const int key : counts.keys) data.rows << nameOf(key);
  data.columns = data.rows;
  data.values.assign(counts.counts.begin(), counts.counts.end());
  if (!showsTasks()) data.row_borders = data.column_borders = counts.borders();
  data.low = minus ? -most : 0;
  data.high = most;
  data.colour = [minus, most](double value) { return minus ? style::difference(value, most) : style::share(logShare(value, most)); };
  data.cell_colour = colours(most);
  data.text = [this, minus](int row, int column) {
    const std::int64_t count = shown_.at(std::size_t(row), std::size_t(column));
    return count == 0 ? QString() : (minus && count > 0 ? QStringLiteral("+") : QString()) + QString::number(count);
  };
  data.tool_tip = [this](int row, int column) { return toolTip(row, column); };
  data.summary = summary();
  data.empty = minus ? tr("The two runs have learned no class in common by T%1.").arg(task_ + 1) : a_.emptyText();
  map_->set(std::move(data));
}

QString ConfusionView::toolTip(int row, int column) const {
  if (!a_.run() || std::size_t(std::max(row, column)) >= shown_.size()) return {};
  const auto r = std::size_t(row), c = std::size_t(column);
  const std::int64_t count = of_a_.at(r, c), all = of_a_.rowSum(r);
  const QString truth = nameOf(shown_.keys[r]), said = nameOf(shown_.keys[c]);
  QString text = row == column ? tr("%1 of %2 images of %3 stay within %3 (%4)").arg(style::integer(count), style::integer(all), truth, style::percent(100.0 * double(count) / double(std::max<std::int64_t>(1, all))))
                               : tr("%1 of %2 images of %3 are taken for %4 (%5)").arg(style::integer(count), style::integer(all), truth, said, style::percent(100.0 * double(count) / double(std::max<std::int64_t>(1, all))));
  if (showsDifference()) text += tr("\nB: %1; A minus B: %2").arg(style::integer(count - shown_.at(r, c)), style::integer(shown_.at(r, c)));
  return text + tr("\nA click selects the images. Shift adds, Ctrl takes away.");
}

QString ConfusionView::summary() const {
  std::size_t row = 0, column = 0;
  std::int64_t most = 0, right = 0, all = 0;
  for (std::size_t r = 0; r < of_a_.size(); ++r)
    for (std::size_t c = 0; c < of_a_.size(); ++c) {
      all += of_a_.at(r, c);
      if (r == c) right += of_a_.at(r, c);
      else if (of_a_.at(r, c) > most) most = of_a_.at(row = r, column = c);
    }
  QString text = tr("After T%1, %2 of %3 images are right.").arg(task_ + 1).arg(style::integer(right), style::integer(all));
  if (showsTasks()) text = tr("After T%1, %2 of %3 images are put into the right task.").arg(task_ + 1).arg(style::integer(right), style::integer(all));
  if (most > 0) text += tr(" Most often, %1 is taken for %2: %3 images.").arg(nameOf(of_a_.keys[row]), nameOf(of_a_.keys[column]), style::integer(most));
  return text;
}

void ConfusionView::choose(int row, int column, Qt::KeyboardModifiers keys) {
  if (!a_.run() || std::size_t(std::max(row, column)) >= shown_.size()) return;
  const int truth = shown_.keys[std::size_t(row)], said = shown_.keys[std::size_t(column)];
  const auto history = a_.history();
  auto samples = showsTasks() ? history->behindTasks(task_, truth, said) : history->behind(task_, truth, said);
  const QString what = truth == said ? tr("%1 told rightly after T%2").arg(nameOf(truth)).arg(task_ + 1) : tr("%1 taken for %2 after T%3").arg(nameOf(truth), nameOf(said)).arg(task_ + 1);
  lab_.selection.select(std::move(samples), what, Selection::modeOf(keys));
}

}  // namespace palimpsest
