#include "widgets/views/embedding_page.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QStringList>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/style/format.h"
#include "widgets/views/embedding_bar.h"
#include "widgets/views/embedding_view.h"

namespace palimpsest {

namespace {

constexpr int kSettleMs = 60;    // several events of a run, and several tensors, make one map
constexpr int kMostLayers = 48;  // selections of a method, by number

QString percentOf(double share) { return style::percent(100 * share); }

}  // namespace

EmbeddingPage::EmbeddingPage(Lab& lab, QWidget* parent) : QWidget(parent), lab_(lab) {
  setObjectName(QStringLiteral("embeddingPage"));
  bar_ = new EmbeddingBar(this);
  view_ = new EmbeddingView(lab.images, this);
  status_ = new QLabel(this);
  status_->setObjectName(QStringLiteral("mapStatus"));
  status_->setWordWrap(true);
  status_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  cancel_ = new QToolButton(this);
  cancel_->setObjectName(QStringLiteral("mapCancel"));
  cancel_->setText(tr("Cancel"));
  cancel_->setToolTip(tr("Stop making this map."));
  auto* below = new QHBoxLayout;
  below->addWidget(status_, 1);
  below->addWidget(cancel_);
  auto* column = new QVBoxLayout(this);
  column->addWidget(bar_);
  column->addWidget(view_, 1);
  column->addLayout(below);
  settle_.setSingleShot(true);
  settle_.setInterval(kSettleMs);
  pool_.setMaxThreadCount(2);
  connectParts();
  view_->setSelected(lab.selection.samples());
  view_->setCurrent(lab.cursor.sample());
  bar_->setCanAskNeighbours(lab.cursor.sample() >= 0);
  watch(lab.cursor.run());
}

void EmbeddingPage::connectParts() {
  const auto soon = [this] { if (!settle_.isActive()) settle_.start(); };
  connect(&settle_, &QTimer::timeout, this, &EmbeddingPage::gather);
  connect(&lab_.cursor, &Cursor::runChanged, this, &EmbeddingPage::watch);
  connect(&lab_.cursor, &Cursor::taskChanged, this, &EmbeddingPage::present);
  connect(&lab_.cursor, &Cursor::sampleChanged, this, [this](qint64 sample) {
    view_->setCurrent(sample);
    bar_->setCanAskNeighbours(sample >= 0);
  });
  connect(&lab_.selection, &Selection::changed, this, [this] { view_->setSelected(lab_.selection.samples()); });
  connect(&lab_.blobs, &BlobStore::loaded, this, soon);
  connect(bar_, &EmbeddingBar::mapChanged, this, [this] {
    given_up_ = false;
    view_->setSolid(bar_->solid());
    gather();
  });
  connect(bar_, &EmbeddingBar::lookChanged, this, &EmbeddingPage::look);
  connect(bar_, &EmbeddingBar::lassoToggled, view_, &EmbeddingView::setLasso);
  connect(view_, &EmbeddingView::lassoChanged, bar_, &EmbeddingBar::setLasso);
  connect(bar_, &EmbeddingBar::fitWanted, view_, &EmbeddingView::fit);
  connect(bar_, &EmbeddingBar::neighboursWanted, this, &EmbeddingPage::askNeighbours);
  connect(view_, &EmbeddingView::neighboursWanted, this, &EmbeddingPage::askNeighbours);
  connect(view_, &EmbeddingView::picked, this, &EmbeddingPage::pick);
  connect(view_, &EmbeddingView::pointed, &lab_.cursor, &Cursor::setSample);
  connect(view_, &EmbeddingView::lassoed, this, &EmbeddingPage::catchImages);
  connect(view_, &EmbeddingView::cleared, this, [this] {
    lab_.selection.clear();
    view_->setNeighbours({});
  });
  connect(view_, &EmbeddingView::problem, this, &EmbeddingPage::problem);
  connect(cancel_, &QToolButton::clicked, this, [this] { cancel(true); });
}

EmbeddingPage::~EmbeddingPage() {
  stop_.request_stop();
  stop_neighbours_.request_stop();
  pool_.waitForDone();
}

void EmbeddingPage::watch(RunData* run) {
  if (run_) disconnect(run_, nullptr, this, nullptr);
  run_ = run;
  cancel(false);
  map_.reset();
  held_.clear();
  wanted_ = {};
  given_up_ = neighbours_pending_ = false;
  if (run) {
    connect(run, &RunData::changed, this, [this] { if (!settle_.isActive()) settle_.start(); });
    connect(run, &QObject::destroyed, this, [this] { watch(nullptr); });  // removed without anybody moving the cursor
  }
  gather();
}

QString EmbeddingPage::missing(const RunData* run) const {
  if (!run) return tr("No run is looked at\nStart one, or choose one in the list of runs: its test images are mapped here.");
  if (run->lastEndedTask() < 0) return tr("Available after task 1\nA map needs what the model makes of test images at the end of a task.");
  const auto kept = [&](auto name) {
    return std::any_of(run->endedTasks().begin(), run->endedTasks().end(), [&](const TaskEnded& task) { return !name(task.task).empty(); });
  };
  if (bar_->of() == MapOf::Prototypes) {
    if (kept([&](int task) { return run->prototypesAfter(task); })) return {};
    return tr("This run has no class means\nIts method classifies without them. Map the features instead.");
  }
  if (kept([&](int task) { return run->featuresAfter(task); })) return {};
  return tr("This run kept no features\nIt comes from an older version, or was started with the option map_images at 0. A run with map_images at 10 or more keeps what this map needs.");
}

std::vector<int> EmbeddingPage::layersOf(const RunData& run) const {
  std::vector<int> out;
  for (int layer = 0; layer < kMostLayers; ++layer)
    if (!run.keysAfter(run.lastEndedTask(), layer).empty()) out.push_back(layer);
  return out;
}

EmbeddingPage::Wanted EmbeddingPage::wantedOf(const RunData& run) const {
  Wanted wanted{run.source().string(), {}, bar_->of(), bar_->method(), bar_->method() == MapMethod::Tsne ? bar_->tsne() : TsneOptions{}};
  std::vector<int> tasks;
  for (const TaskEnded& ended : run.endedTasks()) tasks.push_back(ended.task);
  std::sort(tasks.begin(), tasks.end());
  tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
  for (const int task : tasks) {
    Files files{task, {}, {}, {}};
    if (wanted.of != MapOf::Prototypes) files.features = run.featuresAfter(task);
    if (wanted.of != MapOf::Queries) files.prototypes = run.prototypesAfter(task);
    else files.keys = run.keysAfter(task, bar_->layer());
    wanted.files.push_back(std::move(files));
  }
  return wanted;
}

std::vector<MapSource> EmbeddingPage::sources(const RunData& run, const Wanted& wanted, int& absent) {
  std::vector<MapSource> out;
  const auto get = [&](const std::string& name) -> std::shared_ptr<const Blob> {
    if (name.empty()) return nullptr;
    auto& blob = held_[name];
    if (!blob) blob = lab_.blobs.get(run.blob(name));
    absent += blob == nullptr;
    return blob;
  };
  for (const Files& files : wanted.files) out.push_back({files.task, get(files.features), get(files.prototypes), get(files.keys)});
  return out;
}

void EmbeddingPage::gather() {
  settle_.stop();
  if (run_) {
    QStringList names;
    for (const std::string& name : run_->start().class_names) names << QString::fromStdString(name);
    view_->setRun(run_->source(), names, std::max(1, run_->start().tasks));
    bar_->setLayers(layersOf(*run_));
  }
  words_ = missing(run_);
  if (!words_.isEmpty()) {
    cancel(false);
    map_.reset();
    wanted_ = {};
    return present();
  }
  const Wanted wanted = wantedOf(*run_);
  if (wanted == wanted_ && (map_ || busy_ || given_up_)) {
    present();  // nothing new: in a live run this is what happens many times a second
    if (neighbours_pending_) askNeighbours();
    return;
  }
  int absent = 0;
  const std::vector<MapSource> found = sources(*run_, wanted, absent);
  if (absent > 0) {
    progress_ = tr("Reading %1 of %2 files").arg(int(held_.size()) - absent).arg(held_.size());
    // A map that only lacks the newest task stays meanwhile.
    const bool grows = map_ && wanted.source == wanted_.source && wanted.of == wanted_.of && wanted.method == wanted_.method && wanted.tsne == wanted_.tsne;
    if (!grows) words_ = tr("Reading what the run kept\n%1").arg(progress_);
    return present();
  }
  held_.clear();
  make({found, wanted.of, wanted.method, wanted.tsne}, wanted);
  present();
}

void EmbeddingPage::make(MapRequest request, const Wanted& wanted) {
  cancel(false);
  if (wanted.source != wanted_.source || wanted.of != wanted_.of || wanted.method != wanted_.method || wanted.tsne.dimensions != wanted_.tsne.dimensions) map_.reset();
  wanted_ = wanted;
  given_up_ = false;
  busy_ = true;
  stop_ = {};
  const int all = int(request.sources.size());
  pool_.start([this, request = std::move(request), all, turn = turn_, stop = stop_.get_token()] {
    const auto report = [&](int tasks, int iterations) {
      QMetaObject::invokeMethod(this, [=, this] {
        if (turn != turn_) return;
        progress_ = iterations > 0 ? tr("Mapping task %1 of %2, iteration %3").arg(tasks + 1).arg(all).arg(iterations) : tr("Mapped %1 of %2 tasks").arg(tasks).arg(all);
        tell();
      });
    };
    auto map = makeMap(request, stop, report);
    if (stop.stop_requested()) return;
    QMetaObject::invokeMethod(this, [this, turn, map = std::move(map)] {
      if (turn == turn_) made(map);
    });
  });
}

void EmbeddingPage::made(std::shared_ptr<const EmbeddingMap> map) {
  busy_ = false;
  progress_.clear();
  map_ = std::move(map);
  present();
}

void EmbeddingPage::cancel(bool by_hand) {
  stop_.request_stop();
  ++turn_;
  busy_ = false;
  progress_.clear();
  if (!by_hand) return;
  given_up_ = true;
  present();
}

void EmbeddingPage::present() {
  const int task = lab_.cursor.task();
  QString words = words_;
  if (words.isEmpty() && !map_)
    words = given_up_ ? tr("The map was cancelled\nChoose what to map, or Apply, to make it again.") : tr("Making the map\nThe window stays free meanwhile.");
  else if (words.isEmpty() && !map_->problem.isEmpty()) words = tr("There is no map\n%1").arg(map_->problem);
  else if (words.isEmpty() && task < 0) words = tr("Nothing is learned yet at this time\nMove the timeline past the end of task 1.");
  else if (words.isEmpty() && !map_->after(task))
    words = busy_ || !held_.empty() ? tr("Making the map\nTask %1 has just ended.").arg(task + 1)
                  : tr("Task %1 is not on this map\nNothing was kept after it, or its features have another width than those of the first task, as in methods whose features grow.").arg(task + 1);
  view_->setMap(map_ && words_.isEmpty() && map_->problem.isEmpty() ? map_ : nullptr, task, words);
  bar_->setSpreads(view_->scene().now() && view_->scene().now()->spreads());
  look();
}

void EmbeddingPage::look() {
  view_->setColourBy(bar_->colourBy());
  view_->setDensity(bar_->density());
  view_->setTrails(bar_->trails());
  view_->setSpread(bar_->spread());
  tell();
}

void EmbeddingPage::tell() {
  status_->setText(status());
  cancel_->setVisible(busy_ && !words_.size());
  setAccessibleDescription(status());
}

QString EmbeddingPage::status() const {
  QStringList parts;
  const TaskMap* now = map_ && words_.isEmpty() ? map_->after(lab_.cursor.task()) : nullptr;
  if (now) {
    parts << view_->legend();
    const Basis& basis = map_->basis;
    if (map_->method == MapMethod::Pca) {
      QString axes = tr("PCA on %1 rows of all tasks: axes carry %2 and %3").arg(style::integer(basis.rows), percentOf(basis.explained[0]), percentOf(basis.explained[1]));
      if (bar_->solid()) axes += tr(" and %1").arg(percentOf(basis.explained[2]));
      parts << axes + tr(" of the variance");
    } else {
      parts << tr("t-SNE, seed %1, perplexity %2, %3 iterations, turned to the task before: trails also show how the map changed").arg(now->tsne.seed).arg(now->tsne.perplexity).arg(now->tsne.iterations);
      if (now->left_out > 0) parts << tr("evenly chosen: %1 images left out, because t-SNE takes %2 points").arg(now->left_out).arg(kTsneMost);
    }
    if (map_->of == MapOf::Queries) parts << tr("at unit length");
  }
  if (busy_) parts << (progress_.isEmpty() ? tr("making the map") : progress_);
  return parts.join(QStringLiteral("  ·  "));
}

void EmbeddingPage::pick(qint64 sample, Qt::KeyboardModifiers keys) {
  lab_.cursor.setSample(sample);
  lab_.selection.select({sample}, tr("test image %1").arg(sample), Selection::modeOf(keys));
}

void EmbeddingPage::catchImages(const QList<qint64>& samples, Qt::KeyboardModifiers keys) {
  const QString what = tr("in a lasso on the map after T%1").arg(lab_.cursor.task() + 1);
  lab_.selection.select({samples.begin(), samples.end()}, what, Selection::modeOf(keys));
}

void EmbeddingPage::askNeighbours() {
  neighbours_pending_ = false;
  const std::int64_t sample = lab_.cursor.sample();
  const int task = lab_.cursor.task();
  if (!run_ || sample < 0 || !map_ || !map_->after(task) || map_->of == MapOf::Prototypes) return;
  const auto blob = lab_.blobs.get(run_->blob(run_->featuresAfter(task)));
  if (!blob) {
    neighbours_pending_ = true;  // loaded() comes, and gather() asks again
    return;
  }
  stop_neighbours_.request_stop();
  stop_neighbours_ = {};
  pool_.start([this, blob, sample, of = map_->of, k = bar_->neighbours(), asked = ++asked_, stop = stop_neighbours_.get_token()] {
    const auto found = nearestImages(*blob, of, sample, k, stop);
    if (stop.stop_requested()) return;
    QMetaObject::invokeMethod(this, [this, found, sample, asked] {
      if (asked != asked_ || found.empty() || lab_.cursor.sample() != sample) return;
      std::vector<std::int64_t> samples{sample};
      for (const NeighbourImage& image : found) samples.push_back(image.sample);
      lab_.selection.select(samples, tr("test image %1 and its %2 nearest").arg(sample).arg(found.size()));
      view_->setNeighbours(found);
    });
  });
}

}  // namespace palimpsest
