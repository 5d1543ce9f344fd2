#include "widgets/views/cost_view.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLabel>
#include <QTimer>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "engine/record/run_folder.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/style/swatch.h"
#include "widgets/views/qcp.h"
#include "widgets/views/run_curves.h"

namespace palimpsest {

namespace {
constexpr double kNear = 14;  // pixels
constexpr int kSoonMs = 100;

RunResults readResultsOf(const std::filesystem::path& folder) {
  RunResults out;
  try {
    if (const auto results = record::Reader(folder).results()) {
      const auto number = [&](const char* key) {
        const Value* found = results->find(key);
        return found && found->isNumber() ? found->asDouble() : std::nan("");
      };
      out = {number("trainable_parameters"), number("stored_bytes")};
    }
  } catch (const std::exception&) {
    // Not there yet, or gone: the figure stays unknown, and the view says so.
  }
  return out;
}
}  // namespace

CostView::CostView(Lab& lab, QWidget* parent)
    : QWidget(parent), lab_(lab), cost_(new QComboBox), log_(new QCheckBox(tr("logarithmic"))), plot_(new QCustomPlot), empty_(new QLabel(plot_)) {
  setObjectName(QStringLiteral("costView"));
  setAccessibleName(tr("Accuracy against cost"));
  setFocusPolicy(Qt::StrongFocus);
  disk_.setMaxThreadCount(1);
  cost_->setObjectName(QStringLiteral("costAxis"));
  cost_->setAccessibleName(tr("Cost"));
  for (const Cost cost : kCosts) {
    cost_->addItem(costName(cost), int(cost));
    cost_->setItemData(cost_->count() - 1, costDefinition(cost), Qt::ToolTipRole);
  }
  log_->setObjectName(QStringLiteral("costLog"));
  log_->setChecked(true);
  log_->setToolTip(tr("Equal distances are equal factors; costs of 0 are then drawn at the left edge"));
  plot_->setObjectName(QStringLiteral("costPlot"));
  plot_->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
  plot_->setFocusPolicy(Qt::NoFocus);
  plot_->installEventFilter(this);
  empty_->setObjectName(QStringLiteral("costEmpty"));
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setAttribute(Qt::WA_TransparentForMouseEvents);
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 6, 8, 2);
  auto* label = new QLabel(tr("Accuracy of all ticked runs against"));
  label->setBuddy(cost_);
  row->addWidget(label);
  row->addWidget(cost_);
  row->addWidget(log_);
  row->addStretch(1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addLayout(row);
  column->addWidget(plot_, 1);
  connect(cost_, &QComboBox::currentIndexChanged, this, &CostView::refresh);
  connect(log_, &QCheckBox::toggled, this, &CostView::refresh);
  connect(&lab_.runs, &RunListModel::visibleRunsChanged, this, &CostView::later);
  connect(&lab_.runs, &RunListModel::runChanged, this, &CostView::later);
  connect(&lab_.runs, &QAbstractItemModel::rowsRemoved, this, &CostView::later);
  connect(&lab_.runs, &QAbstractItemModel::dataChanged, this, &CostView::later);
  connect(&lab_.cursor, &Cursor::runChanged, this, &CostView::later);
  connect(plot_, &QCustomPlot::mouseDoubleClick, this, &CostView::fitAxes);
  refresh();
}

CostView::~CostView() { disk_.waitForDone(); }

Cost CostView::cost() const { return Cost(cost_->currentData().toInt()); }
void CostView::setCost(Cost cost) { cost_->setCurrentIndex(cost_->findData(int(cost))); }
void CostView::setLogarithmic(bool on) { log_->setChecked(on); }

void CostView::later() {
  if (due_) return;
  due_ = true;
  QTimer::singleShot(kSoonMs, this, [this] {
    due_ = false;
    if (isVisible()) refresh();
  });
}

void CostView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  plot_->setBufferDevicePixelRatio(devicePixelRatioF());
  refresh();
}

// results.json is only there when the run has ended; it is looked for again when another task has.
void CostView::readResults(RunData* run) {
  Known& known = known_[run->id()];
  const int last = run->lastEndedTask() + (run->state() == RunData::State::Done ? 1000000 : 0);
  if (known.after == last || run->source().empty()) return;
  known.after = last;
  disk_.start([this, id = run->id(), folder = run->source()] {
    const RunResults results = readResultsOf(folder);
    QMetaObject::invokeMethod(this, [this, id, results] {
      known_[id].results = results;
      later();
    });
  });
}

void CostView::gather() {
  points_.clear();
  std::vector<CostPoint> all;
  const auto runs = lab_.runs.visibleRuns();
  ticked_ = int(runs.size());
  for (RunData* run : runs) {
    readResults(run);
    const auto accuracy = run->matrix().last();
    const CostPoint at{costOf(*run, cost(), known_[run->id()].results), accuracy ? 100 * *accuracy : std::nan("")};
    if (!std::isfinite(at.cost) || !std::isfinite(at.accuracy)) continue;
    points_.push_back({run, at});
    all.push_back(at);
  }
  front_ = paretoFront(all);
}

void CostView::refresh() {
  cost_->setToolTip(costDefinition(cost()));
  gather();
  draw();
  QString text;
  if (ticked_ == 0) text = tr("No run is ticked. Tick some in the list of runs to compare what they cost.");
  else if (points_.empty()) text = tr("None of the %n ticked runs tells its %1 yet. Runs tell it at task ends, or in results.json when they have ended.", nullptr, ticked_).arg(costName(cost()));
  empty_->setText(text);
  empty_->setVisible(points_.empty());
  placeEmptyText();
  QStringList parts;
  for (const std::size_t i : front_) parts << tr("%1: %2 for %3").arg(points_[i].run->title(), style::percent(points_[i].at.accuracy), costText(cost(), points_[i].at.cost));
  setAccessibleDescription(points_.empty() ? text : tr("Not beaten in both: %1").arg(parts.join(QStringLiteral("; "))));
}

QPointF CostView::pixelOf(std::size_t point) const {
  const CostPoint& at = points_[point].at;
  const double x = log_->isChecked() ? std::max(at.cost, plot_->xAxis->range().lower) : at.cost;
  return {plot_->xAxis->coordToPixel(x), plot_->yAxis->coordToPixel(at.accuracy)};
}

int CostView::pointAt(const QPointF& at) const {
  int best = -1;
  double nearest = kNear;
  for (std::size_t i = 0; i < points_.size(); ++i)
    if (const double distance = QLineF(at, pixelOf(i)).length(); distance < nearest) {
      nearest = distance;
      best = int(i);
    }
  return best;
}

QString CostView::toolTip(const Point& point) const {
  if (!point.run) return {};
  QStringList lines{point.run->title(), tr("%1 right after T%2").arg(style::percent(point.at.accuracy)).arg(point.run->matrix().stages())};
  for (const Cost cost : kCosts) lines << tr("%1: %2").arg(costName(cost), costText(cost, costOf(*point.run, cost, known_.at(point.run->id()).results)));
  return lines.join(QLatin1Char('\n'));
}

bool CostView::eventFilter(QObject* watched, QEvent* event) {
  if (watched != plot_) return QWidget::eventFilter(watched, event);
  if (event->type() == QEvent::Resize) QTimer::singleShot(0, this, &CostView::placeEmptyText);
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const int point = pointAt(help->pos());
    QToolTip::showText(help->globalPos(), point < 0 ? QString() : toolTip(points_[std::size_t(point)]), plot_);
    return true;
  }
  if (event->type() == QEvent::MouseButtonRelease) {
    const auto* mouse = static_cast<QMouseEvent*>(event);
    const int point = mouse->button() == Qt::LeftButton ? pointAt(mouse->position()) : -1;
    if (point >= 0) lab_.cursor.setRun(points_[std::size_t(point)].run);
  }
  return false;
}

// Left and right go through the runs by cost.
void CostView::keyPressEvent(QKeyEvent* event) {
  const int by = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
  if (by == 0 || points_.empty()) return QWidget::keyPressEvent(event);
  std::vector<Point> order = points_;
  std::stable_sort(order.begin(), order.end(), [](const Point& a, const Point& b) { return a.at.cost < b.at.cost; });
  const auto found = std::find_if(order.begin(), order.end(), [&](const Point& point) { return point.run == lab_.cursor.run(); });
  const auto at = found == order.end() ? 0 : std::clamp<std::ptrdiff_t>(found - order.begin() + by, 0, std::ptrdiff_t(order.size()) - 1);
  lab_.cursor.setRun(order[std::size_t(at)].run);
}

void CostView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange || event->type() == QEvent::FontChange) refresh();
}

TextTable CostView::text() const {
  TextTable out{{tr("run"), tr("accuracy %")}, {}};
  for (const Cost cost : kCosts) out.header << costName(cost);
  for (const Point& point : points_) {
    if (!point.run) continue;
    QStringList row{point.run->title(), QString::number(point.at.accuracy, 'f', 2)};
    for (const Cost cost : kCosts) {
      const double value = costOf(*point.run, cost, known_.at(point.run->id()).results);
      row << (std::isfinite(value) ? QString::number(value, 'g', 10) : QString());
    }
    out.rows.push_back(row);
  }
  return out;
}

}  // namespace palimpsest
