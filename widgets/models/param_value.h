// A parameter's value between the engine's Value, Qt's QVariant and what a person reads and types.
#pragma once

#include <QString>
#include <QVariant>
#include <vector>

#include "engine/protocol/param.h"

namespace palimpsest::param {

// "10 prompts", "on", "40, 70": with unit, in the desktop's language; "all" where 0 stands for something. An empty text or list shows as a dash.
QString displayed(const ParamSpec& spec, const Value& value);
// What an editor starts from: bool, qlonglong, double or QString; lists as "40, 70", JSON as text.
QVariant edited(const ParamSpec& spec, const Value& value);
// The value itself; lists as QVariantList, objects as QVariantMap.
QVariant variant(const Value& value);

// In the one spelling of its kind, because values are compared: 1 and 1.0 are the same learning rate. One that does not fit
// stays as it is.
Value settled(const ParamSpec& spec, const Value& value);
// What a place of a recipe says of these parameters, an object; the default where it says nothing. nullptr: all defaults.
Value declared(const Value* place, const std::vector<ParamSpec>& specs);

struct Read {
  Value value;
  QString problem;  // why a text could not be read at all; ranges are misfit()'s business
};
// The other way round: from an editor's bool, number or text.
Read read(const ParamSpec& spec, const QVariant& edited);

// Docs and units are written in English beside the parameters; translations may have them by that text.
QString translated(std::string_view english);

}  // namespace palimpsest::param
