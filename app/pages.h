// The pages of the perspectives and the panels that go with them, made and connected: what they ask for is carried out by
// the workspace, or handed to the window.
#pragma once

#include <QObject>
#include <QPointer>
#include <QVariantMap>

#include "app/drops.h"
#include "app/laboratory.h"
#include "app/plot_area.h"
#include "app/recipe_panel.h"

namespace palimpsest {

class AccuracyPage;
class ComparePage;
class EmbeddingPage;
class ImageStrip;
class PipelinePage;
class PresentPage;
class PromptsPage;

class Pages : public QObject {
  Q_OBJECT
 public:
  Pages(Workspace& workspace, Laboratory& laboratory, RecipePanel& recipe, PlotArea& plots, QWidget* window);  // all borrowed

  PipelinePage& pipeline() { return *pipeline_; }
  PromptsPage& prompts() { return *prompts_; }
  EmbeddingPage& embedding() { return *embedding_; }
  AccuracyPage& accuracy() { return *accuracy_; }
  ComparePage& compare() { return *compare_; }
  PresentPage& present() { return *present_; }
  ImageStrip& images() { return *images_; }
  void loadPresets();         // once the recipes have been read
  void fork(RunData* run);    // asks after which task and with what
  void compareWith(RunData* run);  // asks with which methods; nullptr: the next run's own set-up

 Q_SIGNALS:
  void perspectiveAsked(palimpsest::Perspective perspective);
  void leftPresent();
  void inspectorAsked();

 private:
  void connectPages();
  void align(const QStringList& runs, const QVariantMap& options);
  void askWhatIfFork(RunData* run, const WhatIf& change);
  void say(const QString& problem);
  void lookForCollapse();
  Workspace& workspace_;
  Laboratory& laboratory_;
  RecipePanel& recipe_;
  PlotArea& plots_;
  QWidget* window_;
  PipelinePage* pipeline_;
  PromptsPage* prompts_;
  EmbeddingPage* embedding_;
  AccuracyPage* accuracy_;
  ComparePage* compare_;
  PresentPage* present_;
  ImageStrip* images_;
  QPointer<RunData> told_collapse_;  // the run whose collapse the notice is about
};

}  // namespace palimpsest
