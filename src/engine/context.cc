#include "engine/context.h"

#include "base/checksum.h"

namespace sagitta::engine {

CompactionSettings WithDefaults(const CompactionSettings& settings) {
  CompactionSettings out = settings;
  if (out.seal_rows == 0) out.seal_rows = 65'536;
  if (out.seal_idle_ms == 0) out.seal_idle_ms = 5'000;
  if (out.seal_min_rows == 0) out.seal_min_rows = 2'000;
  if (out.max_segment_rows == 0) out.max_segment_rows = 2'000'000;
  if (out.deleted_ratio == 0) out.deleted_ratio = 0.2f;
  return out;
}

uint32_t RouteOf(std::string_view ext_key, uint32_t shards) {
  return static_cast<uint32_t>(base::Xxh3(ext_key.data(), ext_key.size()) % shards);
}

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace sagitta::engine
