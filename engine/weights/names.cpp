#include "engine/weights/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/protocol/error.h"
#include "engine/weights/mapped_file.h"
#include "engine/weights/npz.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/torch_file.h"

namespace palimpsest {
namespace {

std::string blockName(int i) { return "blocks." + std::to_string(i) + "."; }

// What stands before `ending` in the names that end with it; of several, a teacher's or an average's comes first.
std::optional<std::string> prefixBefore(const TensorTable& table, std::string_view ending) {
  std::optional<std::string> best;
  for (const TensorView& tensor : table.tensors) {
    if (!tensor.name.ends_with(ending)) continue;
    const std::string prefix = tensor.name.substr(0, tensor.name.size() - ending.size());
    if (!prefix.empty() && prefix.back() != '.' && prefix.back() != '/') continue;
    const bool better = prefix.find("teacher") != std::string::npos || prefix.find("ema") != std::string::npos;
    if (!best || (better && best->find("teacher") == std::string::npos)) best = prefix;
  }
  return best;
}

std::int64_t sizeOf(const TensorView* tensor, std::size_t axis) { return tensor && axis < tensor->shape.size() ? tensor->shape[axis] : 0; }

// Registers stand between [CLS] and the patches and have no positions: rows of zeros, so that the table covers all.
void padPositions(NameMapper& map) {
  const TensorView* registers = map.result("reg_token");
  const TensorView* positions = map.result("pos_embed");
  if (!registers || !positions || positions->shape.size() != 3 || registers->shape.size() != 3 || positions->shape[1] < 1) return;
  const std::size_t row = positions->data.size() / static_cast<std::size_t>(positions->shape[1]);
  std::vector<std::byte> bytes(positions->data.begin(), positions->data.begin() + static_cast<std::ptrdiff_t>(row));
  bytes.resize(row * static_cast<std::size_t>(1 + registers->shape[1]));
  bytes.insert(bytes.end(), positions->data.begin() + static_cast<std::ptrdiff_t>(row), positions->data.end());
  TensorView made = *positions;
  made.shape[1] += registers->shape[1];
  map.replace(std::move(made), std::move(bytes));
}

// "blocks.2.17.norm1.weight" of training in chunks is block 17.
std::string withoutChunk(const std::string& name) {
  std::string_view rest(name);
  if (!rest.starts_with("blocks.")) return name;
  rest.remove_prefix(7);
  const std::size_t first = rest.find('.');
  if (first == std::string_view::npos) return name;
  const std::string_view second = rest.substr(first + 1);
  const std::size_t end = second.find('.');
  const bool number = end != std::string_view::npos && end > 0 && std::ranges::all_of(second.substr(0, end), [](char c) { return c >= '0' && c <= '9'; });
  return number ? "blocks." + std::string(second) : name;
}

TensorTable fromTimm(const TensorTable& table, const std::string& prefix, NameReport& report) {
  report.scheme = "timm";
  NameMapper map(table, prefix);
  for (const TensorView& tensor : table.tensors) {
    if (!tensor.name.starts_with(prefix)) continue;
    const std::string name = tensor.name.substr(prefix.size());
    if (const std::string plain = withoutChunk(name); plain != name) map.rename(name, plain);
  }
  for (int i = 0; map.has(blockName(i) + "gamma_1"); ++i)  // DeiT III
    for (const char* n : {"1", "2"}) map.rename(blockName(i) + "gamma_" + n, blockName(i) + "ls" + n + ".gamma");
  if (map.has("register_tokens")) {
    map.rename("register_tokens", "reg_token");
    map.rename("pos_embed", "pos_embed");
    padPositions(map);
  }
  if (map.has("mask_token") || map.has("register_tokens")) {
    report.scheme = "DINOv2 or MAE (timm's names)";
    map.note("input_range", "imagenet");
  }
  if (map.has("dist_token")) {
    report.scheme = "DeiT (timm's names)";
    map.note("input_range", "imagenet");
  }
  map.dropWhere([](std::string_view name) {
    const bool own = name == "head.weight" || name == "head.bias";  // others are what pre-training projects with
    return name == "mask_token" || name.starts_with("decoder") || name.starts_with("pre_logits.") ||
           (name.starts_with("head.") && !own);
  });
  return map.finish(report);
}

// Three layers become the rows of one, as timm has them.
void stackQkv(NameMapper& map, const std::string& from, const std::array<const char*, 3>& layers, const std::string& block) {
  for (const char* kind : {".weight", ".bias"})
    map.stack({from + layers[0] + kind, from + layers[1] + kind, from + layers[2] + kind}, block + "attn.qkv" + kind);
}

TensorTable fromHuggingFaceVit(const TensorTable& table, const std::string& prefix, NameReport& report) {
  NameMapper map(table, prefix);
  const bool dino = map.has("encoder.layer.0.norm1.weight");
  report.scheme = dino ? "Hugging Face Dinov2Model" : "Hugging Face ViTModel";
  map.note("input_range", dino ? "imagenet" : "-1..1");
  map.note("eps", dino ? "1e-6" : "1e-12");
  map.rename("embeddings.cls_token", "cls_token");
  map.rename("embeddings.distillation_token", "dist_token");
  map.rename("embeddings.position_embeddings", "pos_embed");
  map.pair("embeddings.patch_embeddings.projection", "patch_embed.proj");
  if (map.rename("embeddings.register_tokens", "reg_token")) padPositions(map);
  map.drop("embeddings.mask_token");
  for (int i = 0; map.has("encoder.layer." + std::to_string(i) + ".attention.attention.query.weight"); ++i) {
    const std::string from = "encoder.layer." + std::to_string(i) + ".", to = blockName(i);
    stackQkv(map, from + "attention.attention.", {"query", "key", "value"}, to);
    map.pairs(from, to, {{"attention.output.dense", "attn.proj"},
                         {dino ? "norm1" : "layernorm_before", "norm1"},
                         {dino ? "norm2" : "layernorm_after", "norm2"},
                         {dino ? "mlp.fc1" : "intermediate.dense", "mlp.fc1"},
                         {dino ? "mlp.fc2" : "output.dense", "mlp.fc2"}});
    map.rename(from + "layer_scale1.lambda1", to + "ls1.gamma");
    map.rename(from + "layer_scale2.lambda1", to + "ls2.gamma");
  }
  map.pair("layernorm", "norm");
  map.dropWhere([](std::string_view name) { return name.starts_with("pooler."); });
  TensorTable out = map.finish(report);
  // The classifier stands beside the network, not in it. Dinov2's reads two features and does not fit.
  const TensorView *weight = table.find("classifier.weight"), *bias = table.find("classifier.bias");
  const TensorView* norm = out.find("norm.weight");
  if (weight && bias && norm && weight->shape.size() == 2 && weight->shape[1] == sizeOf(norm, 0))
    for (const TensorView* head : {weight, bias}) {
      out.tensors.push_back(*head);
      out.tensors.back().name = head == weight ? "head.weight" : "head.bias";
      std::erase(report.dropped, head->name);
      std::erase_if(out.tensors, [&](const TensorView& tensor) { return tensor.name == head->name; });
    }
  return out;
}

void clipEnds(NameMapper& map, const std::string& positions, const std::string& token) {
  const TensorView* table = map.source(positions);
  map.reshape(positions, "pos_embed", {1, sizeOf(table, 0), sizeOf(table, 1)});
  map.reshape(token, "cls_token", {1, 1, sizeOf(map.source(token), 0)});
  map.note("input_range", "clip");
  map.note("eps", "1e-5");
}

TensorTable fromOpenAiClip(const TensorTable& table, const std::string& prefix, NameReport& report) {
  report.scheme = "OpenAI CLIP or open_clip, vision tower";
  NameMapper map(table, prefix);
  clipEnds(map, "positional_embedding", "class_embedding");
  map.pair("conv1", "patch_embed.proj");
  map.pair("ln_pre", "norm_pre");
  for (int i = 0; map.has("transformer.resblocks." + std::to_string(i) + ".attn.in_proj_weight"); ++i) {
    const std::string from = "transformer.resblocks." + std::to_string(i) + ".", to = blockName(i);
    map.rename(from + "attn.in_proj_weight", to + "attn.qkv.weight");
    map.rename(from + "attn.in_proj_bias", to + "attn.qkv.bias");
    map.pairs(from, to, {{"attn.out_proj", "attn.proj"}, {"ln_1", "norm1"}, {"ln_2", "norm2"}, {"mlp.c_fc", "mlp.fc1"}, {"mlp.c_proj", "mlp.fc2"}});
  }
  map.pair("ln_post", "norm");
  map.permute("proj", "head.weight", {1, 0});
  if (table.format == "TorchScript archive") map.note("activation", "quick_gelu");  // only OpenAI released such files
  return map.finish(report);
}

TensorTable fromHuggingFaceClip(const TensorTable& table, const std::string& prefix, NameReport& report) {
  report.scheme = "Hugging Face CLIPModel, vision tower";
  NameMapper map(table, prefix);
  clipEnds(map, "vision_model.embeddings.position_embedding.weight", "vision_model.embeddings.class_embedding");
  map.pair("vision_model.embeddings.patch_embedding", "patch_embed.proj");
  map.pair("vision_model.pre_layrnorm", "norm_pre");
  for (int i = 0; map.has("vision_model.encoder.layers." + std::to_string(i) + ".self_attn.q_proj.weight"); ++i) {
    const std::string from = "vision_model.encoder.layers." + std::to_string(i) + ".", to = blockName(i);
    stackQkv(map, from + "self_attn.", {"q_proj", "k_proj", "v_proj"}, to);
    map.pairs(from, to, {{"self_attn.out_proj", "attn.proj"}, {"layer_norm1", "norm1"}, {"layer_norm2", "norm2"}, {"mlp.fc1", "mlp.fc1"}, {"mlp.fc2", "mlp.fc2"}});
  }
  map.pair("vision_model.post_layernorm", "norm");
  map.rename("visual_projection.weight", "head.weight");
  map.dropWhere([](std::string_view name) {
    return name.starts_with("text_model.") || name == "text_projection.weight" || name == "logit_scale" || name.ends_with("position_ids");
  });
  return map.finish(report);
}

// Google's JAX files (flax names of the original release and of big_vision); kernels are [in, out].
TensorTable fromJax(const TensorTable& table, const std::string& prefix, NameReport& report) {
  report.scheme = "JAX";
  NameMapper map(table, prefix);
  map.note("input_range", "-1..1");
  const bool big = map.has("pos_embedding");
  map.permute("embedding/kernel", "patch_embed.proj.weight", {3, 2, 0, 1});
  map.rename("embedding/bias", "patch_embed.proj.bias");
  map.rename("cls", "cls_token");
  map.rename(big ? "pos_embedding" : "Transformer/posembed_input/pos_embedding", "pos_embed");
  const auto norm = [&](const std::string& from, const std::string& to) {
    map.rename(from + "/scale", to + ".weight");
    map.rename(from + "/bias", to + ".bias");
  };
  const std::int64_t width = sizeOf(map.source("embedding/bias"), 0);
  for (int i = 0; map.has("Transformer/encoderblock_" + std::to_string(i) + "/LayerNorm_0/scale"); ++i) {
    const std::string from = "Transformer/encoderblock_" + std::to_string(i) + "/", to = blockName(i);
    const std::string attention = from + (big ? "MultiHeadDotProductAttention_0/" : "MultiHeadDotProductAttention_1/");
    const std::string mlp = from + (big ? "MlpBlock_0/" : "MlpBlock_3/");
    norm(from + "LayerNorm_0", to + "norm1");
    norm(from + (big ? "LayerNorm_1" : "LayerNorm_2"), to + "norm2");
    map.note("heads", std::to_string(sizeOf(map.source(attention + "query/bias"), 0)));
    std::array<std::vector<std::string>, 2> parts;  // weights, biases
    for (const char* name : {"query", "key", "value"}) {
      parts[0].push_back(to + "attn." + name + ".weight");
      parts[1].push_back(to + "attn." + name + ".bias");
      map.permute(attention + name + "/kernel", parts[0].back(), {1, 2, 0}, {width, width});
      map.reshape(attention + name + "/bias", parts[1].back(), {width});
    }
    map.permute(attention + "out/kernel", to + "attn.proj.weight", {2, 0, 1}, {width, width});
    map.rename(attention + "out/bias", to + "attn.proj.bias");
    map.stackMade(parts[0], to + "attn.qkv.weight");
    map.stackMade(parts[1], to + "attn.qkv.bias");
    for (const char* n : {"0", "1"}) {
      const std::string layer = std::string("mlp.fc") + (*n == '0' ? "1" : "2");
      map.permute(mlp + "Dense_" + n + "/kernel", to + layer + ".weight", {1, 0});
      map.rename(mlp + "Dense_" + n + "/bias", to + layer + ".bias");
    }
  }
  norm("Transformer/encoder_norm", "norm");
  map.permute("head/kernel", "head.weight", {1, 0});
  map.rename("head/bias", "head.bias");
  map.dropWhere([](std::string_view name) { return name.starts_with("pre_logits/"); });
  return map.finish(report);
}

bool any(const TensorTable& table, std::string_view part) {
  return std::ranges::any_of(table.tensors, [&](const TensorView& tensor) { return tensor.name.find(part) != std::string::npos; });
}

// Which GELU a CLIP was trained with is not in its tensors; Hugging Face says it in a file beside them.
TensorTable withActivation(TensorTable table, const std::string& path, Issues& issues) {
  if (!table.find("norm_pre.weight") || table.metadata.contains("activation")) return table;
  std::ifstream in(std::filesystem::path(path).replace_filename("config.json"));
  const auto config = nlohmann::json::parse(in, nullptr, false);
  if (config.is_object()) {
    const auto& vision = config.contains("vision_config") && config["vision_config"].is_object() ? config["vision_config"] : config;
    if (const auto act = vision.find("hidden_act"); act != vision.end() && act->is_string()) {
      table.metadata["activation"] = act->get<std::string>() == "quick_gelu" ? "quick_gelu" : "gelu";
      return table;
    }
  }
  issues.push_back(warning(path, "whether this CLIP was trained with GELU or QuickGELU is not in the file; GELU is used",
                           "OpenAI's, MetaCLIP's and DFN's weights need QuickGELU: put Hugging Face's config.json (hidden_act) beside the file, or \"activation\": \"quick_gelu\" into a safetensors file's metadata."));
  return table;
}

// What a network that is no Vision Transformer of ours seems to be.
std::string otherNetwork(const TensorTable& table) {
  if (any(table, "relative_position_bias_table") || any(table, "downsample.reduction")) return "a Swin or BEiT transformer with relative positions";
  if (any(table, "attention.output.LayerNorm") || any(table, "self_attn_layer_norm")) return "a post-norm transformer: it normalises after each residual sum, not before each layer";
  if (any(table, "self_attn.in_proj_weight")) return "a transformer of torch.nn.TransformerEncoder, which is post-norm unless told otherwise";
  if (any(table, "layer1.0.conv1") || any(table, "downsample.0.weight") || any(table, "features.0.weight") || any(table, "running_mean")) return "a convolutional network";
  return "no network that is known";
}

}  // namespace

TensorTable readWeights(const std::filesystem::path& file) {
  std::array<char, 9> begin{};
  std::error_code none;
  if (!std::filesystem::is_regular_file(file, none)) refuse(file, {"it is no file"});
  std::ifstream in(file, std::ios::binary);
  in.read(begin.data(), begin.size());
  const std::string_view head(begin.data(), static_cast<std::size_t>(in.gcount()));
  if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06"))
    return file.extension() == ".npz" ? readNpz(file) : readTorchArchive(file);
  if (head.size() == 9 && head[8] == '{' && head.substr(4, 4) == std::string_view("\0\0\0\0", 4)) return readSafetensors(file);
  if (head.starts_with("\x80")) return readTorchStream(file);
  if (file.extension() == ".safetensors") return readSafetensors(file);  // says what is wrong with it
  refuse(file, {"it is no weights file that is known: safetensors, PyTorch's (.pth, .pt, .bin) or numpy's (.npz)"});
  return {};
}

TensorTable timmNames(const TensorTable& table, const std::string& path, NameReport& report, Issues& issues) {
  using Reader = TensorTable (*)(const TensorTable&, const std::string&, NameReport&);
  struct Scheme {
    std::string_view prefix_of, also;  // names that tell it, after the prefix
    Reader read;
  };
  static constexpr std::array kSchemes{
      Scheme{"embeddings.patch_embeddings.projection.weight", "encoder.layer.0.attention.attention.query.weight", fromHuggingFaceVit},
      Scheme{"vision_model.embeddings.patch_embedding.weight", "vision_model.encoder.layers.0.self_attn.q_proj.weight", fromHuggingFaceClip},
      Scheme{"conv1.weight", "transformer.resblocks.0.attn.in_proj_weight", fromOpenAiClip},
      Scheme{"embedding/kernel", "Transformer/encoderblock_0/LayerNorm_0/scale", fromJax},
      Scheme{"patch_embed.proj.weight", "", fromTimm}};
  for (const Scheme& scheme : kSchemes) {
    const auto prefix = prefixBefore(table, scheme.prefix_of);
    // Of the names that tell a network the first is prefixed as a whole, the second stands for its blocks.
    if (prefix && (scheme.also.empty() || table.find(*prefix + std::string(scheme.also)))) return withActivation(scheme.read(table, *prefix, report), path, issues);
  }
  report.scheme = "unknown";
  issues.push_back(error(path, "this is " + otherNetwork(table) + "; it has " + std::to_string(table.tensors.size()) + " tensors" +
                                   (table.tensors.empty() ? "" : ", the first is \"" + table.tensors.front().name + "\" " + table.tensors.front().shapeText()),
                         "Palimpsest runs pre-norm Vision Transformers under the names of timm, Hugging Face, CLIP, DINOv2 or JAX."));
  return table;
}

}  // namespace palimpsest
