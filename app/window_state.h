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

constexpr int kLayoutVersion = 2;  // a stored layout of another number is not restored

void saveWindow(const QMainWindow& window, const WindowState& state);
WindowState savedState();
bool restoreWindow(QMainWindow& window);  // geometry and docks; false when there was nothing that fits

}  // namespace palimpsest
