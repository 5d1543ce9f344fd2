// The accuracy matrix as text for spreadsheets, wikis and papers.
#include <QStringList>

#include "widgets/style/format.h"
#include "widgets/views/figure.h"
#include "widgets/views/matrix_view.h"

namespace palimpsest {

QString MatrixView::toCsv() const {
  QStringList head{QStringLiteral("after_task")};
  for (int on = 0; on < tasks(); ++on) head << QStringLiteral("task_%1").arg(on + 1);
  QString out = head.join(QLatin1Char(',')) + QLatin1Char('\n');
  for (int after = 0; after < tasks(); ++after) {
    QStringList row{QString::number(after + 1)};
    for (int on = 0; on < tasks(); ++on) {
      const auto value = run_->matrix().at(after, on);
      row << (value ? exact(100 * *value) : QString());
    }
    out += row.join(QLatin1Char(',')) + QLatin1Char('\n');
  }
  return out;
}

QString MatrixView::toMarkdown() const {
  QString head = QStringLiteral("| after \\ on |"), rule = QStringLiteral("|---|");
  for (int on = 0; on < tasks(); ++on) {
    head += QStringLiteral(" T%1 |").arg(on + 1);
    rule += QStringLiteral("---:|");
  }
  QString out = head + QLatin1Char('\n') + rule + QLatin1Char('\n');
  for (int after = 0; after < tasks(); ++after) {
    out += QStringLiteral("| T%1 |").arg(after + 1);
    for (int on = 0; on < tasks(); ++on) out += QStringLiteral(" %1 |").arg(cellText(after, on));
    out += QLatin1Char('\n');
  }
  return out;
}

QString MatrixView::toLatex() const {
  QString out = QStringLiteral("% needs \\usepackage{booktabs}\n\\begin{tabular}{l%1}\n\\toprule\nafter").arg(QString(tasks(), QLatin1Char('r')));
  for (int on = 0; on < tasks(); ++on) out += QStringLiteral(" & $T_{%1}$").arg(on + 1);
  out += QStringLiteral(" \\\\\n\\midrule\n");
  for (int after = 0; after < tasks(); ++after) {
    out += QStringLiteral("$T_{%1}$").arg(after + 1);
    for (int on = 0; on < tasks(); ++on) {
      const auto value = run_->matrix().at(after, on);
      out += QStringLiteral(" & ") + (value ? QString::number(100 * *value, 'f', 1) : QString());
    }
    out += QStringLiteral(" \\\\\n");
  }
  return out + QStringLiteral("\\bottomrule\n\\end{tabular}\n");
}

}  // namespace palimpsest
