// Which network a weights file holds, read off the shapes of its tensors (timm's names).
#pragma once

#include <cstdint>
#include <string>

#include "engine/protocol/issue.h"
#include "engine/vit/vit.h"
#include "engine/weights/tensor_table.h"

namespace palimpsest {

struct Architecture {
  vit::Shape shape;
  std::int64_t parameters = 0;  // without the classifier
  std::string input_range;
};

// Every missing, unexpected or misshapen tensor goes to `issues` under `path`. A classifier (head.*) is optional, and so
// are LayerScale's gammas, which no shape mentions. Metadata: "heads", "eps", "activation" (gelu or quick_gelu).
Architecture readArchitecture(const TensorTable& file, const std::string& path, Issues& issues);

}  // namespace palimpsest
