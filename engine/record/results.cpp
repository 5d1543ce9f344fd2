#include "engine/record/results.h"

#include <optional>

#include "engine/metrics/transfer.h"
#include "engine/record/run_folder.h"

namespace palimpsest::record {
namespace {

Value percent(std::optional<double> fraction) { return fraction ? Value(100.0 * *fraction) : Value(); }

// Hits first: 100 * 181 / 200 is 90.5 exactly, 100 * (181 / 200.) need not be.
Value percent(std::int64_t hits, std::int64_t count) {
  return count > 0 ? Value(100.0 * static_cast<double>(hits) / static_cast<double>(count)) : Value();
}

// One row for each finished stage, columns 0 to the stage.
template <typename CellOf>
Value lowerTriangle(const AccuracyMatrix& matrix, CellOf cellOf) {
  Value::Array rows;
  for (int i = 0; i < matrix.stages(); ++i) {
    Value::Array row;
    for (int j = 0; j <= i; ++j) row.push_back(cellOf(i, j));
    rows.emplace_back(std::move(row));
  }
  return Value(std::move(rows));
}

void addCounts(const AccuracyMatrix& matrix, Value& out) {
  out["hits"] = lowerTriangle(matrix, [&](int i, int j) { return Value(matrix.hits(i, j).value_or(0)); });
  Value::Array counts;
  for (int j = 0; j < matrix.stages(); ++j) counts.emplace_back(matrix.count(j).value_or(0));
  out["counts"] = Value(std::move(counts));
  out["accuracy"] = lowerTriangle(
      matrix, [&](int i, int j) { return percent(matrix.hits(i, j).value_or(0), matrix.count(j).value_or(0)); });
}

void addFigures(const AccuracyMatrix& matrix, Value& out) {
  Value::Array top1;
  for (int i = 0; i < matrix.stages(); ++i) {
    std::int64_t hits = 0, count = 0;
    for (int j = 0; j <= i; ++j) {
      hits += matrix.hits(i, j).value_or(0);
      count += matrix.count(j).value_or(0);
    }
    top1.push_back(percent(hits, count));
  }
  out["top1"] = Value(std::move(top1));
  out["average"] = percent(matrix.average());
  out["average_macro"] = percent(matrix.averageMacro());
  out["last"] = percent(matrix.last());
  out["last_macro"] = percent(matrix.lastMacro());
  out["forgetting"] = percent(matrix.forgetting());
  out["forgetting_pilot"] = percent(matrix.forgettingPilot());
  out["forgetting_step"] = percent(matrix.forgettingFirstLast());
  out["backward_transfer"] = percent(matrix.backwardTransfer());
  out["learning_accuracy"] = percent(matrix.learningAccuracy());
  out["relative_forgetting"] = percent(relativeForgetting(matrix));
  out["minimum_accuracy"] = percent(minimumAccuracy(matrix, matrix.stages() - 1));
  out["worst_case_accuracy"] = percent(worstCase(matrix, matrix.stages() - 1));
  out["performance_drop"] = percent(matrix.performanceDrop());
}

}  // namespace

Value resultsOf(const ResultInputs& run) {
  Value out{Value::Object{
      {"format", kFormat}, {"recipe", run.recipe}, {"state", run.state}, {"tasks", run.tasks}, {"seed", run.seed}}};
  Value::Array order(run.class_order.begin(), run.class_order.end());
  out["class_order"] = Value(std::move(order));
  addCounts(run.matrix, out);
  addFigures(run.matrix, out);
  Value per_class{Value::Object{}};
  for (const ClassCount& c : run.per_class) per_class[std::to_string(c.class_of_data)] = percent(c.hits, c.count);
  out["per_class"] = std::move(per_class);
  out["seconds"] = Value::Object{{"total", run.seconds_total},
                                 {"train", run.seconds_train},
                                 {"evaluate", run.seconds_evaluate},
                                 {"data", run.seconds_data}};
  out["peak_rss_bytes"] = run.peak_rss_bytes;
  out["trainable_parameters"] = run.trainable_parameters;
  out["stored_bytes"] = run.stored_bytes;
  out["protocol"] = Value::Object{{"evaluation", run.evaluation}, {"batch", run.batch}};
  out["device"] = run.device;
  out["threads"] = run.threads;
  return out;
}

}  // namespace palimpsest::record
