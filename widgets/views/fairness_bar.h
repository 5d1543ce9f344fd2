// The yellow bar over a comparison that is not fair: what differs, in sentences, and what can be done.
#pragma once

#include <QFrame>

#include "widgets/models/fairness.h"

class QLabel;
class QPushButton;
class QToolButton;

namespace palimpsest {

class FairnessBar : public QFrame {
  Q_OBJECT
 public:
  explicit FairnessBar(QWidget* parent = nullptr);
  void set(const Fairness& fairness, const FairPlan& alignment);  // hides itself where nothing is to be said
  QString text() const;

 Q_SIGNALS:
  void compareAnyway();                            // all that blocks is accepted
  void accepted(const QString& path, bool accept); // this difference is what is compared
  void align();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void restyle();
  void fillMenu(const Fairness& fairness);
  QLabel *icon_, *label_;
  QToolButton* compared_;
  QPushButton *anyway_, *align_;
  bool blocks_ = false;
};

}  // namespace palimpsest
