#include "filter/roaring_check.h"

#include <bit>
#include <vector>

#include "base/bytes.h"

namespace sagitta::filter {
namespace {

constexpr uint32_t kCookieNoRuns = 12346;
constexpr uint32_t kCookieRuns = 12347;   // in the low half; containers − 1 in the high half
constexpr uint32_t kOffsetThreshold = 4;  // with runs, fewer containers have no offset table
constexpr uint32_t kMaxArray = 4096;      // larger containers are bitmaps
constexpr uint32_t kBitmapWords = 1024;

struct Container {
  uint32_t key = 0;
  uint32_t cardinality = 0;
  bool runs = false;
};

// Each reads one container off the front of `in`; *last gets its greatest element.
bool CheckArray(std::string_view& in, uint32_t cardinality, uint32_t* last) {
  int64_t previous = -1;
  for (uint32_t i = 0; i < cardinality; ++i) {
    uint16_t element;
    if (!base::GetLe(in, &element) || element <= previous) return false;
    previous = element;
  }
  *last = static_cast<uint32_t>(previous);
  return true;
}

bool CheckBitmap(std::string_view& in, uint32_t cardinality, uint32_t* last) {
  uint32_t bits = 0;
  for (uint32_t i = 0; i < kBitmapWords; ++i) {
    uint64_t word;
    if (!base::GetLe(in, &word)) return false;
    bits += std::popcount(word);
    if (word != 0) *last = i * 64 + 63 - std::countl_zero(word);
  }
  return bits == cardinality;
}

bool CheckRuns(std::string_view& in, uint32_t cardinality, uint32_t* last) {
  uint16_t runs;
  if (!base::GetLe(in, &runs) || runs == 0) return false;
  uint32_t elements = 0;
  int64_t previous_end = -2;
  for (uint32_t i = 0; i < runs; ++i) {
    uint16_t start, length_less_one;
    if (!base::GetLe(in, &start) || !base::GetLe(in, &length_less_one)) return false;
    // Runs that touch would have been one.
    if (start <= previous_end + 1 || start + length_less_one > 0xFFFF) return false;
    previous_end = start + length_less_one;
    elements += length_less_one + 1u;
  }
  *last = static_cast<uint32_t>(previous_end);
  return elements == cardinality;
}

bool ReadHeader(std::string_view& in, std::vector<Container>* containers) {
  uint32_t cookie, count;
  if (!base::GetLe(in, &cookie)) return false;
  const bool has_runs = (cookie & 0xFFFF) == kCookieRuns;
  std::string_view run_flags;
  if (has_runs) {
    count = (cookie >> 16) + 1;
    const size_t bytes = (count + 7) / 8;
    if (in.size() < bytes) return false;
    run_flags = in.substr(0, bytes);
    in.remove_prefix(bytes);
  } else if (cookie != kCookieNoRuns || !base::GetLe(in, &count)) {
    return false;
  }
  if (count > 65536 || in.size() < count * 4ull) return false;
  for (uint32_t i = 0; i < count; ++i) {
    uint16_t key, cardinality_less_one;
    if (!base::GetLe(in, &key) || !base::GetLe(in, &cardinality_less_one)) return false;
    if (!containers->empty() && key <= containers->back().key) return false;
    const bool runs = has_runs && (static_cast<uint8_t>(run_flags[i / 8]) >> (i % 8) & 1);
    containers->push_back({key, cardinality_less_one + 1u, runs});
  }
  if (!has_runs || count >= kOffsetThreshold) {
    // Offsets are for random access to mapped files; CRoaring steps over them, and so does this.
    if (in.size() < count * 4ull) return false;
    in.remove_prefix(count * 4ull);
  }
  return true;
}

}  // namespace

bool IsValidPortableRoaring(std::string_view bytes, uint64_t row_limit) {
  std::vector<Container> containers;
  if (!ReadHeader(bytes, &containers)) return false;
  for (const Container& c : containers) {
    uint32_t last = 0;
    const bool intact = c.runs                      ? CheckRuns(bytes, c.cardinality, &last)
                        : c.cardinality > kMaxArray ? CheckBitmap(bytes, c.cardinality, &last)
                                                    : CheckArray(bytes, c.cardinality, &last);
    if (!intact || (uint64_t{c.key} << 16 | last) >= row_limit) return false;
  }
  return bytes.empty();
}

}  // namespace sagitta::filter
