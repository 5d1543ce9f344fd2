// The window's questions: dialogs that do not stop the event loop, so that what runs goes on being shown.
#pragma once

#include <QString>
#include <functional>

class QWidget;

namespace palimpsest {

void askRunFolder(QWidget* parent, const QString& start, std::function<void(const QString& folder)> then);
void askDiscard(QWidget* parent, const QString& run, const QString& folder, std::function<void()> then);

}  // namespace palimpsest
