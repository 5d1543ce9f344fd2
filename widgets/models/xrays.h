// X-rays of a run: what the instruments of its own parts tell after each task (events `measured` and `inferred`), as curves.
// What a name means for people stands here and nowhere else. Pure.
#pragma once

#include <QString>
#include <vector>

#include "widgets/models/run_data.h"

namespace palimpsest {

struct Xray {
  struct Line {
    QString name;
    Series points;
    int task = -1;  // after which it was measured; -1: it runs over tasks, x = tasks learned
  };
  QString id, title, definition;   // id: as in the events, or "routing" and "recency"
  QString x_title, y_title;
  bool over_tasks = false;         // a line for each label; otherwise one for each task
  bool logarithmic = false;
  bool percent = false;             // y is seen from 0 to 100
  bool agrees_on_diagonal = false;  // y = x is what is wished for
  std::vector<QString> places;     // what x = 1, 2, ... are called; empty: x is a number, or tasks learned
  std::vector<Line> lines;
};

// Those that the run tells of, without their lines, in a fixed order; names that are not known here come last, as they
// were told. Cheap, where xrayOf() reads every value.
std::vector<Xray> xraysIn(const RunData& run);
// With its lines; without any where the run does not tell of it.
Xray xrayOf(const RunData& run, const QString& id);

}  // namespace palimpsest
