// The window's questions: dialogs that do not stop the event loop, so that what runs goes on being shown.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>

class QWidget;

namespace palimpsest {

void askRunFolder(QWidget* parent, const QString& start, std::function<void(const QString& folder)> then);
void askWeights(QWidget* parent, std::function<void(const QStringList& files)> then);
void askDiscard(QWidget* parent, const QString& run, const QString& folder, std::function<void()> then);

}  // namespace palimpsest
