// The list of weights that somebody has added to the program: where each file lies, and what it was when it was added.
// Files stay where they are. Kept as JSON in the person's data folder; torch-free.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace palimpsest {

struct AddedBackbone {
  std::string name;
  std::filesystem::path file;  // absolute
  std::string sha256, architecture, input_range, licence, origin;
  std::int64_t parameters = 0, bytes = 0;
  int image_size = 0;
};

// $PALIMPSEST_DATA, else $XDG_DATA_HOME/palimpsest, else ~/.local/share/palimpsest.
std::filesystem::path dataFolder();

// In the order in which they were added; none when there is no list. Throws BadInput when the list cannot be read: it is
// then left alone.
std::vector<AddedBackbone> addedBackbones();
// All or nothing. Throws Error when it cannot be written.
void keepAddedBackbones(const std::vector<AddedBackbone>& list);

}  // namespace palimpsest
