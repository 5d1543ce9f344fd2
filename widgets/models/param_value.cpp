#include "widgets/models/param_value.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

#include "engine/protocol/error.h"
#include "engine/record/json.h"
#include "widgets/style/format.h"

namespace palimpsest::param {
namespace {

struct ParamValue {
  Q_DECLARE_TR_FUNCTIONS(ParamValue)
};

QString text(std::string_view s) { return QString::fromUtf8(s.data(), qsizetype(s.size())); }
bool isList(Kind kind) { return kind == Kind::IntList || kind == Kind::DoubleList || kind == Kind::TextList; }

// Every digit that the value has: a form must not show 0.0018 for 0.001875.
QString figure(const Value& value) {
  if (value.isInt()) return style::integer(value.asInt());
  QLocale locale;
  locale.setNumberOptions(QLocale::OmitGroupSeparator);
  return locale.toString(value.asDouble(), 'g', QLocale::FloatingPointShortest);
}

QString listText(const Value& value) {
  QStringList items;
  for (const Value& item : value.asArray()) items << text(item.text());
  return items.join(QStringLiteral(", "));
}

}  // namespace

QString translated(std::string_view english) {
  return english.empty() ? QString() : QCoreApplication::translate("Param", std::string(english).c_str());
}

QString displayed(const ParamSpec& spec, const Value& value) {
  if (value.isBool()) return value.asBool() ? ParamValue::tr("on") : ParamValue::tr("off");
  if (!spec.meta.zero.empty() && value.isNumber() && value.asDouble() == 0) return translated(spec.meta.zero);
  QString out;
  if (value.isArray() && isList(spec.kind)) out = listText(value);
  else if (value.isNumber()) out = figure(value);
  else out = value.isString() ? text(value.asString()) : text(value.text());
  if (out.isEmpty()) return QString(QChar(0x2013));
  return spec.meta.unit.empty() ? out : ParamValue::tr("%1 %2", "value and unit").arg(out, translated(spec.meta.unit));
}

QVariant edited(const ParamSpec& spec, const Value& value) {
  if (spec.kind == Kind::Json) return text(record::toJson(value));
  if (value.isBool()) return value.asBool();
  if (value.isNumber())
    return spec.kind == Kind::Double ? QVariant(value.asDouble()) : QVariant(qlonglong(value.asInt()));
  return value.isArray() ? listText(value) : text(value.asString());
}

QVariant variant(const Value& value) {
  if (value.isNull()) return {};
  if (value.isBool()) return value.asBool();
  if (value.isInt()) return QVariant(qlonglong(value.asInt()));
  if (value.isNumber()) return value.asDouble();
  if (value.isString()) return text(value.asString());
  if (value.isArray()) {
    QVariantList items;
    for (const Value& item : value.asArray()) items << variant(item);
    return items;
  }
  QVariantMap members;
  for (const auto& [key, member] : value.asObject()) members.insert(text(key), variant(member));
  return members;
}

Read read(const ParamSpec& spec, const QVariant& edited) {
  const int type = edited.userType();
  if (type == QMetaType::Bool) return {Value(edited.toBool()), {}};
  if (type == QMetaType::Double || type == QMetaType::Float) return {Value(edited.toDouble()), {}};
  if (type != QMetaType::QString && edited.canConvert<qlonglong>())
    return {Value(std::int64_t(edited.toLongLong())), {}};
  const std::string typed = edited.toString().trimmed().toStdString();
  if (spec.kind != Kind::Json) return {parsed(spec, typed), {}};
  try {
    return {record::parseJson(typed, spec.name), {}};
  } catch (const BadInput& e) {
    return {Value(typed), e.issues.empty() ? text(e.what()) : text(e.issues.front().message)};
  }
}

Value settled(const ParamSpec& spec, const Value& value) {
  if (misfit(spec, value)) return value;
  if (spec.kind == Kind::Double) return Value(value.asDouble());
  if (spec.kind == Kind::Int) return Value(value.asInt());
  if (spec.kind != Kind::DoubleList) return value;
  Value::Array items;
  for (const Value& item : value.asArray()) items.emplace_back(item.asDouble());
  return Value(std::move(items));
}

Value declared(const Value* place, const std::vector<ParamSpec>& specs) {
  Value out{Value::Object{}};
  for (const ParamSpec& spec : specs) {
    const Value* written = place ? place->find(spec.name) : nullptr;
    out[spec.name] = written ? *written : spec.fallback;
  }
  return out;
}

}  // namespace palimpsest::param
