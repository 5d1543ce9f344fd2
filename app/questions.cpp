#include "app/questions.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>

namespace palimpsest {

namespace {
const QString kWeightsFolder = QStringLiteral("backbones/folder");
}

void askRunFolder(QWidget* parent, const QString& start, std::function<void(const QString&)> then) {
  auto* dialog = new QFileDialog(parent, QObject::tr("Open a run folder"), start);
  dialog->setObjectName(QStringLiteral("open_dialog"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::Directory);
  QObject::connect(dialog, &QFileDialog::fileSelected, parent, std::move(then));
  dialog->open();
}

void askWeights(QWidget* parent, std::function<void(const QStringList&)> then) {
  auto* dialog = new QFileDialog(parent, QObject::tr("Add weights"), QSettings().value(kWeightsFolder, QDir::homePath()).toString(),
                                 QObject::tr("Weights (*.safetensors *.pth *.pt *.bin *.npz);;All files (*)"));
  dialog->setObjectName(QStringLiteral("weights_dialog"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFiles);
  QObject::connect(dialog, &QFileDialog::filesSelected, parent, [then = std::move(then)](const QStringList& files) {
    QSettings().setValue(kWeightsFolder, QFileInfo(files.value(0)).absolutePath());
    then(files);
  });
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
