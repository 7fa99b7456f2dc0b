#include "engine/shard_writer.h"

#include <pthread.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "engine/write_plan.h"

namespace sagitta::engine {
namespace {

constexpr size_t kQueueBytes = 64 << 20;
constexpr size_t kQueueWrites = 4096;
// Large enough that a sync costs less than what it covers, small enough that the first of a group
// does not wait long for the last.
constexpr size_t kGroupBytes = 4 << 20;
constexpr size_t kGroupPoints = 65'536;
// Segments that may wait to be sealed: memory and recovery time are bounded by it.
constexpr size_t kMaxFrozen = 8;
constexpr std::chrono::milliseconds kSealPoll{2};
constexpr std::chrono::seconds kSealWait{5};
constexpr uint32_t kRetryMs = 500;
constexpr int64_t kDiskCheckMs = 500;

Status TooManyFrozen() {
  return Status::ResourceExhausted("writes come faster than full segments can be sealed", kRetryMs);
}

}  // namespace

ShardWriter::ShardWriter(ShardState* state, uint64_t next_internal_id)
    : state_(state), next_internal_id_(next_internal_id), thread_([this] { Run(); }) {
  const std::string name = "writer-" + std::to_string(state->number());
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

ShardWriter::~ShardWriter() { Stop(); }

void ShardWriter::Stop() {
  {
    base::MutexLock lock(mu_);
    stopped_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
  base::MutexLock lock(mu_);
  for (const auto& write : queue_) {
    write->status = Status::Unavailable("the database is closing");
    write->done->count_down();
  }
  queue_.clear();
}

Status ShardWriter::CheckDisk() const {
  const int64_t now = NowMs();
  int64_t checked = disk_checked_ms_.load(std::memory_order_relaxed);
  if (now - checked >= kDiskCheckMs && disk_checked_ms_.compare_exchange_strong(checked, now)) {
    const auto free = base::FreeDiskBytes(state_->path());
    disk_free_.store(free.ok() ? *free : ~uint64_t{0});
  }
  const uint64_t free = disk_free_.load(std::memory_order_relaxed);
  const uint64_t least = state_->context().min_free_disk_bytes;
  if (free >= least) return Status::Ok();
  return Status::ResourceExhausted("the disk of " + state_->path() + " has " +
                                       std::to_string(free) + " bytes free, writes need " +
                                       std::to_string(least),
                                   10 * kRetryMs);
}

Status ShardWriter::Admit(size_t bytes) const {
  // A full disk may have room again by now: the store finds out with the next commit.
  const Status health = state_->store().health();
  if (health.code() == StatusCode::kUnavailable) return health;
  SAGITTA_RETURN_IF_ERROR(CheckDisk());
  const base::MemoryBudget& memory = *state_->context().memory;
  if (memory.used() + bytes > memory.limit()) {
    return Status::ResourceExhausted("a write of " + std::to_string(bytes) +
                                         " bytes does not fit: " + std::to_string(memory.used()) +
                                         " of " + std::to_string(memory.limit()) +
                                         " bytes of memory are in use",
                                     2 * kRetryMs);
  }
  base::MutexLock lock(mu_);
  if (stopped_) return Status::Unavailable("the database is closing");
  if (queue_.size() >= kQueueWrites || (queued_bytes_ > 0 && queued_bytes_ + bytes > kQueueBytes)) {
    return Status::ResourceExhausted(
        std::to_string(queue_.size()) + " writes (" + std::to_string(queued_bytes_) +
            " bytes) already wait for shard " + std::to_string(state_->number()),
        kRetryMs);
  }
  return Status::Ok();
}

void ShardWriter::Enqueue(std::shared_ptr<ShardWrite> write) {
  {
    base::MutexLock lock(mu_);
    if (!stopped_) {
      queued_bytes_ += write->Bytes();
      queue_.push_back(std::move(write));
      wake_.NotifyOne();
      return;
    }
  }
  write->status = Status::Unavailable("the database is closing");
  write->done->count_down();
}

bool ShardWriter::NextGroup(Group* group) {
  group->clear();
  base::MutexLock lock(mu_);
  while (queue_.empty() && !stopped_) wake_.Wait(mu_);
  if (stopped_) return false;
  size_t bytes = 0;
  size_t points = 0;
  while (!queue_.empty()) {
    const ShardWrite& next = *queue_.front();
    bytes += next.Bytes();
    points += next.points();
    // An update reads stored rows, so it must not share a group with writes that are not stored
    // yet.
    const bool alone = !next.updates.empty();
    if (!group->empty() && (alone || bytes > kGroupBytes || points > kGroupPoints)) break;
    queued_bytes_ -= next.Bytes();
    group->push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (alone) break;
  }
  return true;
}

void ShardWriter::Run() {
  Group group;
  while (NextGroup(&group)) {
    const Status status = Apply(group);
    for (const auto& write : group) {
      if (!status.ok()) {
        write->status = status;
        write->result = {};
      }
      write->done->count_down();
    }
  }
}

Status ShardWriter::Apply(const Group& group) {
  WritePlan plan(state_->store(), state_->layouts().size(), next_internal_id_, NowMs());
  SAGITTA_RETURN_IF_ERROR(plan.Add(group));
  if (plan.empty()) return Status::Ok();
  const bool sync = std::any_of(group.begin(), group.end(), [](const auto& write) {
    return write->durability == Durability::kSync;
  });
  const auto deadline = std::chrono::steady_clock::now() + kSealWait;
  while (state_->FrozenCount() >= kMaxFrozen) {
    if (std::chrono::steady_clock::now() > deadline) return TooManyFrozen();
    std::this_thread::sleep_for(kSealPoll);
  }
  base::MutexLock lock(state_->apply_mu);
  // Ids of a batch that failed are not used again: some of it may have reached the disk.
  next_internal_id_ = plan.next_internal_id();
  SAGITTA_RETURN_IF_ERROR(state_->store().Commit(plan.batch(), sync));
  Show(plan, group.back()->seq);
  return Status::Ok();
}

void ShardWriter::Show(const WritePlan& plan, uint64_t seq) {
  if (state_->growing().room() < plan.rows().size()) state_->Rotate();
  MutableSegment& growing = state_->growing();
  for (const NewRow& row : plan.rows()) {
    growing.Append(row.internal_id, row.version, row.expires_at_ms, row.ext_key, row.vectors);
    growing.IndexPayload(row.payload);
  }
  state_->Publish(plan.dead(), seq, plan.ops());
  if (growing.rows() >= state_->seal_rows()) state_->Rotate();
}

}  // namespace sagitta::engine
