#include "cli/load.h"

#include <atomic>
#include <memory>
#include <thread>

namespace sagitta::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Shared {
  const Connection& connection;
  const std::vector<v1::QueryRequest>& requests;
  const LoadOptions& options;
  std::atomic<uint64_t> next{0};
  std::atomic<uint64_t> done{0};
  std::atomic<size_t> running{0};
  std::vector<std::optional<v1::QueryResponse>>& responses;
  Clock::time_point deadline;
};

// Sends a query and waits for its answer.
class Asker {
 public:
  virtual ~Asker() = default;
  virtual grpc::Status Ask(const v1::QueryRequest& request, v1::QueryResponse* response) = 0;
};

class CallAsker final : public Asker {
 public:
  CallAsker(const Connection& connection, v1::QueryService::Stub& stub)
      : connection_(connection), stub_(stub) {}
  grpc::Status Ask(const v1::QueryRequest& request, v1::QueryResponse* response) override {
    grpc::ClientContext context;
    connection_.Prepare(&context);
    return stub_.Query(&context, request, response);
  }

 private:
  const Connection& connection_;
  v1::QueryService::Stub& stub_;
};

// After the stream has ended, all that follow fail as it did.
class StreamAsker final : public Asker {
 public:
  StreamAsker(const Connection& connection, v1::QueryService::Stub& stub) {
    connection.Prepare(&context_, -1);
    timeout_ms_ = static_cast<uint32_t>(connection.timeout_seconds() * 1000);
    stream_ = stub.QueryStream(&context_);
  }
  ~StreamAsker() override {
    if (ended_) return;
    stream_->WritesDone();
    stream_->Finish();
  }
  grpc::Status Ask(const v1::QueryRequest& request, v1::QueryResponse* response) override {
    if (ended_) return end_;
    *message_.mutable_request() = request;
    message_.mutable_request()->mutable_options()->set_timeout_ms(timeout_ms_);
    if (!stream_->Write(message_) || !stream_->Read(&answer_)) {
      ended_ = true;
      end_ = stream_->Finish();
      return end_;
    }
    if (!answer_.has_error()) {
      response->Swap(answer_.mutable_response());
      return grpc::Status::OK;
    }
    return {static_cast<grpc::StatusCode>(answer_.error().code()), answer_.error().message(),
            answer_.error().SerializeAsString()};
  }

 private:
  grpc::ClientContext context_;
  uint32_t timeout_ms_ = 0;
  std::unique_ptr<grpc::ClientReaderWriter<v1::QueryStreamRequest, v1::QueryStreamResponse>>
      stream_;
  v1::QueryStreamRequest message_;
  v1::QueryStreamResponse answer_;
  bool ended_ = false;
  grpc::Status end_;
};

struct Client {
  std::unique_ptr<v1::QueryService::Stub> stub;
  std::unique_ptr<Asker> asker;  // goes before the stub
  LatencyHistogram latency;
  uint64_t errors = 0;
  Outcome first_error;
  Clock::time_point ended;
  std::thread thread;
};

void RunClient(Shared& shared, Client& client) {
  for (;;) {
    const uint64_t index = shared.next.fetch_add(1, std::memory_order_relaxed);
    if (shared.options.seconds ? Clock::now() >= shared.deadline : index >= shared.options.count) {
      break;
    }
    const size_t slot = index % shared.requests.size();
    v1::QueryResponse response;
    const auto start = Clock::now();
    const grpc::Status status = client.asker->Ask(shared.requests[slot], &response);
    const auto end = Clock::now();
    shared.done.fetch_add(1, std::memory_order_relaxed);
    if (!status.ok()) {
      if (client.errors++ == 0) client.first_error = shared.connection.Explain(status);
      // A server that is gone would otherwise be asked a million times a second.
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    client.latency.Record(end - start);
    // Each slot's first query has one owner, so that the write needs no lock.
    if (index < shared.requests.size() && slot < shared.options.keep.size() &&
        shared.options.keep[slot]) {
      shared.responses[slot] = std::move(response);
    }
  }
  client.ended = Clock::now();
  shared.running.fetch_sub(1, std::memory_order_release);
}

}  // namespace

LoadResult RunLoad(const Connection& connection, const std::vector<v1::QueryRequest>& requests,
                   const LoadOptions& options, const std::function<void(uint64_t)>& tick) {
  LoadResult result;
  result.responses.resize(requests.size());
  Shared shared{connection, requests, options, {}, {}, {}, result.responses, {}};
  std::vector<Client> clients(options.clients);
  for (auto& client : clients) {
    auto channel = connection.NewChannel();
    // Connecting is not what is measured.
    channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5));
    client.stub = v1::QueryService::NewStub(channel);
    if (options.stream) {
      client.asker = std::make_unique<StreamAsker>(connection, *client.stub);
    } else {
      client.asker = std::make_unique<CallAsker>(connection, *client.stub);
    }
  }
  const auto start = Clock::now();
  if (options.seconds) {
    shared.deadline = start + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(*options.seconds));
  }
  shared.running = clients.size();
  for (auto& client : clients) {
    client.thread = std::thread([&shared, &client] { RunClient(shared, client); });
  }
  while (shared.running.load(std::memory_order_acquire) > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    tick(shared.done.load(std::memory_order_relaxed));
  }
  auto end = start;
  for (auto& client : clients) {
    client.thread.join();
    end = std::max(end, client.ended);
    result.latency.Merge(client.latency);
    if (client.errors > 0 && result.errors == 0) result.first_error = client.first_error;
    result.errors += client.errors;
  }
  result.seconds = std::chrono::duration<double>(end - start).count();
  tick(shared.done.load());
  return result;
}

}  // namespace sagitta::cli
