// What a window remembers from one session to the next.
#pragma once

#include <QByteArray>
#include <QString>

class QMainWindow;

namespace palimpsest {

struct WindowState {
  int perspective = 1;
  QString theme, recipe;
};

constexpr int kLayoutVersion = 3;  // a stored layout of another number is not restored

void saveWindow(const QMainWindow& window, const WindowState& state);
WindowState savedState();
bool restoreWindow(QMainWindow& window);  // the geometry; false when there was none

}  // namespace palimpsest
