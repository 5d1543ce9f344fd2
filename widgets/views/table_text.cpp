#include "widgets/views/table_text.h"

#include "widgets/views/figure.h"

namespace palimpsest {

namespace {
template <class Cell>
QString joined(const QStringList& row, const QString& between, Cell cell) {
  QStringList cells;
  for (const QString& text : row) cells << cell(text);
  return cells.join(between);
}

QString markdownCell(QString text) {
  return text.replace(QLatin1Char('|'), QStringLiteral("\\|")).replace(QLatin1Char('\n'), QLatin1Char(' '));
}

}  // namespace

QString latexText(const QString& text) {
  QString out;
  for (const QChar c : text) {
    if (c == QLatin1Char('\\')) out += QStringLiteral("\\textbackslash{}");
    else if (c == QLatin1Char('~')) out += QStringLiteral("\\textasciitilde{}");
    else if (c == QLatin1Char('^')) out += QStringLiteral("\\textasciicircum{}");
    else if (c == QChar(0x00B1)) out += QStringLiteral("$\\pm$");
    else if (QStringLiteral("&%$#_{}").contains(c)) out += QLatin1Char('\\') + c;
    else out += c;
  }
  return out;
}

QString csvOf(const TextTable& table) {
  QString out = joined(table.header, QStringLiteral(","), csvField) + QLatin1Char('\n');
  for (const QStringList& row : table.rows) out += joined(row, QStringLiteral(","), csvField) + QLatin1Char('\n');
  return out;
}

QString markdownOf(const TextTable& table) {
  const QString bar = QStringLiteral(" | ");
  QString out = QStringLiteral("| ") + joined(table.header, bar, markdownCell) + QStringLiteral(" |\n|---|");
  for (int column = 1; column < table.header.size(); ++column) out += QStringLiteral("---:|");
  out += QLatin1Char('\n');
  for (const QStringList& row : table.rows) out += QStringLiteral("| ") + joined(row, bar, markdownCell) + QStringLiteral(" |\n");
  return out;
}

QString latexOf(const TextTable& table) {
  const QString between = QStringLiteral(" & "), end = QStringLiteral(" \\\\\n");
  QString out = QStringLiteral("% needs \\usepackage{booktabs}\n\\begin{tabular}{l%1}\n\\toprule\n").arg(QString(std::max<qsizetype>(0, table.header.size() - 1), QLatin1Char('r')));
  out += joined(table.header, between, latexText) + end + QStringLiteral("\\midrule\n");
  for (const QStringList& row : table.rows) out += joined(row, between, latexText) + end;
  return out + QStringLiteral("\\bottomrule\n\\end{tabular}\n");
}

}  // namespace palimpsest
