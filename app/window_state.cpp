#include "app/window_state.h"

#include <QMainWindow>
#include <QSettings>
#include <algorithm>

#include "app/perspective.h"

namespace palimpsest {

namespace {
const QString kGeometry = QStringLiteral("window/geometry");
const QString kPerspective = QStringLiteral("window/perspective");
const QString kTheme = QStringLiteral("window/theme");
const QString kRecipe = QStringLiteral("window/recipe");
}  // namespace

void saveWindow(const QMainWindow& window, const WindowState& state) {
  QSettings settings;
  settings.setValue(kGeometry, window.saveGeometry());
  settings.setValue(kPerspective, state.perspective);
  settings.setValue(kTheme, state.theme);
  settings.setValue(kRecipe, state.recipe);
}

WindowState savedState() {
  const QSettings settings;
  return {std::clamp(settings.value(kPerspective, 1).toInt(), 0, kPerspectives - 2), settings.value(kTheme).toString(),
          settings.value(kRecipe, QStringLiteral("l2p")).toString()};
}

bool restoreWindow(QMainWindow& window) {
  const QSettings settings;
  return window.restoreGeometry(settings.value(kGeometry).toByteArray());
}

}  // namespace palimpsest
