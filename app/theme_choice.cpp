#include "app/theme_choice.h"

#include <QApplication>

namespace palimpsest {

style::Theme desktopTheme(const QApplication& app) {
  return app.palette().color(QPalette::Window).lightness() < 128 ? style::Theme::Dark : style::Theme::Light;
}

std::optional<ThemeChoice> themeNamed(const QString& name) {
  for (const ThemeChoice choice : {ThemeChoice::System, ThemeChoice::Light, ThemeChoice::Dark})
    if (nameOf(choice) == name) return choice;
  return std::nullopt;
}

QString nameOf(ThemeChoice choice) {
  switch (choice) {
    case ThemeChoice::Light: return QStringLiteral("light");
    case ThemeChoice::Dark: return QStringLiteral("dark");
    case ThemeChoice::System: break;
  }
  return QStringLiteral("system");
}

style::Theme resolved(ThemeChoice choice, style::Theme desktop) {
  if (choice == ThemeChoice::System) return desktop;
  return choice == ThemeChoice::Dark ? style::Theme::Dark : style::Theme::Light;
}

}  // namespace palimpsest
