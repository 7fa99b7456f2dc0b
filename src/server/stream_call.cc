#include "server/stream_call.h"

namespace sagitta::server {

StreamCall::StreamCall(ServiceState& state, Method method, grpc::CallbackServerContext* context,
                       const Limits& limits)
    : state_(state), method_(method), context_(context), limits_(limits) {}

void StreamCall::Start() {
  Admission admission;
  Refusal refusal;
  if (!state_.Admit(*context_, method_, &admission, &refusal)) {
    const grpc::Status status = ToGrpcStatus(refusal.status, {.reason = refusal.reason});
    state_.metrics().RecordCall(method_, status.error_code(), 0);
    Finish(status);
    return;
  }
  stream_cancel_ = admission.cancel;
  cancel_.Set(stream_cancel_);
  database_ = admission.database;
  Next next;
  {
    base::MutexLock lock(mutex_);
    next = Plan();
  }
  Do(next);
}

// Marks what is started as running, so that two threads never start the same.
StreamCall::Next StreamCall::Plan() {
  Next next;
  if (finished_) return next;
  if (!broken_ && !read_all_ && !reading_ && HasRoom()) next.read = reading_ = true;
  if (!broken_ && !writing_ && !answers_.empty()) {
    next.write = writing_ = true;
    outgoing_.Swap(&answers_.front().bytes);
    writing_message_bytes_ = answers_.front().message_bytes;
    answers_.pop_front();
  }
  if (!broken_ && !working_ && !requests_.empty()) next.work = working_ = true;
  const bool drained = requests_.empty() && answers_.empty();
  if ((!reading_ || refused_) && !writing_ && !working_ && (broken_ || (read_all_ && drained))) {
    next.finish = finished_ = true;
  }
  return next;
}

void StreamCall::Do(const Next& next) {
  if (next.read) StartRead(&incoming_);
  if (next.write) StartWrite(&outgoing_);
  if (next.work) BeginWork();
  if (next.finish) End();
}

void StreamCall::BeginWork() {
  if (const IoThreadLoan loan = state_.BorrowIoThread(method_); loan.granted()) return Work();
  // With the queue full the message is worked on here, on gRPC's thread: it was already let in, and
  // that thread's being busy is what slows clients down.
  if (!state_.Submit(InfoOf(method_).pool, [this] { Work(); }).ok()) Work();
}

void StreamCall::Work() {
  for (int turn = 1; WorkOnce(); ++turn) {
    if (turn % limits_.messages_per_turn != 0) continue;
    if (state_.Submit(InfoOf(method_).pool, [this] { Work(); }).ok()) return;
  }
}

// One message. False when there is no other: then nothing of this object may be used any more.
bool StreamCall::WorkOnce() {
  grpc::ByteBuffer message;
  {
    base::MutexLock lock(mutex_);
    message.Swap(&requests_.front());
    requests_.pop_front();
  }
  Call call{state_, *database_, cancel_, {}, {}};
  Apply(call, message);
  Next next;
  bool more = false;
  {
    base::MutexLock lock(mutex_);
    Answer answer{{}, message.Length()};
    const auto credits = static_cast<uint32_t>(limits_.messages - messages_ + 1);
    const Status status = TakeAnswer(credits, &answer.bytes);
    if (!status.ok()) {
      broken_ = refused_ = true;
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

void StreamCall::OnReadDone(bool ok) {
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
        ++messages_;
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

void StreamCall::OnWriteDone(bool ok) {
  Next next;
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
    --messages_;
    bytes_ -= writing_message_bytes_;
    state_.Release(writing_message_bytes_);
    outgoing_.Clear();
    if (!ok) broken_ = true;
    next = Plan();
  }
  Do(next);
}

void StreamCall::OnCancel() {
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

void StreamCall::End() {
  Status status;
  {
    base::MutexLock lock(mutex_);
    status = failure_;
    for (const grpc::ByteBuffer& request : requests_) state_.Release(request.Length());
    for (const Answer& answer : answers_) state_.Release(answer.message_bytes);
  }
  const grpc::Status wire = ToGrpcStatus(status);
  state_.metrics().RecordCall(method_, wire.error_code(), watch_.Seconds());
  Finish(wire);  // nothing of this object may be used from here on
}

}  // namespace sagitta::server
