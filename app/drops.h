// What happens to things that are dropped on the window: each is looked at off its thread, and the right thing is done.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <QUrl>

#include "app/dropped.h"
#include "app/notice_bar.h"
#include "app/recipe_panel.h"
#include "app/workspace.h"

namespace palimpsest {

class Drops : public QObject {
  Q_OBJECT
 public:
  Drops(Workspace& workspace, RecipePanel& recipe, NoticeArea& notices, QObject* parent = nullptr);  // all borrowed
  ~Drops() override;
  void take(const QList<QUrl>& urls);  // local files and folders; others are passed over

 Q_SIGNALS:
  void weightsDropped(const QStringList& files);
  void recipeTaken();  // the next run is another one now: show it
  void problem(const palimpsest::Issue& issue);

 private:
  void act(const Dropped& dropped);
  void takeRecipe(const Dropped& dropped);
  void takePilot(const Dropped& dropped);
  void offerImages(const Dropped& dropped);
  Workspace& workspace_;
  RecipePanel& recipe_;
  NoticeArea& notices_;
  QThreadPool disk_;
};

}  // namespace palimpsest
