// The sheet of keys (F1) and the About box.
#pragma once

#include <QString>

class QWidget;

namespace palimpsest {

struct EngineApi;

// HTML: every action of the table by menu, then the gestures. Only rows that have all words of `search`.
QString keysSheet(const QString& search = {});
void showKeys(QWidget* parent);
QString aboutText(const EngineApi& api);
void showAbout(QWidget* parent, const EngineApi& api);

}  // namespace palimpsest
