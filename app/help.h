// The sheet of keys (F1) and the About box.
#pragma once

#include <QString>

class QWidget;

namespace palimpsest {

struct EngineApi;

QString keysSheet();  // HTML, made from the table of actions
void showKeys(QWidget* parent);
QString aboutText(const EngineApi& api);
void showAbout(QWidget* parent, const EngineApi& api);

}  // namespace palimpsest
