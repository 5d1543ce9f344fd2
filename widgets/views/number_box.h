// A spin box for parameters: whole numbers wider than int, and real numbers that keep all their digits, which
// QSpinBox and QDoubleSpinBox (fixed decimals) cannot. On a logarithmic scale a step goes to the next of
// 1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3 and 8 times a power of ten.
#pragma once

#include <QAbstractSpinBox>

#include "engine/protocol/param.h"

namespace palimpsest {

class NumberBox : public QAbstractSpinBox {
  Q_OBJECT
 public:
  explicit NumberBox(const ParamSpec& spec, QWidget* parent = nullptr);
  double value() const { return value_; }
  void setValue(double value);  // held within the parameter's range
  void stepBy(int steps) override;
  // The next rung above (direction 1) or below (-1) a positive value.
  static double ladder(double value, int direction);

 Q_SIGNALS:
  void valueChanged(double value);

 protected:
  StepEnabled stepEnabled() const override;
  QValidator::State validate(QString& input, int& position) const override;
  void fixup(QString& input) const override;

 private:
  bool read(QString text, double& value) const;
  QString shown(double value) const;
  double held(double value) const;
  bool inWords(double value) const { return value == 0 && !zero_.isEmpty(); }
  double stepped(double value, int direction) const;
  void typed(const QString& text);
  const bool whole_, logarithmic_;
  const double min_, max_;
  const QString suffix_, zero_;
  double value_ = 0;
};

}  // namespace palimpsest
