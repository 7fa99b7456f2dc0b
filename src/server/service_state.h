// ServiceState: what all services share: admission, thread pools, metrics, the database.
// Thread-safe.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "base/mutex.h"
#include "base/thread_pool.h"
#include "sagitta/database.h"
#include "server/api_keys.h"
#include "server/config.h"
#include "server/io_thread_loan.h"
#include "server/methods.h"
#include "server/metrics.h"
#include "server/status_map.h"

namespace sagitta::server {

// A call that was let in.
struct Admission {
  CancelToken cancel;
  Database* database = nullptr;
};

// A call that was not.
struct Refusal {
  Status status;
  std::string_view reason;  // ErrorInfo.reason
};

class ServiceState {
 public:
  ServiceState(const ServerConfig& config, ApiKeys keys);

  // The first thing every call does: key and scope, then whether the database is there, then the
  // deadline. Refuses by filling `refusal`, and returns false.
  bool Admit(const grpc::CallbackServerContext& context, Method method, Admission* admission,
             Refusal* refusal);

  // Room for a request's bytes until Release. RESOURCE_EXHAUSTED with a time to retry.
  Status Reserve(uint64_t bytes);
  void Release(uint64_t bytes) { in_flight_.Release(bytes); }

  // RESOURCE_EXHAUSTED with a time to retry when the queue is full.
  Status Submit(Pool pool, std::function<void()> task);

  // A loan only for what is short as a rule: one query, or points by id.
  IoThreadLoan BorrowIoThread(Method method) {
    const bool is_short =
        method == Method::kQuery || method == Method::kQueryStream || method == Method::kGet;
    return is_short ? IoThreadLoan(io_threads_) : IoThreadLoan();
  }

  // Null until opened. REQUIRES: no calls run any more when it is set back to null.
  void SetDatabase(Database* database) { database_.store(database, std::memory_order_release); }
  Database* database() const { return database_.load(std::memory_order_acquire); }

  const ServerConfig& config() const { return config_; }
  Metrics& metrics() { return metrics_; }
  // Also when keys are needed for HTTP.
  std::shared_ptr<const ApiKeys> keys() const;
  void ReplaceKeys(ApiKeys keys);

  std::string MetricsPage() const;
  void ShutdownPools();

 private:
  base::ThreadPool& PoolOf(Pool pool);

  const ServerConfig config_;
  mutable base::Mutex keys_mutex_;
  std::shared_ptr<const ApiKeys> keys_ GUARDED_BY(keys_mutex_);
  std::atomic<Database*> database_{nullptr};
  base::MemoryBudget in_flight_;
  Metrics metrics_;
  IoThreads io_threads_{IoThreads::Lendable()};
  base::ThreadPool query_pool_;
  base::ThreadPool write_pool_;
  base::ThreadPool admin_pool_;
  base::ThreadPool wait_pool_;
};

}  // namespace sagitta::server
