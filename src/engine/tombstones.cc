#include "engine/tombstones.h"

#include <bit>
#include <roaring/roaring.hh>

namespace sagitta::engine {

std::shared_ptr<const base::Bitset> CopyTombstones(const base::AtomicBitset& dead) {
  if (dead.Count() == 0) return nullptr;
  auto copy = std::make_shared<base::Bitset>(dead.size());
  for (size_t i = 0; i < copy->word_count(); ++i) copy->words()[i] = dead.Word(i);
  return copy;
}

std::string EncodeTombstones(const base::AtomicBitset& dead) {
  Roaring rows;
  for (size_t i = 0; i < dead.word_count(); ++i) {
    for (uint64_t word = dead.Word(i); word != 0; word &= word - 1) {
      rows.add(static_cast<uint32_t>(i * 64 + std::countr_zero(word)));
    }
  }
  rows.runOptimize();
  std::string out(rows.getSizeInBytes(), '\0');
  rows.write(out.data());
  return out;
}

Status ApplyTombstones(std::string_view bytes, Segment* segment) {
  if (bytes.empty()) return Status::Ok();
  const std::string what = "tombstones of segment " + segment->id();
  try {
    const auto rows = Roaring::readSafe(bytes.data(), bytes.size());
    if (!rows.isEmpty() && rows.maximum() >= segment->rows()) {
      return Status::DataLoss(what + " name row " + std::to_string(rows.maximum()) + " of " +
                              std::to_string(segment->rows()));
    }
    for (const uint32_t row : rows) segment->tombstones().Set(row);
  } catch (const std::exception& e) {
    return Status::DataLoss(what + ": " + e.what());
  }
  return Status::Ok();
}

}  // namespace sagitta::engine
