#include "engine/session/torch_script.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/script.h>

#include <map>
#include <set>

#include "engine/protocol/error.h"

namespace palimpsest {
namespace {

namespace jit = torch::jit;

// Two sizes that nothing else in a network is likely to have, and neither a multiple of the other.
constexpr std::int64_t kBatch = 5, kOtherBatch = 7;

Error unfit(const std::string& what) {
  return Error("export-batch", "This model cannot be written as TorchScript: what it computes depends on the batch as a whole (" + what + ").",
               "Export it as safetensors, or train the recipe with a choice that each image has for itself.");
}

// A tree of modules for names with dots. A tensor beside a module of its name gets a stroke.
std::string stroked(const std::string& name) { return name + "_"; }

struct Branch {
  std::map<std::string, at::Tensor> own;
  std::map<std::string, Branch> below;

  void add(const std::string& name, const at::Tensor& tensor) {
    const auto dot = name.find('.');
    if (dot == std::string::npos) own[name] = tensor;
    else below[name.substr(0, dot)].add(name.substr(dot + 1), tensor);
  }

  void build(jit::Module& module) const {
    for (const auto& [name, tensor] : own) module.register_buffer(below.contains(name) ? stroked(name) : name, tensor);
    for (const auto& [name, branch] : below) {
      jit::Module child(c10::QualifiedName("__torch__.Part"), module._ivalue()->compilation_unit(), /*shouldMangle=*/true);
      branch.build(child);
      module.register_module(name, child);
    }
  }
};

struct Recorded {
  jit::Module module;
  std::shared_ptr<jit::Graph> graph;
};

Recorded record(const Classify& classify, const NamedTensors& state, const ScriptFacts& facts, std::int64_t batch) {
  jit::Module module("__torch__.PalimpsestClassifier");
  Branch tree;
  for (const auto& [name, tensor] : state) tree.add(name, tensor);
  tree.build(module);
  const at::Tensor images = torch::rand({batch, 3, facts.image_size, facts.image_size});
  const auto traced = [&](jit::Stack inputs) { return jit::Stack{classify(inputs.at(0).toTensor())}; };
  const auto nameless = [](const at::Tensor&) { return std::string(); };
  const auto [tracing, outputs] = jit::tracer::trace({images}, traced, nameless, /*strict=*/true, /*force_outplace=*/false, &module, {"images"});
  jit::EliminateDeadCode(tracing->graph);
  return {module, tracing->graph};
}

// Names of the module's tensors that the graph reads: chains of GetAttr that end in a tensor.
std::set<std::string> namesRead(const jit::Graph& graph) {
  std::set<std::string> names;
  for (const jit::Node* node : graph.nodes()) {
    if (node->kind() != c10::prim::GetAttr || !node->output()->type()->isSubtypeOf(*c10::TensorType::get())) continue;
    std::string name;
    for (const jit::Node* at = node; at->kind() == c10::prim::GetAttr; at = at->input()->node())
      name = at->s(c10::attr::name) + (name.empty() ? "" : "." + name);
    names.insert(name);
  }
  return names;
}

std::vector<jit::Node*> steps(jit::Graph& graph) {
  std::vector<jit::Node*> all;
  for (jit::Node* node : graph.nodes())
    if (node->kind() != c10::prim::GetAttr) all.push_back(node);
  return all;
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && (torch::equal(a, b) || a.isnan().all().item<bool>());
}

// In `graph` (of kBatch images): every number that, in the other, has grown with the batch becomes a multiple of its size.
void freeTheBatch(jit::Graph& graph, jit::Graph& other) {
  const auto here = steps(graph), there = steps(other);
  if (here.size() != there.size()) throw unfit("another batch takes other steps");
  std::vector<std::pair<jit::Node*, std::int64_t>> multiples;
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (here[i]->kind() != there[i]->kind() || here[i]->inputs().size() != there[i]->inputs().size()) throw unfit("another batch takes other steps");
    if (here[i]->kind() != c10::prim::Constant) continue;
    const auto a = jit::toIValue(here[i]->output()), b = jit::toIValue(there[i]->output());
    if (a->isTensor() && b->isTensor()) {
      if (!same(a->toTensor(), b->toTensor())) throw unfit("a tensor is made for each batch");
    } else if (a->isInt() && b->isInt() && a->toInt() != b->toInt()) {
      if (a->toInt() % kBatch != 0 || a->toInt() / kBatch * kOtherBatch != b->toInt()) throw unfit("a number follows the batch in no simple way");
      multiples.emplace_back(here[i], a->toInt() / kBatch);
    } else if (!(*a == *b)) {
      throw unfit("a number follows the batch in no simple way");
    }
  }
  const jit::WithInsertPoint front(*graph.nodes().begin());
  jit::Value* const size = graph.insert(c10::aten::size, {graph.inputs().at(1), 0});
  std::map<std::int64_t, jit::Value*> values;
  for (const auto& [node, times] : multiples) {
    jit::Value*& value = values[times];
    if (!value) value = times == 1 ? size : graph.insert(c10::aten::mul, {size, times});
    node->output()->replaceAllUsesWith(value);
  }
  jit::EliminateDeadCode(graph.block());
}

}  // namespace

void writeTorchScript(const std::filesystem::path& out, const Classify& classify, const NamedTensors& state, const ScriptFacts& facts) try {
  const Recorded other = record(classify, state, facts, kOtherBatch);
  const auto read = namesRead(*other.graph);
  NamedTensors used;
  for (const auto& item : state)
    if (read.contains(item.first) || read.contains(stroked(item.first))) used.push_back(item);
  Recorded made = record(classify, used, facts, kBatch);
  freeTheBatch(*made.graph, *other.graph);
  c10::List<std::string> classes;
  for (const std::string& name : facts.classes) classes.push_back(name);
  made.module.register_attribute("classes", c10::ListType::ofStrings(), classes);
  made.module.register_attribute("image_size", c10::IntType::get(), std::int64_t{facts.image_size});
  const auto method = made.module._ivalue()->compilation_unit()->create_function(c10::QualifiedName(*made.module.type()->name(), "forward"), made.graph);
  made.module.type()->addMethod(method);
  made.module.save(out.string(), {{"palimpsest.json", facts.json}});
} catch (const c10::Error& e) {
  throw Error("write-failed", "The model could not be written to " + out.string() + ": " + e.what_without_backtrace(), "Check the folder and the room on the disk, or export it as safetensors.");
}

Classify readTorchScript(const std::filesystem::path& file) {
  auto module = std::make_shared<jit::Module>(torch::jit::load(file.string(), torch::kCPU));
  module->eval();
  return [module](const at::Tensor& images) {
    const torch::NoGradGuard plain;
    return module->forward({images}).toTensor();
  };
}

}  // namespace palimpsest
