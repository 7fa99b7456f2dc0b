// Sagitta's kernels behind FAISS's interfaces, so that no distance is computed by FAISS's own
// loops. Include this only where FAISS's headers may be seen.
#pragma once

#include <faiss/Index.h>
#include <faiss/impl/DistanceComputer.h>

#include <cstdint>
#include <vector>

#include "index/nearest.h"
#include "index/vector_index.h"

namespace sagitta::index {

// Keys (kernels.h) between stored rows, or between a float query and stored rows. Not thread-safe:
// one per thread. `lift` may be null; else a number per row whose product is subtracted from each
// key (see LiftForInnerProduct).
class RowDistanceComputer final : public faiss::DistanceComputer {
 public:
  RowDistanceComputer(const VectorRows& rows, const float* lift);

  // The query is row i from now on.
  void SetRow(size_t i);
  // The query is `x`; the lift does not count.
  void set_query(const float* x) override;
  float operator()(int64_t i) override;
  float symmetric_dis(int64_t i, int64_t j) override;

 private:
  const VectorRows rows_;
  const float* lift_;
  const kernels::DistanceTable& table_;
  const float* query_ = nullptr;
  const std::byte* query_row_ = nullptr;
  float query_lift_ = 0;
};

// The root of a half of (max norm² − norm²), for every row. Rows lengthened by the root of the
// whole lie on a sphere, where the order by dot product is the order by distance (Bachrach et al.,
// RecSys 2014), while plain negated dot products are no distance between rows. Half of it gives the
// links that are found best. Empty where squared lengths differ by less than a hundredth.
std::vector<float> LiftForInnerProduct(const VectorRows& rows);
// The same for one row of that squared length, where `longest` is the greatest; 0 for a longer one.
float LiftOf(float length, float longest);

// A storage for faiss::IndexHNSW over VectorRows: IndexHNSW::search then computes by our kernels.
class KernelStorage final : public faiss::Index {
 public:
  explicit KernelStorage(const VectorRows& rows);
  faiss::DistanceComputer* get_distance_computer() const override;
  void add(int64_t n, const float* x) override;
  void reset() override;
  void search(int64_t n, const float* x, int64_t k, float* distances, int64_t* labels,
              const faiss::SearchParameters* params = nullptr) const override;

 private:
  const VectorRows rows_;
};

// The nearest centroid (L2) for faiss::Clustering, on the building context's threads. search()
// throws when the context is cancelled, which is how FAISS's training is stopped.
class CentroidIndex final : public faiss::Index {
 public:
  CentroidIndex(uint32_t dim, const BuildContext& context, size_t rounds);
  void add(int64_t n, const float* x) override;
  void reset() override;
  void search(int64_t n, const float* x, int64_t k, float* distances, int64_t* labels,
              const faiss::SearchParameters* params = nullptr) const override;

 private:
  NearestTable table_;
  const BuildContext& context_;
  const size_t rounds_;  // searches expected, for progress
  mutable size_t round_ = 0;
};

// FAISS starts OpenMP threads of its own inside training: while this lives, none from this thread.
class SingleOpenMpThread {
 public:
  SingleOpenMpThread();
  ~SingleOpenMpThread();
  SingleOpenMpThread(const SingleOpenMpThread&) = delete;
  SingleOpenMpThread& operator=(const SingleOpenMpThread&) = delete;

 private:
  const int before_;
};

}  // namespace sagitta::index
