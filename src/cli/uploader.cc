#include "cli/uploader.h"

#include <algorithm>
#include <deque>
#include <thread>
#include <vector>

#include "cli/json_text.h"
#include "google/rpc/status.pb.h"

namespace sagitta::cli {
namespace {

using base::MutexLock;
using std::chrono::milliseconds;

bool MayRetry(int code) {
  return code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

grpc::Status ToGrpc(const google::rpc::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      status.SerializeAsString());
}

}  // namespace

struct Uploader::Batch {
  v1::UpsertStreamRequest request;
  uint64_t first_row = 0;
  uint64_t rows = 0;
  Clock::time_point sent;
};

// One worker's stream; guarded by Uploader::mu_, apart from `call`, whose Write and Read each have
// one thread.
struct Uploader::Stream {
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::UpsertStreamRequest, v1::UpsertStreamResponse>> call;
  std::map<uint64_t, std::unique_ptr<Batch>> in_flight;  // by number
  std::deque<std::unique_ptr<Batch>> to_resend;
  bool closed = false;    // no more acknowledgements come
  bool finished = false;  // the source has nothing more
  Clock::time_point not_before{};
};

void AckTracker::Done(uint64_t first_row, uint64_t rows) {
  beyond_[first_row] = first_row + rows;
  for (auto it = beyond_.begin(); it != beyond_.end() && it->first <= prefix_;
       it = beyond_.erase(it)) {
    prefix_ = std::max(prefix_, it->second);
  }
}

Uploader::Uploader(Connection& connection, PointSource& source, UploadOptions options)
    : connection_(connection),
      options_(std::move(options)),
      source_(source),
      next_row_(options_.first_row),
      tracker_(options_.first_row) {
  state_.prefix = options_.first_row;
}

Uploader::~Uploader() = default;

Outcome Uploader::Run(const std::function<void(const State&)>& tick) {
  start_ = Clock::now();
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::thread> threads;
  {
    MutexLock lock(mu_);
    last_ack_ = start_;
    running_ = options_.streams;
  }
  for (size_t i = 0; i < options_.streams; ++i) {
    streams.push_back(std::make_unique<Stream>());
    threads.emplace_back([this, stream = streams.back().get()] { RunStream(*stream); });
  }
  for (bool running = true; running;) {
    {
      MutexLock lock(mu_);
      if (running_ > 0) changed_.WaitUntil(mu_, Clock::now() + milliseconds(100));
      running = running_ > 0;
      if (stopping_) {
        for (auto& stream : streams) {
          if (stream->context) stream->context->TryCancel();
        }
      }
    }
    tick(state());
    // Acknowledgements wake this thread too; more often than this nobody looks.
    if (running) std::this_thread::sleep_for(milliseconds(50));
  }
  for (auto& thread : threads) thread.join();
  MutexLock lock(mu_);
  return outcome_;
}

Uploader::State Uploader::state() const {
  MutexLock lock(mu_);
  return state_;
}

LatencyHistogram Uploader::acks() const {
  MutexLock lock(mu_);
  return acks_;
}

// Reopens the stream while it breaks for reasons that pass.
void Uploader::RunStream(Stream& stream) {
  auto pause = milliseconds(100);
  for (;;) {
    const Outcome outcome = RunStreamOnce(stream);
    MutexLock lock(mu_);
    const bool complete = stream.finished && stream.in_flight.empty() && stream.to_resend.empty();
    if (complete || stopping_) break;
    const bool patient =
        Clock::now() - last_ack_ < std::chrono::duration<double>(options_.retry_seconds);
    const bool passing = outcome.ok() || outcome.exit_code() == kExitUnavailable ||
                         outcome.code() == "RESOURCE_EXHAUSTED";
    if (!passing || !patient) {
      if (outcome_.ok()) {
        outcome_ = outcome.ok() ? Outcome::Failure("the server ended the stream") : outcome;
      }
      stopping_ = true;
      break;
    }
    for (auto& [number, batch] : stream.in_flight) {
      stream.to_resend.push_back(std::move(batch));
      ++state_.resent;
    }
    stream.in_flight.clear();
    changed_.WaitUntil(mu_, Clock::now() + pause);
    pause = std::min(pause * 2, milliseconds(2000));
  }
  MutexLock lock(mu_);
  --running_;
  changed_.NotifyAll();
}

Outcome Uploader::RunStreamOnce(Stream& stream) {
  {
    MutexLock lock(mu_);
    if (stopping_) return Outcome::Ok();
    stream.closed = false;
    stream.call.reset();  // it refers to the context
    stream.context = std::make_unique<grpc::ClientContext>();
    connection_.Prepare(stream.context.get(), -1);
    stream.call = connection_.points().UpsertStream(stream.context.get());
  }
  std::thread reader([this, &stream] { ReadAcks(stream); });
  while (auto batch = NextToSend(stream)) {
    const v1::UpsertStreamRequest* request = nullptr;
    {
      MutexLock lock(mu_);
      batch->sent = Clock::now();
      const uint64_t number = batch->request.batch();
      request = &batch->request;
      stream.in_flight[number] = std::move(batch);
    }
    // Its acknowledgement cannot come, and free it, before Write has serialized it.
    if (!stream.call->Write(*request)) break;
  }
  stream.call->WritesDone();
  reader.join();
  return connection_.Explain(stream.call->Finish());
}

// The next batch, as soon as the window has room; null when there is none or the stream is over.
std::unique_ptr<Uploader::Batch> Uploader::NextToSend(Stream& stream) {
  {
    MutexLock lock(mu_);
    for (;;) {
      if (stopping_ || stream.closed) return nullptr;
      const auto now = Clock::now();
      if (!stream.to_resend.empty() && now >= stream.not_before &&
          stream.in_flight.size() < options_.window) {
        auto batch = std::move(stream.to_resend.front());
        stream.to_resend.pop_front();
        return batch;
      }
      const bool idle = stream.in_flight.empty() && stream.to_resend.empty();
      if (stream.finished && idle) return nullptr;
      if (!stream.finished && stream.to_resend.empty() &&
          stream.in_flight.size() < options_.window) {
        break;
      }
      changed_.WaitUntil(mu_, now + milliseconds(100));
    }
  }
  auto batch = ReadBatch();
  if (batch != nullptr) return batch;
  {
    MutexLock lock(mu_);
    stream.finished = true;
  }
  return NextToSend(stream);  // waits for the acknowledgements, and sends again what is refused
}

std::unique_ptr<Uploader::Batch> Uploader::ReadBatch() {
  MutexLock lock(source_mu_);
  if (exhausted_) return nullptr;
  uint64_t rows = options_.batch;
  if (options_.max_rows) {
    rows = std::min(rows, options_.first_row + *options_.max_rows - next_row_);
  }
  const bool timed_out =
      options_.max_seconds &&
      Clock::now() - start_ >= std::chrono::duration<double>(*options_.max_seconds);
  auto batch = std::make_unique<Batch>();
  size_t got = 0;
  if (rows > 0 && !timed_out) {
    auto* upsert = batch->request.mutable_upsert();
    const Status status = source_.Next(rows, upsert, &got);
    if (!status.ok()) {
      exhausted_ = true;  // what was read before it is still sent
      MutexLock state_lock(mu_);
      if (outcome_.ok()) outcome_ = status;
      return nullptr;
    }
    upsert->set_collection(options_.collection);
    if (options_.no_sync) upsert->mutable_options()->set_durability(v1::DURABILITY_OS);
  }
  const auto fraction = source_.Fraction();
  {
    MutexLock state_lock(mu_);
    state_.fraction = fraction;
  }
  if (got == 0) {
    exhausted_ = true;
    return nullptr;
  }
  batch->request.set_batch(next_batch_++);
  batch->first_row = next_row_;
  batch->rows = got;
  next_row_ += got;
  return batch;
}

void Uploader::ReadAcks(Stream& stream) {
  v1::UpsertStreamResponse response;
  while (stream.call->Read(&response)) HandleAck(stream, response);
  MutexLock lock(mu_);
  stream.closed = true;
  changed_.NotifyAll();
}

void Uploader::HandleAck(Stream& stream, v1::UpsertStreamResponse& response) {
  MutexLock lock(mu_);
  const auto it = stream.in_flight.find(response.batch());
  if (it == stream.in_flight.end()) return;
  std::unique_ptr<Batch> batch = std::move(it->second);
  stream.in_flight.erase(it);
  const auto now = Clock::now();
  if (response.has_result()) {
    acks_.Record(now - batch->sent);
    tracker_.Done(batch->first_row, batch->rows);
    state_.rows += batch->rows;
    state_.prefix = tracker_.prefix();
    state_.last_seq = std::max(state_.last_seq, response.result().seq());
    last_ack_ = now;
    state_.seconds = std::chrono::duration<double>(now - start_).count();
  } else if (MayRetry(response.error().code()) &&
             now - last_ack_ < std::chrono::duration<double>(options_.retry_seconds)) {
    const auto wait = Outcome::FromRpc(ToGrpc(response.error())).retry_after_ms();
    stream.not_before = now + milliseconds(std::clamp<int64_t>(wait, 100, 5000));
    stream.to_resend.push_back(std::move(batch));
    ++state_.resent;
  } else {
    const Outcome error = Outcome::FromRpc(ToGrpc(response.error()));
    const bool bad_data = error.code() == "INVALID_ARGUMENT";
    if (outcome_.ok()) {
      outcome_ = error.With(bad_data ? kExitBadData : error.exit_code(),
                            "rows " + std::to_string(batch->first_row) + "–" +
                                std::to_string(batch->first_row + batch->rows - 1) + ": ");
    }
    stopping_ = true;
  }
  changed_.NotifyAll();
}

}  // namespace sagitta::cli
