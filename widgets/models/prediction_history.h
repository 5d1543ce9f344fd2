// What a run's predictions tell after each task: confusions, accuracy by class, and the life-line of every test image.
// Stages may come in any order and again; the answers depend on what is there, not on how it came. Pure; a copy is cheap
// (stages are shared) and may go to another thread. Tasks count from 0, classes are those of the data set.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace palimpsest {

// Rows are true, columns predicted. Counts of images; a difference of two has negative ones, too.
struct Confusion {
  std::vector<int> keys;             // what rows and columns stand for, in learning order: classes, or tasks
  std::vector<int> tasks;            // [keys] in which each was learned
  std::vector<std::int64_t> counts;  // [keys, keys]
  std::size_t size() const { return keys.size(); }
  std::int64_t at(std::size_t row, std::size_t column) const { return counts[row * keys.size() + column]; }
  std::int64_t rowSum(std::size_t row) const;
  std::vector<int> borders() const;  // indices of keys with which a later task begins
};

// a - b on the keys that both know, in a's order.
Confusion difference(const Confusion& a, const Confusion& b);
// The rows and columns of one task added up.
Confusion byTask(const Confusion& classes);

// What became of an image up to a task. "Right" and "wrong" are of the predictions after each task it was tested in.
enum class LifeKind { Kept, Late, Relearned, Forgotten, Never, Untested };
struct Life {
  LifeKind kind = LifeKind::Untested;  // Kept: always right; Late: wrong at first, then right for good; Relearned: lost
                                       // and right again; Forgotten: was right, is wrong; Never: always wrong
  int first = -1;                      // task after which it was first tested
  int fell = -1;                       // first task after which it was wrong though it had been right; -1: none
  bool right = false;                  // at the last test
};

struct ClassFigures {  // of one class, up to a task
  int cls = 0, task = 0;
  std::int64_t images = 0, hits = 0;
  std::int64_t learned_images = 0, learned_hits = 0;  // after the task in which it was first tested
  int error = -1;                                     // the class it is most often taken for; -1: no error
  std::int64_t error_images = 0;
};

class PredictionHistory {
 public:
  struct Stage {
    std::vector<std::int64_t> samples;  // index in the test split
    std::vector<int> labels, predictions;
  };
  // Replaces what was known after that task. False, and nothing is taken, when lengths differ, an index is negative or
  // beyond 2^26, a label negative, a class beyond 2^20, or a sample has another label than before.
  bool add(int task, const Stage& stage);
  void remove(int task);

  bool has(int task) const { return stages_.contains(task); }
  bool empty() const { return stages_.empty(); }
  std::vector<int> tasks() const;     // with predictions, ascending
  int latest(int upto) const;         // the last one with predictions that is not after `upto`; -1: none
  std::size_t rows() const { return samples_.size(); }  // images ever tested, in the order in which they came
  int rowOf(std::int64_t sample) const;                 // -1: never tested
  std::int64_t sample(std::size_t row) const { return samples_[row]; }
  int label(std::size_t row) const { return labels_[row]; }
  int first(std::size_t row) const { return first_[row]; }  // task after which it was first tested: its own
  int prediction(int task, std::size_t row) const;          // -1: not tested after that task
  Life life(std::size_t row, int upto) const;

  // Of the images tested after `task`. `order`: the run's class_order, for learning order; may be empty.
  Confusion confusion(int task, const std::vector<int>& order) const;
  std::vector<ClassFigures> classes(int upto, const std::vector<int>& order) const;
  std::optional<double> accuracy(int task, int cls) const;  // 0..1
  // Samples, ascending.
  std::vector<std::int64_t> behind(int task, int label, int prediction) const;
  std::vector<std::int64_t> behindTasks(int task, int true_task, int predicted_task) const;
  std::vector<std::int64_t> ofClass(int cls) const;
  std::vector<std::int64_t> ofTask(int task) const;
  std::vector<std::int64_t> ofKind(LifeKind kind, int upto) const;
  // Forgotten images and those that were lost for a while, earliest fall first; at most `limit`.
  std::vector<std::int64_t> firstToFall(int upto, std::size_t limit) const;

 private:
  std::vector<std::int64_t> where(const std::function<bool(std::size_t row)>& holds) const;
  std::vector<int> taskOfClass() const;
  void refreshFirst();
  std::map<int, std::shared_ptr<const std::vector<int>>> stages_;  // prediction by row; -1: not tested
  std::vector<std::int64_t> samples_;
  std::vector<int> labels_, first_;
  std::vector<int> row_of_;  // by sample; -1: none
};

}  // namespace palimpsest
