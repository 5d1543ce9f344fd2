#include "widgets/models/embedding_map.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <map>

namespace palimpsest {
namespace {

using Tensor = Blob::Tensor;

QString say(const char* text) { return QCoreApplication::translate("EmbeddingMap", text); }

// Rows of a tensor, at unit length where asked for; owns them only then.
struct Table {
  std::vector<float> own;
  Rows rows;

  Table() = default;
  Table(const Tensor& tensor, bool unit) {
    rows = {tensor.values.data(), tensor.size(0), int(tensor.size(1))};
    if (!unit) return;
    own = tensor.values;
    for (std::int64_t r = 0; r < rows.rows; ++r) {
      float* row = own.data() + r * rows.width;
      double sum = 0;
      for (int c = 0; c < rows.width; ++c) sum += double(row[c]) * row[c];
      for (int c = 0; c < rows.width && sum > 0; ++c) row[c] = float(row[c] / std::sqrt(sum));
    }
    rows.values = own.data();
  }
};

bool isTable(const Tensor& t) {
  return t.shape.size() == 2 && t.shape[0] >= 0 && t.shape[1] > 0 && std::int64_t(t.values.size()) == t.shape[0] * t.shape[1];
}

// The integers of a tensor [n]; nullptr when it has another length.
const std::vector<std::int64_t>* list(const Blob& blob, const char* name, std::int64_t n) {
  const Tensor* t = blob.find(name);
  return t && std::int64_t(t->integers.size()) == n ? &t->integers : nullptr;
}

// What one task brings, checked. Pointers into the request's blobs; null where the task has none.
struct Part {
  int task = 0;
  Table images, marks;
  const std::vector<std::int64_t>*samples = nullptr, *labels = nullptr, *predictions = nullptr, *classes = nullptr;
  const Tensor* axes = nullptr;    // [marks, n, width]
  std::vector<std::int64_t> kept;  // rows of `images` that are mapped
};

const char* imagesName(MapOf of) { return of == MapOf::Queries ? "queries" : "features"; }

// What is wrong; empty: nothing.
QString readImages(const MapSource& source, MapOf of, Part& part) {
  if (!source.features || of == MapOf::Prototypes) return {};
  const QString damaged = say("What was kept of the images after task %1 is damaged. Other tasks may be mapped from a copy of the run.").arg(source.task + 1);
  if (!source.features->problem.isEmpty()) return source.features->problem;
  const Tensor* values = source.features->find(imagesName(of));
  if (!values) return of == MapOf::Queries ? say("This method has no queries: its prompts, if any, are not chosen by an image. Map the features instead.") : damaged;
  const std::int64_t n = values->size(0);
  part.samples = list(*source.features, "sample", n);
  part.labels = list(*source.features, "label", n);
  part.predictions = list(*source.features, "prediction", n);
  if (!isTable(*values) || !part.samples || !part.labels || !part.predictions) return damaged;
  part.images = Table(*values, of == MapOf::Queries);
  return {};
}

// Prototypes and keys are extras: damaged ones, and those of another width than the images, are passed over.
void readMarks(const MapSource& source, MapOf of, Part& part) {
  const auto& blob = of == MapOf::Queries ? source.keys : source.prototypes;
  const Tensor* values = blob ? blob->find(of == MapOf::Queries ? "keys" : "prototypes") : nullptr;
  if (!values || !isTable(*values)) return;
  if (part.images.rows.rows > 0 && part.images.rows.width != values->size(1)) return;
  if (of != MapOf::Queries && !(part.classes = list(*blob, "labels", values->size(0)))) return;
  part.marks = Table(*values, of == MapOf::Queries);
  const Tensor* axes = of == MapOf::Queries ? nullptr : blob->find("axes");
  if (axes && axes->shape.size() == 3 && axes->size(0) == values->size(0) && axes->size(2) == values->size(1) && std::int64_t(axes->values.size()) == axes->size(0) * axes->size(1) * axes->size(2)) part.axes = axes;
}

void spread(const Part& part, const Basis& basis, TaskMap& out) {
  if (!part.axes || part.axes->size(2) != basis.width) return;
  const std::int64_t each = part.axes->size(1);
  const std::vector<Spot> all = projectDirections(basis, {part.axes->values.data(), part.axes->size(0) * each, basis.width});
  for (std::size_t m = 0; m < out.marks.size(); ++m) {
    const auto first = all.begin() + std::ptrdiff_t(m) * each;
    out.marks[m].axes.assign(first, first + each);
  }
}

void keepEvenly(Part& part, std::int64_t most) {
  const std::int64_t n = part.images.rows.rows, kept = std::clamp<std::int64_t>(most, 0, n);
  for (std::int64_t i = 0; i < kept; ++i) part.kept.push_back(i * n / kept);
}

TaskMap described(const Part& part, std::map<std::int64_t, int>& first_seen) {
  TaskMap out;
  out.task = part.task;
  for (std::int64_t r = 0; r < part.images.rows.rows; ++r) first_seen.try_emplace((*part.samples)[std::size_t(r)], part.task);
  for (const std::int64_t r : part.kept) {
    const auto i = std::size_t(r);
    out.samples.push_back((*part.samples)[i]);
    out.labels.push_back((*part.labels)[i]);
    out.predictions.push_back((*part.predictions)[i]);
    out.tasks.push_back(first_seen[out.samples.back()]);
  }
  out.left_out = part.images.rows.rows - std::int64_t(part.kept.size());
  return out;
}

struct Trail {  // of a prototype or key so far: rows of parts that live on
  const float *first = nullptr, *latest = nullptr;
  int first_task = 0;
};

void describeMarks(const Part& part, bool keys, std::map<std::int64_t, Trail>& trails, TaskMap& out) {
  const Rows& rows = part.marks.rows;
  for (std::int64_t r = 0; r < rows.rows; ++r) {
    MapMark mark;
    mark.key = keys;
    mark.id = part.classes ? (*part.classes)[std::size_t(r)] : r;
    Trail& trail = trails[mark.id];
    if (!trail.first) trail = {rows.row(r), nullptr, part.task};
    else mark.since_first = distance(trail.first, rows.row(r), rows.width);
    if (trail.latest) mark.since_previous = distance(trail.latest, rows.row(r), rows.width);
    trail.latest = rows.row(r);
    mark.first_task = trail.first_task;
    out.marks.push_back(mark);
  }
}

std::vector<Spot> chosen(const std::vector<Spot>& all, const std::vector<std::int64_t>& rows) {
  std::vector<Spot> out;
  for (const std::int64_t r : rows) out.push_back(all[std::size_t(r)]);
  return out;
}

void place(TaskMap& map, const std::vector<Spot>& spots) {
  map.at.assign(spots.begin(), spots.begin() + std::ptrdiff_t(map.samples.size()));
  for (std::size_t m = 0; m < map.marks.size(); ++m) map.marks[m].at = spots[map.samples.size() + m];
}

// Turned to the task before by what both have.
void align(const TaskMap& before, const TaskMap& now, std::vector<Spot>& spots) {
  std::map<std::int64_t, Spot> known;
  for (std::size_t i = 0; i < before.samples.size(); ++i) known[before.samples[i]] = before.at[i];
  std::vector<Spot> moving, fixed;
  const auto pair = [&](const Spot& from, const Spot* to) {
    if (!to) return;
    moving.push_back(from);
    fixed.push_back(*to);
  };
  for (std::size_t i = 0; i < now.samples.size(); ++i)
    if (const auto found = known.find(now.samples[i]); found != known.end()) pair(spots[i], &found->second);
  if (moving.empty())  // a map of prototypes alone
    for (std::size_t m = 0; m < now.marks.size(); ++m)
      if (const MapMark* mark = before.mark(now.marks[m].key, now.marks[m].id)) pair(spots[m], &mark->at);
  const Alignment alignment = procrustes(moving, fixed);
  for (Spot& spot : spots) spot = alignment(spot);
}

// Rows of images and marks, one below the other.
Table together(const Part& part) {
  Table out;
  const int width = std::max(part.images.rows.width, part.marks.rows.width);
  for (const std::int64_t r : part.kept) out.own.insert(out.own.end(), part.images.rows.row(r), part.images.rows.row(r) + width);
  out.own.insert(out.own.end(), part.marks.rows.values, part.marks.rows.values + part.marks.rows.rows * width);
  out.rows = {out.own.data(), std::int64_t(part.kept.size()) + part.marks.rows.rows, width};
  return out;
}

class Maker {
 public:
  Maker(const MapRequest& request, std::stop_token cancel, const std::function<void(int, int)>& progress)
      : request_(request), cancel_(std::move(cancel)), progress_(progress) {}

  std::shared_ptr<const EmbeddingMap> run() {
    auto map = std::make_shared<EmbeddingMap>();
    map->of = request_.of;
    map->method = request_.method;
    map->wanted = request_.tsne;
    if (map->problem = read(); !map->problem.isEmpty()) return map;
    std::vector<Rows> rows;
    for (const Part& part : parts_) rows.push_back(part.images.rows.rows > 0 ? part.images.rows : part.marks.rows);
    const auto basis = principalAxes(rows, cancel_);
    if (cancel_.stop_requested()) return nullptr;
    if (!basis) {
      map->problem = say("There is nothing to map: no row of what was kept is finite.");
      return map;
    }
    map->basis = *basis;
    for (const Part& part : parts_)
      if (!add(part, *map)) return nullptr;
    return map;
  }

 private:
  QString read() {
    for (const MapSource& source : request_.sources) {
      Part part;
      part.task = source.task;
      if (const QString problem = readImages(source, request_.of, part); !problem.isEmpty()) return problem;
      readMarks(source, request_.of, part);
      const std::int64_t most = request_.method == MapMethod::Tsne ? kTsneMost - part.marks.rows.rows : part.images.rows.rows;
      keepEvenly(part, most);
      if (part.images.rows.rows + part.marks.rows.rows > 0) parts_.push_back(std::move(part));
    }
    if (!parts_.empty()) return {};
    return request_.of == MapOf::Prototypes ? say("This method keeps no class means. Map the features instead.") : say("There is nothing to map after the tasks learned so far.");
  }

  bool add(const Part& part, EmbeddingMap& map) {
    if (part.images.rows.rows > 0 && part.images.rows.width != map.basis.width) return true;  // cannot lie on the same map
    if (part.images.rows.rows == 0 && part.marks.rows.width != map.basis.width) return true;
    TaskMap now = described(part, first_seen_);
    describeMarks(part, request_.of == MapOf::Queries, trails_, now);
    std::vector<Spot> spots = chosen(project(map.basis, part.images.rows), part.kept);
    if (!now.marks.empty()) {
      const std::vector<Spot> marks = project(map.basis, part.marks.rows);
      spots.insert(spots.end(), marks.begin(), marks.end());
    }
    if (request_.method == MapMethod::Tsne && !bend(part, map, now, spots)) return false;
    place(now, spots);
    if (request_.method == MapMethod::Pca) spread(part, map.basis, now);
    map.tasks.push_back(std::move(now));
    if (progress_) progress_(int(map.tasks.size()), 0);
    return !cancel_.stop_requested();
  }

  bool bend(const Part& part, const EmbeddingMap& map, TaskMap& now, std::vector<Spot>& spots) {
    const Table all = together(part);
    now.tsne = applicable(request_.tsne, all.rows.rows);
    const int done = int(map.tasks.size());
    const auto bent = tsne(all.rows, spots, now.tsne, cancel_, [&](int iterations) {
      if (progress_) progress_(done, iterations);
    });
    if (!bent) return false;
    spots = *bent;
    if (!map.tasks.empty()) align(map.tasks.back(), now, spots);
    return true;
  }

  const MapRequest& request_;
  const std::stop_token cancel_;
  const std::function<void(int, int)>& progress_;
  std::vector<Part> parts_;
  std::map<std::int64_t, int> first_seen_;
  std::map<std::int64_t, Trail> trails_;
};

}  // namespace

const MapMark* TaskMap::mark(bool key, std::int64_t id) const {
  const auto found = std::find_if(marks.begin(), marks.end(), [&](const MapMark& m) { return m.key == key && m.id == id; });
  return found == marks.end() ? nullptr : &*found;
}

bool TaskMap::spreads() const {
  return std::any_of(marks.begin(), marks.end(), [](const MapMark& m) { return !m.axes.empty(); });
}

const TaskMap* EmbeddingMap::after(int task) const {
  const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const TaskMap& t) { return t.task == task; });
  return found == tasks.end() ? nullptr : &*found;
}

std::shared_ptr<const EmbeddingMap> makeMap(const MapRequest& request, std::stop_token cancel, const std::function<void(int, int)>& progress) {
  return Maker(request, std::move(cancel), progress).run();
}

std::vector<NeighbourImage> nearestImages(const Blob& features, MapOf of, std::int64_t sample, int k, std::stop_token cancel) {
  Part part;
  const MapSource source{0, std::shared_ptr<const Blob>(std::shared_ptr<const Blob>(), &features), nullptr, nullptr};
  if (!readImages(source, of, part).isEmpty() || !part.samples) return {};
  const auto at = std::find(part.samples->begin(), part.samples->end(), sample);
  if (at == part.samples->end()) return {};
  std::vector<NeighbourImage> out;
  for (const Neighbour& n : nearestRows(part.images.rows, at - part.samples->begin(), k, cancel)) out.push_back({(*part.samples)[std::size_t(n.row)], n.distance});
  return out;
}

QString mapAsCsv(const EmbeddingMap& map, int task) {
  QString out = QStringLiteral("task,kind,id,label,prediction,x,y,z,moved_since_previous,moved_since_first\n");
  const TaskMap* now = map.after(task);
  if (!now) return out;
  const auto number = [](double v) { return std::isfinite(v) ? QString::number(v, 'g', 9) : QString(); };
  const auto line = [&](const char* kind, std::int64_t id, const QString& label, const QString& prediction, const Spot& s, double previous, double first) {
    const QStringList cells{QString::number(now->task + 1), QLatin1String(kind), QString::number(id), label, prediction, number(s[0]), number(s[1]), number(s[2]), number(previous), number(first)};
    out += cells.join(QLatin1Char(',')) + QLatin1Char('\n');
  };
  for (std::size_t i = 0; i < now->samples.size(); ++i)
    line(map.of == MapOf::Queries ? "query" : "image", now->samples[i], QString::number(now->labels[i]), QString::number(now->predictions[i]), now->at[i], MapMark::kNone, MapMark::kNone);
  for (const MapMark& mark : now->marks)
    line(mark.key ? "key" : "prototype", mark.id, mark.key ? QString() : QString::number(mark.id), QString(), mark.at, mark.since_previous, mark.since_first);
  return out;
}

}  // namespace palimpsest
