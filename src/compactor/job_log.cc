#include "compactor/job_log.h"

#include <algorithm>

#include "engine/context.h"

namespace sagitta::compactor {

uint64_t JobLog::Start(std::string kind, std::string collection, uint32_t shard, uint64_t rows) {
  base::MutexLock lock(mu_);
  JobInfo job;
  job.id = ++last_id_;
  job.kind = std::move(kind);
  job.collection = std::move(collection);
  job.shard = shard;
  job.rows = rows;
  job.state = JobState::kRunning;
  job.phase = "read";
  job.started_ms = engine::NowMs();
  running_.emplace(last_id_, std::move(job));
  return last_id_;
}

uint64_t JobLog::Queue(std::string kind, std::string collection) {
  base::MutexLock lock(mu_);
  JobInfo job;
  job.id = ++last_id_;
  job.kind = std::move(kind);
  job.collection = std::move(collection);
  job.phase = "wait";
  running_.emplace(last_id_, std::move(job));
  return last_id_;
}

void JobLog::Begin(uint64_t id, uint64_t rows) {
  base::MutexLock lock(mu_);
  const auto it = running_.find(id);
  if (it == running_.end()) return;
  it->second.state = JobState::kRunning;
  it->second.rows = rows;
  it->second.started_ms = engine::NowMs();
}

void JobLog::SetLosses(uint64_t id, std::vector<float> losses) {
  base::MutexLock lock(mu_);
  const auto it = running_.find(id);
  if (it != running_.end()) it->second.losses = std::move(losses);
}

void JobLog::SetNote(uint64_t id, std::string note) {
  base::MutexLock lock(mu_);
  const auto it = running_.find(id);
  if (it != running_.end()) it->second.note = std::move(note);
}

void JobLog::SetKind(uint64_t id, std::string kind, uint64_t rows) {
  base::MutexLock lock(mu_);
  const auto it = running_.find(id);
  if (it == running_.end()) return;
  it->second.kind = std::move(kind);
  it->second.rows = rows;
}

void JobLog::Update(uint64_t id, std::string_view phase, double progress) {
  base::MutexLock lock(mu_);
  const auto it = running_.find(id);
  if (it == running_.end()) return;
  it->second.phase = phase;
  it->second.progress = std::clamp(progress, it->second.progress, 1.0);
}

void JobLog::Finish(uint64_t id, const Status& status) {
  base::MutexLock lock(mu_);
  auto node = running_.extract(id);
  if (node.empty()) return;
  JobInfo job = std::move(node.mapped());
  job.finished_ms = engine::NowMs();
  job.eta_seconds = 0;
  if (status.ok()) {
    job.state = JobState::kDone;
    job.progress = 1;
  } else {
    const bool cancelled = status.code() == StatusCode::kCancelled;
    job.state = cancelled ? JobState::kCancelled : JobState::kFailed;
    job.error = status.ToString();
  }
  recent_.push_front(std::move(job));
  if (recent_.size() > kRecent) recent_.pop_back();
}

void JobLog::Drop(uint64_t id) {
  base::MutexLock lock(mu_);
  running_.erase(id);
}

std::vector<JobInfo> JobLog::Running() const {
  base::MutexLock lock(mu_);
  std::vector<JobInfo> jobs;
  for (const auto& [id, job] : running_) {
    jobs.push_back(job);
    jobs.back().eta_seconds = EstimateSeconds(engine::NowMs() - job.started_ms, job.progress);
  }
  return jobs;
}

std::vector<JobInfo> JobLog::Recent() const {
  base::MutexLock lock(mu_);
  return {recent_.begin(), recent_.end()};
}

double EstimateSeconds(int64_t elapsed_ms, double progress) {
  if (progress < 0.02 || elapsed_ms < 0) return -1;
  return static_cast<double>(elapsed_ms) / 1000 * (1 - progress) / progress;
}

}  // namespace sagitta::compactor
