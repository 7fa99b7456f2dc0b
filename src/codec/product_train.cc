#include <faiss/VectorTransform.h>
#include <faiss/impl/ProductQuantizer.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "codec/openmp.h"
#include "codec/product_codec.h"
#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

constexpr size_t kMostPerWord = 256;  // rows that a codeword is trained on, about
constexpr size_t kLeastPerWord = 4;
constexpr int kRounds = 15;  // codewords of short pieces settle early
constexpr int kRotationRounds = 12;

// The nearest of the codewords, of each point, to `numbers`.
void Assign(const std::vector<float>& points, size_t n, uint32_t width,
            const std::vector<float>& words, std::vector<uint32_t>* numbers) {
  const auto count = static_cast<uint32_t>(words.size() / width);
  const auto distances = kernels::Distances(Dtype::kF32, Metric::kL2).query_many;
  std::vector<float> keys(count);
  for (size_t i = 0; i < n; ++i) {
    distances(points.data() + i * width, words.data(), width * sizeof(float), count, width,
              keys.data());
    (*numbers)[i] =
        static_cast<uint32_t>(std::min_element(keys.begin(), keys.end()) - keys.begin());
  }
}

// Means of the points of each word; one without points begins again at some point.
void Move(const std::vector<float>& points, size_t n, uint32_t width,
          const std::vector<uint32_t>& numbers, std::mt19937_64* random,
          std::vector<float>* words) {
  const size_t count = words->size() / width;
  std::vector<double> sums(words->size());
  std::vector<size_t> sizes(count);
  for (size_t i = 0; i < n; ++i) {
    ++sizes[numbers[i]];
    for (uint32_t d = 0; d < width; ++d) sums[numbers[i] * width + d] += points[i * width + d];
  }
  for (size_t c = 0; c < count; ++c) {
    const size_t other = sizes[c] == 0 ? (*random)() % n : 0;
    for (uint32_t d = 0; d < width; ++d) {
      (*words)[c * width + d] =
          sizes[c] == 0 ? points[other * width + d]
                        : static_cast<float>(sums[c * width + d] / static_cast<double>(sizes[c]));
    }
  }
}

// Lloyd's k-means of n points.
std::vector<float> TrainWords(const std::vector<float>& points, size_t n, uint32_t width,
                              uint32_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint32_t> order(n), numbers(n);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), random);
  std::vector<float> words;
  for (uint32_t c = 0; c < count; ++c) {
    const float* point = points.data() + size_t{order[c]} * width;
    words.insert(words.end(), point, point + width);
  }
  for (int round = 0; round < kRounds; ++round) {
    Assign(points, n, width, words, &numbers);
    Move(points, n, width, numbers, &random, &words);
  }
  return words;
}

Result<Transform> LearnRotation(const CodecSpec& spec, const std::vector<float>& centred, size_t n,
                                uint32_t dim, std::vector<float> mean) {
  try {
    const OneOpenMpThread one;
    faiss::ProductQuantizer quantizer(dim, spec.pieces, spec.bits);
    quantizer.cp.seed = static_cast<int>(spec.seed & 0x7FFFFFFF);
    quantizer.cp.min_points_per_centroid = 1;
    faiss::OPQMatrix rotation(static_cast<int>(dim), static_cast<int>(spec.pieces));
    rotation.niter = kRotationRounds;
    rotation.niter_pq = 4;
    rotation.niter_pq_0 = 8;
    rotation.pq = &quantizer;
    rotation.max_train_points = n;
    rotation.train(static_cast<int64_t>(n), centred.data());
    return Transform::Linear(dim, std::move(mean), rotation.A);
  } catch (const std::bad_alloc&) {
    return Status::ResourceExhausted("no memory is left to learn a rotation");
  } catch (const std::exception& error) {
    return Status::Internal(std::string("learning a rotation: ") + error.what());
  }
}

// Evenly spaced, as many as are needed.
size_t SampleRows(size_t n, uint32_t words) { return std::min(n, kMostPerWord * words); }

}  // namespace

Result<ProductModel> TrainProduct(const CodecSpec& spec, const float* rows, size_t n, uint32_t dim,
                                  const CancelToken& cancel) {
  ProductModel model{.kind = spec.kind,
                     .metric = spec.metric,
                     .transform = Transform::Identity(dim, MeanOf(rows, n, dim)),
                     .pieces = spec.pieces,
                     .bits = spec.bits,
                     .codewords = {}};
  const uint32_t words = model.words();
  if (n < kLeastPerWord * words) {
    return Status::InvalidArgument(
        "sample", "has " + std::to_string(n) + " rows; " + std::to_string(words) +
                      " codewords want at least " + std::to_string(kLeastPerWord * words));
  }
  const size_t count = SampleRows(n, words);
  std::vector<float> scratch, y(count * dim);
  const auto transform_sample = [&] {
    for (size_t i = 0; i < count; ++i) {
      model.transform.Apply(rows + i * n / count * dim, true, &scratch, y.data() + i * dim);
    }
  };
  model.transform = Transform::Identity(dim, MeanOf(rows, n, dim));
  transform_sample();
  if (spec.kind == CodecKind::kRotatedProduct) {
    SAGITTA_RETURN_IF_ERROR(cancel.Check());
    SAGITTA_ASSIGN_OR_RETURN(model.transform,
                             LearnRotation(spec, y, count, dim, MeanOf(rows, n, dim)));
    transform_sample();
  }
  const uint32_t width = model.width();
  std::vector<float> points(count * width);
  for (uint32_t j = 0; j < model.pieces; ++j) {
    SAGITTA_RETURN_IF_ERROR(cancel.Check());
    for (size_t i = 0; i < count; ++i) {
      std::copy_n(y.data() + i * dim + size_t{j} * width, width, points.data() + i * width);
    }
    const std::vector<float> piece = TrainWords(points, count, width, words, spec.seed + j);
    model.codewords.insert(model.codewords.end(), piece.begin(), piece.end());
  }
  return model;
}

}  // namespace sagitta::codec
