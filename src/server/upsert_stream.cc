#include "server/upsert_stream.h"

#include <chrono>
#include <deque>

#include "server/convert_write.h"
#include "server/upsert.h"

namespace sagitta::server {
namespace {

constexpr size_t kMaxBatches = 8;
constexpr uint64_t kMaxBytes = 16ull << 20;
// Batches that a stream may do in a row before others that wait for the thread get their turn.
constexpr int kBatchesPerTurn = 8;

using Clock = std::chrono::steady_clock;

class UpsertStreamCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  UpsertStreamCall(ServiceState& state, grpc::CallbackServerContext* context)
      : state_(state), context_(context), started_(Clock::now()) {}

  void Start();

 private:
  // What must be called after the lock is given back: gRPC may answer a call on the same thread.
  struct Next {
    bool read = false;
    bool write = false;
    bool finish = false;
    bool work = false;
  };

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

  Next Plan() REQUIRES_LOCK(mutex_);
  void Do(const Next& next);
  void Work();
  bool WorkOnce();
  v1::UpsertStreamResponse Apply(const grpc::ByteBuffer& bytes);
  bool HasRoom() const REQUIRES_LOCK(mutex_) {
    return batches_ < kMaxBatches && bytes_ < kMaxBytes;
  }

  ServiceState& state_;
  grpc::CallbackServerContext* const context_;
  const Clock::time_point started_;
  CancelSlot cancel_;
  Database* database_ = nullptr;

  base::Mutex mutex_;
  grpc::ByteBuffer incoming_;  // belongs to gRPC while reading_
  grpc::ByteBuffer outgoing_;  // belongs to gRPC while writing_
  std::deque<grpc::ByteBuffer> requests_ GUARDED_BY(mutex_);
  struct Answer {
    grpc::ByteBuffer bytes;
    uint64_t request_bytes;
  };
  std::deque<Answer> answers_ GUARDED_BY(mutex_);
  uint64_t writing_request_bytes_ GUARDED_BY(mutex_) = 0;
  size_t batches_ GUARDED_BY(mutex_) = 0;  // read and not yet acknowledged
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;  // of those
  bool reading_ GUARDED_BY(mutex_) = false;
  bool writing_ GUARDED_BY(mutex_) = false;
  bool working_ GUARDED_BY(mutex_) = false;
  bool read_all_ GUARDED_BY(mutex_) = false;
  bool broken_ GUARDED_BY(mutex_) = false;  // cancelled, or the client no longer reads
  bool finished_ GUARDED_BY(mutex_) = false;
  Status failure_ GUARDED_BY(mutex_);
};

void UpsertStreamCall::Start() {
  Admission admission;
  Refusal refusal;
  if (!state_.Admit(*context_, Method::kUpsertStream, &admission, &refusal)) {
    const grpc::Status status = ToGrpcStatus(refusal.status, {.reason = refusal.reason});
    state_.metrics().RecordCall(Method::kUpsertStream, status.error_code(), 0);
    Finish(status);
    return;
  }
  cancel_.Set(admission.cancel);
  database_ = admission.database;
  Next next;
  {
    base::MutexLock lock(mutex_);
    next = Plan();
  }
  Do(next);
}

// Marks what is started as running, so that two threads never start the same.
UpsertStreamCall::Next UpsertStreamCall::Plan() {
  Next next;
  if (finished_) return next;
  if (!broken_ && !read_all_ && !reading_ && HasRoom()) next.read = reading_ = true;
  if (!broken_ && !writing_ && !answers_.empty()) {
    next.write = writing_ = true;
    outgoing_.Swap(&answers_.front().bytes);
    writing_request_bytes_ = answers_.front().request_bytes;
    answers_.pop_front();
  }
  if (!broken_ && !working_ && !requests_.empty()) next.work = working_ = true;
  const bool drained = requests_.empty() && answers_.empty();
  if (!reading_ && !writing_ && !working_ && (broken_ || (read_all_ && drained))) {
    next.finish = finished_ = true;
  }
  return next;
}

void UpsertStreamCall::Do(const Next& next) {
  if (next.read) StartRead(&incoming_);
  if (next.write) StartWrite(&outgoing_);
  if (next.work) {
    // With the queue full the batch runs here, on gRPC's thread: it was already let in, and that
    // thread's being busy is what slows clients down.
    if (!state_.Submit(Pool::kWrite, [this] { Work(); }).ok()) Work();
  }
  if (!next.finish) return;
  Status status;
  {
    base::MutexLock lock(mutex_);
    status = failure_;
    for (const grpc::ByteBuffer& request : requests_) state_.Release(request.Length());
    for (const Answer& answer : answers_) state_.Release(answer.request_bytes);
  }
  const grpc::Status wire = ToGrpcStatus(status);
  state_.metrics().RecordCall(Method::kUpsertStream, wire.error_code(),
                              std::chrono::duration<double>(Clock::now() - started_).count());
  Finish(wire);  // nothing of this object may be used from here on
}

void UpsertStreamCall::OnReadDone(bool ok) {
  Next next;
  {
    base::MutexLock lock(mutex_);
    reading_ = false;
    if (!ok) {
      read_all_ = true;
    } else {
      const uint64_t bytes = incoming_.Length();
      const Status room = state_.Reserve(bytes);
      if (room.ok()) {
        ++batches_;
        bytes_ += bytes;
        requests_.emplace_back();
        requests_.back().Swap(&incoming_);
      } else {
        broken_ = true;
        failure_ = room;
      }
      incoming_.Clear();
    }
    next = Plan();
  }
  Do(next);
}

void UpsertStreamCall::Work() {
  for (int turn = 1; WorkOnce(); ++turn) {
    if (turn % kBatchesPerTurn != 0) continue;
    if (state_.Submit(Pool::kWrite, [this] { Work(); }).ok()) return;
  }
}

// One batch. False when there is no other: then nothing of this object may be used any more.
bool UpsertStreamCall::WorkOnce() {
  grpc::ByteBuffer request;
  {
    base::MutexLock lock(mutex_);
    request.Swap(&requests_.front());
    requests_.pop_front();
  }
  const uint64_t request_bytes = request.Length();
  v1::UpsertStreamResponse response = Apply(request);
  Next next;
  bool more = false;
  {
    base::MutexLock lock(mutex_);
    // What is free once this answer has gone out.
    response.set_credits(static_cast<uint32_t>(kMaxBatches - batches_ + 1));
    Answer answer{{}, request_bytes};
    const Status status = SerializeResponse(response, state_.config().max_send, &answer.bytes);
    if (!status.ok()) {
      broken_ = true;
      failure_ = status;
    }
    answers_.push_back(std::move(answer));
    more = working_ = !broken_ && !requests_.empty();
    next = Plan();
  }
  // Plan() starts no second worker and no Finish while working_ is set.
  Do(next);
  return more;
}

v1::UpsertStreamResponse UpsertStreamCall::Apply(const grpc::ByteBuffer& bytes) {
  v1::UpsertStreamResponse response;
  google::protobuf::Arena arena;
  auto* request = google::protobuf::Arena::CreateMessage<v1::UpsertStreamRequest>(&arena);
  Call call{state_, *database_, cancel_, {}, {}};
  Status status = cancel_.Get().Check();
  if (status.ok()) status = ParseRequest(bytes, request);
  response.set_batch(request->batch());
  if (status.ok()) {
    auto result = ApplyUpsert(call, *request->mutable_upsert());
    if (result.ok()) {
      ToProto(*result, response.mutable_result());
      return response;
    }
    status = result.status();
    if (!status.field().empty()) status = status.WithFieldPrefix("upsert.");
  }
  *response.mutable_error() = ToRpcStatus(
      status,
      {.reason = {}, .resource_type = call.resource_type, .resource_name = call.resource_name});
  return response;
}

void UpsertStreamCall::OnWriteDone(bool ok) {
  Next next;
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
    --batches_;
    bytes_ -= writing_request_bytes_;
    state_.Release(writing_request_bytes_);
    outgoing_.Clear();
    if (!ok) broken_ = true;
    next = Plan();
  }
  Do(next);
}

void UpsertStreamCall::OnCancel() {
  cancel_.Cancel();
  Next next;
  {
    base::MutexLock lock(mutex_);
    broken_ = true;
    if (failure_.ok()) failure_ = Status(StatusCode::kCancelled, "the client has gone");
    next = Plan();
  }
  Do(next);
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartUpsertStream(
    ServiceState& state, grpc::CallbackServerContext* context) {
  auto* call = new UpsertStreamCall(state, context);
  call->Start();
  return call;
}

}  // namespace sagitta::server
