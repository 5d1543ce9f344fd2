#include "engine/weights/architecture.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

namespace palimpsest {
namespace {

// Every tensor of the network and its shape. The patch kernel and the positions say the rest.
std::map<std::string, Sizes> expectedTensors(const vit::Shape& s) {
  const std::int64_t w = s.width, m = s.mlp;
  std::map<std::string, Sizes> all{{"pos_embed", {1, s.tokens(), w}},
                                   {"patch_embed.proj.weight", {w, s.channels, s.patch, s.patch}},
                                   {"norm.weight", {w}},
                                   {"norm.bias", {w}}};
  const auto norm = [&](const std::string& name, std::int64_t width) {
    for (const char* part : {".weight", ".bias"}) all[name + part] = {width};
  };
  if (s.class_token) all["cls_token"] = {1, 1, w};
  if (s.distilled) all["dist_token"] = {1, 1, w};
  if (s.registers > 0) all["reg_token"] = {1, s.registers, w};
  if (s.patch_bias) all["patch_embed.proj.bias"] = {w};
  if (s.norm_pre) norm("norm_pre", w);
  for (int i = 0; i < s.depth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    for (const char* name : {"norm1", "norm2"}) norm(block + name, w);
    if (s.qk_norm)
      for (const char* name : {"attn.q_norm", "attn.k_norm"}) norm(block + name, s.headWidth());
    const auto linear = [&](const char* name, std::int64_t out, std::int64_t in) {
      all[block + name + ".weight"] = {out, in};
      all[block + name + ".bias"] = {out};
    };
    linear("attn.qkv", 3 * w, w);
    linear("attn.proj", w, w);
    linear("mlp.fc1", m, w);
    linear("mlp.fc2", w, m);
  }
  return all;
}

int deepestBlock(const TensorTable& file) {
  int depth = 0;
  for (const TensorView& tensor : file.tensors) {
    if (!tensor.name.starts_with("blocks.")) continue;
    int index = -1;
    const char* begin = tensor.name.data() + 7;
    std::from_chars(begin, tensor.name.data() + tensor.name.size(), index);
    if (index >= depth && index < 1000) depth = index + 1;
  }
  return depth;
}

// The gammas that the loader folds away (layer_scale.h): all of them or none.
std::map<std::string, Sizes> expectedGammas(const TensorTable& file, const vit::Shape& s) {
  std::map<std::string, Sizes> all;
  if (std::ranges::none_of(file.tensors, [](const TensorView& t) {
        return t.name.starts_with("blocks.") && (t.name.ends_with(".ls1.gamma") || t.name.ends_with(".ls2.gamma"));
      }))
    return all;
  for (int i = 0; i < s.depth; ++i)
    for (const char* gamma : {".ls1.gamma", ".ls2.gamma"}) all["blocks." + std::to_string(i) + gamma] = {s.width};
  return all;
}

int headsOf(const TensorTable& file, int width, const std::string& path, Issues& issues) {
  const auto found = file.metadata.find("heads");
  if (found == file.metadata.end()) {
    const TensorView* norm = file.find("blocks.0.attn.q_norm.weight");  // [head width]
    if (norm && norm->shape.size() == 1 && norm->shape[0] > 0 && width % norm->shape[0] == 0)
      return static_cast<int>(width / norm->shape[0]);
    return std::max(1, width / 64);
  }
  int heads = 0;
  const std::string& text = found->second;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), heads);
  if (problem != std::errc() || end != text.data() + text.size() || heads < 1 || width % heads != 0) {
    issues.push_back(error(
        path, "its metadata say heads = \"" + text + "\", which does not divide the width " + std::to_string(width)));
    return 1;
  }
  return heads;
}

// What tells the families apart: which tensors are there, and two numbers that no tensor tells.
void readFamily(const TensorTable& file, const std::string& path, vit::Shape& shape, Issues& issues) {
  shape.distilled = file.find("dist_token") != nullptr;
  shape.class_token = shape.distilled || file.find("cls_token") != nullptr;
  shape.patch_bias = file.find("patch_embed.proj.bias") != nullptr;
  shape.norm_pre = file.find("norm_pre.weight") != nullptr;
  shape.qk_norm = file.find("blocks.0.attn.q_norm.weight") != nullptr;
  if (const TensorView* registers = file.find("reg_token")) {
    constexpr std::int64_t kMost = 1024;
    if (registers->shape.size() == 3 && registers->shape[1] >= 1 && registers->shape[1] <= kMost)
      shape.registers = static_cast<int>(registers->shape[1]);
    else
      issues.push_back(error(path, "the tensor \"reg_token\" has the shape " + registers->shapeText() +
                                       " instead of [1, registers, width]"));
  }
  const auto told = [&](const char* key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  if (const std::string text = told("eps"); !text.empty()) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), shape.eps);
    if (problem != std::errc() || end != text.data() + text.size() || !(shape.eps >= 0 && shape.eps < 1))
      issues.push_back(error(path, "its metadata say eps = \"" + text + "\", which is no small positive number"));
  }
  if (const std::string text = told("activation"); text == "quick_gelu") shape.activation = vit::Activation::QuickGelu;
  else if (!text.empty() && text != "gelu")
    issues.push_back(error(path, "its metadata say activation = \"" + text + "\"", "Known are gelu and quick_gelu."));
}

// What the shapes of three tensors tell; false (and issues) when they tell nothing.
bool readShape(const TensorTable& file, const std::string& path, vit::Shape& shape, Issues& issues) {
  const std::size_t before = issues.size();
  const auto need = [&](const char* name, std::size_t rank) -> const TensorView* {
    const TensorView* tensor = file.find(name);
    if (!tensor) issues.push_back(error(path, std::string("the tensor \"") + name + "\" is missing"));
    else if (tensor->shape.size() != rank)
      issues.push_back(error(path, std::string("the tensor \"") + name + "\" has the shape " + tensor->shapeText() +
                                       " instead of one with " + std::to_string(rank) + " sizes"));
    else return tensor;
    return nullptr;
  };
  const TensorView* patch = need("patch_embed.proj.weight", 4);
  const TensorView* positions = need("pos_embed", 3);
  const TensorView* fc1 = need("blocks.0.mlp.fc1.weight", 2);
  if (!patch || !positions || !fc1) {
    issues.back().hint = "Weights must be a Vision Transformer with timm's names (blocks.0.attn.qkv.weight, ...).";
    return false;
  }
  constexpr std::int64_t kMost = 1 << 20;
  for (const TensorView* tensor : {patch, positions, fc1})
    for (const std::int64_t size : tensor->shape)
      if (size < 1 || size > kMost) {
        issues.push_back(
            error(path, "the tensor \"" + tensor->name + "\" has the impossible shape " + tensor->shapeText()));
        return false;
      }
  shape.width = static_cast<int>(patch->shape[0]);
  shape.channels = static_cast<int>(patch->shape[1]);
  shape.patch = static_cast<int>(patch->shape[3]);
  shape.mlp = static_cast<int>(fc1->shape[0]);
  shape.depth = deepestBlock(file);
  readFamily(file, path, shape, issues);
  const std::int64_t cells = positions->shape[1] - shape.prefix();
  const auto grid =
      static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(std::max<std::int64_t>(cells, 0)))));
  if (grid < 1 || grid * grid != cells)
    issues.push_back(error(path, "\"pos_embed\" has " + std::to_string(positions->shape[1]) + " rows, " +
                                     std::to_string(shape.prefix()) +
                                     " of them for learned tokens; the rest is no square grid"));
  shape.image = static_cast<int>(grid) * shape.patch;
  shape.heads = headsOf(file, shape.width, path, issues);
  return issues.size() == before;
}

std::string inputRangeOf(const TensorTable& file, const std::string& path, Issues& issues) {
  const auto found = file.metadata.find("input_range");
  if (found == file.metadata.end()) return "-1..1";  // timm's augreg weights: mean and deviation 0.5
  static const std::set<std::string> known{"0..1", "-1..1", "imagenet", "clip"};
  if (!known.contains(found->second))
    issues.push_back(
        error(path, "its metadata say input_range = \"" + found->second + "\"", "Known are 0..1, -1..1, imagenet and clip."));
  return found->second;
}

}  // namespace

Architecture readArchitecture(const TensorTable& file, const std::string& path, Issues& issues) {
  Architecture out;
  out.input_range = inputRangeOf(file, path, issues);
  if (!readShape(file, path, out.shape, issues)) return out;
  auto expected = expectedTensors(out.shape);
  expected.merge(expectedGammas(file, out.shape));
  for (const auto& [name, sizes] : expected) {
    const TensorView* tensor = file.find(name);
    if (!tensor) issues.push_back(error(path, "the tensor \"" + name + "\" is missing"));
    else if (tensor->shape != sizes)
      issues.push_back(error(
          path, "the tensor \"" + name + "\" has the shape " + tensor->shapeText() + " instead of " + textOf(sizes)));
    if (name.ends_with(".gamma")) continue;  // no parameter of the network
    std::int64_t count = 1;
    for (const std::int64_t size : sizes) count *= size;
    out.parameters += count;
  }
  for (const TensorView& tensor : file.tensors) {
    const bool head = tensor.name == "head.weight" || tensor.name == "head.bias" ||
                      (out.shape.distilled && (tensor.name == "head_dist.weight" || tensor.name == "head_dist.bias"));
    if (!head && !expected.contains(tensor.name))
      issues.push_back(
          error(path, "the tensor \"" + tensor.name + "\" " + tensor.shapeText() + " is not part of this network"));
    if (head && (tensor.shape.size() != (tensor.name.ends_with(".bias") ? 1u : 2u) ||
                 (tensor.shape.size() == 2 && tensor.shape[1] != out.shape.width)))
      issues.push_back(error(path, "the tensor \"" + tensor.name + "\" has the shape " + tensor.shapeText() +
                                       ", which does not fit the network"));
  }
  return out;
}

}  // namespace palimpsest
