// Which device a run uses. devices() itself is declared in engine/engine.h.
#pragma once

#include <torch/torch.h>

#include <string>

#include "engine/protocol/issue.h"

namespace palimpsest {

// "auto" (CUDA when there is one), "cpu", "cuda", "cuda:0". Problems go to `issues` under `path`; then the CPU is returned.
torch::Device resolveDevice(const std::string& text, Issues& issues, const std::string& path = "--device");

}  // namespace palimpsest
