#include "widgets/views/number_box.h"

#include <QLineEdit>
#include <QRegularExpression>
#include <algorithm>
#include <array>
#include <cmath>

#include "widgets/models/param_value.h"
#include "widgets/style/format.h"

namespace palimpsest {
namespace {

constexpr double kSmallestRung = 1e-6;  // where 0 steps up to on a logarithmic scale
constexpr std::array kRungs{1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0};

// Steps add up to 0.30000000000000004; twelve digits are more than any parameter has.
double tidied(double value) { return QString::number(value, 'g', 12).toDouble(); }

}  // namespace

NumberBox::NumberBox(const ParamSpec& spec, QWidget* parent)
    : QAbstractSpinBox(parent),
      whole_(spec.kind == Kind::Int),
      logarithmic_(spec.meta.scale == Scale::Log),
      min_(spec.meta.min),
      max_(spec.meta.max),
      suffix_(spec.meta.unit.empty() ? QString() : QLatin1Char(' ') + param::translated(spec.meta.unit)),
      zero_(param::translated(spec.meta.zero)) {
  setAccelerated(true);
  setKeyboardTracking(true);
  connect(lineEdit(), &QLineEdit::textEdited, this, &NumberBox::typed);
  connect(this, &QAbstractSpinBox::editingFinished, this, [this] { setValue(value_); });
  setValue(spec.fallback.asDouble());
}

void NumberBox::setValue(double value) {
  value = held(value);
  if (lineEdit()->text() != shown(value)) lineEdit()->setText(shown(value));
  if (value == value_) return;
  value_ = value;
  Q_EMIT valueChanged(value_);
}

void NumberBox::typed(const QString& text) {
  double value = 0;
  if (!read(text, value) || held(value) != value || value == value_) return;
  value_ = value;
  Q_EMIT valueChanged(value_);
}

double NumberBox::held(double value) const {
  if (std::isnan(value)) value = value_;
  return std::clamp(whole_ ? std::round(value) : value, min_, max_);
}

double NumberBox::ladder(double value, int direction) {
  const double decade = std::pow(10.0, std::floor(std::log10(value) + 1e-12));
  const double mantissa = value / decade;
  if (direction > 0) {
    const auto rung = std::find_if(kRungs.begin(), kRungs.end(), [&](double r) { return r > mantissa * (1 + 1e-9); });
    return tidied(rung == kRungs.end() ? decade * 10 : decade * *rung);
  }
  const auto rung = std::find_if(kRungs.rbegin(), kRungs.rend(), [&](double r) { return r < mantissa * (1 - 1e-9); });
  return tidied(rung == kRungs.rend() ? decade * kRungs.back() / 10 : decade * *rung);
}

double NumberBox::stepped(double value, int direction) const {
  if (logarithmic_ && value >= 0 && (value > 0 || direction > 0)) {
    const double smallest = whole_ ? 1 : kSmallestRung;
    if (value == 0) return std::max(min_, smallest);
    if (direction < 0 && value <= smallest && min_ <= 0) return 0;
    const double next = ladder(value, direction);
    if (!whole_) return next;
    return direction > 0 ? std::max(value + 1, std::round(next)) : std::min(value - 1, std::round(next));
  }
  if (whole_) return value + direction;
  const double span = max_ - min_;
  const double step = std::isfinite(span) && span <= 100 ? span / 100
                      : value == 0                       ? 0.1
                                                         : std::pow(10.0, std::floor(std::log10(std::abs(value))) - 1);
  return tidied(value + direction * step);
}

void NumberBox::stepBy(int steps) {
  double value = value_;
  for (int i = 0; i < std::abs(steps); ++i) value = held(stepped(value, steps > 0 ? 1 : -1));
  setValue(value);
  lineEdit()->setSelection(0, int(lineEdit()->text().size() - (inWords(value_) ? 0 : suffix_.size())));
}

QAbstractSpinBox::StepEnabled NumberBox::stepEnabled() const {
  StepEnabled enabled = StepNone;
  if (value_ > min_) enabled |= StepDownEnabled;
  if (value_ < max_) enabled |= StepUpEnabled;
  return enabled;
}

// Both the desktop's and the C spelling are understood: people paste 1e-3 from papers.
bool NumberBox::read(QString text, double& value) const {
  text = text.trimmed();
  if (inWords(0) && text == zero_) {
    value = 0;
    return true;
  }
  if (!suffix_.isEmpty() && text.endsWith(suffix_.trimmed())) text.chop(suffix_.trimmed().size());
  text.remove(QRegularExpression(QStringLiteral("[\\s\\x{202f}]")));
  bool good = false;
  value = QLocale::c().toDouble(text, &good);
  if (!good) value = locale().toDouble(text, &good);
  return good && std::isfinite(value) && (!whole_ || value == std::trunc(value));
}

QString NumberBox::shown(double value) const {
  if (inWords(value)) return zero_;
  ParamSpec spec{{}, whole_ ? Kind::Int : Kind::Double, {}, {}};
  return param::displayed(spec, whole_ ? Value(std::int64_t(value)) : Value(value)) + suffix_;
}

QValidator::State NumberBox::validate(QString& input, int&) const {
  double value = 0;
  if (read(input, value)) return held(value) == value ? QValidator::Acceptable : QValidator::Intermediate;
  if (zero_.startsWith(input)) return QValidator::Intermediate;
  QString number = input;
  if (!suffix_.isEmpty() && number.endsWith(suffix_.trimmed())) number.chop(suffix_.trimmed().size());
  static const QRegularExpression beginning(QStringLiteral("^[-+0-9.,eE\\s\\x{202f}]*$"));
  return beginning.match(number).hasMatch() ? QValidator::Intermediate : QValidator::Invalid;
}

void NumberBox::fixup(QString& input) const {
  double value = 0;
  input = shown(read(input, value) ? held(value) : value_);
}

}  // namespace palimpsest
