// Backbones from files: architecture read off the tensors' shapes, every missing, unexpected or misshapen tensor
// reported at once.
#pragma once

#include <filesystem>
#include <string>

#include "engine/engine.h"
#include "engine/vit/vit.h"
#include "engine/weights/name_mapper.h"

namespace palimpsest {

// Bicubic interpolation of the grid part of position embeddings: timm 0.6 (and PILOT) without antialiasing, timm 1.x with.
// Antialiasing also takes another cubic (-0.5 for -0.75), so that the two differ for larger grids as well.
enum class PositionResize { Timm06, Timm1 };
PositionResize positionResizeNamed(const std::string& name);  // "timm06" or "timm1"

struct LoadedBackbone {
  vit::Vit vit{nullptr};  // frozen, in evaluation mode, float32, on the CPU
  vit::Shape shape;
  std::string name;         // as asked for
  std::string file;         // empty for "new:"
  std::string sha256;       // of the file
  std::string input_range;  // "0..1", "-1..1", "imagenet" or "clip": what the weights were trained with
  at::Tensor head_weight, head_bias;  // the file's classifier; undefined when it has none, or two (distilled)
  std::string licence, origin;
  Metadata metadata;
  NameReport names;  // how the file called its tensors
  Issues warnings;
};

// `name_or_file`: "micro" (bundled), a weights file, or "new:image=28,patch=4,width=128,depth=6,heads=4,seed=1"
// (random weights), or what somebody added. `image_size` 0: the weights' own; otherwise positions are interpolated.
// Throws BadInput.
LoadedBackbone loadBackbone(const std::string& name_or_file, int image_size, const std::string& resource_folder,
                            PositionResize resize = PositionResize::Timm06);

// Path of the weights behind a name; the name itself for a file. Does not look whether it is there. Throws BadInput when
// the list of what was added is damaged.
std::filesystem::path backboneFile(const std::string& name_or_file, const std::string& resource_folder);

// Maps the names and looks at shapes; sha256 stays empty. Cheap for safetensors, others are read whole. Throws BadInput.
BackboneInfo inspectBackbone(const std::filesystem::path& file);

// Writes timm's names; `half` stores 16-bit floats. Keys that the reader knows: "heads", "input_range", "licence", "origin",
// and where the network differs from timm's plain ViT "eps" and "activation".
void saveBackbone(const std::filesystem::path& file, const vit::Vit& vit, Metadata metadata = {}, bool half = false);

// [1, prefix + g*g, W] -> [1, prefix + target*target, W]; the same tensor when nothing changes.
at::Tensor resizedPositions(const at::Tensor& positions, int prefix, int target_grid,
                            PositionResize resize = PositionResize::Timm06);

}  // namespace palimpsest
