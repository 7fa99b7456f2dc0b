#include "cli/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sagitta::cli {

LatencyHistogram::LatencyHistogram() : buckets_(BucketOf(UINT64_MAX) + 1) {}

// Below 2^kSubBits each value has its bucket; above, the leading kSubBits + 1 bits choose it.
size_t LatencyHistogram::BucketOf(uint64_t nanos) {
  const int width = std::bit_width(nanos);
  if (width <= kSubBits + 1) return nanos;
  const int shift = width - kSubBits - 1;
  return (static_cast<size_t>(shift) << kSubBits) + (nanos >> shift);
}

uint64_t LatencyHistogram::UpperEdge(size_t bucket) {
  if (bucket < (size_t{2} << kSubBits)) return bucket;
  const size_t shift = (bucket >> kSubBits) - 1;
  const uint64_t top = (bucket & ((size_t{1} << kSubBits) - 1)) + (uint64_t{1} << kSubBits);
  return (top << shift) + ((uint64_t{1} << shift) - 1);
}

void LatencyHistogram::Record(std::chrono::nanoseconds duration) {
  const auto nanos = static_cast<uint64_t>(std::max<int64_t>(0, duration.count()));
  ++buckets_[BucketOf(nanos)];
  ++count_;
  max_ = std::max(max_, nanos);
  sum_ += static_cast<double>(nanos);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

std::chrono::nanoseconds LatencyHistogram::Percentile(double p) const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  const auto rank = static_cast<uint64_t>(
      std::max(1.0, std::ceil(std::clamp(p, 0.0, 1.0) * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::chrono::nanoseconds(std::min(max_, UpperEdge(i)));
  }
  return Max();
}

std::chrono::nanoseconds LatencyHistogram::Mean() const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(static_cast<int64_t>(sum_ / static_cast<double>(count_)));
}

double Milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace sagitta::cli
