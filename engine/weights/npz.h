// numpy's .npz: a ZIP archive of .npy arrays (numpy.lib.format), as JAX's Vision Transformers come.
#pragma once

#include <filesystem>

#include "engine/weights/tensor_table.h"

namespace palimpsest {

// Little-endian numbers of 1 to 8 bytes; two-byte voids are bfloat16, as JAX writes it. Arrays in Fortran's order are
// turned. Throws BadInput that lists what is wrong.
TensorTable readNpz(const std::filesystem::path& file);

}  // namespace palimpsest
