#include "engine/weights/backbone.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "engine/protocol/error.h"
#include "engine/protocol/param.h"
#include "engine/weights/added_backbones.h"
#include "engine/weights/architecture.h"
#include "engine/weights/layer_scale.h"
#include "engine/weights/names.h"
#include "engine/weights/tensors.h"

namespace palimpsest {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNew = "new:";

struct NewNetwork {
  int image = 28, patch = 4, channels = 3, width = 128, depth = 6, heads = 4, mlp = 0;
  std::int64_t seed = 1;
  static auto fields() {
    using N = NewNetwork;
    return std::tuple{
        Field{"image", &N::image, {.min = 1, .max = 4096, .unit = "pixels", .doc = "Side of the images."}},
        Field{"patch", &N::patch, {.min = 1, .max = 256, .unit = "pixels", .doc = "Side of a patch."}},
        Field{"channels", &N::channels, {.min = 1, .max = 64, .doc = "Colours."}},
        Field{"width", &N::width, {.min = 1, .max = 8192, .doc = "Width of the residual stream."}},
        Field{"depth", &N::depth, {.min = 1, .max = 256, .unit = "blocks", .doc = "Blocks."}},
        Field{"heads", &N::heads, {.min = 1, .max = 256, .doc = "Attention heads."}},
        Field{"mlp", &N::mlp, {.min = 0, .max = 65536, .doc = "Hidden width; 0: four times the width."}},
        Field{"seed", &N::seed, {.min = 0, .max = 4294967295.0, .doc = "Seed of the weights."}}};
  }
  std::optional<std::string> conflict() const {
    if (image % patch != 0) return "image must be a multiple of patch";
    if (width % heads != 0) return "width must be a multiple of heads";
    return std::nullopt;
  }
};

// "image=28,patch=4" -> an object for readParams.
Value settingsOf(std::string_view text, const std::string& path, Issues& issues) {
  Value object{Value::Object{}};
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    std::int64_t number = 0;
    const std::string_view digits = equals == std::string_view::npos ? "" : item.substr(equals + 1);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size())
      issues.push_back(error(path, "\"" + std::string(item) + "\" is not of the form name=integer"));
    else object[item.substr(0, equals)] = Value(number);
  }
  return object;
}

LoadedBackbone newBackbone(const std::string& name, int image_size) {
  Issues issues;
  const Value settings = settingsOf(std::string_view(name).substr(kNew.size()), "--backbone", issues);
  NewNetwork n = readParams<NewNetwork>(settings, "--backbone", issues);
  if (image_size > 0) n.image = image_size;
  if (issues.empty() && n.image % n.patch != 0)
    issues.push_back(error(
        "--image-size", std::to_string(n.image) + " pixels cannot be cut into patches of " + std::to_string(n.patch)));
  if (hasErrors(issues)) throw BadInput(std::move(issues));
  LoadedBackbone out;
  out.shape = {n.image, n.patch, n.channels, n.width, n.depth, n.heads, n.mlp > 0 ? n.mlp : 4 * n.width};
  out.vit = vit::Vit(out.shape);
  vit::initialise(out.vit, static_cast<std::uint64_t>(n.seed));
  out.name = name;
  out.input_range = "-1..1";
  out.origin = "random weights, seed " + std::to_string(n.seed);
  return out;
}

std::string valueOr(const Metadata& metadata, const std::string& key, const std::string& fallback) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? fallback : found->second;
}

// Digits that read back as the same number.
std::string shortest(double number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

at::Tensor floats(const TensorView& view) { return tensorOf(view).to(at::kFloat).reshape(view.shape); }

void fill(LoadedBackbone& out, const TensorTable& file, const Architecture& found, PositionResize resize) {
  const torch::NoGradGuard plain;
  for (auto& item : out.vit->named_parameters()) {
    at::Tensor source = floats(*file.find(item.key()));
    if (item.key() == "pos_embed") source = resizedPositions(source, found.shape.prefix(), out.shape.grid(), resize);
    if (const TensorView* gamma = file.find(layerScaleBehind(item.key())))
      source = foldedLayerScale(source, floats(*gamma));
    item.value().copy_(source.reshape(item.value().sizes()));
  }
  // DeiT's distilled classifiers see one token each; what cls() hands out is the mean of both, which fits neither.
  if (found.shape.distilled) return;
  if (const TensorView* head = file.find("head.weight")) out.head_weight = floats(*head);
  if (const TensorView* head = file.find("head.bias")) out.head_bias = floats(*head);
}

// A name stands for the weights that were added under it, not for whatever lies there today.
void refuseChanged(const LoadedBackbone& loaded) {
  if (loaded.name == loaded.file) return;
  for (const AddedBackbone& added : addedBackbones())
    if (added.name == loaded.name && added.file == loaded.file && added.sha256 != loaded.sha256)
      throw BadInput({error("--backbone", "\"" + loaded.file + "\" has changed since it was added as \"" + loaded.name + "\"",
                            "palimpsest-cli backbone add \"" + loaded.file + "\" takes it as it is now")});
}

}  // namespace

fs::path backboneFile(const std::string& name, const std::string& resource_folder) {
  if (name == "micro") return fs::path(resource_folder) / "weights" / "micro.safetensors";
  std::error_code ignored;
  if (fs::exists(name, ignored)) return name;
  for (const AddedBackbone& added : addedBackbones())
    if (added.name == name) return added.file;
  return name;
}

PositionResize positionResizeNamed(const std::string& name) { return name == "timm1" ? PositionResize::Timm1 : PositionResize::Timm06; }

LoadedBackbone loadBackbone(const std::string& name, int image_size, const std::string& resource_folder, PositionResize resize) {
  LoadedBackbone out;
  if (name.starts_with(kNew)) {
    out = newBackbone(name, image_size);
  } else {
    const fs::path path = backboneFile(name, resource_folder);
    if (!fs::exists(path))
      throw BadInput(
          {error("--backbone", "there are no weights at \"" + path.string() + "\"",
                 name == "micro" ? "The bundled weights are missing: install the program's resources again."
                                 : "Give \"micro\", a name from \"list backbones\", a weights file (.safetensors, .pth, .npz), or \"new:image=28,patch=4,...\".")});
    Issues issues;
    const TensorTable file = timmNames(readWeights(path), path.string(), out.names, issues);
    const Architecture found = hasErrors(issues) ? Architecture{} : readArchitecture(file, path.string(), issues);
    out.shape = found.shape;
    if (image_size > 0) out.shape.image = image_size;
    if (!hasErrors(issues) && out.shape.image % out.shape.patch != 0)
      issues.push_back(error("--image-size",
                             std::to_string(image_size) + " pixels cannot be cut into patches of " +
                                 std::to_string(out.shape.patch) + ", which these weights use",
                             "Choose a multiple of " + std::to_string(out.shape.patch) + "."));
    if (hasErrors(issues)) throw BadInput(std::move(issues));
    out.warnings = std::move(issues);
    out.vit = vit::Vit(out.shape);
    fill(out, file, found, resize);
    out.name = name;
    out.file = path.string();
    out.sha256 = sha256OfFile(path);
    refuseChanged(out);
    out.metadata = file.metadata;
    out.input_range = found.input_range;
    out.licence = valueOr(out.metadata, "licence", valueOr(out.metadata, "license", ""));
    out.origin = valueOr(out.metadata, "origin", "");
  }
  vit::setTrainable(out.vit, false);
  out.vit->eval();
  return out;
}

BackboneInfo inspectBackbone(const fs::path& path) {
  Issues issues;
  NameReport names;
  const TensorTable file = timmNames(readWeights(path), path.string(), names, issues);
  const Architecture found = hasErrors(issues) ? Architecture{} : readArchitecture(file, path.string(), issues);
  if (hasErrors(issues)) throw BadInput(std::move(issues));
  BackboneInfo info;
  info.name = path.stem().string();
  info.file = path.string();
  info.architecture = "vit: " + found.shape.text();
  info.parameters = found.parameters;
  info.image_size = found.shape.image;
  info.input_range = found.input_range;
  info.licence = valueOr(file.metadata, "licence", valueOr(file.metadata, "license", ""));
  info.origin = valueOr(file.metadata, "origin", "");
  return info;
}

void saveBackbone(const fs::path& file, const vit::Vit& vit, Metadata metadata, bool half) {
  metadata.try_emplace("format", "palimpsest-backbone-1");
  metadata.try_emplace("architecture", "vit: " + vit->shape().text());
  metadata.try_emplace("heads", std::to_string(vit->shape().heads));  // what no tensor tells, from here on
  if (vit->shape().eps != vit::Shape{}.eps) metadata["eps"] = shortest(vit->shape().eps);
  if (vit->shape().activation == vit::Activation::QuickGelu) metadata["activation"] = "quick_gelu";
  NamedTensors tensors;
  for (const auto& item : vit->named_parameters())
    tensors.emplace_back(item.key(), item.value().detach().to(half ? at::kHalf : at::kFloat));
  writeTensors(file, tensors, metadata);
}

at::Tensor resizedPositions(const at::Tensor& positions, int prefix, int target_grid, PositionResize resize) {
  const auto grid = static_cast<std::int64_t>(std::lround(std::sqrt(positions.size(1) - prefix)));
  if (grid == target_grid) return positions;
  const std::int64_t width = positions.size(2);
  const at::Tensor image = positions.slice(1, prefix).reshape({1, grid, grid, width}).permute({0, 3, 1, 2});
  namespace F = torch::nn::functional;
  const auto options = F::InterpolateFuncOptions()
                           .size(std::vector<std::int64_t>{target_grid, target_grid})
                           .mode(torch::kBicubic)
                           .align_corners(false)
                           .antialias(resize == PositionResize::Timm1);
  const at::Tensor resized = F::interpolate(image, options).permute({0, 2, 3, 1}).reshape({1, -1, width});
  return torch::cat({positions.slice(1, 0, prefix), resized}, 1).contiguous();
}

}  // namespace palimpsest
