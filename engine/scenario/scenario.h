// A scenario turns a data set's classes into a stream of tasks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace palimpsest {

struct Task {
  std::vector<int> classes;  // classes of the data set, in the order of their new labels
  int first_label = 0;       // new label of classes[0]
};

struct Scenario {
  std::string spec;
  std::vector<int> class_order;  // new label -> class of the data set
  std::vector<int> label_of;     // class of the data set -> new label (the inverse)
  std::vector<Task> tasks;
  int taskOf(int label) const;   // of a new label
};

// "cil:init=4|all,increment=4,order=1993|natural": PILOT's class-incremental stream (DataManager with shuffle = true
// and that seed). Throws BadInput with every problem.
Scenario makeScenario(const std::string& spec, int classes);

// NumPy's legacy np.random.seed(seed); np.random.permutation(n), bit for bit.
std::vector<int> pilotClassOrder(int classes, std::uint32_t seed);
// [init], then increment while the sum stays strictly below n, the rest last.
std::vector<int> taskSizes(int classes, int init, int increment);

}  // namespace palimpsest
