#include "index/ivf_train.h"

#include <faiss/Clustering.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "index/faiss_adapter.h"
#include "index/ivf_train_bits.h"
#include "index/resolve.h"
#include "index/workers.h"

namespace sagitta::index {
namespace {

constexpr size_t kSamplePerList = 128;  // FAISS takes up to 256; the lists are no better for it
constexpr size_t kSampleBytes = size_t{256} << 20;  // unless it takes more to train lists soundly
constexpr int kRounds = 10;                         // FAISS's own default for IVF

size_t SampleSize(const VectorRows& rows, uint32_t nlist) {
  const size_t row_bytes = size_t{rows.dim} * sizeof(float);
  const size_t least = kMinRowsPerList * nlist;
  const size_t wanted = std::clamp(kSampleBytes / row_bytes, least, kSamplePerList * nlist);
  return std::min(wanted, rows.n);
}

Status TrainCentroids(const VectorRows& rows, uint32_t nlist, const BuildContext& context,
                      std::vector<float>* centroids) {
  const std::vector<uint32_t> sample =
      SamplePositions(rows.n, SampleSize(rows, nlist), context.seed);
  std::vector<float> points(sample.size() * rows.dim);
  for (size_t i = 0; i < sample.size(); ++i) {
    RowAsFloats(rows, sample[i], 0, rows.dim, points.data() + i * rows.dim);
  }
  return CatchExceptions(context, [&] {
    const SingleOpenMpThread single;
    faiss::ClusteringParameters parameters;
    parameters.niter = kRounds;
    parameters.seed = static_cast<int>(context.seed & 0x7FFFFFFF);
    parameters.min_points_per_centroid = 1;
    parameters.max_points_per_centroid = kSamplePerList + 1;
    faiss::Clustering clustering(static_cast<int>(rows.dim), static_cast<int>(nlist), parameters);
    CentroidIndex index(rows.dim, context, kRounds);
    clustering.train(static_cast<int64_t>(sample.size()), points.data(), index);
    *centroids = std::move(clustering.centroids);
  });
}

}  // namespace

std::vector<uint32_t> SamplePositions(size_t n, size_t count, uint64_t seed) {
  count = std::min(count, n);
  std::vector<uint32_t> positions(count);
  std::mt19937_64 random(seed);
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * n / count;
    const size_t end = (i + 1) * n / count;
    positions[i] = static_cast<uint32_t>(begin + random() % (end - begin));
  }
  return positions;
}

void RowAsFloats(const VectorRows& rows, size_t position, size_t first, size_t count, float* to) {
  const std::byte* from = rows.row(position) + first * DtypeBytes(rows.dtype);
  kernels::ToFloat(rows.dtype)(from, to, count);
  if (kernels::AllFinite(to, count)) return;
  for (size_t i = 0; i < count; ++i) to[i] = std::isfinite(to[i]) ? to[i] : 0.0f;
}

Status TrainLists(const VectorRows& rows, uint32_t nlist, const BuildContext& context,
                  IvfAssignment* lists, std::vector<uint32_t>* list_of) {
  if (rows.dtype == Dtype::kBits) return TrainBitLists(rows, nlist, context, lists, list_of);
  SAGITTA_RETURN_IF_ERROR(TrainCentroids(rows, nlist, Phase(context, 0.0, 0.8), &lists->centroids));
  NearestTable table(rows.dim);
  table.Set(lists->centroids.data(), nlist);
  list_of->resize(rows.n);
  constexpr size_t kBlock = 128;
  SAGITTA_RETURN_IF_ERROR(
      ForBlocks(Phase(context, 0.8, 1.0), rows.n, kBlock, [&](size_t begin, size_t end) {
        std::vector<float> points((end - begin) * rows.dim);
        std::vector<float> keys(end - begin);
        for (size_t i = begin; i < end; ++i) {
          RowAsFloats(rows, i, 0, rows.dim, points.data() + (i - begin) * rows.dim);
        }
        table.Find(points.data(), end - begin, list_of->data() + begin, keys.data());
      }));
  FillLists(*list_of, nlist, lists);
  return Status();
}

}  // namespace sagitta::index
