#include "app/notice_bar.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/style/palette.h"

namespace palimpsest {

namespace {
QColor colourOf(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::Good: return style::accent();
    case Notice::Kind::Note: return style::accent();
    case Notice::Kind::Warning: return style::warning();
    case Notice::Kind::Failure: return style::error();
  }
  return style::accent();
}

// A strip in the colour of its kind, painted from the palette so that a change of theme reaches it.
class Strip : public QFrame {
 public:
  Strip(Notice::Kind kind, QWidget* parent) : QFrame(parent), kind_(kind) {}

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    QColor tint = colourOf(kind_);
    painter.fillRect(QRect(0, 0, 4, height()), tint);
    tint.setAlpha(36);
    painter.fillRect(rect(), tint);
  }

 private:
  Notice::Kind kind_;
};
}  // namespace

NoticeArea::NoticeArea(QWidget* parent) : QWidget(parent), layout_(new QVBoxLayout(this)) {
  setObjectName(QStringLiteral("notices"));
  layout_->setContentsMargins(0, 0, 0, 0);
  layout_->setSpacing(2);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
}

void NoticeArea::show(const QString& key, Notice notice) {
  close(key);
  auto* bar = new Strip(notice.kind, this);
  bar->setObjectName(QStringLiteral("notice_") + key);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(14, 5, 6, 5);
  auto* text = new QLabel(notice.text, bar);
  text->setObjectName(QStringLiteral("text"));
  text->setWordWrap(true);
  text->setTextFormat(Qt::PlainText);
  text->setTextInteractionFlags(Qt::TextSelectableByMouse);
  row->addWidget(text, 1);
  int number = 0;
  for (auto& [label, act] : notice.remedies) {
    auto* button = new QPushButton(label, bar);
    button->setObjectName(QStringLiteral("remedy_%1").arg(number++));
    // The remedy may put up another notice under this key, so this one is closed first.
    connect(button, &QPushButton::clicked, this, [this, key, act = std::move(act)] {
      close(key);
      act();
    });
    row->addWidget(button);
  }
  if (notice.closable) {
    auto* shut = new QToolButton(bar);
    shut->setObjectName(QStringLiteral("close"));
    shut->setAutoRaise(true);
    shut->setIcon(shut->style()->standardIcon(QStyle::SP_DockWidgetCloseButton));
    shut->setToolTip(tr("Close this message"));
    shut->setAccessibleName(tr("Close this message"));
    connect(shut, &QToolButton::clicked, this, [this, key] { close(key); });
    row->addWidget(shut);
  }
  layout_->addWidget(bar);
  bars_[key] = bar;
}

void NoticeArea::close(const QString& key) {
  const auto at = bars_.find(key);
  if (at == bars_.end()) return;
  at->second->hide();
  at->second->deleteLater();  // the click that closes it comes from inside
  bars_.erase(at);
}

QString NoticeArea::text(const QString& key) const {
  const auto at = bars_.find(key);
  const auto* label = at == bars_.end() ? nullptr : at->second->findChild<QLabel*>(QStringLiteral("text"));
  return label ? label->text() : QString();
}

}  // namespace palimpsest
