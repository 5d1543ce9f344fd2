#include "engine/weights/tensors.h"

#include <array>
#include <cstring>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

constexpr std::array<std::pair<Dtype, at::ScalarType>, 10> kTypes{{{Dtype::F64, at::kDouble},
                                                                   {Dtype::F32, at::kFloat},
                                                                   {Dtype::F16, at::kHalf},
                                                                   {Dtype::BF16, at::kBFloat16},
                                                                   {Dtype::I64, at::kLong},
                                                                   {Dtype::I32, at::kInt},
                                                                   {Dtype::I16, at::kShort},
                                                                   {Dtype::I8, at::kChar},
                                                                   {Dtype::U8, at::kByte},
                                                                   {Dtype::Bool, at::kBool}}};

at::ScalarType scalarOf(Dtype dtype) {
  for (const auto& [stored, scalar] : kTypes)
    if (stored == dtype) return scalar;
  return at::kFloat;
}

Dtype dtypeOf(at::ScalarType type) {
  for (const auto& [stored, scalar] : kTypes)
    if (scalar == type) return stored;
  PALIMPSEST_EXPECT(false, "A tensor's type cannot be stored in safetensors");
  return Dtype::F32;
}

}  // namespace

at::Tensor tensorOf(const TensorView& view) {
  const at::Tensor tensor = at::empty(view.shape, at::TensorOptions().dtype(scalarOf(view.dtype)));
  if (!view.data.empty()) std::memcpy(tensor.data_ptr(), view.data.data(), view.data.size());
  return tensor;
}

TensorFile readTensorFile(const std::filesystem::path& file) {
  const TensorTable source = readSafetensors(file);
  TensorFile out;
  for (const TensorView& view : source.tensors) out.tensors.emplace(view.name, tensorOf(view));
  out.metadata = source.metadata;
  return out;
}

TensorMap readTensors(const std::filesystem::path& file) { return readTensorFile(file).tensors; }

void writeTensors(const std::filesystem::path& file, const NamedTensors& tensors, const Metadata& metadata) {
  std::vector<at::Tensor> kept;  // owns what the views look at
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    PALIMPSEST_EXPECT(tensor.defined(), "An undefined tensor was to be written");
    const at::Tensor& plain = kept.emplace_back(tensor.detach().to(at::kCPU).contiguous());
    views.push_back({name,
                     dtypeOf(plain.scalar_type()),
                     plain.sizes().vec(),
                     {static_cast<const std::byte*>(plain.data_ptr()), plain.nbytes()}});
  }
  writeSafetensors(file, std::move(views), metadata);
}

}  // namespace palimpsest
