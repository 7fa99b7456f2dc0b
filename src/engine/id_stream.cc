#include "engine/id_stream.h"

#include <algorithm>

#include "engine/expiry.h"

namespace sagitta::engine {
namespace {

// A chunk of each shard: at the least what makes opening an iterator worth it.
constexpr size_t kMinChunk = 64;
constexpr size_t kMaxChunk = 8192;
constexpr size_t kEntriesPerCheck = 1024;

}  // namespace

IdStream::IdStream(std::span<const ShardView> views, std::string_view after,
                   const CancelToken& cancel)
    : views_(views), cancel_(cancel), shards_(views.size()) {
  for (Shard& shard : shards_) shard.last = after;
}

Status IdStream::Start(size_t n) {
  started_ = true;
  // What ids spread evenly need, and a little more for those shards that have more than their
  // share.
  const size_t share = n / std::max<size_t>(1, shards_.size());
  chunk_ = std::min(kMaxChunk, share + share / 4 + kMinChunk);
  for (uint32_t shard = 0; shard < shards_.size(); ++shard) {
    SAGITTA_RETURN_IF_ERROR(Refill(shard));
  }
  return Status::Ok();
}

Status IdStream::Refill(uint32_t number) {
  Shard& shard = shards_[number];
  shard.chunk.clear();
  shard.next = 0;
  if (shard.read_all) return Status::Ok();
  const ShardView& view = views_[number];
  Status cancelled = cancel_.Check();
  size_t seen = 0;
  bool stopped = !cancelled.ok();
  if (!stopped) {
    const std::string after = shard.last;
    SAGITTA_RETURN_IF_ERROR(view.store->ScanIds(
        after,
        [&](std::string_view key, const store::IdEntry& entry) {
          if (++seen % kEntriesPerCheck == 0) cancelled = cancel_.Check();
          const bool expired = HasExpired(entry.expires_at_ms, view.now_ms);
          if (!expired) shard.chunk.push_back({std::string(key), number, entry});
          stopped = !cancelled.ok() || shard.chunk.size() == chunk_;
          return !stopped;
        },
        view.at.get()));
  }
  SAGITTA_RETURN_IF_ERROR(cancelled);
  shard.read_all = !stopped;
  if (shard.chunk.empty()) return Status::Ok();
  shard.last = shard.chunk.back().ext_key;
  heads_.push_back(number);
  std::push_heap(heads_.begin(), heads_.end(), [&](uint32_t a, uint32_t b) { return Later(a, b); });
  return Status::Ok();
}

Status IdStream::Next(size_t n, std::vector<ScrollEntry>* out) {
  out->clear();
  if (!started_) SAGITTA_RETURN_IF_ERROR(Start(n));
  const auto later = [&](uint32_t a, uint32_t b) { return Later(a, b); };
  while (out->size() < n && !heads_.empty()) {
    std::pop_heap(heads_.begin(), heads_.end(), later);
    const uint32_t number = heads_.back();
    heads_.pop_back();
    Shard& shard = shards_[number];
    out->push_back(std::move(shard.chunk[shard.next++]));
    if (shard.next == shard.chunk.size()) {
      // A scroll that goes on past its first chunk, because a filter lets few points pass, is a
      // long one.
      chunk_ = std::min(kMaxChunk, chunk_ * 2);
      SAGITTA_RETURN_IF_ERROR(Refill(number));
    } else {
      heads_.push_back(number);
      std::push_heap(heads_.begin(), heads_.end(), later);
    }
  }
  return Status::Ok();
}

}  // namespace sagitta::engine
