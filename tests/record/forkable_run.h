// A made run with what a fork needs: a checkpoint and a blob at the end of each task, as the engine leaves them.
#pragma once

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "engine/record/json.h"
#include "tests/record/made_run.h"

namespace palimpsest::tests {

// A safetensors file with one small tensor and what a checkpoint says of itself.
inline void writeCheckpoint(const std::filesystem::path& file, std::int64_t seq, int next_task, int epoch = 0) {
  const Value state = Value::Object{{"format", 1}, {"seq", seq}, {"clock", Value::Object{{"task", next_task}, {"phase", 0}, {"epoch", epoch}, {"step", 0}, {"global_step", 40 * next_task}, {"begun", epoch > 0}}}};
  const Value header = Value::Object{{"__metadata__", Value::Object{{"palimpsest", record::toJson(state)}}},
                                     {"model.w", Value::Object{{"dtype", "F32"}, {"shape", Value::Array{2}}, {"data_offsets", Value::Array{0, 8}}}}};
  std::string text = record::toJson(header);
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(text.size() >> (8 * i) & 0xff));
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes << text << "abcdefgh";
}

inline std::string checkpointName(int next_task) {
  char name[32];
  std::snprintf(name, sizeof name, "task-%04d.safetensors", next_task);
  return name;
}

// Goes on with `writer`: tells `events` again under new numbers, each task's end with its blob and its checkpoint.
inline void tellWithCheckpoints(record::Writer& writer, const std::filesystem::path& folder, const std::vector<Event>& events) {
  const auto say = [&](Payload what) { writer.on({writer.nextSeq(), 1763769600000000, std::move(what)}); };
  for (const Event& event : events) {
    const auto* ended = std::get_if<TaskEnded>(&event.what);
    if (!ended) {
      say(event.what);
      continue;
    }
    const std::string blob = "prototypes-" + std::to_string(ended->task) + ".safetensors";
    std::ofstream(record::Paths(folder).blobs() / blob) << "blob " << ended->task;
    say(Prototypes{ended->task, blob});
    say(*ended);
    const std::string name = checkpointName(ended->task + 1);
    writeCheckpoint(record::Paths(folder).checkpoints() / name, static_cast<std::int64_t>(writer.nextSeq()), ended->task + 1);
    say(CheckpointSaved{ended->task + 1, ended->global_step, 100, name, 0.01});
  }
}

// The options and the recipe are those of the made run, complete.
inline void writeForkable(const MadeRun& made, const std::filesystem::path& folder) {
  const std::filesystem::path plain = folder.string() + "-plain";
  write(made, plain).reset();
  record::Reader reader(plain);
  tellWithCheckpoints(*record::Writer::create(folder, reader.run()), folder, reader.poll());
  std::filesystem::remove_all(plain);
}

}  // namespace palimpsest::tests
