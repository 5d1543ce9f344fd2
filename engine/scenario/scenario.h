// A scenario turns a data set's classes, domains or images into a stream of tasks (methods: metrics and protocols,
// section 4). One text declares it; stream.h says which images each task has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace palimpsest {

class Split;
struct Dataset;

// Labels are new ones: positions in Scenario::class_order. Training images of a task have labels in
// [first_label, seen); labels below `seen` have been met once the task is learned and may be predicted from it on.
struct Task {
  // Classes of the data set that the task's column of the accuracy matrix is about, by label. cil, til: those of the
  // task. dil: all of them, in the task's domain. blurry, drift: those that have the task as their major one.
  std::vector<int> classes;
  int first_label = 0;  // cil, til: new label of classes[0]; others: 0, for images of any class may come again
  int seen = 0;         // cil, til: first_label + classes.size(); dil: all classes; blurry, drift: classes met so far
};

struct Scenario {
  enum class Kind {
    ClassIncremental,   // disjoint classes, all seen ones are candidates
    TaskIncremental,    // the same stream; candidates are the labels [first_label, seen) of an image's own task
    DomainIncremental,  // the same classes in every task, each of another domain
    Blurry,             // i-Blurry-N-M (Koh et al., ICLR 2022): some classes are met in tasks that are not theirs
    Drift               // neighbouring tasks fade into each other
  };

  std::string spec;
  Kind kind = Kind::ClassIncremental;
  bool task_known = false;        // at test time; til only
  std::vector<int> class_order;   // new label -> class; blurry, drift: by first appearance; dil: as in the data set
  std::vector<int> label_of;      // class of the data set -> new label (the inverse)
  std::vector<Task> tasks;        // at least one; blurry, drift: segments of one stream without announced boundaries
  std::vector<int> task_of;       // new label -> task whose column its class is in; dil: 0, for all have all
  std::vector<int> domain_order;  // dil: task -> domain of the data set; others: empty
  std::vector<std::vector<std::int64_t>> drawn;  // blurry, drift: training images by task, as drawn; others: empty

  int taskOf(int label) const;  // of a new label, as task_of
  // The task whose column an image belongs to, in either split. dil: that of its domain; others: that of its class.
  int taskOf(const Split& split, std::int64_t index) const;
  // The first task after which a column says something: the column itself; dil: 0, for every label is known.
  int evaluableFrom(int column) const { return kind == Kind::DomainIncremental ? 0 : column; }
};

// Of every class and domain that it needs, the data set must have images in both splits. Texts:
//   cil:init=4|all,increment=4,order=1993|natural,semantics=pilot|mammoth
//       PILOT's class-incremental stream (DataManager with shuffle = true and that seed). `pilot`: order[k] is the
//       class of label k; `mammoth`: order[k] is the label of class k.
//   til:...  the same with the task known at test time
//   dil:order=natural|SEED  one task for each domain, the order is that of domains
//   blurry:tasks=5,disjoint=50,blurry=10,order=1993
//       percent of classes that are met in one task only; percent of a blurry class's images in tasks not its own
//   drift:tasks=5,order=1993
// Throws BadInput with every problem.
Scenario makeScenario(const std::string& spec, const Dataset& data);
// Without images: checks the text of every kind, but can make cil and til only; the others throw BadInput.
Scenario makeScenario(const std::string& spec, int classes);

// NumPy's legacy np.random.seed(seed); np.random.permutation(n), bit for bit.
std::vector<int> pilotClassOrder(int classes, std::uint32_t seed);
// [init], then increment while the sum stays strictly below n, the rest last.
std::vector<int> taskSizes(int classes, int init, int increment);

}  // namespace palimpsest
