// run.json as a struct: all that was decided before the first step. Declared once; reading, writing and the table in
// FORMAT.md come from fields(). Keys that this version does not know are kept out, missing ones keep their defaults.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "engine/protocol/param.h"
#include "engine/record/run_folder.h"

namespace palimpsest::record {

struct RunHeader {
  int format = kFormat;
  std::string version, torch;
  Value recipe, options, stream;
  std::int64_t seed = 0;
  std::vector<int> class_order;
  std::vector<std::string> class_names;
  std::string data, data_fingerprint;
  std::string backbone, backbone_sha256;
  std::string device;
  int threads = 0;
  std::string evaluation = "instance";
  Value forked_from;

  static auto fields() {
    using H = RunHeader;
    return std::tuple{
        Field{"format", &H::format, {.doc = "Version of this format. A reader refuses nothing newer, but says so."}},
        Field{"version", &H::version, {.doc = "Version of the program."}},
        Field{"torch", &H::torch, {.doc = "Version of LibTorch."}},
        Field{"recipe", &H::recipe, {.doc = "The recipe, complete: every default is written out."}},
        Field{"options", &H::options, {.doc = "The options of the run, complete."}},
        Field{"seed", &H::seed, {.doc = "Seed of everything but the class order, whose seed is in options.scenario."}},
        Field{"class_order", &H::class_order, {.doc = "Position = new label, value = class of the data set."}},
        Field{"class_names", &H::class_names, {.doc = "Names by class of the data set."}},
        Field{"data", &H::data, {.doc = "The data set as given with --data."}},
        Field{"data_fingerprint", &H::data_fingerprint, {.doc = "Digest of the images and labels that are used."}},
        Field{"backbone", &H::backbone, {.doc = "Name or file of the backbone."}},
        Field{"backbone_sha256", &H::backbone_sha256, {.doc = "SHA-256 of its weights file."}},
        Field{"stream", &H::stream, {.doc = "What the scenario came to: for each task its classes of the data set and, beside them, how many training and test images they have; its domain where it has one."}},
        Field{"device", &H::device, {.doc = "cpu or cuda:N."}},
        Field{"threads", &H::threads, {.unit = "threads", .doc = "Threads of the engine."}},
        Field{"evaluation",
              &H::evaluation,
              {.doc = "instance: predictions do not depend on batch mates. batch-vote(B, order), batch-mixing(B, order): they do, with B images together in this order."}},
        Field{"forked_from", &H::forked_from, {.doc = "Of a fork: {run, task}, the name of the folder whose past it shares up to the end of that task; else null."}}};
  }
};

inline Value runJson(const RunHeader& header) { return Value(valuesOf(header)); }
RunHeader runHeader(const Value& run);  // of a run.json, whatever is in it

}  // namespace palimpsest::record
