#include "app/cli/inspection_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/cli/listing.h"

namespace palimpsest::cli {
namespace {

constexpr std::size_t kColumns = 100;  // prose; tables are narrower
constexpr std::size_t kAlarms = 3;     // told in full: a collapse that one layer shows, others show too

const Value& in(const Value& object, std::string_view path) {
  static const Value kNothing;
  const Value* found = object.at(path);
  return found ? *found : kNothing;
}

std::string number(const Value& value) {
  if (!value.isNumber()) return "-";
  return value.isInt() ? value.text() : fmt::format("{:.2f}", value.asDouble());
}

// Indices count from 0 for programs, tasks from 1 for people.
Value counted(const Value& index) { return index.isNumber() ? Value(index.asInt() + 1) : Value{}; }

std::string joined(const Value& list) {
  std::string text;
  for (const Value& item : list.asArray()) text += (text.empty() ? "" : ", ") + item.text();
  return text;
}

std::string counts(std::int64_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

// Broken between words; lines after the first are set in.
std::string wrapped(const std::string& text) {
  std::string out, line;
  for (std::size_t from = 0, space = 0; space != std::string::npos; from = space + 1) {
    space = text.find(' ', from);
    const std::string word = text.substr(from, space == std::string::npos ? space : space - from);
    if (!line.empty() && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = "  " + word;
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
  }
  return out + line + "\n";
}

std::string section(const std::string& heading, const Listing& table, const std::string& reading) {
  return "\n" + wrapped(heading) + textOf(table) + reading + "\n";
}

const std::string& nameIn(const Value& found) {
  const Value& recipe = in(found, "recipe");
  return recipe.isObject() ? in(recipe, "name").asString() : recipe.asString();
}

std::string whereOf(const Value& alarm) {
  std::string where = "task " + number(counted(in(alarm, "task")));
  if (in(alarm, "layer").isNumber()) where += ", layer " + number(in(alarm, "layer"));
  if (in(alarm, "first_step").isNumber()) where += ", from step " + number(in(alarm, "first_step")) + " on";
  if (!in(alarm, "winners").asArray().empty()) where += ", prompts " + joined(in(alarm, "winners"));
  return where;
}

// Where a pool leaves no choice (a prompt for all images, the first task's only one), evenness is not defined.
bool chooses(const Value& layer) {
  for (const Value& at : in(layer, "boundaries").asArray())
    if (in(at, "evenness").isNumber()) return true;
  return false;
}
bool choosesAnywhere(const Value& diagnosis) {
  const Value::Array& layers = in(diagnosis, "layers").asArray();
  return std::any_of(layers.begin(), layers.end(), chooses);
}

std::string verdict(const Value& diagnosis) {
  const Value& collapse = in(diagnosis, "collapse");
  if (!choosesAnywhere(diagnosis) && !in(collapse, "raised").asBool())
    return wrapped("Nothing is chosen: every image gets the same prompts.");
  if (!in(collapse, "raised").isBool()) return wrapped("Whether the choice has collapsed could not be judged.");
  if (!in(collapse, "raised").asBool()) return wrapped("No sign of collapse.");
  std::string text;
  std::size_t told = 0;
  const Value::Array& alarms = in(collapse, "alarms").asArray();
  for (const Value& alarm : alarms)
    if (told++ < kAlarms)
      text += wrapped(fmt::format("COLLAPSE ({}): {}", whereOf(alarm), in(alarm, "sentence").asString()));
  if (alarms.empty()) text = wrapped("COLLAPSE: the choice no longer depends on the image.");
  if (alarms.size() > kAlarms) text += fmt::format("  and {} more, which --json lists\n", alarms.size() - kAlarms);
  return text;
}

std::string queryLine(const Value& queries) {
  if (!queries.isObject()) return "";
  return wrapped(fmt::format(
      "Queries: length of their mean {} (1: all alike); nearest class means find the task of a share of {}, "
      "chance {}.",
      number(in(queries, "anisotropy")), number(in(queries, "nearest_mean_retrieval")), number(in(queries, "chance"))));
}

// Blocks as "2: 0.11 (even 0.15)".
std::string attentionLine(const Value& attention) {
  std::string text;
  for (const Value& at : attention.asArray())
    text += fmt::format("{} {}: {} ({})", text.empty() ? "" : ";", number(in(at, "block")), number(in(at, "mass")), number(in(at, "even")));
  return text.empty() ? "" : "\n" + wrapped("Attention on prompts by block, and what even attention would give them:" + text + ". Near 0: prompts are passed over.");
}

std::string layerTable(const Value& layer) {
  Listing table{
      .columns = {"after task", "evenness", "effective", "dependence", "winners' cosine", "retrieval", "dead"}};
  for (const Value& at : in(layer, "boundaries").asArray())
    table.rows.push_back({counted(in(at, "after_task")), in(at, "evenness"),
                          fmt::format("{} of {}", number(in(at, "effective")), number(in(at, "available"))),
                          in(at, "dependence"), in(at, "winners_cosine"), in(at, "retrieval"), in(at, "dead")});
  const std::string blocks = joined(in(layer, "blocks"));
  const char* kind = !chooses(layer)                          ? "the same prompts for every image"
                     : in(layer, "kind").asString() == "soft" ? "a weighted sum for each image"
                                                              : "a few prompts for each image";
  const std::string heading =
      fmt::format("Layer {}{}: {}", number(in(layer, "layer")), blocks.empty() ? "" : ", blocks " + blocks, kind);
  std::string text = section(heading, table,
                             "Evenness 0: few used; dependence 0: all get the same; cosine 1: keys have met; "
                             "retrieval: own task's found.");
  if (const Value& same = in(layer, "augmentation_consistency"); same.isNumber())
    text += wrapped("Cut and turned another way, an image keeps " + number(same) + " of its choice (1: all of it).");
  return text;
}

// One old task over all layers: how much of the choice is left, how far its prompts have moved.
struct Kept {
  double same = 0, drift = 0;
  int sames = 0, drifts = 0;
  void add(const Value& row, bool soft) {
    // A dense sum gives every prompt some weight: only its soft overlap can change.
    if (const Value& v = in(row, soft ? "soft_jaccard" : "jaccard"); v.isNumber()) same += v.asDouble(), ++sames;
    if (const Value& v = in(row, "usage_weighted_drift"); v.isNumber()) drift += v.asDouble(), ++drifts;
  }
};
Value mean(double sum, int count) { return count > 0 ? Value(sum / count) : Value{}; }

std::string forgettingTable(const Value& diagnosis) {
  std::map<std::int64_t, std::pair<Value, Kept>> tasks;  // attribution, and the rest
  for (const Value& row : in(diagnosis, "attribution").asArray()) tasks[in(row, "task").asInt()].first = row;
  for (const Value& layer : in(diagnosis, "layers").asArray())
    for (const Value& row : in(layer, "forgetting").asArray())
      tasks[in(row, "task").asInt()].second.add(row, in(layer, "kind").asString() == "soft");
  if (tasks.empty()) return "\nForgetting: no task has been followed by another yet.\n";
  Listing table{.columns = {"task", "learned", "now", "matching", "prompts", "head", "class expansion", "choice kept",
                            "prompt drift"}};
  for (const auto& [task, found] : tasks) {
    const auto& [due, kept] = found;
    table.rows.push_back({task + 1, in(due, "learned"), in(due, "now"), in(due, "matching"), in(due, "prompts"),
                          in(due, "head"), in(due, "class_expansion"), mean(kept.same, kept.sames),
                          mean(kept.drift, kept.drifts)});
  }
  return section(
      "Forgetting, and what it is due to (points of accuracy)", table,
      "Learned - now = matching + prompts + head + class expansion. Choice kept 1: same prompts as when learned.");
}

std::string usefulness(const Value& worth) {
  if (!worth.isObject()) return "";
  const Listing table{.columns = {"selected", "one fixed set", "random", "none", "oracle task", "task-masked head"},
                      .rows = {{in(worth, "selected"), in(worth, "fixed"), in(worth, "random"), in(worth, "none"),
                                in(worth, "oracle_task"), in(worth, "task_masked_head")}}};
  const Value &selected = in(worth, "selected"), &fixed = in(worth, "fixed");
  std::string reading = "Selected - one fixed set is what choosing by the image adds";
  if (selected.isNumber() && fixed.isNumber())
    reading += fmt::format(": {:+.2f} points", selected.asDouble() - fixed.asDouble());
  return section("What choosing is worth (accuracy, %)", table, reading + ".");
}

// Prompts that were swapped are pairs.
std::string itemsText(const Value& list) {
  Value::Array items;
  for (const Value& item : list.asArray()) {
    const Value::Array& pair = item.asArray();
    items.push_back(pair.size() == 2 ? Value(pair[0].text() + ":" + pair[1].text()) : item);
  }
  return joined(items);
}

// Tasks count from 1 for people.
Value withTasksCounted(const Value& pairs) {
  Value::Array out;
  for (const Value& pair : pairs.asArray()) out.push_back(Value::Array{pair.asArray()[0], pair.asArray()[1].asInt() + 1});
  return Value(std::move(out));
}

// "mask 3, 7; top_k 2": what was asked for, without what was left alone.
std::string changeText(const Value& change) {
  std::string text;
  for (const auto& [key, value] : change.asObject()) {
    const bool list = value.isArray(), idle = value.isNull() || (list && value.asArray().empty()) ||
                                              value == Value(false) || value == Value(-1);
    if (idle) continue;
    text += (text.empty() ? "" : "; ") + key;
    if (!value.isBool()) text += " " + (list ? itemsText(key == "freeze" ? withTasksCounted(value) : value) : value.text());
  }
  return text.empty() ? "nothing changed" : text;
}

Value difference(const Value& before, const Value& after) {
  return before.isNumber() && after.isNumber() ? Value(after.asDouble() - before.asDouble()) : Value{};
}

std::string shareText(std::int64_t some, std::int64_t all) {
  return all > 0 ? fmt::format("{} of {} ({:.1f} %)", some, all,
                               100.0 * static_cast<double>(some) / static_cast<double>(all))
                 : "0 of 0";
}

std::string batchVerdict(const Value& answer) {
  const Value& changed = in(answer, "changed_predictions");
  if (!changed.isNumber()) return "Whether predictions depend on the batch could not be judged.";
  if (changed.asInt() == 0) return "Predictions do not depend on the batch.";
  std::string text = fmt::format("{} of {} predictions change with the batch: this is no function of one image.",
                                 changed.asInt(), in(answer, "images").asInt());
  const auto points = [&](const char* key, const char* what) {
    if (const Value& bwe = in(answer, key); bwe.isNumber())
      text += fmt::format(" {}: {:+.2f} points.", what, bwe.asDouble());
  };
  points("bwe", "Gain from batches of one task");
  points("bwe_shuffled", "Gain from shuffled batches");
  return text;
}

}  // namespace

std::string diagnosisText(const Value& diagnosis) {
  const std::int64_t each = in(diagnosis, "images_per_class").asInt();
  std::string text = wrapped(fmt::format("{}: {}, {} ({} of each class)", nameIn(diagnosis),
                                         counts(in(diagnosis, "tasks").asInt(), "task"),
                                         counts(in(diagnosis, "images").asInt(), "test image"), each));
  text += verdict(diagnosis) + queryLine(in(diagnosis, "queries"));
  for (const Value& layer : in(diagnosis, "layers").asArray()) text += layerTable(layer);
  return text + attentionLine(in(diagnosis, "attention")) + forgettingTable(diagnosis) + usefulness(in(diagnosis, "usefulness"));
}

std::string whatIfText(const Value& answer) {
  const Value& after_task = in(answer, "after_task");
  const bool past = after_task.isNumber() && after_task.asInt() >= 0;
  const std::int64_t images = in(answer, "images").asInt();
  const std::string heading =
      fmt::format("{} {}, {}: {}", nameIn(answer), past ? "after task " + number(counted(after_task)) : "as it is now",
                  counts(images, "test image"), changeText(in(answer, "change")));
  Listing table{.columns = {"accuracy, %", "before", "after", "difference"}};
  const auto row = [&](std::string what, const Value& before, const Value& after) {
    table.rows.push_back({std::move(what), before, after, difference(before, after)});
  };
  row("all tasks", in(answer, "before.accuracy"), in(answer, "after.accuracy"));
  const Value::Array &before = in(answer, "before.by_task").asArray(), &after = in(answer, "after.by_task").asArray();
  for (std::size_t task = 0; task < before.size(); ++task)
    row(fmt::format("task {}", task + 1), before[task], task < after.size() ? after[task] : Value{});
  return wrapped(heading) + textOf(table) +
         wrapped(fmt::format("Predictions that changed: {}. Share of the prompts' weight that moved to others: {}.",
                             shareText(in(answer, "changed_predictions").asInt(), images),
                             number(in(answer, "changed_selections"))));
}

std::string transferText(const Value& answer) {
  Listing table{.columns = {"task", "pre-trained", "before it", "learned", "now", "drift"}};
  const Value::Array& came = in(answer, "pretrained").asArray();
  const auto item = [&](const char* key, std::size_t task) {
    const Value::Array& all = in(answer, key).asArray();
    return task < all.size() ? all[task] : Value{};
  };
  for (std::size_t task = 0; task < came.size(); ++task)
    table.rows.push_back({static_cast<std::int64_t>(task + 1), came[task], task == 0 ? Value{} : item("before", task), item("learned", task), item("now", task), item("drift", task)});
  return wrapped(fmt::format("{}: nearest class means on {}, among the task's own classes (accuracy, %)", nameIn(answer), counts(in(answer, "images").asInt(), "image"))) +
         textOf(table) +
         wrapped("Class means are drawn anew from training images for every column: what changes is the features. Drift: cosine of a task's class means, learned and now.") +
         wrapped(fmt::format("Forward transfer (before it - pre-trained): {} points. Forgotten by the features (learned - now): {} points.", number(in(answer, "forward_transfer")),
                             number(in(answer, "feature_forgetting"))));
}

std::string invarianceText(const Value& answer) {
  Listing table{.columns = {"batch", "composition", "accuracy, %", "changed", "purity"}};
  for (const Value& row : in(answer, "rows").asArray())
    table.rows.push_back(
        {in(row, "batch"), in(row, "composition"), in(row, "accuracy"), in(row, "changed"), in(row, "purity")});
  return wrapped(fmt::format("{}: {}; alone, {} % of them are right", nameIn(answer),
                             counts(in(answer, "images").asInt(), "test image"),
                             number(in(answer, "reference_accuracy")))) +
         textOf(table) +
         "Changed: predictions other than for the image alone. Purity: share of the commonest task in a batch.\n" +
         wrapped(batchVerdict(answer));
}

}  // namespace palimpsest::cli
