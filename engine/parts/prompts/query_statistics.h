// What is known of queries beyond one batch: means and moments of classes, and centres to start keys from.
#pragma once

#include "engine/parts/part.h"

namespace palimpsest {

// Running sums of the queries of every class: for inferring the task of an image, and for centring queries.
class QueryMeans {
 public:
  void add(const Tensor& queries, const Tensor& labels, const TaskScope& scope);
  // The task of the class whose mean query has the largest cosine, [B] int64. Needs at least one class.
  Tensor taskOf(const Tensor& queries) const;
  // Mean query of the first task, [D]; zeros before there is one.
  Tensor centre(const Tensor& like) const;
  bool empty() const { return !sums_.defined() || sums_.size(0) == 0; }
  void visit(State& state);

 private:
  Tensor sums_;   // [K, D] float64, unit queries
  Tensor tasks_;  // [K] int64
  Tensor first_;  // [D] mean of the first task's raw queries
};

// Mean and variance of the raw queries of every class: enough to draw queries that look like old ones, no image kept.
class QueryMoments {
 public:
  void add(const Tensor& queries, const Tensor& labels, const TaskScope& scope);
  // [count, D] from normal distributions of the classes below `seen`, each as likely, dimensions on their own.
  Tensor draw(std::int64_t count, std::int64_t seen, std::uint64_t seed, const Tensor& like) const;
  void visit(State& state);

 private:
  Tensor means_, deviations_;  // [K, D] float64
};

// Centres of `count` clusters of unit queries [n, D] (Lloyd, k-means++ seeding), unit length, [count, D].
Tensor kMeansCentres(const Tensor& queries, int count, std::uint64_t seed);

}  // namespace palimpsest
