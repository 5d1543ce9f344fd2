// A trained model as a file that other programs read (engine/engine.h has the function that writes it). Std only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace palimpsest {

struct ExportRequest {
  std::filesystem::path run_folder, out;
  std::string format = "torchscript";  // of exportFormats()
  int check_images = 10;               // of each class, the first of the test images: what the file is checked with
  int threads = 0;                     // 0: one for each core
  bool overwrite = false;
  std::function<void(int done, int of)> progress = {};  // on the calling thread, now and then
};

struct ExportFormat {
  std::string name, title, ending, doc;
};
inline const std::vector<ExportFormat>& exportFormats() {
  static const std::vector<ExportFormat> all{
      {"torchscript", "TorchScript", ".pt", "The whole classifier, from pixels to logits, for torch.jit.load in Python and C++. Needs nothing of this program."},
      {"safetensors", "safetensors", ".safetensors", "Every tensor of the model by name, with its recipe in the metadata: to read, to convert, to build upon."}};
  return all;
}

// What came out, and what the file, read again, said of the images it was checked with.
struct ExportedModel {
  std::filesystem::path file;
  std::uintmax_t bytes = 0;
  int classes = 0, image_size = 0, tasks = 0;
  std::int64_t images = 0;            // checked
  std::int64_t changed = 0;           // of them, predictions that are not those of the run's own model; 0, or it had failed
  double largest_difference = 0;      // of two logits, as a share of the largest logit
  double accuracy = 0;                // percent of the checked images that the file gets right
};

}  // namespace palimpsest
