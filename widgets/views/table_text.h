// Tables on their way to spreadsheets, wikis and papers.
#pragma once

#include <QStringList>
#include <vector>

namespace palimpsest {

struct TextTable {
  QStringList header;             // of every column, the first one too
  std::vector<QStringList> rows;  // as long as the header
};

QString csvOf(const TextTable& table);       // RFC 4180
QString markdownOf(const TextTable& table);  // all but the first column to the right
QString latexText(const QString& text);    // with the characters that LaTeX means something by escaped
QString latexOf(const TextTable& table);     // booktabs; special characters are escaped

}  // namespace palimpsest
