// What a trained model is written as, and where: everything is chosen beforehand, so that one click does it.
#pragma once

#include <QDialog>

#include "engine/protocol/export.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace palimpsest {

class RunData;

class ModelExportDialog : public QDialog {
  Q_OBJECT
 public:
  // `run`: with a folder and a finished task; only read here. `folder`: where the file goes unless told otherwise.
  ModelExportDialog(const RunData& run, const QString& folder, QWidget* parent = nullptr);
  ExportRequest request() const;

 Q_SIGNALS:
  void exportRequested(const palimpsest::ExportRequest& request);

 private:
  QString freeName(const QString& ending) const;  // in folder_, of a file that is not there yet
  void formatChanged();
  void refresh();
  void choose();
  void accept() override;

  const std::filesystem::path source_;
  const QString folder_, name_;
  QString agreed_;  // a file that may be replaced: it was chosen in a dialog that asks
  QComboBox* format_;
  QLabel *about_, *note_;
  QLineEdit* file_;
  QPushButton* export_;
};

}  // namespace palimpsest
