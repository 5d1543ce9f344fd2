// A recipe as a chain of stages with typed places: what stands where, what of it was changed, what is wrong, what runs.
#pragma once

#include <QObject>
#include <QPointer>
#include <QString>
#include <QStringList>
#include <vector>

#include "widgets/models/recipe_document.h"
#include "widgets/models/run_data.h"

namespace palimpsest {

struct PipelinePlace {
  enum class Lamp { None, Pending, Running, Done, Failed };
  QString path;         // "phases.0", "--data" for an option of the run
  QString slot;         // "phase"; empty for an option: no part goes there
  QString role;         // what it is for, in a word or two: "phase 1", "head"
  QString title;        // of the part or option's value; empty: vacant
  QStringList settings; // "lr 0.01": the changed ones first, at most three
  bool vacant = false, changed = false, error = false;
  QString issue;        // every problem whose path lies here, one a line
  Lamp lamp = Lamp::None;
};

struct PipelineStage {
  enum class Kind { Data, Stream, Backbone, Adaptation, Head, Memory, Penalties, Phases, Evaluation };
  Kind kind;
  QString title;
  std::vector<PipelinePlace> places;
};

class PipelineModel : public QObject {
  Q_OBJECT
 public:
  explicit PipelineModel(RecipeDocument& document, QObject* parent = nullptr);  // borrowed

  RecipeDocument& document() const { return document_; }
  const std::vector<PipelineStage>& stages() const { return stages_; }
  const PipelinePlace* find(const QString& path) const;  // the place that holds a path such as "phases.0.lr", or is it
  QStringList paths() const;                             // of all places, in order
  // Lamps follow this run as long as it is of the recipe under edit; nullptr: no lamps.
  void setRun(RunData* run);
  bool lit() const;  // the run is of this recipe
  QString summary() const;  // a sentence for people who do not see it
  QString toMarkdown() const;

 Q_SIGNALS:
  void changed();

 private:
  void rebuild();
  void light();
  PipelinePlace option(const char* name, const QString& role) const;
  PipelinePlace part(const RecipePlace& place) const;
  void judge(PipelinePlace& place) const;
  RecipeDocument& document_;
  QPointer<RunData> run_;
  std::vector<PipelineStage> stages_;
};

}  // namespace palimpsest
