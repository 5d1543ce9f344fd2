#include "engine/weights/added_backbones.h"

#include <cstdlib>
#include <tuple>

#include "engine/protocol/error.h"
#include "engine/protocol/param.h"
#include "engine/record/json.h"
#include "engine/record/run_folder.h"

namespace palimpsest {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;

struct Entry {
  std::string name, file, sha256, architecture, input_range, licence, origin;
  std::int64_t parameters = 0, bytes = 0;
  int image_size = 0;
  static auto fields() {
    using E = Entry;
    return std::tuple{Field{"name", &E::name, {}},
                      Field{"file", &E::file, {}},
                      Field{"sha256", &E::sha256, {}},
                      Field{"architecture", &E::architecture, {}},
                      Field{"parameters", &E::parameters, {.min = 0}},
                      Field{"bytes", &E::bytes, {.min = 0}},
                      Field{"image_size", &E::image_size, {.min = 0}},
                      Field{"input_range", &E::input_range, {}},
                      Field{"licence", &E::licence, {}},
                      Field{"origin", &E::origin, {}}};
  }
};

fs::path listFile() { return dataFolder() / "backbones.json"; }

}  // namespace

fs::path dataFolder() {
  if (const char* own = std::getenv("PALIMPSEST_DATA"); own && *own) return own;
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data) return fs::path(data) / "palimpsest";
  const char* home = std::getenv("HOME");
  return fs::path(home && *home ? home : ".") / ".local" / "share" / "palimpsest";
}

std::vector<AddedBackbone> addedBackbones() {
  std::error_code ignored;
  if (!fs::exists(listFile(), ignored)) return {};
  const std::string path = listFile().string();
  const Value list = record::readJsonFile(listFile());
  const Value *format = list.find("format"), *entries = list.find("backbones");
  if (!format || !entries || !entries->isArray())
    throw BadInput({error(path, "is no list of backbones", "move it away: the weights it names are not touched")});
  if (format->asInt() > kFormat)
    throw BadInput({error(path, "was written by a newer version of the program", "update the program")});
  std::vector<AddedBackbone> added;
  Issues issues;
  for (const Value& entry : entries->asArray()) {
    const Entry e = readParams<Entry>(entry, path, issues);
    added.push_back({e.name, e.file, e.sha256, e.architecture, e.input_range, e.licence, e.origin, e.parameters, e.bytes, e.image_size});
  }
  if (hasErrors(issues)) throw BadInput(std::move(issues));
  return added;
}

void keepAddedBackbones(const std::vector<AddedBackbone>& list) {
  Value::Array entries;
  for (const AddedBackbone& a : list) {
    Entry e{a.name, a.file.string(), a.sha256, a.architecture, a.input_range, a.licence, a.origin, a.parameters, a.bytes, a.image_size};
    entries.push_back(Value(valuesOf(e)));
  }
  std::error_code trouble;
  fs::create_directories(dataFolder(), trouble);
  record::writeFileAtomically(listFile(), record::toJson(Value::Object{{"format", kFormat}, {"backbones", Value(std::move(entries))}}, 2) + "\n");
}

}  // namespace palimpsest
