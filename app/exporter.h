// Everything that leaves the window as a file: plots, their data, reports, models. Asks for the name, works, says how it went.
#pragma once

#include <QObject>
#include <QThreadPool>

#include "app/plot_area.h"
#include "app/workspace.h"

class QMenu;

namespace palimpsest {

class Exporter : public QObject {
  Q_OBJECT
 public:
  Exporter(Workspace& workspace, PlotArea& plots, QWidget* window);  // all borrowed
  ~Exporter() override;
  void fill(QMenu& menu);  // one entry a plot
  void askPlot(int which);
  void askAll();
  void askReport(RunData* only = nullptr);  // nullptr: the ticked runs
  void askModel(const RunData& run);  // nothing where it has not finished a task
  void writeModel(const ExportRequest& request);
  void writeReport(const QString& file, const std::vector<std::filesystem::path>& folders);

 Q_SIGNALS:
  void written(const QString& path);

 private:
  void ask(const QString& title, const QString& filters, const QString& name, std::function<void(const QString&)> then);
  void say(const QString& path, const QStringList& problems);
  Workspace& workspace_;
  PlotArea& plots_;
  QWidget* window_;
  QThreadPool disk_;
};

}  // namespace palimpsest
