// A few test images of each class with what the model made of them at an evaluation: for maps of samples, and for who was
// given which prompt. Gathered on the way, without a pass of its own. Engine thread only.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "engine/session/session.h"

namespace palimpsest {

class SampleMap {
 public:
  explicit SampleMap(const Session& session);  // the first `map_images` test images of each class seen
  // One batch of an evaluation; `predictions` [B], as classes of the data set.
  void add(const Samples& samples, const Forward& pass, const std::vector<int>& predictions);
  void tell(Session& session) const;  // writes the blob and says so; nothing where there is none

 private:
  const Session& session_;
  std::set<std::int64_t> wanted_;
  std::vector<std::int64_t> samples_, labels_, predictions_;
  std::vector<std::pair<std::string, std::vector<Tensor>>> rows_;  // by tensor of the blob
  void keep(const std::string& name, const Tensor& rows, const Tensor& which);
};

}  // namespace palimpsest
