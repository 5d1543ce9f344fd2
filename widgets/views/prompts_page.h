// The prompts of the run in focus: a verdict that leads to its cause, who uses what, health over time, keys, what-if.
#pragma once

#include <QPointer>
#include <QThreadPool>
#include <QWidget>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "widgets/models/key_map.h"
#include "widgets/models/lab.h"
#include "widgets/models/prompt_model.h"
#include "widgets/views/frame_clock.h"

class QComboBox;
class QLabel;
class QPushButton;
class QTabWidget;

namespace palimpsest {

class HeatMap;
class KeyMapView;
class PromptPlot;
class PromptUseView;
class WhatIfPanel;

class PromptsPage : public QWidget, public Framed {
  Q_OBJECT
 public:
  explicit PromptsPage(Lab& lab, QWidget* parent = nullptr);
  ~PromptsPage() override;
  bool wantsFrame() const override;
  void paintFrame() override;
  void openCause();  // what a click on the chip does: its prompts, its beginning, its remedy

 Q_SIGNALS:
  // Start a run from the checkpoint that `change` names (after_task; -1: the last one), with the change made.
  void forkRequested(palimpsest::RunData* run, const palimpsest::WhatIf& change);
  void problem(const QString& message);

 protected:
  void showEvent(QShowEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  struct Facts {  // of the run's folder, read off the window's thread
    Value recipe;
    bool checkpoints = false;
  };
  struct Stamp {  // what the prompts of a run look like from outside: equal stamps, nothing new to see
    std::size_t uses = 0, looks = 0, alarms = 0, ended = 0;
    std::int64_t last_use = 0, last_look = 0;
    bool checkpoint = false;
    bool operator==(const Stamp&) const = default;
  };
  struct KeyJob {
    RunData* run = nullptr;
    int layer = -1;
    std::size_t keys = 0;
    std::filesystem::path features;
    bool operator==(const KeyJob&) const = default;
  };
  QWidget* buildTop();
  QWidget* buildPlots();
  void buildRight(QTabWidget& tabs);
  void markDirty(bool everything);
  void watch(RunData* run);
  void readFacts();
  void refresh();
  void showVerdict();
  void chooseLayer();
  void fillLayers();
  void refreshKeys();
  void computeKeys(const KeyJob& job, std::vector<std::pair<KeysAfter, std::shared_ptr<const Blob>>> keys, std::shared_ptr<const Blob> features);
  void showCosines(const std::vector<KeysAfter>& keys);
  QString refusal() const;
  Stamp stampOf(const RunData& run) const;
  const PromptLayer* layer() const;

  Lab& lab_;
  QPushButton* chip_;
  QComboBox* layer_box_;
  QLabel* layer_label_;
  PromptUseView* use_;
  std::array<PromptPlot*, 6> plots_{};
  QTabWidget* tabs_;
  WhatIfPanel* what_if_;
  KeyMapView* key_map_;
  HeatMap* cosines_;
  QPointer<RunData> watched_;
  std::vector<PromptLayer> layers_;
  int chosen_layer_ = -1;  // by a person; -1: the first that chooses
  PromptVerdict verdict_;
  std::optional<Facts> facts_;
  int facts_of_ = -1;  // tasks that had ended, and one where there was a checkpoint, when they were read; -1: never
  std::uint64_t facts_asked_ = 0;
  Stamp stamp_;
  KeyJob key_job_;
  std::shared_ptr<std::atomic<bool>> stop_keys_;
  bool dirty_ = true, everything_ = true;
  QThreadPool pool_;
};

}  // namespace palimpsest
