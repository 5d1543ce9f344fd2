#include "app/command_palette.h"

#include <QApplication>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QTextLayout>
#include <QVBoxLayout>

#include "widgets/style/palette.h"

namespace palimpsest {

namespace {

constexpr int kWidth = 640, kRows = 11, kPad = 8;

// Kind | text with the letters that were typed in bold | shortcut; the detail below, smaller.
class EntryDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override {
    return {200, option.fontMetrics.height() + QFontMetrics(small(option.font)).height() + kPad};
  }

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const bool chosen = option.state & QStyle::State_Selected, enabled = index.flags() & Qt::ItemIsEnabled;
    painter->save();
    if (chosen) painter->fillRect(option.rect, option.palette.highlight());
    const QColor text = chosen ? option.palette.color(QPalette::HighlightedText) : enabled ? option.palette.color(QPalette::Text) : style::muted();
    const QColor quiet = chosen ? text : style::muted();
    const QFontMetrics metrics(option.font), small_metrics(small(option.font));
    QRect rect = option.rect.adjusted(kPad, kPad / 2, -kPad, -kPad / 2);
    const int kind_width = small_metrics.horizontalAdvance(QLatin1Char('m')) * 10;
    const QRect top(rect.left(), rect.top(), rect.width(), metrics.height());
    painter->setFont(small(option.font));
    painter->setPen(quiet);
    painter->drawText(QRect(top.left(), top.top(), kind_width, top.height()), Qt::AlignVCenter,
                      small_metrics.elidedText(index.data(PaletteModel::KindRole).toString(), Qt::ElideRight, kind_width));
    painter->setFont(option.font);
    const QString shortcut = index.data(PaletteModel::ShortcutRole).toString();
    painter->drawText(top, Qt::AlignRight | Qt::AlignVCenter, shortcut);
    const int left = top.left() + kind_width + kPad;
    const int room = top.right() - left - (shortcut.isEmpty() ? 0 : metrics.horizontalAdvance(shortcut) + 2 * kPad);
    painter->setPen(text);
    drawName(painter, option.font, QRect(left, top.top(), room, top.height()), index);
    painter->setFont(small(option.font));
    painter->setPen(quiet);
    const int below = rect.right() - left;
    painter->drawText(QRect(left, top.bottom(), below, small_metrics.height()), Qt::AlignVCenter,
                      small_metrics.elidedText(index.data(PaletteModel::DetailRole).toString(), Qt::ElideRight, below));
    painter->restore();
  }

 private:
  static QFont small(QFont font) {
    font.setPointSizeF(font.pointSizeF() * 0.85);
    return font;
  }

  static void drawName(QPainter* painter, const QFont& font, const QRect& rect, const QModelIndex& index) {
    const QIcon icon = index.data(Qt::DecorationRole).value<QIcon>();
    const int indent = icon.isNull() ? 0 : 22;
    if (indent) icon.paint(painter, rect.left(), rect.top() + (rect.height() - 16) / 2, 16, 16);
    QTextLayout layout(QFontMetrics(font).elidedText(index.data().toString(), Qt::ElideRight, rect.width() - indent), font);
    QList<QTextLayout::FormatRange> bold;
    for (const int at : index.data(PaletteModel::MatchRole).value<QList<int>>()) {
      QTextLayout::FormatRange range{at, 1, {}};
      range.format.setFontWeight(QFont::Bold);
      range.format.setFontUnderline(true);
      if (at < layout.text().size()) bold << range;
    }
    layout.setFormats(bold);
    layout.beginLayout();
    QTextLine line = layout.createLine();
    if (line.isValid()) line.setLineWidth(1e5);
    layout.endLayout();
    layout.draw(painter, QPointF(rect.left() + indent, rect.top()));
  }
};

}  // namespace

CommandPalette::CommandPalette(QWidget* window)
    : QDialog(window, Qt::Dialog | Qt::FramelessWindowHint), line_(new QLineEdit(this)), list_(new QListView(this)), count_(new QLabel(this)) {
  setObjectName(QStringLiteral("command_palette"));
  setWindowTitle(tr("Command palette"));
  setAccessibleName(tr("Command palette"));
  line_->setObjectName(QStringLiteral("palette_line"));
  line_->setPlaceholderText(tr("Search actions, runs, classes, settings, recipes"));
  line_->setAccessibleName(tr("Search"));
  line_->setAccessibleDescription(tr("Arrow keys move through what was found, Return does it, Esc leaves"));
  line_->setClearButtonEnabled(true);
  line_->installEventFilter(this);
  list_->setObjectName(QStringLiteral("palette_list"));
  list_->setAccessibleName(tr("Found"));
  list_->setModel(&model_);
  list_->setItemDelegate(new EntryDelegate(list_));
  list_->setUniformItemSizes(true);
  list_->setFocusPolicy(Qt::NoFocus);  // the line keeps the focus; it hands on the keys that move
  list_->setFrameShape(QFrame::NoFrame);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  count_->setObjectName(QStringLiteral("palette_count"));
  count_->setContentsMargins(kPad, 2, kPad, 2);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(6, 6, 6, 6);
  column->setSpacing(4);
  column->addWidget(line_);
  column->addWidget(list_, 1);
  column->addWidget(count_);
  connect(line_, &QLineEdit::textChanged, this, &CommandPalette::narrow);
  connect(line_, &QLineEdit::returnPressed, this, &CommandPalette::choose);
  connect(list_, &QListView::clicked, this, &CommandPalette::choose);
}

void CommandPalette::popUp() {
  std::vector<PaletteEntry> entries;
  for (const PaletteProvider& provider : providers_)
    for (PaletteEntry& entry : provider()) entries.push_back(std::move(entry));
  model_.setEntries(std::move(entries));
  line_->clear();
  narrow({});
  const QRect within = parentWidget()->window()->geometry();
  const int row = list_->sizeHintForRow(0) > 0 ? list_->sizeHintForRow(0) : 2 * fontMetrics().height() + kPad;
  resize(qMin(kWidth, within.width() - 40), qMin(kRows * row + 90, within.height() - 80));
  move(within.center().x() - width() / 2, within.top() + within.height() / 8);
  show();
  raise();
  activateWindow();
  line_->setFocus();
}

void CommandPalette::narrow(const QString& pattern) {
  model_.setPattern(pattern);
  if (model_.rowCount() > 0) list_->setCurrentIndex(model_.index(0));
  list_->scrollToTop();
  tell();
}

void CommandPalette::tell() {
  QString text = model_.rowCount() == 0 ? tr("Nothing is called that. Try fewer letters.") : tr("%n found", nullptr, model_.rowCount());
  if (const QModelIndex current = list_->currentIndex(); current.isValid())
    line_->setAccessibleDescription(current.data(Qt::AccessibleTextRole).toString());  // read aloud as the arrows move
  count_->setText(text);
}

void CommandPalette::choose() {
  const QModelIndex current = list_->currentIndex();
  if (!current.isValid() || !(current.flags() & Qt::ItemIsEnabled)) return;
  const std::function<void()> what = model_.at(current.row()).choose;  // the entry may be gone once its action ran
  model_.remember(current.row());
  accept();
  if (what) what();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched != line_ || event->type() != QEvent::KeyPress) return QDialog::eventFilter(watched, event);
  const auto* key = static_cast<QKeyEvent*>(event);
  int rows = 0;  // that can be chosen: those that cannot come last
  while (rows < model_.rowCount() && model_.at(rows).enabled) ++rows;
  const int at = list_->currentIndex().row();
  int to = at;
  switch (key->key()) {
    case Qt::Key_Down: to = at + 1 < rows ? at + 1 : 0; break;
    case Qt::Key_Up: to = at > 0 ? at - 1 : rows - 1; break;
    case Qt::Key_PageDown: to = qMin(rows - 1, at + kRows - 1); break;
    case Qt::Key_PageUp: to = qMax(0, at - kRows + 1); break;
    case Qt::Key_K:
      if (key->modifiers() != Qt::ControlModifier) return false;
      reject();  // the key that opened it closes it
      return true;
    default: return false;
  }
  if (rows > 0) list_->setCurrentIndex(model_.index(to));
  tell();
  return true;
}

}  // namespace palimpsest
