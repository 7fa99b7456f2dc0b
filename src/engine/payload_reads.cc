#include "engine/payload_reads.h"

#include <algorithm>
#include <string>
#include <vector>

namespace sagitta::engine {
namespace {

// Payloads held at once by look-ups: each may have up to 1 MiB.
constexpr size_t kLookUps = 256;
// A step of a scan costs about a fifth of a look-up, and opening one as much as some hundred
// look-ups.
constexpr uint64_t kStepsPerLookUp = 4;
constexpr size_t kScanFrom = 512;

using Visit = std::function<Status(size_t, std::string_view)>;

Status ScanRange(const store::ShardStore& store, const store::StoreSnapshot* at,
                 std::span<const uint64_t> ids, const Visit& visit) {
  size_t next = 0;
  Status status;
  const auto skip_to = [&](uint64_t id) {
    while (status.ok() && next < ids.size() && ids[next] < id) status = visit(next++, {});
  };
  SAGITTA_RETURN_IF_ERROR(store.ScanPayloads(
      ids.front(), ids.back(),
      [&](uint64_t id, std::string_view payload) {
        skip_to(id);
        if (status.ok() && next < ids.size() && ids[next] == id) status = visit(next++, payload);
        return status.ok() && next < ids.size();
      },
      at));
  while (status.ok() && next < ids.size()) status = visit(next++, {});
  return status;
}

}  // namespace

Status VisitPayloads(const store::ShardStore& store, const store::StoreSnapshot* at,
                     std::span<const uint64_t> internal_ids, const Visit& visit) {
  if (internal_ids.empty()) return Status::Ok();
  const uint64_t range = internal_ids.back() - internal_ids.front() + 1;
  if (internal_ids.size() >= kScanFrom && range / kStepsPerLookUp <= internal_ids.size()) {
    return ScanRange(store, at, internal_ids, visit);
  }
  std::vector<std::string> payloads;
  for (size_t first = 0; first < internal_ids.size(); first += kLookUps) {
    const auto block = internal_ids.subspan(first, std::min(kLookUps, internal_ids.size() - first));
    SAGITTA_RETURN_IF_ERROR(store.ReadPayloads(block, &payloads, at));
    for (size_t i = 0; i < block.size(); ++i)
      SAGITTA_RETURN_IF_ERROR(visit(first + i, payloads[i]));
  }
  return Status::Ok();
}

}  // namespace sagitta::engine
