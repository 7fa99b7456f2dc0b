#include "server/service_state.h"

#include <grpc/support/cpu.h>

#include <algorithm>
#include <string_view>

namespace sagitta::server {
namespace {

using SteadyClock = std::chrono::steady_clock;
using SystemClock = std::chrono::system_clock;

// Long enough for a queue to move, short enough that a client that waits loses little.
constexpr uint32_t kRetryMs = 50;

// Deadlines further away than this are no deadlines: it keeps the arithmetic of clocks from
// overflowing.
constexpr std::chrono::hours kFarAway{24 * 365};

// Threads that wait for the disk: more of them make larger commit groups.
constexpr uint32_t kWriteThreads = 16;
constexpr uint32_t kAdminThreads = 4;
constexpr uint32_t kWaitThreads = 16;

uint32_t QueryThreads(const ServerConfig& config) {
  // Two per core, as some wait for a sequence number to become visible.
  return config.query_threads != 0 ? config.query_threads
                                   : std::max(4u, 2 * base::AvailableCores());
}

std::string_view CallerKey(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  if (const auto found = metadata.find("authorization"); found != metadata.end()) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view text(found->second.data(), found->second.size());
    return text.starts_with(kBearer) ? text.substr(kBearer.size()) : "malformed";
  }
  if (const auto found = metadata.find("x-api-key"); found != metadata.end()) {
    return {found->second.data(), found->second.size()};
  }
  return {};
}

}  // namespace

uint32_t IoThreads::Lendable() {
  // Half as many as cores, but 2 to 16 (CallbackAlternativeCQ). Later versions have more.
  return std::clamp(gpr_cpu_num_cores() / 2, 2u, 16u) - 1;
}

ServiceState::ServiceState(const ServerConfig& config, ApiKeys keys)
    : config_(config),
      keys_(std::make_shared<const ApiKeys>(std::move(keys))),
      in_flight_(config.max_in_flight),
      query_pool_("query", QueryThreads(config), config.queue_limit),
      write_pool_("write", config.write_threads != 0 ? config.write_threads : kWriteThreads,
                  config.queue_limit),
      admin_pool_("admin", kAdminThreads, config.queue_limit),
      wait_pool_("wait", kWaitThreads, config.queue_limit) {}

std::shared_ptr<const ApiKeys> ServiceState::keys() const {
  base::MutexLock lock(keys_mutex_);
  return keys_;
}

void ServiceState::ReplaceKeys(ApiKeys keys) {
  auto replacement = std::make_shared<const ApiKeys>(std::move(keys));
  base::MutexLock lock(keys_mutex_);
  keys_ = std::move(replacement);
}

bool ServiceState::Admit(const grpc::CallbackServerContext& context, Method method,
                         Admission* admission, Refusal* refusal) {
  const MethodInfo& info = InfoOf(method);
  const std::string_view key = CallerKey(context);
  Status status = keys()->Authorize(key, info.scope);
  if (!status.ok()) {
    const bool known = status.code() == StatusCode::kPermissionDenied;
    *refusal = {std::move(status), known         ? "SCOPE_MISSING"
                                   : key.empty() ? "API_KEY_MISSING"
                                                 : "API_KEY_INVALID"};
    return false;
  }
  admission->database = database();
  if (admission->database == nullptr) {
    *refusal = {Status::Unavailable("the database is opening; try again soon"), "STARTING"};
    return false;
  }
  const SystemClock::time_point deadline = context.deadline();
  const auto left = deadline - SystemClock::now();
  SteadyClock::time_point end = SteadyClock::time_point::max();
  if (deadline != SystemClock::time_point::max() && left < kFarAway) {
    end = SteadyClock::now() + left;
  } else if (info.default_deadline) {
    end = SteadyClock::now() + config_.default_deadline;
  }
  admission->cancel = CancelToken::WithDeadline(end);
  return true;
}

Status ServiceState::Reserve(uint64_t bytes) {
  const Status status = in_flight_.Reserve(bytes, "requests in flight");
  if (status.ok()) return status;
  return Status::ResourceExhausted(status.message(), kRetryMs);
}

base::ThreadPool& ServiceState::PoolOf(Pool pool) {
  switch (pool) {
    case Pool::kQuery:
      return query_pool_;
    case Pool::kWrite:
      return write_pool_;
    case Pool::kAdmin:
      return admin_pool_;
    case Pool::kWait:
      break;
  }
  return wait_pool_;
}

Status ServiceState::Submit(Pool pool, std::function<void()> task) {
  const Status status = PoolOf(pool).Submit(std::move(task));
  if (status.code() != StatusCode::kResourceExhausted) return status;
  return Status::ResourceExhausted(
      "the server is busy: " + std::to_string(config_.queue_limit) + " calls wait", kRetryMs);
}

std::string ServiceState::MetricsPage() const {
  std::vector<Metrics::Gauge> gauges;
  const std::pair<const char*, const base::ThreadPool*> pools[] = {{"pool=query", &query_pool_},
                                                                   {"pool=write", &write_pool_},
                                                                   {"pool=admin", &admin_pool_},
                                                                   {"pool=wait", &wait_pool_}};
  for (const auto& [label, pool] : pools) {
    gauges.push_back({"queue_depth", "Calls that wait for a thread", label,
                      static_cast<double>(pool->queued())});
  }
  gauges.push_back({"requests_in_flight_bytes", "Bytes of requests that wait or run", "",
                    static_cast<double>(in_flight_.used())});
  gauges.push_back({"ready", "1 once the database is open", "", database() != nullptr ? 1.0 : 0.0});
  return metrics_.Page(database(), gauges);
}

void ServiceState::ShutdownPools() {
  query_pool_.Shutdown();
  write_pool_.Shutdown();
  admin_pool_.Shutdown();
  wait_pool_.Shutdown();
}

}  // namespace sagitta::server
