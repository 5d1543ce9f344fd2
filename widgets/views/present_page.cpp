#include "widgets/views/present_page.h"

#include <QApplication>
#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "engine/protocol/error.h"
#include "engine/record/run_folder.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/matrix_view.h"
#include "widgets/views/pointer_halo.h"
#include "widgets/views/scene_curve.h"
#include "widgets/views/scene_prompts.h"

namespace palimpsest {

namespace {

constexpr qreal kLarger = 1.6, kTitle = 2.1, kCaption = 1.85;
constexpr int kGrowthMs = 600;  // between two tasks while the answer comes

QString words(const std::string& text) { return QString::fromStdString(text); }

QLabel* label(const char* name, QWidget* parent) {
  auto* made = new QLabel(parent);
  made->setObjectName(QLatin1String(name));
  made->setTextFormat(Qt::PlainText);
  made->setWordWrap(true);
  return made;
}

}  // namespace

PresentPage::PresentPage(Lab& lab, QWidget* parent)
    : QWidget(parent), lab_(lab), title_(label("scene_title", this)), place_(label("scene_place", this)), caption_(label("scene_caption", this)),
      question_(label("scene_question", this)), empty_(label("scene_empty", this)), keys_(label("scene_keys", this)), views_(new QStackedWidget(this)),
      curve_(new SceneCurve), matrix_(new MatrixView), prompts_(new ScenePrompts), curtain_(new QWidget(this)), halo_(new PointerHalo(this)) {
  setObjectName(QStringLiteral("present_page"));
  setAccessibleName(tr("Presentation"));
  setFocusPolicy(Qt::StrongFocus);
  setAutoFillBackground(true);
  disk_.setMaxThreadCount(1);
  growth_.setInterval(kGrowthMs);
  connect(&growth_, &QTimer::timeout, this, &PresentPage::advance);
  connect(&lab_.cursor, &Cursor::runChanged, this, [this] {
    if (current_ >= 0 && isVisible() && scenes_[std::size_t(current_)].run.empty()) open(current_);
  });
  build();
  say();
}

PresentPage::~PresentPage() { disk_.waitForDone(); }

void PresentPage::build() {
  for (QWidget* view : {static_cast<QWidget*>(empty_), static_cast<QWidget*>(curve_), static_cast<QWidget*>(matrix_), static_cast<QWidget*>(prompts_)})
    views_->addWidget(view);
  empty_->setAlignment(Qt::AlignCenter);
  place_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  place_->setWordWrap(false);
  keys_->setText(tr("Space: on    Page up: back    B: black    Esc: leave"));
  keys_->setAlignment(Qt::AlignRight);
  auto* head = new QHBoxLayout;
  head->addWidget(title_, 1);
  head->addWidget(place_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(36, 24, 36, 16);
  column->setSpacing(16);
  column->addLayout(head);
  column->addWidget(views_, 1);
  column->addWidget(caption_);
  column->addWidget(question_);
  column->addWidget(keys_);
  curtain_->setObjectName(QStringLiteral("curtain"));
  curtain_->setAccessibleName(tr("Black screen"));
  curtain_->setAutoFillBackground(true);
  QPalette black;
  black.setColor(QPalette::Window, Qt::black);
  curtain_->setPalette(black);
  curtain_->hide();
  for (QWidget* child : findChildren<QWidget*>()) {
    if (child == halo_) continue;
    child->setMouseTracking(true);
    child->installEventFilter(this);
  }
  setMouseTracking(true);
  enlarge();
}

// Sizes go by the application's font, not by our own, so that a change of the theme does not multiply them again.
void PresentPage::enlarge() {
  const auto sized = [](qreal factor, bool bold) {
    QFont larger = QGuiApplication::font();
    larger.setPointSizeF(larger.pointSizeF() * factor);
    larger.setBold(bold);
    return larger;
  };
  for (QWidget* view : {static_cast<QWidget*>(curve_), static_cast<QWidget*>(matrix_), static_cast<QWidget*>(prompts_), static_cast<QWidget*>(empty_)})
    view->setFont(sized(kLarger, false));
  title_->setFont(sized(kTitle, true));
  place_->setFont(sized(kLarger, false));
  caption_->setFont(sized(kCaption, false));
  question_->setFont(sized(kCaption, true));
  keys_->setFont(sized(1, false));
  const auto colour = [](QLabel* label, const QColor& colour) {
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, colour);
    label->setPalette(palette);
  };
  for (QLabel* quiet : {place_, keys_}) colour(quiet, style::muted());
}

void PresentPage::setFolders(const std::filesystem::path& scenes, const std::filesystem::path& recordings) {
  scenes_folder_ = scenes;
  recordings_ = recordings;
  SceneList read = readScenes(scenes);
  scenes_ = std::move(read.scenes);
  current_ = -1;
  for (const Issue& issue : read.issues) Q_EMIT problem(issue);
  say();
}

void PresentPage::start(int scene) {
  setBlack(false);
  if (scenes_.empty()) return say();
  open(std::clamp(scene, 0, scenes() - 1));
  setFocus();
}

std::filesystem::path PresentPage::folderOf(const TeachingScene& scene) const {
  if (!scene.run.empty()) return recordings_ / scene.run;
  return lab_.cursor.run() ? lab_.cursor.run()->source() : std::filesystem::path();
}

void PresentPage::open(int scene) {
  // The view that is about to be hidden must not hand the keys on to somebody else.
  if (const QWidget* focus = QApplication::focusWidget(); focus && isAncestorOf(focus)) setFocus();
  current_ = scene;
  ++turn_;
  growth_.stop();
  growing_ = revealed_ = false;
  events_.clear();
  next_ = 0;
  curve_->setRun(nullptr);
  matrix_->setRun(nullptr);
  prompts_->setRun(nullptr);
  curve_->forgetGuess();
  curve_->setPredicting(false);
  stage_.reset();
  const std::filesystem::path folder = folderOf(scenes_[std::size_t(scene)]);
  empty_->setText(folder.empty() ? tr("This scene shows the run in focus. There is none: choose one in the list of runs.") : tr("Reading the run…"));
  say();
  if (!folder.empty()) load(folder);
  Q_EMIT sceneChanged(scene);
}

void PresentPage::load(const std::filesystem::path& folder) {
  disk_.start([this, folder, turn = turn_] {
    Told read;
    try {
      read.events = record::effectiveEvents(folder);
    } catch (const BadInput& bad) {
      read.problem = bad.issues.empty() ? tr("It cannot be read.") : words(bad.issues.front().message);
    } catch (const std::exception& failed) {
      read.problem = QString::fromUtf8(failed.what());
    }
    // Whoever destroys the page waits for this thread first.
    QMetaObject::invokeMethod(this, [this, turn, read = std::move(read)] { told(turn, read); }, Qt::QueuedConnection);
  });
}

void PresentPage::told(int turn, Told told) {
  if (turn != turn_ || current_ < 0) return;  // another scene by now
  if (told.events.empty()) {
    // No folders on the screen: a room reads along.
    empty_->setText(tr("The run of this scene is not there. %1").arg(told.problem).trimmed());
    return say();
  }
  const TeachingScene& scene = scenes_[std::size_t(current_)];
  events_ = std::move(told.events);
  stage_ = std::make_unique<RunData>(words(scene.run));
  tell(scene.hides() ? scene.task : 0);
  curve_->setRun(stage_.get());
  matrix_->setRun(stage_.get());
  prompts_->setRun(stage_.get());
  curve_->setPredicting(scene.predict);
  if (scene.predict) curve_->setFocus();
  say();
}

void PresentPage::tell(int tasks) {
  std::vector<Event> part;
  while (next_ < events_.size()) {
    part.push_back(events_[next_++]);
    const auto* ended = std::get_if<TaskEnded>(&part.back().what);
    if (ended && tasks > 0 && ended->task + 1 >= tasks) break;
  }
  stage_->apply(part);
}

void PresentPage::reveal(bool at_once) {
  revealed_ = true;
  curve_->setPredicting(false);
  setFocus();
  if (stage_) {
    growing_ = !at_once;
    if (at_once) tell(0);
    else advance();
    if (growing_) growth_.start();
  }
  say();
}

void PresentPage::advance() {
  if (next_ < events_.size()) tell(stage_->lastEndedTask() + 2);
  if (next_ < events_.size()) return;
  growth_.stop();
  growing_ = false;
  say();
}

void PresentPage::next() {
  if (black()) return setBlack(false);
  if (current_ < 0) return;
  if (growing_) {  // impatient: all of it now
    growth_.stop();
    growing_ = false;
    tell(0);
    return say();
  }
  if (!revealed_ && scenes_[std::size_t(current_)].hides()) return reveal(false);
  if (current_ + 1 < scenes()) open(current_ + 1);
}

void PresentPage::back() {
  if (black()) return setBlack(false);
  if (current_ < 0) return;
  if (revealed_) open(current_);  // the question again
  else if (current_ > 0) open(current_ - 1);
}

bool PresentPage::black() const { return !curtain_->isHidden(); }

void PresentPage::setBlack(bool black) {
  curtain_->setGeometry(rect());
  curtain_->setVisible(black);
  halo_->setVisible(!black);
  if (black) curtain_->raise();
}

void PresentPage::say() {
  const TeachingScene* scene = current_ >= 0 ? &scenes_[std::size_t(current_)] : nullptr;
  title_->setText(scene ? words(scene->title) : tr("No scenes"));
  place_->setText(scene ? tr("%1 / %2").arg(current_ + 1).arg(scenes()) : QString());
  caption_->setText(scene ? words(scene->caption) : QString());
  QString question = scene ? words(revealed_ && !scene->reveal.empty() ? scene->reveal : scene->question) : QString();
  if (const double gap = curve_->meanGap(); revealed_ && !growing_ && std::isfinite(gap)) question += QLatin1Char(' ') + tr("Your guess was off by %1 points on average.").arg(style::points(gap));
  question_->setText(question);
  question_->setVisible(!question.isEmpty());
  if (!scene) {
    empty_->setText(scenes_folder_.empty() ? tr("Scenes are small JSON files that come with the program.")
                                           : tr("There is no scene that can be shown. Scenes are *.json files; what is wrong with one is listed under Issues."));
    views_->setCurrentWidget(empty_);
  } else if (!stage_) {
    views_->setCurrentWidget(empty_);
  } else {
    views_->setCurrentWidget(scene->view == "matrix" ? static_cast<QWidget*>(matrix_) : scene->view == "prompts" ? static_cast<QWidget*>(prompts_) : curve_);
  }
  setAccessibleDescription(QStringList{title_->text(), caption_->text(), question}.join(QStringLiteral(". ")));
}

bool PresentPage::takes(int key) const {
  return key == Qt::Key_Space || key == Qt::Key_PageDown || key == Qt::Key_PageUp || key == Qt::Key_B || key == Qt::Key_Escape || key == Qt::Key_Period;
}

// The window's shortcuts are not meant here: a clicker must never touch a training run.
bool PresentPage::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride && takes(static_cast<QKeyEvent*>(event)->key())) {
    event->accept();
    return true;
  }
  return QWidget::event(event);
}

void PresentPage::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Space:
    case Qt::Key_PageDown: return next();
    case Qt::Key_PageUp: return back();
    case Qt::Key_Period:  // what many clickers send for "black"
    case Qt::Key_B: return setBlack(!black());
    case Qt::Key_Escape:
      setBlack(false);
      Q_EMIT left();
      return;
    default: QWidget::keyPressEvent(event);
  }
}

bool PresentPage::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::MouseMove)
    halo_->moveTo(static_cast<QWidget*>(watched)->mapTo(this, static_cast<QMouseEvent*>(event)->position().toPoint()));
  return QWidget::eventFilter(watched, event);
}

void PresentPage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  curtain_->setGeometry(rect());
  halo_->setGeometry(rect());
  halo_->raise();
  if (black()) curtain_->raise();
}

void PresentPage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  enlarge();
  setFocus();
}

void PresentPage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::ApplicationPaletteChange || event->type() == QEvent::ApplicationFontChange || event->type() == QEvent::ThemeChange) enlarge();
}

}  // namespace palimpsest
