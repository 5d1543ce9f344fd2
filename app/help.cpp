#include "app/help.h"

#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QKeySequence>
#include <QLineEdit>
#include <QMessageBox>
#include <QPrintDialog>
#include <QPrinter>
#include <QPushButton>
#include <QTextBrowser>
#include <QVBoxLayout>
#include <algorithm>
#include <vector>

#include "app/actions.h"
#include "app/engine_api.h"

namespace palimpsest {

namespace {
QString tr(const char* text) { return QCoreApplication::translate("Help", text); }

QString rowOf(const QString& key, const QString& what) {
  return QStringLiteral("<tr><td style='padding:2px 18px 2px 0'><b>%1</b></td><td style='padding:2px 0'>%2</td></tr>")
      .arg(key.toHtmlEscaped(), what.toHtmlEscaped());
}

struct Row {
  QString key, what;
};
struct Table {
  QString title;
  std::vector<Row> rows;
};

std::vector<Table> gestures() {
  return {
      {tr("In the plots"),
       {{tr("Wheel"), tr("Zoom at the pointer; over an axis, that axis alone")},
        {tr("Drag"), tr("Move what is shown; zooming works while data stream in")},
        {tr("Double click"), tr("Everything again, following new data")},
        {tr("Right click"), tr("Save or copy the plot or its data; time in tasks or in steps")},
        {tr("F, Home"), tr("Follow: everything again")},
        {tr("+ and -"), tr("Zoom about the crosshair")},
        {tr("Left, Right"), tr("Move the crosshair; with Shift ten times as far")},
        {tr("Escape"), tr("No crosshair")}}},
      {tr("In matrices and maps"),
       {{tr("Arrow keys"), tr("Move from cell to cell")},
        {tr("Click, Return"), tr("Choose the cell: the time after that task, or its images")},
        {tr("Right click"), tr("Copy as CSV, Markdown or LaTeX; save a picture")}}},
      {tr("Selecting images"),
       {{tr("Click, drag"), tr("These images instead of those that were selected")},
        {tr("Shift"), tr("Also these")},
        {tr("Ctrl"), tr("Not these")},
        {tr("Shift+Ctrl"), tr("Only those that are in both")}}},
      {tr("Command palette"),
       {{tr("Letters"), tr("Any letters of a name in their order; words in any order")},
        {tr("Up, Down, Page up, Page down"), tr("Move through what was found")},
        {tr("Return"), tr("Does it")},
        {tr("Escape"), tr("Leaves")}}},
      {tr("Presentation"),
       {{tr("Space, Page down"), tr("On: to the answer, then to the next scene")},
        {tr("Page up"), tr("Back")},
        {tr("B, full stop"), tr("Black screen, and back")},
        {tr("Drag, arrow keys"), tr("Draw the curve that you expect")},
        {tr("Escape"), tr("Leaves")}}},
      {tr("Anywhere"),
       {{tr("Drop a run's folder"), tr("Opens it; one that is being written is followed live")},
        {tr("Drop a weights file"), tr("Adds it to the backbones; it stays where it is")}}},
  };
}

std::vector<Table> actions() {
  std::vector<Table> tables;
  for (const ActionRow& row : Actions::table()) {
    const QString menu = Actions::textOf(row.menu).remove(QLatin1Char('&'));
    if (tables.empty() || tables.back().title != menu) tables.push_back({menu, {}});
    QString what = Actions::textOf(row.text).remove(QLatin1Char('&')).remove(QStringLiteral("..."));
    if (*row.tip) what += QStringLiteral(" - ") + Actions::textOf(row.tip);
    tables.back().rows.push_back({QKeySequence(QString::fromLatin1(row.key)).toString(QKeySequence::NativeText), what});
  }
  return tables;
}

bool has(const Row& row, const QStringList& words) {
  return std::all_of(words.begin(), words.end(), [&](const QString& word) {
    return row.key.contains(word, Qt::CaseInsensitive) || row.what.contains(word, Qt::CaseInsensitive);
  });
}

void print(QWidget* parent, QTextBrowser* text) {
  auto* dialog = new QPrintDialog(parent);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  QObject::connect(dialog, qOverload<QPrinter*>(&QPrintDialog::accepted), text, [text](QPrinter* printer) {
    // On paper it is black on white, whatever the window looks like.
    QTextDocument page;
    page.setDefaultStyleSheet(QStringLiteral("* { color: black; }"));
    page.setHtml(text->toHtml());
    page.print(printer);
  });
  dialog->open();  // does not stop the event loop: what runs goes on being shown
}
}  // namespace

QString keysSheet(const QString& search) {
  std::vector<Table> tables = actions();
  for (Table& table : gestures()) tables.push_back(std::move(table));
  const QStringList words = search.split(QLatin1Char(' '), Qt::SkipEmptyParts);
  QString html;
  for (const Table& table : tables) {
    QString rows;
    for (const Row& row : table.rows)
      if (has(row, words) || has({{}, table.title}, words)) rows += rowOf(row.key, row.what);
    if (!rows.isEmpty()) html += QStringLiteral("<h3>%1</h3><table>%2</table>").arg(table.title.toHtmlEscaped(), rows);
  }
  return html.isEmpty() ? QStringLiteral("<p>%1</p>").arg(tr("Nothing here has these words.")) : html;
}

void showKeys(QWidget* parent) {
  auto* sheet = new QDialog(parent);
  sheet->setAttribute(Qt::WA_DeleteOnClose);
  sheet->setObjectName(QStringLiteral("keys_sheet"));
  sheet->setWindowTitle(tr("Keys and gestures"));
  auto* search = new QLineEdit(sheet);
  search->setObjectName(QStringLiteral("keys_search"));
  search->setPlaceholderText(tr("Search keys and what they do"));
  search->setAccessibleName(tr("Search"));
  search->setClearButtonEnabled(true);
  auto* text = new QTextBrowser(sheet);
  text->setObjectName(QStringLiteral("keys_text"));
  text->setAccessibleName(tr("Keys and gestures"));
  text->setHtml(keysSheet());
  text->setFrameShape(QFrame::NoFrame);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, sheet);
  QPushButton* paper = buttons->addButton(tr("&Print..."), QDialogButtonBox::ActionRole);
  paper->setObjectName(QStringLiteral("keys_print"));
  paper->setAutoDefault(false);
  QObject::connect(search, &QLineEdit::textChanged, text, [text](const QString& words) { text->setHtml(keysSheet(words)); });
  QObject::connect(paper, &QPushButton::clicked, sheet, [sheet, text] { print(sheet, text); });
  QObject::connect(buttons, &QDialogButtonBox::rejected, sheet, &QDialog::reject);
  auto* column = new QVBoxLayout(sheet);
  column->addWidget(search);
  column->addWidget(text);
  column->addWidget(buttons);
  sheet->resize(720, 680);
  sheet->show();
  search->setFocus();
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
