#include "app/model_export_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QVBoxLayout>

#include "widgets/models/run_data.h"

namespace palimpsest {

namespace {
QString text(const std::string& s) { return QString::fromStdString(s); }

// The first few classes in the order of the outputs.
QString classesOf(const RunData& run) {
  constexpr qsizetype kShown = 6;
  const RunStarted& start = run.start();
  int seen = 0;
  for (int task = 0; task <= run.lastEndedTask() && task < int(start.task_sizes.size()); ++task) seen += start.task_sizes[std::size_t(task)];
  QStringList names;
  for (int label = 0; label < seen && label < int(start.class_order.size()) && names.size() < kShown; ++label) {
    const auto cls = std::size_t(start.class_order[std::size_t(label)]);
    names << (cls < start.class_names.size() ? text(start.class_names[cls]) : QString::number(cls));
  }
  const QString list = names.join(QStringLiteral(", ")) + (seen > names.size() ? QStringLiteral(", …") : QString());
  return ModelExportDialog::tr("%n classes in the order in which they were learned: %1", nullptr, seen).arg(list);
}
}  // namespace

ModelExportDialog::ModelExportDialog(const RunData& run, const QString& folder, QWidget* parent)
    : QDialog(parent), source_(run.folder), folder_(folder), name_(run.id()), format_(new QComboBox(this)), about_(new QLabel(this)),
      note_(new QLabel(this)), file_(new QLineEdit(this)) {
  setObjectName(QStringLiteral("modelExportDialog"));
  setWindowTitle(tr("Export the model of %1").arg(run.title()));
  setMinimumWidth(560);
  format_->setObjectName(QStringLiteral("exportFormat"));
  format_->setAccessibleName(tr("Format of the file"));
  for (const ExportFormat& format : exportFormats()) format_->addItem(text(format.title), text(format.name));
  file_->setObjectName(QStringLiteral("exportFile"));
  file_->setAccessibleName(tr("File to write"));
  about_->setWordWrap(true);
  note_->setObjectName(QStringLiteral("exportNote"));
  note_->setWordWrap(true);
  auto* model = new QLabel(tr("As it was after task %1 of %2").arg(run.lastEndedTask() + 1).arg(run.start().tasks));
  auto* classes = new QLabel(classesOf(run));
  classes->setWordWrap(true);
  auto* input = new QLabel(tr("Pixels from 0 to 1; the file says how an image is resized and cut out first."));
  input->setWordWrap(true);
  auto* choose = new QPushButton(tr("&Choose…"));
  choose->setObjectName(QStringLiteral("exportChoose"));
  choose->setAutoDefault(false);
  auto* place = new QHBoxLayout;
  place->addWidget(file_, 1);
  place->addWidget(choose);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
  export_ = buttons->addButton(tr("Export"), QDialogButtonBox::AcceptRole);
  export_->setObjectName(QStringLiteral("exportModel"));
  export_->setDefault(true);
  auto* form = new QGridLayout;  // a form's rows would cut off text of several lines
  form->setColumnStretch(1, 1);
  form->setHorizontalSpacing(12);
  auto row = [&, at = 0](const QString& label, QWidget* buddy, auto add) mutable {
    auto* name = new QLabel(label);
    name->setBuddy(buddy);
    name->setAlignment(buddy ? Qt::AlignVCenter : Qt::AlignTop);
    form->addWidget(name, at, 0);
    add(at++);
  };
  const auto words = [form](QWidget* label) { return [form, label](int at) { form->addWidget(label, at, 1); }; };
  row(tr("Model"), nullptr, words(model));
  row(tr("Outputs"), nullptr, words(classes));
  row(tr("Input"), nullptr, words(input));
  row(tr("&Format"), format_, [form, this](int at) { form->addWidget(format_, at, 1, Qt::AlignLeft); });
  row(QString(), nullptr, words(about_));
  row(tr("F&ile"), file_, [form, place](int at) { form->addLayout(place, at, 1); });
  auto* column = new QVBoxLayout(this);
  column->addLayout(form);
  column->addWidget(note_);
  column->addStretch(1);
  column->addWidget(buttons);
  connect(buttons, &QDialogButtonBox::accepted, this, &ModelExportDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &ModelExportDialog::reject);
  connect(format_, &QComboBox::currentIndexChanged, this, &ModelExportDialog::formatChanged);
  connect(file_, &QLineEdit::textChanged, this, &ModelExportDialog::refresh);
  connect(choose, &QPushButton::clicked, this, &ModelExportDialog::choose);
  formatChanged();
  export_->setFocus();
}

QString ModelExportDialog::freeName(const QString& ending) const {
  static const QRegularExpression odd(QStringLiteral("[^\\w.-]+"));
  const QString stem = QDir(folder_).filePath(QString(name_).replace(odd, QStringLiteral("-")));
  QString file = stem + ending;
  for (int number = 2; QFileInfo::exists(file); ++number) file = stem + QLatin1Char('-') + QString::number(number) + ending;
  return QDir::toNativeSeparators(file);
}

void ModelExportDialog::formatChanged() {
  const ExportFormat& format = exportFormats()[std::size_t(format_->currentIndex())];
  about_->setText(text(format.doc));
  file_->setText(freeName(text(format.ending)));
  refresh();
}

void ModelExportDialog::refresh() {
  const QString file = file_->text().trimmed();
  const QFileInfo info(file);
  QString problem;
  if (file.isEmpty()) problem = tr("The file needs a name.");
  else if (info.isDir()) problem = tr("That is a folder.");
  else if (!info.absoluteDir().exists()) problem = tr("There is no folder %1.").arg(QDir::toNativeSeparators(info.absolutePath()));
  else if (info.exists() && file != agreed_) problem = tr("There is a file of that name already.");
  export_->setEnabled(problem.isEmpty());
  note_->setText(problem.isEmpty() ? tr("The file is read again and compared with the model on test images; it is kept only if every prediction agrees.") : problem);
}

void ModelExportDialog::choose() {
  const ExportFormat& format = exportFormats()[std::size_t(format_->currentIndex())];
  const QString file = QFileDialog::getSaveFileName(this, windowTitle(), file_->text(), QStringLiteral("%1 (*%2)").arg(text(format.title), text(format.ending)));
  if (file.isEmpty()) return;
  agreed_ = QDir::toNativeSeparators(file);
  file_->setText(agreed_);
  refresh();
}

ExportRequest ModelExportDialog::request() const {
  const QString file = file_->text().trimmed();
  return {.run_folder = source_, .out = QDir::fromNativeSeparators(file).toStdString(), .format = format_->currentData().toString().toStdString(), .overwrite = !agreed_.isEmpty() && file == agreed_};
}

void ModelExportDialog::accept() {
  if (!export_->isEnabled()) return;
  Q_EMIT exportRequested(request());
  QDialog::accept();
}

}  // namespace palimpsest
