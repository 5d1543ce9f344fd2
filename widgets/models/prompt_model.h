// How a run's prompts are chosen, as tables and curves: pure functions over what the run has told and over its blobs.
// Prompts, layers (what chooses for itself, as in the event prompt_use) and classes count from 0, tasks from 1 in texts.
#pragma once

#include <QString>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/metrics/prompt_metrics.h"
#include "engine/protocol/value.h"
#include "widgets/feed/blob_store.h"
#include "widgets/models/run_data.h"

namespace palimpsest {

enum class PromptKind {
  None,    // no prompts
  Shared,  // every image gets the same ones: nothing is chosen
  Counts,  // a few of the pool for each image (L2P)
  Slots,   // a few, and each prompt belongs to a task (DualPrompt)
  Mass,    // weights, so that every prompt may have a part in every image (CODA-Prompt, SAPC)
};
enum class PromptSide { Asked, Applied, Difference };  // by the image's own query, after a vote or mask, and their difference

struct PromptLayer {
  int layer = 0;
  PromptKind kind = PromptKind::None;
  int prompts = 0;    // that there were at last
  int per_image = 0;  // of a hard choice; 0: weights
  QString name;       // "Layer 1, blocks 2, 3, 4"
};
// Ascending by layer. `recipe`: of run.json, for the names of blocks; null while it is not known.
std::vector<PromptLayer> promptLayers(const RunData& run, const Value& recipe = {});
// The layer to look at first: the first that chooses, else the first; nullptr without any.
const PromptLayer* firstChoosing(const std::vector<PromptLayer>& layers);
// "SimpleCIL has no prompts ...", "weights of every prompt", ...: what is shown, in one sentence.
QString promptKindText(const RunData& run, PromptKind kind);

struct PromptTable {
  std::vector<std::int64_t> keys;  // of each row: task, class of the data set, or step
  std::vector<double> images;      // of each row
  int prompts = 0;
  // [rows, prompts]: parts of what the row's images were given, each row sums to 1 (a difference to 0). NaN: the prompt
  // did not exist yet.
  std::vector<double> shares;
  std::vector<double> counts;  // [rows, prompts]: images, or sums of weights; of a difference applied - asked
  int rows() const { return int(keys.size()); }
  double share(int row, int prompt) const { return shares[std::size_t(row) * std::size_t(prompts) + std::size_t(prompt)]; }
  double count(int row, int prompt) const { return counts[std::size_t(row) * std::size_t(prompts) + std::size_t(prompt)]; }
};
// Test images of each task, as the model after `task` was evaluated. Empty when it was not.
PromptTable promptsByTask(const RunData& run, int task, int layer, PromptSide side);
// While training, a row each time it was told, up to `until` (NaN: all). At most the newest 200.
PromptTable promptsOverTraining(const RunData& run, int layer, PromptSide side, double until);
// From a features blob (the event `features`); empty when it has nothing of this layer. Prompts: as long as it can be told.
PromptTable promptsByClass(const Blob& features, int layer, PromptSide side, int prompts);
std::vector<double> promptUsage(const PromptTable& table);  // [prompts]: mean share over all images

// The images of a features blob that were given (or asked for) a prompt; with weights: whose weight on it is above an
// even share. Only those of `classes` where given. As indices in the test split, ascending.
std::vector<std::int64_t> imagesGiven(const Blob& features, int layer, PromptSide side, int prompts, int prompt,
                                      const std::optional<std::vector<int>>& classes = {});
// [prompts] mean share of the given images (ascending, in the test split) in the blob; how many were found. {} without.
std::pair<std::vector<double>, int> usageAmong(const Blob& features, int layer, PromptSide side, int prompts, const std::vector<std::int64_t>& samples);
// [class of the data set] its task, -1 unknown. Empty where classes come in more than one task.
std::vector<int> taskOfClass(const RunStarted& start);

enum class PromptFigure { Effective, Evenness, Dead, Retrieval, WinnersCosine, KeyDrift };
// Of prompt_health, over steps; KeyDrift is empty: see keyDrift().
Series promptFigure(const RunData& run, int layer, PromptFigure figure);
int mostAvailable(const RunData& run, int layer);  // prompts, over all looks; 0 without any
struct KeysAfter {
  int task = 0;
  double step = 0;  // at which the task ended
  std::filesystem::path file;
};
std::vector<KeysAfter> keysOf(const RunData& run, int layer);  // by task, those that have ended
// Mean 1 - cosine of the keys that both have; NaN where the blobs hold no keys of one width.
double keyDrift(const Blob& before, const Blob& after);

struct PromptVerdict {
  enum class Level { Unknown, Healthy, Doubtful, Collapsed };
  Level level = Level::Unknown;
  QString text;             // for a chip
  QString detail;           // for its tooltip: why, with figures
  int layer = -1;
  std::vector<int> winners;  // the prompts that serve everything
  double began = 0;          // step at which a collapse began
  int task = -1;             // in which it began; -1: there was none
};
// As of a step (NaN: now). A collapse counts from the step on at which it began, although it was told later;
// where a later look finds images with prompts of their own again, it is only doubtful.
PromptVerdict promptVerdict(const RunData& run, double step);

QString promptList(const std::vector<int>& prompts);       // "3, 6, 7"
QString stepInTask(const RunData& run, double step);       // "step 40 of T2"
int taskAt(const RunData& run, double step);               // -1: none

}  // namespace palimpsest
