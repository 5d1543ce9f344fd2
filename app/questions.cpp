#include "app/questions.h"

#include <QFileDialog>
#include <QMessageBox>
#include <QPushButton>

namespace palimpsest {

void askRunFolder(QWidget* parent, const QString& start, std::function<void(const QString&)> then) {
  auto* dialog = new QFileDialog(parent, QObject::tr("Open a run folder"), start);
  dialog->setObjectName(QStringLiteral("open_dialog"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::Directory);
  QObject::connect(dialog, &QFileDialog::fileSelected, parent, std::move(then));
  dialog->open();
}

void askDiscard(QWidget* parent, const QString& run, const QString& folder, std::function<void()> then) {
  auto* box = new QMessageBox(QMessageBox::Question, QObject::tr("Discard a run"), QObject::tr("Move %1 to the trash?").arg(run),
                              QMessageBox::Cancel, parent);
  box->setInformativeText(folder);
  box->setObjectName(QStringLiteral("discard"));
  box->setAttribute(Qt::WA_DeleteOnClose);
  const QPushButton* yes = box->addButton(QObject::tr("Move to the trash"), QMessageBox::DestructiveRole);
  QObject::connect(yes, &QPushButton::clicked, parent, std::move(then));
  box->open();
}

}  // namespace palimpsest
