// The backbones in the window: the list, what somebody adds to it or takes off, and previews of their features. The
// engine is only ever asked on pool threads; a preview makes room for a run.
#pragma once

#include <QThreadPool>
#include <QWidget>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "app/engine_api.h"
#include "widgets/models/backbone_list.h"

namespace palimpsest {

class BackboneView;
class RecipePanel;

class BackbonePanel : public QWidget {
  Q_OBJECT
 public:
  BackbonePanel(const EngineApi& api, RecipePanel& recipe, QWidget* parent = nullptr);  // borrowed
  ~BackbonePanel() override;  // waits for what is under way, which has been told to stop

  static bool takes(const QString& path);  // a file whose name says that it holds weights
  void load();
  void add(const QStringList& files);
  void forget(const QString& name);  // the file stays
  void use(const QString& name);     // the next run's form says so
  void preview(const QString& name);
  void stopPreview();
  void setRunning(bool running);  // a run is under way: no preview
  BackboneListModel& backbones() { return *backbones_; }
  BackboneView& view() { return *view_; }

 Q_SIGNALS:
  void problem(const palimpsest::Issue& issue);
  void loaded();  // the list is as the engine has it

 private:
  struct Listing {
    std::optional<std::vector<BackboneInfo>> all;
    Issues issues;
    QString added;  // the last one
  };
  struct Job;
  struct Measured {
    BackbonePreview preview;
    Issues issues;
  };
  void change(const QString& what, std::function<void(Listing&)> work);
  void listed(Listing listing);
  Measured measure(const std::shared_ptr<Job>& job, const AssessRequest& request, const QString& data);
  void previewed(const std::shared_ptr<Job>& job, const Measured& measured);
  void progressed(const std::shared_ptr<Job>& job, int percent);
  void followForm();
  QString whyNoPreview() const;
  const EngineApi& api_;
  RecipePanel& recipe_;
  BackboneListModel* backbones_;
  BackboneView* view_;
  QThreadPool disk_, network_;  // one thread each: changes of the list keep their order
  std::shared_ptr<Job> job_;    // the preview under way
  std::atomic<bool> closing_ = false;
  int changes_ = 0;  // under way
  bool running_ = false;
};

}  // namespace palimpsest
