// The controls above a map: what is mapped, how, and how it is shown. They say what somebody wants; what a map was made with is
// said by the page. Window's thread.
#pragma once

#include <QWidget>

#include "widgets/models/embedding_map.h"
#include "widgets/views/embedding_view.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QSpinBox;
class QToolButton;

namespace palimpsest {

class EmbeddingBar : public QWidget {
  Q_OBJECT
 public:
  explicit EmbeddingBar(QWidget* parent = nullptr);

  MapOf of() const;
  MapMethod method() const;
  TsneOptions tsne() const;  // as last applied, not as typed
  bool solid() const;
  int layer() const;         // whose keys, of methods that choose more than once
  int neighbours() const;
  EmbeddingView::ColourBy colourBy() const;
  bool density() const;
  bool trails() const;
  bool spread() const;

  void setLayers(const std::vector<int>& layers);  // the choice is hidden where there is only one
  void setSpreads(bool known);  // without classes whose spread is known there is nothing to show
  void setLasso(bool on);
  void setCanAskNeighbours(bool can);

 Q_SIGNALS:
  void mapChanged();   // another map has to be made
  void lookChanged();  // the same map looks different
  void lassoToggled(bool on);
  void neighboursWanted();
  void fitWanted();

 private:
  QWidget* makeChoices();
  QWidget* makeTools();
  QWidget* makeTsne();
  QComboBox* choice(const QString& name, const QStringList& words, const QString& tip);
  QToolButton* button(const QString& name, const QString& text, const QString& tip);
  void settle();  // shows what applies to the method, and tells
  void judgeTyped();
  QComboBox *of_, *method_, *dimensions_, *colour_, *layer_;
  QLabel* layer_label_;
  QCheckBox *density_, *trails_, *spread_;
  QToolButton *lasso_, *ask_, *apply_;
  QSpinBox *neighbours_, *seed_, *perplexity_, *iterations_;
  QWidget* tsne_row_;
  TsneOptions applied_;
};

}  // namespace palimpsest
