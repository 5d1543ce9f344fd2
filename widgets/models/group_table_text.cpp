// The table of methods as text for spreadsheets, wikis and papers.
#include <QLocale>
#include <QStringList>

#include "widgets/models/group_table.h"

namespace palimpsest {
namespace {

QString exactly(std::optional<double> value) {
  return value ? QString::number(*value, 'g', QLocale::FloatingPointShortest) : QString();
}

QString quoted(QString text) {
  if (!text.contains(QLatin1Char(',')) && !text.contains(QLatin1Char('"')) && !text.contains(QLatin1Char('\n'))) return text;
  return QLatin1Char('"') + text.replace(QLatin1Char('"'), QStringLiteral("\"\"")) + QLatin1Char('"');
}

QString texEscaped(const QString& text) {
  QString out;
  for (const QChar c : text) {
    if (c == QLatin1Char('\\')) out += QStringLiteral("\\textbackslash{}");
    else if (c == QLatin1Char('~')) out += QStringLiteral("\\textasciitilde{}");
    else if (c == QLatin1Char('^')) out += QStringLiteral("\\textasciicircum{}");
    else if (QStringLiteral("&%$#_{}").contains(c)) out += QLatin1Char('\\') + QString(c);
    else out += c;
  }
  return out;
}

// Signs as mathematics; a dash stays one.
QString texFigure(QString text) {
  if (text == QString(QChar(0x2013))) return QStringLiteral("--");
  text.replace(QChar(0x00b1), QStringLiteral("\\pm")).replace(QChar(0x2212), QLatin1Char('-'));
  return QLatin1Char('$') + text + QLatin1Char('$');
}

}  // namespace

QString GroupTable::toCsv(const std::vector<int>& rows) const {
  QString out = QStringLiteral("method,runs,complete,last_mean,last_std,average_mean,average_std,forgetting_mean,forgetting_std,seconds_mean,seconds_std,rank\n");
  for (const int row : rows) {
    const RunGroup& group = groups_[std::size_t(row)];
    QStringList cells{quoted(group.name), QString::number(group.n()), group.complete ? QStringLiteral("true") : QStringLiteral("false")};
    for (const Figure* figure : {&group.last, &group.average, &group.forgetting, &group.seconds})
      cells << exactly(figure->spread.mean) << exactly(figure->spread.deviation);
    cells << (ranks_[std::size_t(row)] ? QString::number(*ranks_[std::size_t(row)]) : QString());
    out += cells.join(QLatin1Char(',')) + QLatin1Char('\n');
  }
  return out;
}

QString GroupTable::toMarkdown(const std::vector<int>& rows) const {
  QString head, rule;
  for (int column = 0; column < ColumnCount; ++column) {
    head += QStringLiteral("| %1 ").arg(headerData(column, Qt::Horizontal).toString());
    rule += column == Method ? QStringLiteral("|---") : QStringLiteral("|---:");
  }
  QString out = head + QStringLiteral("|\n") + rule + QStringLiteral("|\n");
  for (const int row : rows) {
    for (int column = 0; column < ColumnCount; ++column)
      out += QStringLiteral("| %1 ").arg(display(row, column).replace(QLatin1Char('|'), QStringLiteral("\\|")));
    out += QStringLiteral("|\n");
  }
  return out;
}

QString GroupTable::toLatex(const std::vector<int>& rows) const {
  QString out = QStringLiteral("% needs \\usepackage{booktabs}; percent, \\pm is the sample standard deviation over runs\n");
  if (!no_rank_.isEmpty()) out += QStringLiteral("% not ranked: %1\n").arg(QString(no_rank_).replace(QLatin1Char('\n'), QLatin1Char(' ')));
  out += QStringLiteral("\\begin{tabular}{l%1}\n\\toprule\n").arg(QString(ColumnCount - 1, QLatin1Char('r')));
  QStringList heads;
  for (int column = 0; column < ColumnCount; ++column) heads << texEscaped(headerData(column, Qt::Horizontal).toString());
  out += heads.join(QStringLiteral(" & ")) + QStringLiteral(" \\\\\n\\midrule\n");
  for (const int row : rows) {
    QStringList cells{texEscaped(display(row, Method))};
    for (int column = 1; column < ColumnCount; ++column)
      cells << (column == Seconds || column == Runs ? texEscaped(display(row, column)).replace(QChar(0x2013), QStringLiteral("--")) : texFigure(display(row, column)));
    out += cells.join(QStringLiteral(" & ")) + QStringLiteral(" \\\\\n");
  }
  return out + QStringLiteral("\\bottomrule\n\\end{tabular}\n");
}

}  // namespace palimpsest
