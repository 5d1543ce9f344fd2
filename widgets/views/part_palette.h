// The catalogue beside the canvas: search it, drag a part out of it, or press Return to put the first one found.
#pragma once

#include <QWidget>

#include "widgets/models/part_list.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QListView;

namespace palimpsest {

class PartPalette : public QWidget {
  Q_OBJECT
 public:
  explicit PartPalette(RecipeDocument& document, QWidget* parent = nullptr);  // borrowed
  void setTarget(const QString& path);     // the place that parts are looked for; empty: any
  void search(const QString& text);        // takes the focus and goes on typing after `text`

 Q_SIGNALS:
  void chosen(const palimpsest::PartInfo& part, const QString& path);  // path: the target, empty where it is to find its own place
  void said(const QString& sentence, bool refused);
  void left();  // Escape: back to the canvas

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void choose(const QModelIndex& row);
  void refresh();
  RecipeDocument& document_;
  PartListModel* parts_;
  PartFilter* filter_;
  QLineEdit* search_;
  QCheckBox* fitting_;
  QListView* list_;
  QLabel* empty_;
};

}  // namespace palimpsest
