#include "engine/row_loader.h"

#include <algorithm>

namespace sagitta::engine {
namespace {

constexpr size_t kBlockRows = 4096;

}  // namespace

RowLoader::RowLoader(const ShardState& state, uint64_t sealed_upto)
    : state_(state),
      sealed_upto_(sealed_upto),
      seal_rows_(state.seal_rows()),
      read_payloads_(!state.schema()->indexes.empty()) {}

Status RowLoader::Load(uint64_t first, uint64_t last) {
  std::vector<Row> block;
  Status status;
  SAGITTA_RETURN_IF_ERROR(
      state_.store().ScanRevs(first, last, [&](uint64_t id, const store::RevEntry& rev) {
        block.push_back({.internal_id = id, .rev = rev, .vectors = {}, .payload = {}});
        if (block.size() < kBlockRows) return true;
        status = LoadBlock(block);
        block.clear();
        return status.ok();
      }));
  SAGITTA_RETURN_IF_ERROR(status);
  return block.empty() ? Status::Ok() : LoadBlock(block);
}

Status RowLoader::LoadBlock(std::vector<Row>& block) {
  const uint64_t first = block.front().internal_id;
  const uint64_t last = block.back().internal_id;
  // Rows and what belongs to them come in the same order; what belongs to no row of the block is
  // passed over.
  size_t at = 0;
  const auto find = [&](uint64_t id) -> Row* {
    while (at < block.size() && block[at].internal_id < id) ++at;
    return at < block.size() && block[at].internal_id == id ? &block[at] : nullptr;
  };
  SAGITTA_RETURN_IF_ERROR(state_.store().ScanVectors(
      first, last, [&](uint64_t id, uint16_t field, Dtype dtype, std::string_view bytes) {
        if (Row* row = find(id)) {
          row->vectors.push_back({field, VectorValue(dtype, std::string(bytes))});
        }
        return true;
      }));
  if (read_payloads_) {
    at = 0;
    SAGITTA_RETURN_IF_ERROR(
        state_.store().ScanPayloads(first, last, [&](uint64_t id, std::string_view payload) {
          if (Row* row = find(id)) row->payload = payload;
          return true;
        }));
  }
  for (const Row& row : block) {
    for (const store::StoredVector& vector : row.vectors) {
      const auto& layouts = state_.layouts();
      if (vector.field >= layouts.size() || vector.value.dtype != layouts[vector.field].storage ||
          vector.value.bytes.size() != VectorBytes(vector.value.dtype, layouts[vector.field].dim)) {
        return Status::DataLoss(state_.path() + ": row " + std::to_string(row.internal_id) +
                                " has a vector that does not fit its field");
      }
    }
    Append(row);
  }
  return Status::Ok();
}

void RowLoader::Append(const Row& row) {
  const bool degraded = row.rev.version <= sealed_upto_;
  if (filling_ != nullptr) {
    const bool full = filling_->rows() >= seal_rows_ && row.rev.version != last_version_;
    if (degraded != filling_degraded_ || full || filling_->room() == 0) Finish();
  }
  if (filling_ == nullptr) {
    filling_ = state_.NewMutable(0);
    filling_degraded_ = degraded;
    segments_.push_back(filling_);
  }
  filling_->Append(row.internal_id, row.rev.version, row.rev.expires_at_ms, row.rev.ext_key,
                   row.vectors);
  filling_->IndexPayload(row.payload);
  filling_->Publish();
  last_version_ = row.rev.version;
  degraded_rows_ += degraded ? 1 : 0;
}

void RowLoader::Finish() {
  if (filling_ == nullptr) return;
  filling_->Freeze(filling_degraded_ ? sealed_upto_ : last_version_, filling_degraded_);
  filling_ = nullptr;
}

}  // namespace sagitta::engine
