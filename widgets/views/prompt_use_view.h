// Who uses which prompt: a table of tasks, classes or steps by prompts, with the share of all use above it. Clicking a
// bar or a cell selects the images that were given that prompt.
#pragma once

#include <QPointer>
#include <QWidget>

#include "widgets/models/lab.h"
#include "widgets/models/prompt_model.h"

class QComboBox;
class QLabel;

namespace palimpsest {

class HeatMap;
class PromptBars;

class PromptUseView : public QWidget {
  Q_OBJECT
 public:
  enum class By { Task, Class, Training };
  explicit PromptUseView(Lab& lab, QWidget* parent = nullptr);
  // What the next refresh() shows; no layer: the sentence `why` in its place.
  void setLayer(const std::optional<PromptLayer>& layer, const QString& why);
  void mark(std::vector<int> winners, double began);  // an alarm's prompts and step; none: {}
  void refresh();  // from the run in focus at the cursor
  void showBy(By by);
  By by() const;
  PromptSide side() const;
  // The task whose features blob tells who was given what: the cursor's, or the first to end after it. -1: none.
  int featuresTask() const;
  HeatMap& heat() const { return *heat_; }
  PromptBars& bars() const { return *bars_; }

 private:
  PromptTable table(QString& empty) const;
  PromptTable tableByClass(const RunData& run, QString& empty) const;
  void selectImages(int prompt, const std::optional<std::vector<int>>& classes, const QString& who, Qt::KeyboardModifiers keys);
  void activateCell(int row, int column, Qt::KeyboardModifiers keys);
  QString rowName(const RunData& run, std::int64_t key) const;
  QString tipOf(int row, int column) const;
  QString noteText(const RunData& run) const;
  std::vector<int> borders(const RunData& run) const;
  Lab& lab_;
  QComboBox *by_, *side_;
  QLabel* note_;
  PromptBars* bars_;
  HeatMap* heat_;
  std::optional<PromptLayer> layer_;
  QString why_;
  std::vector<int> winners_;
  double began_;
  PromptTable shown_;
};

}  // namespace palimpsest
