// One recipe and the options of a run under edit. Every change is one step of undo, whoever makes it: inspector, canvas or
// menu. The recipe is kept as written, without defaults, so that a saved file stays as short as its author made it.
// Window's thread. Paths that lead nowhere change nothing and are answered, never an error.
#pragma once

#include <QObject>
#include <QString>
#include <QUndoStack>
#include <functional>
#include <map>
#include <vector>

#include "engine/protocol/recipe.h"

namespace palimpsest {

class RecipeDocument : public QObject {
  Q_OBJECT
 public:
  using Rules = std::function<Issues(const Value& resolved)>;
  explicit RecipeDocument(const std::vector<PartInfo>& catalogue, QObject* parent = nullptr);  // borrowed

  const std::vector<PartInfo>& catalogue() const { return catalogue_; }
  const Value& recipe() const { return now_.recipe; }       // as written
  const Value& resolved() const { return resolved_; }       // with every default
  const Value& original() const { return now_.original; }   // as it was taken or read: what "changed" is measured against
  const Value& resolvedOriginal() const { return resolved_original_; }
  const Value& options() const { return now_.options; }     // object over RunOptions' names
  const Value& startOptions() const { return start_options_; }
  const Issues& issues() const { return issues_; }          // recipe and options; paths of options begin with "--"
  const QString& file() const { return now_.file; }         // empty: never saved
  QString name() const;                                     // of the recipe
  QString title() const;
  bool empty() const { return now_.recipe.isNull(); }
  bool dirty() const;   // differs from its file, or, without one, from the recipe that was taken
  bool changedAt(const QString& path) const;  // a part or parameter differs from the original's
  QUndoStack& undoStack() { return undo_; }

  const PartInfo* partAt(const QString& path) const;                // nullptr: none, or unknown
  const PartInfo* part(const QString& slot, const QString& name) const;
  QString slotAt(const QString& path) const;                        // "phase" of "phases.0"; empty: no place for a part
  QString whyNot(const QString& path, const PartInfo& part) const;  // a sentence; empty: it fits
  QString placeFor(const PartInfo& part) const;                     // first that is free, else first that it may replace

  // Not undoable: where editing starts. The comparison's options, and rules that span parts.
  void setStartOptions(const Value& options);
  void setRules(Rules rules);

  // One step of undo each. The text is what went wrong, as a sentence; empty when it was done.
  QString take(const Value& recipe, const QString& what = {});  // instead of the present one; options stay
  QString set(const QString& path, const Value& value);         // "phases.0.epochs", "title"; a wrong value is kept, with an issue
  QString setOption(const QString& name, const Value& value);
  QString put(const QString& path, const PartInfo& part);       // parameters that it shares with its predecessor stay
  QString remove(const QString& path);                          // a part, or an entry of a list
  QString move(const QString& path, int by);                    // an entry of a list, or of "prompts"
  QString duplicate();                                          // goes on as a copy without a file

  QString open(const QString& file);   // of a file with variants the recipe itself, which then is to be saved elsewhere
  QString save(const QString& file);   // whole or not at all; afterwards file()

 Q_SIGNALS:
  void changed();  // recipe, options, issues or file; also by undo and redo

 private:
  struct State {
    Value recipe, original, options;
    QString file;
    friend bool operator==(const State&, const State&) = default;
  };
  class Edit;
  void apply(const State& state);
  void refresh();
  void push(State next, const QString& what, const QString& merge = {});
  const ParamSpec* specOf(const QString& path) const;

  const std::vector<PartInfo>& catalogue_;
  QUndoStack undo_;
  State now_;
  Value start_options_, resolved_, resolved_original_;
  std::map<QString, Value> on_disk_;  // by file: what was read or written last
  Issues issues_;
  Rules rules_;
};

// A list entry that holds `path`: "phases.1" of "phases.1.lr", "prompts.0" of "prompts.0.pool"; empty: it is in no list.
QString entryOf(const QString& path);

}  // namespace palimpsest
