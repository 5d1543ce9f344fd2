// What the window asks of the engine, as values: tests hand the whole window a scripted engine instead.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "widgets/models/lab.h"

namespace palimpsest {

struct EngineApi {
  using Sinks = std::vector<Sink*>;
  // As Run::start and Run::resume. Called on a thread of the session's own, so they may take their time.
  std::function<std::unique_ptr<Run>(RunPlan plan, std::filesystem::path folder, Sinks sinks)> start;
  std::function<std::unique_ptr<Run>(std::filesystem::path folder, Sinks sinks)> resume;
  const std::vector<PartInfo>* catalogue = nullptr;         // borrowed, lives as long as the program
  std::function<std::vector<NamedRecipe>()> recipes;        // may throw BadInput
  std::function<Value(const std::string&)> recipe;          // by name or file; may throw BadInput
  // As in engine/engine.h. They read whole files and run the network: never on the window's thread. May throw.
  std::function<std::vector<BackboneInfo>()> backbones;
  std::function<BackboneInfo(const std::filesystem::path&)> addBackbone;
  std::function<void(const std::string&)> removeBackbone;
  std::function<Assessment(const AssessRequest&, const AssessProgress&)> assess;
  std::function<ExportedModel(const ExportRequest&)> exportModel;
  Inspectors inspectors;  // as in engine/inspect.h; never on the window's thread
  std::filesystem::path resources;
  std::string version, torch_version;
  std::function<std::vector<std::string>()> devices;        // may take long: never on the window's thread
};

EngineApi realEngine();  // in real_engine.cpp, which alone needs palimpsest_engine

}  // namespace palimpsest
