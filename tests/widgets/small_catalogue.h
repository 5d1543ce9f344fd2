// A catalogue and two recipes of the tests' own: what the engine has does not matter here.
#pragma once

#include <string>
#include <vector>

#include "engine/protocol/recipe.h"

namespace palimpsest::small {

inline ParamSpec whole(std::string name, std::int64_t fallback, double min, double max) { return {std::move(name), Kind::Int, Value(fallback), {.min = min, .max = max}}; }
inline ParamSpec number(std::string name, double fallback) { return {std::move(name), Kind::Double, Value(fallback), {.min = 0}}; }
inline ParamSpec choice(std::string name, const char* fallback, std::string_view choices) { return {std::move(name), Kind::Text, Value(fallback), {.choices = choices}}; }

inline std::vector<PartInfo> catalogue() {
  const ParamSpec when = choice("when", "every-task", "every-task|first-task");
  return {{"backbone", "vit", "Vision Transformer", "The network.", {choice("train", "nothing", "nothing|all")}},
          {"query", "cls-frozen", "Frozen class token", "The query.", {}},
          {"pool", "flat", "Flat pool", "Prompts.", {whole("size", 10, 1, 1000), whole("length", 5, 1, 100)}},
          {"select", "top-k-cosine", "Top k by cosine", "The nearest keys.", {whole("top_k", 5, 1, 1000), number("pull", 0.5)}},
          {"inject", "tokens", "Tokens", "In front of the sequence.", {choice("positions", "none", "none|extended")}},
          {"adapt", "bottleneck", "Adapter", "Two small layers.", {whole("width", 64, 1, 4096)}},
          {"adapt", "low-rank", "LoRA", "A low-rank update.", {whole("rank", 4, 1, 256)}},
          {"head", "linear", "Linear head", "A layer.", {choice("train_on", "classes-of-task", "classes-of-task|classes-seen")}},
          {"head", "ridge", "Ridge", "Solved.", {whole("random_width", 10000, 0, 1e6)}},
          {"memory", "exemplars", "Exemplars", "Kept images.", {whole("capacity", 2000, 1, 1e6)}},
          {"penalty", "distillation", "Distillation", "Stay near the teacher.", {number("weight", 1)}},
          {"phase", "sgd", "Gradient descent", "Trains.", {whole("epochs", 5, 0, 10000), number("lr", 0.01), {"milestones", Kind::DoubleList, Value(Value::Array{}), {}}, when}},
          {"phase", "observe", "Observe", "Shows images to the head.", {when}}};
}

inline Value head() {
  return Value::Object{{"name", "head"}, {"title", "Head only"}, {"head", Value::Object{{"use", "ridge"}}}, {"phases", Value::Array{Value::Object{{"use", "observe"}}}}};
}

inline Value l2p() {
  return Value::Object{
      {"name", "l2p"},
      {"title", "L2P"},
      {"prompts", Value::Array{Value::Object{{"pool", Value::Object{{"use", "flat"}, {"size", 20}}},
                                             {"select", Value::Object{{"use", "top-k-cosine"}}},
                                             {"inject", Value::Object{{"use", "tokens"}, {"positions", "extended"}}}}}},
      {"head", Value::Object{{"use", "linear"}}},
      {"phases", Value::Array{Value::Object{{"use", "sgd"}, {"lr", 1}, {"epochs", 5.0}}, Value::Object{{"use", "observe"}}}}};
}

}  // namespace palimpsest::small
