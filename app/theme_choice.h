// Light, dark, or what the desktop had when the program began.
#pragma once

#include <QString>
#include <optional>

#include "widgets/style/palette.h"

class QApplication;

namespace palimpsest {

enum class ThemeChoice { System, Light, Dark };

// Looks at the desktop's own palette: ask before style::apply() has replaced it.
style::Theme desktopTheme(const QApplication& app);
std::optional<ThemeChoice> themeNamed(const QString& name);  // "light", "dark", "system"
QString nameOf(ThemeChoice choice);
style::Theme resolved(ThemeChoice choice, style::Theme desktop);

}  // namespace palimpsest
