#include "widgets/views/inspector_view.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QSplitter>
#include <QTextBrowser>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

#include "widgets/models/param_form.h"
#include "widgets/style/palette.h"
#include "widgets/views/param_delegate.h"

namespace palimpsest {

namespace {

constexpr int kDot = 6;

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }

// The editor of the setting, with a dot where it was changed and a frame where something is wrong.
class SettingDelegate final : public ParamDelegate {
 public:
  using ParamDelegate::ParamDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    ParamDelegate::paint(painter, option, index);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (index.parent().isValid() && index.data(ParamFormModel::ChangedRole).toBool()) {
      painter->setPen(Qt::NoPen);
      painter->setBrush(option.state & QStyle::State_Selected ? option.palette.color(QPalette::HighlightedText) : style::accent());
      painter->drawEllipse(QPointF(option.rect.right() - 8, option.rect.center().y() + 0.5), kDot / 2.0, kDot / 2.0);
    }
    if (!index.data(ParamFormModel::ProblemRole).toString().isEmpty()) {
      painter->setBrush(Qt::NoBrush);
      painter->setPen(QPen(style::error(), 1.5));
      painter->drawRoundedRect(QRectF(option.rect).adjusted(1, 1.5, -1.5, -1.5), 3, 3);
    }
    painter->restore();
  }
};

QString docOf(const QModelIndex& row) {
  const auto esc = [](const QString& s) { return s.toHtmlEscaped(); };
  const auto* spec = static_cast<const ParamSpec*>(row.data(ParamFormModel::SpecRole).value<void*>());
  QString html = QStringLiteral("<b>%1</b>").arg(esc(row.siblingAtColumn(ParamFormModel::Name).data().toString()));
  const QString problem = row.data(ParamFormModel::ProblemRole).toString();
  if (!problem.isEmpty()) html += QStringLiteral("<p style='color:%1'>%2</p>").arg(style::error().name(), esc(problem));
  html += QStringLiteral("<p>%1</p>").arg(esc(row.data(ParamFormModel::DocRole).toString()));
  if (!spec) return html;
  QStringList facts;
  const QString range = QString::fromStdString(rangeText(*spec));
  if (!range.isEmpty()) facts << InspectorView::tr("Range: %1").arg(range);
  facts << InspectorView::tr("Default: %1").arg(QString::fromStdString(spec->fallback.text()));
  if (!spec->meta.source.empty()) facts << InspectorView::tr("Source: %1").arg(text(spec->meta.source));
  facts << InspectorView::tr("Path: %1").arg(row.data(ParamFormModel::PathRole).toString());
  for (QString& fact : facts) fact = esc(fact);
  return html + QStringLiteral("<p style='color:%1'>%2</p>").arg(style::muted().name(), facts.join(QStringLiteral("<br>")));
}

}  // namespace

InspectorView::InspectorView(ParamFormModel& form, QWidget* parent)
    : QWidget(parent), form_(form), filter_(new ParamFilter(this)), depth_(new QComboBox), tree_(new QTreeView), doc_(new QTextBrowser),
      reset_(new QToolButton), empty_(new QLabel(tr("Choose a recipe: its settings and the options of a run appear here."))) {
  setObjectName(QStringLiteral("inspectorView"));
  setAccessibleName(tr("Inspector"));
  filter_->setSourceModel(&form);
  depth_->setObjectName(QStringLiteral("depth"));
  depth_->setAccessibleName(tr("How much is shown"));
  depth_->addItem(tr("Learn: the essentials"), int(Level::Learn));
  depth_->addItem(tr("Work: what papers vary"), int(Level::Work));
  depth_->addItem(tr("Expert: everything"), int(Level::Expert));
  depth_->setCurrentIndex(depth_->findData(int(Level::Work)));
  buildTree();
  reset_->setObjectName(QStringLiteral("reset"));
  reset_->setText(tr("Reset"));
  reset_->setToolTip(tr("Back to the recipe's own value; on a group, all of its settings"));
  doc_->setObjectName(QStringLiteral("doc"));
  doc_->setAccessibleName(tr("What the setting means"));
  doc_->setOpenExternalLinks(true);
  doc_->setPlaceholderText(tr("Select a setting to read what it does."));
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  empty_->setMargin(16);

  auto* row = new QHBoxLayout;
  row->setContentsMargins(6, 4, 6, 0);
  row->addWidget(depth_, 1);
  row->addWidget(reset_);
  auto* split = new QSplitter(Qt::Vertical);
  split->setObjectName(QStringLiteral("inspectorSplit"));
  split->setChildrenCollapsible(false);
  split->addWidget(tree_);
  split->addWidget(doc_);
  split->setStretchFactor(0, 4);
  split->setStretchFactor(1, 1);
  split->setSizes({380, 150});
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addLayout(row);
  column->addWidget(split, 1);
  column->addWidget(empty_, 1);

  connect(depth_, &QComboBox::currentIndexChanged, this, [this] {
    filter_->setDeepest(Level(depth_->currentData().toInt()));
    refresh();
  });
  connect(reset_, &QToolButton::clicked, this, [this] { form_.reset(filter_->mapToSource(tree_->currentIndex())); });
  connect(tree_->selectionModel(), &QItemSelectionModel::currentChanged, this, &InspectorView::showDoc);
  connect(&form, &QAbstractItemModel::dataChanged, this, [this] { showDoc(tree_->currentIndex()); });
  connect(&form, &QAbstractItemModel::modelReset, this, &InspectorView::refresh);
  refresh();
}

void InspectorView::buildTree() {
  tree_->setObjectName(QStringLiteral("form"));
  tree_->setAccessibleName(tr("Settings"));
  tree_->setModel(filter_);
  tree_->setItemDelegateForColumn(ParamFormModel::Setting, new SettingDelegate(this));
  tree_->setAlternatingRowColors(true);
  tree_->setAllColumnsShowFocus(true);
  tree_->setIndentation(14);
  tree_->setEditTriggers(QAbstractItemView::AllEditTriggers);
  tree_->header()->setSectionResizeMode(ParamFormModel::Name, QHeaderView::Stretch);
  tree_->header()->setSectionResizeMode(ParamFormModel::Setting, QHeaderView::Stretch);
  tree_->header()->setStretchLastSection(false);
}

void InspectorView::refresh() {
  const bool any = form_.rowCount() > 0;
  for (QWidget* widget : {tree_->parentWidget(), static_cast<QWidget*>(depth_), static_cast<QWidget*>(reset_)}) widget->setVisible(any);
  empty_->setVisible(!any);
  tree_->expandAll();
  for (int group = 0; group < filter_->rowCount(); ++group) tree_->setFirstColumnSpanned(group, {}, true);
  showDoc(tree_->currentIndex());
}

void InspectorView::showDoc(const QModelIndex& row) {
  if (!row.isValid()) doc_->clear();
  else doc_->setHtml(docOf(row.siblingAtColumn(ParamFormModel::Setting)));
  reset_->setEnabled(row.isValid() && row.siblingAtColumn(ParamFormModel::Setting).data(ParamFormModel::ChangedRole).toBool());
  setAccessibleDescription(!form_.valid() ? tr("Some settings have problems") : form_.changed() ? tr("Some settings were changed") : tr("Every setting is the recipe's own"));
}

void InspectorView::reveal(const QString& path) {
  const auto dot = path.lastIndexOf(QLatin1Char('.'));
  QString name = path.mid(dot + 1);
  while (name.startsWith(QLatin1Char('-'))) name.remove(0, 1);  // an option, as the command line writes it
  name.replace(QLatin1Char('-'), QLatin1Char('_'));
  const QModelIndex found = form_.find(dot < 0 ? std::string() : path.left(dot).toStdString(), name.toStdString());
  if (!found.isValid()) return;
  if (!filter_->mapFromSource(found).isValid()) depth_->setCurrentIndex(depth_->findData(int(Level::Expert)));
  const QModelIndex row = filter_->mapFromSource(found);
  tree_->setCurrentIndex(row);
  tree_->scrollTo(row);
  tree_->setFocus();
}

void InspectorView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && doc_) showDoc(tree_->currentIndex());
}

}  // namespace palimpsest
