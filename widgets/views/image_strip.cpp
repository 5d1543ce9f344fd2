#include "widgets/views/image_strip.h"

#include <QComboBox>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>
#include <memory>

#include "widgets/models/life_order.h"
#include "widgets/style/format.h"

namespace palimpsest {

namespace {
enum Order { AsNumbered, ByFall, ByClass };
}

ImageStrip::ImageStrip(Lab& lab, QWidget* parent)
    : QWidget(parent), lab_(lab), loader_(lab.blobs), what_(new QLabel), clear_(new QPushButton(tr("Clear"))), keep_(new QPushButton(tr("Keep as slice…"))), slices_(new QToolButton), menu_(new QMenu(this)),
      sort_(new QComboBox), grid_(new ThumbnailGrid(lab, loader_)) {
  setObjectName(QStringLiteral("imageStrip"));
  pool_.setMaxThreadCount(1);
  what_->setObjectName(QStringLiteral("selectionWhat"));
  what_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  what_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  clear_->setObjectName(QStringLiteral("selectionClear"));
  clear_->setToolTip(tr("Select nothing (Esc)"));
  keep_->setObjectName(QStringLiteral("selectionKeep"));
  keep_->setToolTip(tr("Keep these images under a name, to come back to them"));
  slices_->setObjectName(QStringLiteral("selectionSlices"));
  slices_->setText(tr("Slices"));
  slices_->setPopupMode(QToolButton::InstantPopup);
  slices_->setMenu(menu_);
  sort_->setObjectName(QStringLiteral("selectionSort"));
  sort_->setAccessibleName(tr("Order of the images"));
  sort_->addItems({tr("as numbered"), tr("forgotten when"), tr("by class")});
  sort_->setToolTip(tr("Order of the images. Forgotten when: those that went wrong first come first, those that never did last"));
  auto* row = new QHBoxLayout;
  row->setContentsMargins(8, 4, 8, 2);
  row->addWidget(what_, 1);
  for (QWidget* widget : std::initializer_list<QWidget*>{sort_, clear_, keep_, slices_}) row->addWidget(widget);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addLayout(row);
  column->addWidget(grid_, 1);
  loader_.setRun(lab.cursor.run());
  connect(&lab.cursor, &Cursor::runChanged, &loader_, &PredictionLoader::setRun);
  connect(&lab.selection, &Selection::changed, this, &ImageStrip::refresh);
  connect(&lab.selection, &Selection::slicesChanged, this, &ImageStrip::offerSlices);
  connect(menu_, &QMenu::aboutToShow, this, &ImageStrip::fillSlices);
  connect(sort_, &QComboBox::currentIndexChanged, this, &ImageStrip::sort);
  connect(clear_, &QPushButton::clicked, &lab.selection, &Selection::clear);
  connect(grid_, &ThumbnailGrid::cleared, &lab.selection, &Selection::clear);
  connect(keep_, &QPushButton::clicked, this, &ImageStrip::askForName);
  const auto again = [this] {
    if (sort_->currentIndex() != AsNumbered) sort();
  };
  connect(&loader_, &PredictionLoader::changed, this, again);
  connect(&lab.cursor, &Cursor::taskChanged, this, again);
  refresh();
  offerSlices();
}

ImageStrip::~ImageStrip() { pool_.waitForDone(); }

void ImageStrip::refresh() {
  const Selection& selection = lab_.selection;
  const QString count = tr("%1 images").arg(style::integer(std::int64_t(selection.samples().size())));
  const QString text = selection.empty() ? tr("Nothing is selected") : QStringLiteral("%1: %2").arg(selection.what().isEmpty() ? tr("Selected") : selection.what(), count);
  what_->setText(text);
  what_->setToolTip(text);
  clear_->setEnabled(!selection.empty());
  keep_->setEnabled(!selection.empty());
  sort();
}

// As numbered needs no sorting; the others are sorted on a thread of their own, the latest question counts.
void ImageStrip::sort() {
  const int ticket = ++ticket_, how = sort_->currentIndex();
  std::vector<std::int64_t> samples = lab_.selection.samples();
  pool_.clear();
  if (how == AsNumbered || samples.empty()) return take(std::move(samples), ticket);
  sorting_ = true;
  pool_.start([this, samples = std::move(samples), history = loader_.history(), upto = lab_.cursor.task(), how, ticket] {
    auto sorted = std::make_shared<std::vector<std::int64_t>>(ordered(*history, upto, how == ByFall ? LifeOrder::Sort::ByFall : LifeOrder::Sort::ByClass, samples));
    QMetaObject::invokeMethod(this, [this, sorted, ticket] { take(std::move(*sorted), ticket); });
  });
}

void ImageStrip::take(std::vector<std::int64_t> samples, int ticket) {
  if (ticket != ticket_) return;
  sorting_ = false;
  grid_->set(std::move(samples));
}

void ImageStrip::askForName() {
  const QString name = QInputDialog::getText(this, tr("Keep as slice"), tr("Name of these %n images:", nullptr, int(lab_.selection.samples().size())), QLineEdit::Normal, lab_.selection.what());
  if (!name.trimmed().isEmpty()) keep(name.trimmed());
}

void ImageStrip::offerSlices() {
  const bool any = !lab_.selection.slices().empty();
  slices_->setEnabled(any);
  slices_->setToolTip(any ? tr("Select the images of a slice; with Shift they are added, with Ctrl taken away") : tr("No slice has been kept yet"));
}

// When it is opened: an action must not be deleted while it acts.
void ImageStrip::fillSlices() {
  menu_->clear();
  qDeleteAll(menu_->findChildren<QMenu*>());
  const auto& slices = lab_.selection.slices();
  for (const Selection::Slice& slice : slices)
    menu_->addAction(tr("%1 (%2)").arg(slice.name, style::integer(std::int64_t(slice.samples.size()))), this,
                     [this, slice] { lab_.selection.select(slice.samples, slice.name, Selection::modeOf(QGuiApplication::keyboardModifiers())); });
  if (slices.empty()) return;
  QMenu* drop = menu_->addMenu(tr("Drop"));
  for (const Selection::Slice& slice : slices) drop->addAction(slice.name, this, [this, name = slice.name] { lab_.selection.dropSlice(name); });
}

}  // namespace palimpsest
