#include "widgets/views/backbone_view.h"

#include <QAction>
#include <QApplication>
#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QSplitter>
#include <QStyledItemDelegate>
#include <QTextBrowser>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

#include "widgets/models/backbone_list.h"
#include "widgets/style/format.h"
#include "widgets/style/palette.h"
#include "widgets/views/two_lines.h"

namespace palimpsest {

namespace {

using Model = BackboneListModel;

constexpr int kRoomForName = 130;

QString text(const std::string& s) { return QString::fromStdString(s); }

// Name, and below it where it is from or what is wrong with it.
class NameDelegate final : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    QStyleOptionViewItem item = option;
    initStyleOption(&item, index);
    const QString name = item.text;
    item.text.clear();
    const QStyle* style = item.widget->style();
    style->drawControl(QStyle::CE_ItemViewItem, &item, painter, item.widget);
    item.text = name;
    QRectF area = style->subElementRect(QStyle::SE_ItemViewItemText, &item, item.widget).adjusted(4, 0, 0, 0);
    area.setTop(option.rect.top());
    area.setBottom(option.rect.bottom());
    area.setRight(option.rect.right() - 4);
    const bool selected = item.state & QStyle::State_Selected;
    const QColor own = item.palette.color(selected ? QPalette::HighlightedText : QPalette::Text);
    const QColor second = index.data(Model::WarningRole).toBool() ? style::warning() : style::muted();
    painter->save();
    drawTwoLines(*painter, area, item.font, {name, own},
                 {index.data(Model::NoteRole).toString(), selected ? own : second});
    painter->restore();
  }
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    return {QStyledItemDelegate::sizeHint(option, index).width(), heightOfTwoLines(option.font)};
  }
};

QString paragraph(const QString& content, const QColor& colour) {
  return QStringLiteral("<p style='color:%1; margin:4px 0'>%2</p>").arg(colour.name(), content);
}

// A path has no blanks to break a line at.
QString breakable(QString path) { return path.replace(QLatin1Char('/'), QStringLiteral("/\u200b")); }

QString detailsOf(const Model& backbones, int row) {
  const BackboneInfo& info = backbones.at(row);
  const auto esc = [](const QString& s) { return s.toHtmlEscaped(); };
  QString html = QStringLiteral("<b>%1</b>").arg(esc(text(info.name)));
  if (!info.problem.empty()) html += paragraph(esc(text(info.problem)), style::warning());
  const BackbonePreview preview = backbones.preview(text(info.name));
  using State = BackbonePreview::State;
  if (preview.state == State::Done || preview.state == State::Failed)
    html += paragraph(esc(previewText(preview)),
                      preview.state == State::Failed ? style::error() : QApplication::palette().color(QPalette::Text));
  QStringList facts;
  const auto say = [&](const QString& what, const QString& value) {
    if (!value.isEmpty())
      facts << QStringLiteral("<span style='color:%1'>%2</span> %3").arg(style::muted().name(), esc(what), esc(value));
  };
  say(BackboneView::tr("Network:"), text(info.architecture));
  say(BackboneView::tr("Parameters:"), info.parameters > 0 ? style::integer(info.parameters) : QString());
  say(BackboneView::tr("Input range:"), text(info.input_range));
  say(BackboneView::tr("Licence:"), info.licence.empty() ? BackboneView::tr("not said") : text(info.licence));
  say(BackboneView::tr("Origin:"), text(info.origin));
  say(BackboneView::tr("File:"), text(info.file));
  say(BackboneView::tr("SHA-256:"), text(info.sha256));
  return html + QStringLiteral("<p style='margin:4px 0'>%1</p>").arg(facts.join(QStringLiteral("<br>")));
}

QToolButton* buttonOf(QAction* action, const char* name) {
  auto* button = new QToolButton;
  button->setObjectName(QLatin1String(name));
  button->setDefaultAction(action);
  button->setToolButtonStyle(Qt::ToolButtonTextOnly);
  button->setFocusPolicy(Qt::StrongFocus);
  return button;
}

QLabel* quietLabel(const char* name) {
  auto* label = new QLabel;
  label->setObjectName(QLatin1String(name));
  label->setWordWrap(true);
  label->setForegroundRole(QPalette::PlaceholderText);
  return label;
}

}  // namespace

BackboneView::BackboneView(BackboneListModel& backbones, QWidget* parent)
    : QWidget(parent),
      backbones_(backbones),
      table_(new QTreeView),
      details_(new QTextBrowser),
      note_(quietLabel("note")),
      preview_on_(quietLabel("previewOn")) {
  setObjectName(QStringLiteral("backboneView"));
  setAccessibleName(tr("Backbones"));
  buildTable();
  buildActions();
  build();
  connect(table_->selectionModel(), &QItemSelectionModel::currentChanged, this, [this] {
    current_ = currentRow() < 0 ? QString() : text(backbones_.at(currentRow()).name);
    refresh();
  });
  connect(table_, &QTreeView::doubleClicked, use_, &QAction::trigger);
  connect(&backbones, &QAbstractItemModel::dataChanged, this, &BackboneView::refresh);
  connect(&backbones, &QAbstractItemModel::modelReset, this, &BackboneView::restoreCurrent);
  refresh();
}

void BackboneView::buildTable() {
  table_->setObjectName(QStringLiteral("backbones"));
  table_->setAccessibleName(tr("Backbones"));
  table_->setModel(&backbones_);
  table_->setItemDelegateForColumn(Model::Name, new NameDelegate(table_));
  table_->setRootIsDecorated(false);
  table_->setUniformRowHeights(true);
  table_->setAllColumnsShowFocus(true);
  table_->setAlternatingRowColors(true);
  table_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  table_->setMinimumSize(180, 100);
  table_->header()->setStretchLastSection(false);
  table_->header()->setSectionsMovable(false);
  table_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
  table_->header()->setSectionResizeMode(Model::Name, QHeaderView::Stretch);
  table_->viewport()->installEventFilter(this);
  details_->setObjectName(QStringLiteral("details"));
  details_->setAccessibleName(tr("About the selected backbone"));
  details_->setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);  // a hash has no blanks
  details_->setPlaceholderText(tr("Select a backbone to read where it is from."));
  details_->setTextInteractionFlags(Qt::TextBrowserInteraction | Qt::TextSelectableByKeyboard);
  details_->setAcceptDrops(false);  // the window takes what is dropped
}

QAction* BackboneView::action(const char* name, const QString& text, const QList<QKeySequence>& keys) {
  auto* made = new QAction(text, this);
  made->setObjectName(QLatin1String(name));
  made->setShortcuts(keys);
  made->setShortcutContext(Qt::WidgetShortcut);  // of the list alone: these keys mean other things elsewhere
  table_->addAction(made);
  return made;
}

void BackboneView::buildActions() {
  use_ = action("useBackbone", tr("Use for next run"), {Qt::Key_Return, Qt::Key_Enter});
  preview_ = action("previewBackbone", tr("Preview"), {});
  forget_ = action("forgetBackbone", tr("Forget"), {Qt::Key_Delete});
  add_ = action("addBackbone", tr("Add weights…"), {});
  add_->setToolTip(tr("Checks weights files and remembers them by name; they stay where they are"));
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
  connect(add_, &QAction::triggered, this, &BackboneView::addRequested);
  connect(use_, &QAction::triggered, this, [this] { Q_EMIT useRequested(current_); });
  connect(forget_, &QAction::triggered, this, [this] { Q_EMIT forgetRequested(current_); });
  connect(preview_, &QAction::triggered, this, [this] {
    if (backbones_.preview(current_).state == BackbonePreview::State::Running) Q_EMIT previewStopRequested();
    else Q_EMIT previewRequested(current_);
  });
}

void BackboneView::build() {
  auto* adding = new QHBoxLayout;
  adding->setContentsMargins(8, 4, 8, 4);
  adding->addWidget(note_, 1);
  adding->addStretch();
  adding->addWidget(buttonOf(add_, "add"), 0, Qt::AlignTop);
  auto* list = new QWidget;
  auto* upper = new QVBoxLayout(list);
  upper->setContentsMargins(0, 0, 0, 0);
  upper->setSpacing(0);
  upper->addWidget(table_, 1);
  upper->addLayout(adding);
  auto* split = new QSplitter(Qt::Vertical);
  split->setObjectName(QStringLiteral("backboneSplit"));
  split->setChildrenCollapsible(false);
  split->addWidget(list);
  split->addWidget(details_);
  split->setStretchFactor(0, 1);
  split->setStretchFactor(1, 1);
  split->setSizes({240, 260});  // a hash and a path take several lines in a narrow panel
  auto* buttons = new QHBoxLayout;
  buttons->setContentsMargins(8, 0, 8, 0);
  buttons->addWidget(buttonOf(use_, "use"));
  buttons->addWidget(buttonOf(preview_, "preview"));
  buttons->addStretch();
  buttons->addWidget(buttonOf(forget_, "forget"));
  preview_on_->setContentsMargins(8, 0, 8, 8);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  column->addWidget(split, 1);
  column->addLayout(buttons);
  column->addWidget(preview_on_);
}

int BackboneView::currentRow() const { return table_->currentIndex().isValid() ? table_->currentIndex().row() : -1; }
QString BackboneView::current() const { return current_; }

void BackboneView::setCurrent(const QString& name) {
  const int row = backbones_.rowOf(name);
  table_->setCurrentIndex(row < 0 ? QModelIndex() : backbones_.index(row, Model::Name));
}

// A reset takes the selection along; it comes back with the name, or goes to what the next run uses.
void BackboneView::restoreCurrent() {
  const QString before = current_;
  int row = backbones_.rowOf(before);
  for (int other = 0; row < 0 && other < backbones_.rowCount(); ++other)
    if (backbones_.isNext(other)) row = other;
  if (row >= 0) setCurrent(text(backbones_.at(row).name));
  else current_.clear();
  refresh();
}

void BackboneView::setBusy(const QString& what) {
  busy_ = what;
  refresh();
}

void BackboneView::setPreviewBlocked(const QString& why) {
  blocked_ = why;
  refresh();
}

void BackboneView::refresh() {
  const int row = currentRow();
  note_->setText(!busy_.isEmpty()        ? busy_
                 : backbones_.hasAdded() ? QString()
                                         : tr("Drop a weights file here: safetensors, PyTorch, TorchScript or JAX."));
  note_->setVisible(!note_->text().isEmpty());
  preview_on_->setText(tr("Preview: nearest class mean on %1").arg(breakable(backbones_.nextData())));
  preview_on_->setVisible(!backbones_.nextData().isEmpty());
  setAccessibleDescription(busy_.isEmpty() ? tr("Backbones: %1").arg(backbones_.rowCount()) : busy_);
  refreshActions(row);
  showDetails(row);
  chooseColumns();
}

void BackboneView::refreshActions(int row) {
  const bool any = row >= 0, well = any && backbones_.at(row).problem.empty();
  const bool running = any && backbones_.preview(current_).state == BackbonePreview::State::Running;
  const QString none = tr("Select a backbone first"), ill = any ? text(backbones_.at(row).problem) : QString();
  use_->setEnabled(well && !backbones_.isNext(row));
  use_->setToolTip(!any                ? none
                   : !well             ? ill
                   : use_->isEnabled() ? tr("The next run takes this backbone")
                                       : tr("The next run takes it already"));
  preview_->setText(running ? tr("Stop preview") : tr("Preview"));
  preview_->setEnabled(running || (well && blocked_.isEmpty()));
  preview_->setToolTip(running               ? tr("Leaves the measurement")
                       : !blocked_.isEmpty() ? blocked_
                       : !any                ? none
                       : !well
                           ? ill
                           : tr("Accuracy of the nearest class mean over its frozen features, without any training"));
  forget_->setEnabled(any && !backbones_.at(row).bundled);
  forget_->setToolTip(!any                   ? none
                      : forget_->isEnabled() ? tr("Takes it off this list; the file stays")
                                             : tr("It is part of the program"));
}

// Text that somebody is selecting stays untouched as long as it says the same.
void BackboneView::showDetails(int row) {
  const QString html = row < 0 ? QString() : detailsOf(backbones_, row);
  if (html == shown_) return;
  shown_ = html;
  if (html.isEmpty()) details_->clear();
  else details_->setHtml(html);
}

// Columns that the name leaves room for, the telling ones first; the details say the rest.
void BackboneView::chooseColumns() {
  QHeaderView* header = table_->header();
  header->setVisible(backbones_.rowCount() > 0);
  const QAbstractItemView* table = table_;
  const auto wanted = [&](int column) {
    return std::max(table->sizeHintForColumn(column), header->sectionSizeHint(column));
  };
  int room = table_->viewport()->width() - kRoomForName - wanted(Model::NearestMean);
  for (const int column : {Model::Parameters, Model::Input, Model::Network}) {
    room -= wanted(column);
    header->setSectionHidden(column, room < 0);
  }
}

bool BackboneView::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize) chooseColumns();
  return QWidget::eventFilter(watched, event);
}

void BackboneView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && use_) refresh();
}

}  // namespace palimpsest
