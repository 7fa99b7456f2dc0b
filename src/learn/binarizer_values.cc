#include <algorithm>
#include <cmath>
#include <thread>

#include "base/thread_pool.h"
#include "codec/row_layout.h"
#include "learn/binarizer_plan.h"

namespace sagitta::learn {
namespace {

constexpr size_t kRowsATime = 256;

// As all codecs with an odd grid lay out rows.
codec::RowLayout LayoutOf(const codec::Codec& codec) {
  const codec::OddGridShape shape = codec.odd_grid();
  return {.code = (size_t{shape.width} * shape.bits + 7) / 8,
          .has_factor = true,
          .has_norm = codec.metric() == Metric::kL2};
}

// Integers of a code, each `bits` wide, the least significant first.
void Unpack(const uint8_t* code, codec::OddGridShape shape, float times, float* out) {
  const int most = (1 << shape.bits) - 1;
  size_t at = 0;
  for (uint32_t d = 0; d < shape.width; ++d) {
    int integer = 0;
    for (uint32_t bit = 0; bit < shape.bits; ++bit, ++at) {
      integer |= (code[at / 8] >> at % 8 & 1) << bit;
    }
    out[d] = times * static_cast<float>(2 * integer - most);
  }
}

// Calls use(first row, how many) for all rows, a few at a time.
void ForRows(size_t n, uint32_t threads, const std::function<void(size_t, size_t)>& use) {
  const size_t parts = (n + kRowsATime - 1) / kRowsATime;
  size_t workers = threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
  workers = std::clamp<size_t>(workers, 1, std::max<size_t>(parts, 1));
  base::ThreadPool pool("learn-code", workers, parts + 1, base::ThreadPool::Priority::kBackground);
  pool.ParallelFor(parts, workers, [&](size_t part) {
    const size_t first = part * kRowsATime;
    use(first, std::min(kRowsATime, n - first));
  });
}

Matrix Values(const codec::Codec& codec, RowsView rows, uint32_t threads, bool of_queries) {
  const codec::OddGridShape shape = codec.odd_grid();
  const codec::RowLayout layout = LayoutOf(codec);
  Matrix out(rows.n, shape.width + (layout.has_norm ? 1 : 0));
  ForRows(rows.n, threads, [&](size_t first, size_t count) {
    std::vector<uint8_t> codes(count * layout.bytes());
    codec.Encode(rows.row(first), count, codes.data());
    for (size_t i = 0; i < count; ++i) {
      const uint8_t* code = codes.data() + i * layout.bytes();
      float* row = out.row(first + i);
      Unpack(code, shape, layout.Factor(code), row);
      if (layout.has_norm) row[shape.width] = of_queries ? 1.0f : -0.5f * layout.Norm(code);
    }
  });
  return out;
}

}  // namespace

Matrix DocumentValues(const codec::Codec& codec, RowsView rows, uint32_t threads) {
  return Values(codec, rows, threads, false);
}

Matrix CodedQueryValues(const codec::Codec& codec, RowsView rows, uint32_t threads) {
  return Values(codec, rows, threads, true);
}

Matrix FloatQueryValues(const codec::LearnedCodec& codec, RowsView rows) {
  const codec::LearnedHead& head = codec.head();
  const codec::LearnedModel& model = head.model();
  const bool l2 = model.metric == Metric::kL2;
  std::vector<float> core(model.core), y(model.width);
  Matrix out(rows.n, model.width + (l2 ? 1 : 0));
  for (size_t i = 0; i < rows.n; ++i) {
    float* row = out.row(i);
    head.Map(rows.row(i), core.data());
    head.Rotate(core.data(), y.data());
    if (model.plain()) {
      std::copy(y.begin(), y.end(), row);
    } else {
      head.Project(y.data(), row);
      double norm = 0, squares = 0;
      for (const float value : core) norm += double{value} * value;
      for (size_t d = 0; d < model.width; ++d) squares += double{row[d]} * row[d];
      const auto times = static_cast<float>(squares > 0 ? std::sqrt(norm / squares) : 0.0);
      for (size_t d = 0; d < model.width; ++d) row[d] *= times;
    }
    if (l2) row[model.width] = 1.0f;
  }
  return out;
}

}  // namespace sagitta::learn
