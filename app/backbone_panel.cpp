#include "app/backbone_panel.h"

#include <QFileInfo>
#include <QVBoxLayout>

#include "app/background.h"
#include "app/questions.h"
#include "app/recipe_panel.h"
#include "engine/protocol/error.h"
#include "widgets/style/format.h"
#include "widgets/views/backbone_view.h"

namespace palimpsest {

using State = BackbonePreview::State;

// What the thread of a preview shares with the window's.
struct BackbonePanel::Job {
  QString name;
  BackbonePreview before;  // comes back when the preview is left
  std::atomic<bool> stopped = false;
};

namespace {

QString text(const std::string& s) { return QString::fromStdString(s); }

// Whatever goes wrong in `work` becomes issues about `where`.
template <typename Work>
void guarded(const std::string& where, Issues& issues, Work work) {
  try {
    work();
  } catch (const BadInput& bad) {
    issues.insert(issues.end(), bad.issues.begin(), bad.issues.end());
  } catch (const Error& failed) {
    issues.push_back(error(where, failed.what(), failed.hint));
  } catch (const std::exception& failed) {
    issues.push_back(error(where, failed.what()));
  }
}

// Everything that a preview depends on but for the backbone: two are compared only where this is the same.
QString measuredOn(const RunOptions& options) {
  QStringList parts{text(options.data)};
  if (options.limit_train > 0) parts << BackbonePanel::tr("%1 training images per class").arg(options.limit_train);
  if (options.image_size > 0) parts << BackbonePanel::tr("%1 px").arg(options.image_size);
  if (options.input_range != RunOptions{}.input_range)
    parts << BackbonePanel::tr("range %1").arg(text(options.input_range));
  if (options.test_transform != RunOptions{}.test_transform)
    parts << BackbonePanel::tr("transform %1").arg(text(options.test_transform));
  return parts.join(QStringLiteral(", "));
}

QString restsOn(const Assessment& found) {
  return BackbonePanel::tr("means of %1 training images, measured on %2 others, %3 classes, took %4")
      .arg(style::integer(found.train_images), style::integer(found.test_images), style::integer(found.classes),
           style::duration(found.seconds));
}

QString sentence(const Issue& issue) {
  const QString message = text(issue.path.empty() ? issue.message : issue.path + " " + issue.message);
  return issue.hint.empty() ? message : BackbonePanel::tr("%1: %2").arg(message, text(issue.hint));
}

}  // namespace

BackbonePanel::BackbonePanel(const EngineApi& api, RecipePanel& recipe, QWidget* parent)
    : QWidget(parent),
      api_(api),
      recipe_(recipe),
      backbones_(new BackboneListModel(this)),
      view_(new BackboneView(*backbones_, this)) {
  disk_.setMaxThreadCount(1);
  network_.setMaxThreadCount(1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(view_);
  connect(view_, &BackboneView::addRequested, this,
          [this] { askWeights(this, [this](const QStringList& files) { add(files); }); });
  connect(view_, &BackboneView::useRequested, this, &BackbonePanel::use);
  connect(view_, &BackboneView::forgetRequested, this, &BackbonePanel::forget);
  connect(view_, &BackboneView::previewRequested, this, &BackbonePanel::preview);
  connect(view_, &BackboneView::previewStopRequested, this, &BackbonePanel::stopPreview);
  connect(&recipe.form(), &ParamFormModel::edited, this, &BackbonePanel::followForm);
  connect(&recipe.form(), &QAbstractItemModel::modelReset, this, &BackbonePanel::followForm);
  followForm();
}

BackbonePanel::~BackbonePanel() {
  closing_ = true;
  if (job_) job_->stopped = true;
  disk_.clear();
  network_.clear();
  disk_.waitForDone();
  network_.waitForDone();
}

bool BackbonePanel::takes(const QString& path) {
  static const QStringList known{QStringLiteral("safetensors"), QStringLiteral("pth"), QStringLiteral("pt"),
                                 QStringLiteral("bin"), QStringLiteral("npz")};
  const QFileInfo file(path);
  return file.isFile() && known.contains(file.suffix().toLower());
}

void BackbonePanel::followForm() {
  const RunOptions options = recipe_.options();
  backbones_->setNextRun(text(options.backbone), measuredOn(options));
  view_->setPreviewBlocked(whyNoPreview());
}

QString BackbonePanel::whyNoPreview() const {
  if (!api_.assess) return tr("This program has no engine that could measure it");
  if (running_) return tr("A run is under way: a preview would slow it down. It can begin when the run has ended.");
  if (!recipe_.form().valid()) return tr("Some settings of the next run have problems; put them right first");
  return {};
}

void BackbonePanel::setRunning(bool running) {
  running_ = running;
  if (running) stopPreview();
  view_->setPreviewBlocked(whyNoPreview());
}

void BackbonePanel::load() {
  change(tr("Reading the weights…"), [](Listing&) {});
}

void BackbonePanel::add(const QStringList& files) {
  if (!api_.addBackbone || files.isEmpty()) return;
  const QString what = files.size() == 1 ? tr("Checking %1…").arg(QFileInfo(files.front()).fileName())
                                         : tr("Checking %1 files…").arg(files.size());
  change(what, [this, files](Listing& listing) {
    for (const QString& file : files) {
      if (closing_) return;
      guarded(file.toStdString(), listing.issues,
              [&] { listing.added = text(api_.addBackbone(file.toStdString()).name); });
    }
  });
}

void BackbonePanel::forget(const QString& name) {
  const int row = backbones_->rowOf(name);
  if (!api_.removeBackbone || row < 0 || backbones_->at(row).bundled) return;
  if (job_ && job_->name == name) stopPreview();
  // The next run must not ask for a name that nobody knows any more.
  if (recipe_.options().backbone == name.toStdString())
    recipe_.form().set("", "backbone", Value(RunOptions{}.backbone));
  change(tr("Forgetting %1…").arg(name), [this, name](Listing& listing) {
    guarded(name.toStdString(), listing.issues, [&] { api_.removeBackbone(name.toStdString()); });
  });
}

void BackbonePanel::use(const QString& name) { recipe_.form().set("", "backbone", Value(name.toStdString())); }

// `work` and then the list as it stands, both off the window's thread.
void BackbonePanel::change(const QString& what, std::function<void(Listing&)> work) {
  if (!api_.backbones) return;
  ++changes_;
  view_->setBusy(what);
  const auto run = [this, work = std::move(work)] {
    Listing listing;
    work(listing);
    if (!closing_) guarded({}, listing.issues, [&] { listing.all = api_.backbones(); });
    return listing;
  };
  inBackground(disk_, this, run, [this](Listing listing) { listed(std::move(listing)); });
}

void BackbonePanel::listed(Listing listing) {
  if (--changes_ == 0) view_->setBusy({});
  if (listing.all) backbones_->setBackbones(std::move(*listing.all));
  if (!listing.added.isEmpty()) view_->setCurrent(listing.added);
  for (const Issue& issue : listing.issues) Q_EMIT problem(issue);
  Q_EMIT loaded();
}

void BackbonePanel::preview(const QString& name) {
  if (backbones_->rowOf(name) < 0 || !whyNoPreview().isEmpty()) return;
  stopPreview();  // one at a time
  job_ = std::make_shared<Job>();
  job_->name = name;
  job_->before = backbones_->preview(name);
  AssessRequest request{.options = recipe_.options(), .training_split_only = true, .random_features = 0};
  request.options.backbone = name.toStdString();
  request.options.threads = 0;  // as they stand: the number is the process's, and a run may be about to set it
  const QString data = measuredOn(request.options);
  backbones_->setPreview(name, {State::Running, 0, data, {}});
  const auto work = [this, job = job_, request, data] { return measure(job, request, data); };
  inBackground(network_, this, work, [this, job = job_](const Measured& measured) { previewed(job, measured); });
}

// On the pool's thread.
BackbonePanel::Measured BackbonePanel::measure(const std::shared_ptr<Job>& job, const AssessRequest& request,
                                               const QString& data) {
  Measured measured{{State::None, 0, data, {}}, {}};
  if (job->stopped) return measured;
  const auto progress = [this, job, said = 0](std::int64_t done, std::int64_t of) mutable {
    const int percent = of > 0 ? int(100 * done / of) : 0;
    if (percent > std::exchange(said, percent))
      QMetaObject::invokeMethod(
          this, [this, job, percent] { progressed(job, percent); }, Qt::QueuedConnection);
    return !job->stopped;
  };
  guarded(request.options.backbone, measured.issues, [&] {
    const Assessment found = api_.assess(request, progress);
    measured.preview = {State::Done, found.nearest_mean, data, restsOn(found)};
  });
  return measured;
}

void BackbonePanel::progressed(const std::shared_ptr<Job>& job, int percent) {
  if (job != job_) return;
  BackbonePreview now = backbones_->preview(job->name);
  now.percent = percent;
  backbones_->setPreview(job->name, now);
}

void BackbonePanel::previewed(const std::shared_ptr<Job>& job, const Measured& measured) {
  if (job != job_) return;  // it was left
  job_.reset();
  BackbonePreview shown = measured.preview;
  if (!measured.issues.empty()) shown = {State::Failed, 0, shown.data, sentence(measured.issues.front())};
  backbones_->setPreview(job->name, shown);
  for (const Issue& issue : measured.issues) Q_EMIT problem(issue);
}

void BackbonePanel::stopPreview() {
  if (!job_) return;
  job_->stopped = true;
  backbones_->setPreview(job_->name, job_->before);
  job_.reset();
}

}  // namespace palimpsest
