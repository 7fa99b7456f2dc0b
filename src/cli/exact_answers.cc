#include "cli/exact_answers.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace sagitta::cli {
namespace {

// Enough for the server to share the reading of rows, few enough for their answers to fit into a
// message with any k, and for the progress to move.
constexpr size_t kBatch = 128;
constexpr uint64_t kMaxHits = 100'000;

struct Shared {
  const Connection& connection;
  const std::vector<v1::QueryRequest>& requests;
  std::vector<v1::QueryResponse>& responses;
  size_t batch;
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> done{0};
  std::atomic<size_t> running{0};
  std::atomic<bool> failed{false};
};

// Sends requests[begin, end).
Outcome SendBatch(Shared& shared, v1::QueryService::Stub& stub, size_t begin, size_t end) {
  v1::QueryBatchRequest batch;
  batch.set_collection(shared.requests[begin].collection());
  for (size_t i = begin; i < end; ++i) {
    v1::Query* query = batch.add_queries();
    *query = shared.requests[i].query();
    query->mutable_params()->Clear();
    query->mutable_params()->set_exact(true);
  }
  grpc::ClientContext context;
  // The command line's time is for one query.
  shared.connection.Prepare(
      &context, shared.connection.timeout_seconds() * static_cast<double>(end - begin));
  v1::QueryBatchResponse response;
  const grpc::Status status = stub.QueryBatch(&context, batch, &response);
  if (!status.ok()) return shared.connection.Explain(status);
  if (static_cast<size_t>(response.outcomes_size()) != end - begin) {
    return Outcome::Failure("the server answered " + std::to_string(response.outcomes_size()) +
                            " of " + std::to_string(end - begin) + " queries of a batch");
  }
  for (size_t i = begin; i < end; ++i) {
    auto* outcome = response.mutable_outcomes(static_cast<int>(i - begin));
    if (outcome->has_error()) {
      const auto& error = outcome->error();
      return shared.connection.Explain(
          {static_cast<grpc::StatusCode>(error.code()), error.message()});
    }
    shared.responses[i] = std::move(*outcome->mutable_response());
  }
  return Outcome::Ok();
}

void RunClient(Shared& shared, Outcome& outcome) {
  const auto stub = v1::QueryService::NewStub(shared.connection.NewChannel());
  while (!shared.failed.load(std::memory_order_relaxed)) {
    const size_t begin = shared.next.fetch_add(shared.batch);
    if (begin >= shared.requests.size()) break;
    const size_t end = std::min(begin + shared.batch, shared.requests.size());
    outcome = SendBatch(shared, *stub, begin, end);
    if (!outcome.ok()) {
      shared.failed.store(true);
      break;
    }
    shared.done.fetch_add(end - begin, std::memory_order_relaxed);
  }
  shared.running.fetch_sub(1, std::memory_order_release);
}

}  // namespace

Outcome FindExactAnswers(const Connection& connection,
                         const std::vector<v1::QueryRequest>& requests, size_t clients,
                         const std::function<void(uint64_t)>& tick,
                         std::vector<v1::QueryResponse>* responses) {
  if (requests.empty()) return Outcome::Ok();
  responses->resize(requests.size());
  const uint64_t k = std::max<uint64_t>(1, requests[0].query().k());
  const size_t batch = std::clamp<size_t>(kMaxHits / k, 1, kBatch);
  Shared shared{connection, requests, *responses, batch, {}, {}, {}, {}};
  std::vector<Outcome> outcomes(clients);
  std::vector<std::thread> threads;
  shared.running = clients;
  for (Outcome& outcome : outcomes) {
    threads.emplace_back([&shared, &outcome] { RunClient(shared, outcome); });
  }
  while (shared.running.load(std::memory_order_acquire) > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    tick(shared.done.load(std::memory_order_relaxed));
  }
  for (std::thread& thread : threads) thread.join();
  tick(shared.done.load());
  for (const Outcome& outcome : outcomes) SAGITTA_CLI_RETURN_IF_FAILED(outcome);
  return Outcome::Ok();
}

}  // namespace sagitta::cli
