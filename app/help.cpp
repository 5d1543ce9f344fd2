#include "app/help.h"

#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QKeySequence>
#include <QMessageBox>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "app/actions.h"
#include "app/engine_api.h"

namespace palimpsest {

namespace {
QString tr(const char* text) { return QCoreApplication::translate("Help", text); }

QString rowOf(const QString& key, const QString& what) {
  return QStringLiteral("<tr><td style='padding:2px 18px 2px 0'><b>%1</b></td><td style='padding:2px 0'>%2</td></tr>")
      .arg(key.toHtmlEscaped(), what.toHtmlEscaped());
}

QString gestures() {
  return rowOf(tr("Wheel"), tr("Zoom at the pointer; over an axis, that axis alone")) +
         rowOf(tr("Drag"), tr("Move what is shown; zooming works while data stream in")) +
         rowOf(tr("Double click"), tr("Everything again, following new data")) +
         rowOf(tr("Right click"), tr("Save the plot or its data")) +
         rowOf(tr("Drop a run's folder"), tr("Opens it; one that is being written is followed live")) +
         rowOf(tr("Drop a weights file"), tr("Adds it to the backbones; it stays where it is"));
}
}  // namespace

QString keysSheet() {
  QString html;
  const char* menu = nullptr;
  for (const ActionRow& row : Actions::table()) {
    if (!*row.key) continue;
    if (menu != row.menu) {
      if (menu) html += QStringLiteral("</table>");
      menu = row.menu;
      html += QStringLiteral("<h3>%1</h3><table>").arg(Actions::textOf(menu).remove(QLatin1Char('&')).toHtmlEscaped());
    }
    QString what = Actions::textOf(row.text).remove(QLatin1Char('&')).remove(QStringLiteral("..."));
    if (*row.tip) what += QStringLiteral(" - ") + Actions::textOf(row.tip);
    html += rowOf(QKeySequence(QString::fromLatin1(row.key)).toString(QKeySequence::NativeText), what);
  }
  html += QStringLiteral("</table><h3>%1</h3><table>%2</table>").arg(tr("In the plots"), gestures());
  return html;
}

void showKeys(QWidget* parent) {
  auto* sheet = new QDialog(parent);
  sheet->setAttribute(Qt::WA_DeleteOnClose);
  sheet->setObjectName(QStringLiteral("keys_sheet"));
  sheet->setWindowTitle(tr("Keys and gestures"));
  auto* text = new QTextBrowser(sheet);
  text->setHtml(keysSheet());
  text->setFrameShape(QFrame::NoFrame);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, sheet);
  QObject::connect(buttons, &QDialogButtonBox::rejected, sheet, &QDialog::reject);
  auto* column = new QVBoxLayout(sheet);
  column->addWidget(text);
  column->addWidget(buttons);
  sheet->resize(680, 640);
  sheet->show();
}

QString aboutText(const EngineApi& api) {
  return tr("<h3>Palimpsest %1</h3>"
            "<p>A visual laboratory for continual learning: which of the old text is still legible, what was written "
            "over, and why.</p>"
            "<p>LibTorch %2, Qt %3</p>"
            "<p>Free software under the GNU General Public License, version 3 or later (GPL-3.0-or-later), because "
            "QCustomPlot is. There is no warranty.</p>")
      .arg(QString::fromStdString(api.version), QString::fromStdString(api.torch_version), QString::fromLatin1(qVersion()));
}

void showAbout(QWidget* parent, const EngineApi& api) {
  auto* box = new QMessageBox(QMessageBox::NoIcon, tr("About Palimpsest"), aboutText(api), QMessageBox::Close, parent);
  box->setObjectName(QStringLiteral("about"));
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->setTextFormat(Qt::RichText);
  box->open();  // does not stop the event loop: what runs goes on being shown
}

}  // namespace palimpsest
