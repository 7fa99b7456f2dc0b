#include "index/pq_train.h"

#include <faiss/Clustering.h>
#include <faiss/impl/ProductQuantizer.h>

#include <algorithm>

#include "index/faiss_adapter.h"
#include "index/ivf_train.h"
#include "index/workers.h"

namespace sagitta::index {
namespace {

constexpr size_t kSamplePerWord = 64;
constexpr int kRounds = 12;  // codewords of short pieces settle early
constexpr size_t kEncodeBlock = 128;

// Trains piece j: k-means over piece j of the sample's residuals, on one thread.
std::vector<float> TrainPiece(const VectorRows& rows, const PqShape& shape, uint32_t j,
                              const std::vector<uint32_t>& sample,
                              const std::vector<float>& centroids,
                              const std::vector<uint32_t>& list_of, const BuildContext& context) {
  const SingleOpenMpThread single;
  const uint32_t dsub = shape.dsub();
  std::vector<float> points(sample.size() * dsub);
  for (size_t i = 0; i < sample.size(); ++i) {
    float* point = points.data() + i * dsub;
    RowAsFloats(rows, sample[i], size_t{j} * dsub, dsub, point);
    const float* c = centroids.data() + size_t{list_of[sample[i]]} * shape.dim + size_t{j} * dsub;
    for (uint32_t d = 0; d < dsub; ++d) point[d] -= c[d];
  }
  BuildContext alone;
  alone.cancel = context.cancel;
  faiss::ClusteringParameters parameters;
  parameters.niter = kRounds;
  parameters.seed = static_cast<int>((context.seed + j) & 0x7FFFFFFF);
  parameters.min_points_per_centroid = 1;
  parameters.max_points_per_centroid = kSamplePerWord + 1;
  faiss::Clustering clustering(static_cast<int>(dsub), static_cast<int>(shape.ksub()), parameters);
  CentroidIndex index(dsub, alone, kRounds);
  clustering.train(static_cast<int64_t>(sample.size()), points.data(), index);
  return std::move(clustering.centroids);
}

Status TrainCodebook(const VectorRows& rows, const PqShape& shape, const IvfAssignment& lists,
                     const std::vector<uint32_t>& list_of, const BuildContext& context,
                     faiss::ProductQuantizer* quantizer) {
  const std::vector<uint32_t> sample =
      SamplePositions(rows.n, kSamplePerWord * shape.ksub(), context.seed + 1);
  return ForBlocks(context, shape.m, 1, [&](size_t j, size_t) {
    const std::vector<float> words = TrainPiece(rows, shape, static_cast<uint32_t>(j), sample,
                                                lists.centroids, list_of, context);
    quantizer->set_params(words.data(), static_cast<int>(j));
  });
}

std::vector<float> Transposed(const PqShape& shape, const faiss::ProductQuantizer& quantizer) {
  std::vector<float> out(shape.codebook_floats());
  for (uint32_t d = 0; d < shape.dim; ++d) {
    for (uint32_t c = 0; c < shape.ksub(); ++c) {
      out[size_t{d} * shape.ksub() + c] =
          quantizer.get_centroids(d / shape.dsub(), c)[d % shape.dsub()];
    }
  }
  return out;
}

// Encodes list entries piece by piece, so that a piece's table stays in cache.
class Encoder {
 public:
  Encoder(const VectorRows& rows, const PqShape& shape, const faiss::ProductQuantizer& quantizer,
          const IvfAssignment& lists, const std::vector<uint32_t>& list_of, PqCodes* out)
      : rows_(rows),
        shape_(shape),
        quantizer_(quantizer),
        lists_(lists),
        list_of_(list_of),
        out_(*out) {
    for (uint32_t j = 0; j < shape.m; ++j) {
      tables_.emplace_back(shape.dsub());
      tables_.back().Set(quantizer.get_centroids(j, 0), shape.ksub());
    }
  }

  void Encode(size_t begin, size_t end) const {
    const size_t n = end - begin;
    const uint32_t dsub = shape_.dsub();
    std::vector<float> residuals(n * shape_.dim);
    for (size_t i = 0; i < n; ++i) Residual(begin + i, residuals.data() + i * shape_.dim);
    std::vector<uint32_t> words(size_t{shape_.m} * n);
    std::vector<float> piece(n * dsub);
    std::vector<float> keys(n);
    for (uint32_t j = 0; j < shape_.m; ++j) {
      for (size_t i = 0; i < n; ++i) {
        std::copy_n(residuals.data() + i * shape_.dim + j * dsub, dsub, piece.data() + i * dsub);
      }
      tables_[j].Find(piece.data(), n, words.data() + j * n, keys.data());
    }
    for (size_t i = 0; i < n; ++i) Store(begin + i, words.data() + i, n);
  }

 private:
  const float* Centroid(size_t entry) const {
    return lists_.centroids.data() + size_t{list_of_[lists_.positions[entry]]} * shape_.dim;
  }

  void Residual(size_t entry, float* to) const {
    RowAsFloats(rows_, lists_.positions[entry], 0, shape_.dim, to);
    const float* centroid = Centroid(entry);
    for (uint32_t d = 0; d < shape_.dim; ++d) to[d] -= centroid[d];
  }

  // words[j · stride] is the number of piece j.
  void Store(size_t entry, const uint32_t* words, size_t stride) const {
    uint8_t* code = out_.codes.data() + entry * shape_.code_size();
    faiss::PQEncoderGeneric encoder(code, static_cast<int>(shape_.nbits));
    float bias = 0;
    const float* c = Centroid(entry);
    for (uint32_t j = 0; j < shape_.m; ++j) {
      encoder.encode(words[j * stride]);
      const float* r = quantizer_.get_centroids(j, words[j * stride]);
      for (uint32_t d = 0; d < shape_.dsub(); ++d) bias += r[d] * (r[d] + 2 * *c++);
    }
    if (!out_.bias.empty()) out_.bias[entry] = bias;
  }

  const VectorRows& rows_;
  const PqShape& shape_;
  const faiss::ProductQuantizer& quantizer_;
  const IvfAssignment& lists_;
  const std::vector<uint32_t>& list_of_;
  PqCodes& out_;
  std::vector<NearestTable> tables_;
};

}  // namespace

Status TrainPq(const VectorRows& rows, const PqShape& shape, const IvfAssignment& lists,
               const std::vector<uint32_t>& list_of, const BuildContext& context, PqCodes* out) {
  Status inner;
  SAGITTA_RETURN_IF_ERROR(CatchExceptions(context, [&] {
    faiss::ProductQuantizer quantizer(shape.dim, shape.m, shape.nbits);
    inner = TrainCodebook(rows, shape, lists, list_of, Phase(context, 0.0, 0.5), &quantizer);
    if (!inner.ok()) return;
    out->codebook = Transposed(shape, quantizer);
    out->codes.assign(rows.n * shape.code_size(), 0);
    const bool with_bias = rows.metric != Metric::kInnerProduct;
    out->bias.assign(with_bias ? rows.n : 0, 0.0f);
    const Encoder encoder(rows, shape, quantizer, lists, list_of, out);
    inner = ForBlocks(Phase(context, 0.5, 1.0), rows.n, kEncodeBlock,
                      [&](size_t begin, size_t end) { encoder.Encode(begin, end); });
  }));
  return inner;
}

}  // namespace sagitta::index
