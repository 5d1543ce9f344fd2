// What features are worth, apart from the classifier on them: after each task, how well class means drawn anew from
// training images tell the classes of every task apart, whether it was learned by then, lies behind, or is still to come.
#include <algorithm>

#include "engine/metrics/transfer.h"
#include "engine/session/batches.h"
#include "engine/session/inspection.h"

namespace palimpsest {
namespace {

// A few images of one task: the first ones of each of its classes.
struct Few {
  const Split* split;
  std::vector<std::int64_t> order, labels;  // images; place of the class in the task
  Tensor features;                          // [n, F], of the model that looked last
};

Few fewOf(const Session& session, const Split& split, const std::vector<std::int64_t>& images, int task, int each) {
  Few few{&split, {}, {}, {}};
  const auto& classes = session.scenario.tasks[static_cast<std::size_t>(task)].classes;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    int taken = 0;
    for (const auto index : images)
      if (split.label(index) == classes[c] && taken++ < each) {
        few.order.push_back(index);
        few.labels.push_back(static_cast<std::int64_t>(c));
      }
  }
  return few;
}

// What the head reads of each image; what the network said when it came where there is no model.
void look(Inspection& run, Model* model, Few& few) {
  const torch::NoGradGuard no_graph;
  Session& session = run.session();
  BatchPlan plan;
  plan.split = few.split;
  plan.order = few.order;
  plan.transform = &session.test_transform;
  Batches stream(session, plan);
  std::vector<Tensor> rows;
  Samples samples;
  while (stream.next(samples)) rows.push_back((model ? model->forward(samples, false).feature : session.model.frozenFeatures(samples.images)).to(torch::kCPU, torch::kDouble));
  few.features = rows.empty() ? Tensor() : torch::cat(rows);
}

Tensor unitRows(const Tensor& x) { return x / x.norm(2, 1, true).clamp_min(1e-12); }

Tensor classMeans(const Few& few) {
  const Tensor labels = torch::tensor(few.labels, torch::kLong);
  const std::int64_t classes = labels.max().item<std::int64_t>() + 1;
  const Tensor sums = torch::zeros({classes, few.features.size(1)}, torch::kDouble).index_add_(0, labels, few.features);
  return unitRows(sums);  // a sum points where the mean does
}

// Nearest class mean by cosine among the task's own classes, 0 to 1.
double nearestMean(const Few& train, const Few& test) {
  if (!train.features.defined() || !test.features.defined()) return std::numeric_limits<double>::quiet_NaN();
  const Tensor predicted = unitRows(test.features).matmul(classMeans(train).t()).argmax(1);
  return predicted.eq(torch::tensor(test.labels, torch::kLong)).to(torch::kDouble).mean().item<double>();
}

Value percents(const std::vector<double>& fractions) {
  std::vector<double> all;
  for (const double x : fractions) all.push_back(100 * x);
  return listOf(all);
}

Value percent(const std::optional<double>& fraction) { return fraction ? number(100 * *fraction) : Value(); }

}  // namespace

Value transfer(const std::filesystem::path& run_folder, const InspectOptions& options) {
  Inspection run(run_folder, options, -1, Inspection::Of::Anything);
  Session& session = run.session();
  const int tasks = run.now() + 1;
  std::vector<Few> train, test;
  std::int64_t images = 0;
  for (int task = 0; task < tasks; ++task) {
    train.push_back(fewOf(session, *session.data.train, session.trainIndices(task), task, options.images));
    test.push_back(fewOf(session, *session.data.test, session.testIndices(task), task, options.images));
    images += static_cast<std::int64_t>(train.back().order.size() + test.back().order.size());
  }
  const auto told = [&](int done) {
    if (options.progress) options.progress(done, tasks + 1);
  };
  // By task: as the network came, and after each task; class means then, of the same images.
  const auto worth = [&](Model* model, std::vector<Tensor>& means) {
    std::vector<double> row;
    means.clear();
    for (std::size_t task = 0; task < train.size(); ++task) {
      look(run, model, train[task]);
      look(run, model, test[task]);
      row.push_back(nearestMean(train[task], test[task]));
      means.push_back(train[task].features.defined() ? classMeans(train[task]) : Tensor());
    }
    return row;
  };
  std::vector<Tensor> means;
  std::vector<Tensor> when_learned(train.size());
  const std::vector<double> came = worth(nullptr, means);
  told(1);
  std::vector<std::vector<double>> rows;
  Value::Array features;
  for (int after = 0; after < tasks; ++after) {
    const auto model = run.model(after);
    rows.push_back(worth(model.get(), means));
    features.push_back(percents(rows.back()));
    when_learned[static_cast<std::size_t>(after)] = means[static_cast<std::size_t>(after)];
    told(after + 2);
  }
  std::vector<double> before(came.size(), std::numeric_limits<double>::quiet_NaN()), learned, now, drift;
  double lost = 0;
  for (std::size_t j = 0; j < rows.size(); ++j) {
    if (j > 0) before[j] = rows[j - 1][j];
    learned.push_back(rows[j][j]);
    now.push_back(rows.back()[j]);
    lost += rows[j][j] - rows.back()[j];
    const Tensor &then = when_learned[j], &today = means[j];
    const bool comparable = then.defined() && today.defined() && then.size(1) == today.size(1);  // features of a bank grow
    drift.push_back(comparable ? (then * today).sum(1).mean().item<double>() : std::numeric_limits<double>::quiet_NaN());
  }
  Value out{Value::Object{}};
  out["recipe"] = run.recipeName();
  out["images"] = images;
  out["images_per_class"] = options.images;
  out["pretrained"] = percents(came);
  out["features"] = Value(std::move(features));
  out["before"] = percents(before);
  out["learned"] = percents(learned);
  out["now"] = percents(now);
  out["drift"] = listOf(drift);
  out["forward_transfer"] = percent(forwardTransfer(before, came));
  out["feature_forgetting"] = tasks > 1 ? number(100 * lost / (tasks - 1)) : Value();
  return out;
}

}  // namespace palimpsest
