#include "server/progress_call.h"

#include <chrono>
#include <optional>

namespace sagitta::server {
namespace {

using Clock = std::chrono::steady_clock;

// Progress is for people's eyes: more often would be waste.
constexpr std::chrono::milliseconds kProgressEvery{100};

class ProgressCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  using Message = std::unique_ptr<google::protobuf::Message>;

  ProgressCall(const ProgressWork& work, ServiceState& state, grpc::CallbackServerContext* context,
               const grpc::ByteBuffer* request)
      : work_(work), state_(state), context_(context), request_(request), started_(Clock::now()) {}

  void Start();

 private:
  void Run();
  void Report(double progress);
  // `last` is null unless `status` is OK.
  void End(const Status& status, const ErrorContext& context, Message last = nullptr);
  // A message is waiting and none is being sent: takes it.
  bool TakeMessage() REQUIRES_LOCK(mutex_);

  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancel_.Cancel(); }
  void OnDone() override { delete this; }

  const ProgressWork& work_;
  ServiceState& state_;
  grpc::CallbackServerContext* const context_;
  const grpc::ByteBuffer* const request_;
  const Clock::time_point started_;
  CancelSlot cancel_;
  Database* database_ = nullptr;

  base::Mutex mutex_;
  grpc::ByteBuffer outgoing_;  // belongs to gRPC while writing_
  // The newest progress; older ones that were not sent in time are of no use.
  Message waiting_ GUARDED_BY(mutex_);
  std::optional<grpc::Status> result_ GUARDED_BY(mutex_);  // set once the work is done
  Clock::time_point last_report_ GUARDED_BY(mutex_);
  bool writing_ GUARDED_BY(mutex_) = false;
};

void ProgressCall::Start() {
  Admission admission;
  Refusal refusal;
  if (!state_.Admit(*context_, work_.method, &admission, &refusal)) {
    return End(refusal.status, {.reason = refusal.reason});
  }
  cancel_.Set(admission.cancel);
  database_ = admission.database;
  const Status status = state_.Submit(Pool::kWait, [this] { Run(); });
  if (!status.ok()) End(status, {.reason = "QUEUE_FULL"});
}

void ProgressCall::Run() {
  Call call{state_, *database_, cancel_, {}, {}};
  auto last = work_.run(call, *request_, [this](double progress) { Report(progress); });
  const Status status = last.status();
  End(status,
      {.reason = {}, .resource_type = call.resource_type, .resource_name = call.resource_name},
      last.ok() ? std::move(*last) : nullptr);
}

bool ProgressCall::TakeMessage() {
  if (writing_ || !waiting_) return false;
  // A few numbers, or a table of some dozen lines: it cannot be too large.
  (void)SerializeResponse(*waiting_, ~0ull, &outgoing_);
  waiting_.reset();
  return writing_ = true;
}

void ProgressCall::Report(double progress) {
  bool write = false;
  {
    base::MutexLock lock(mutex_);
    const Clock::time_point now = Clock::now();
    if (now - last_report_ < kProgressEvery) return;
    last_report_ = now;
    waiting_ = work_.progress(progress);
    write = TakeMessage();
  }
  if (write) StartWrite(&outgoing_);
}

void ProgressCall::End(const Status& status, const ErrorContext& context, Message last) {
  const grpc::Status wire = ToGrpcStatus(status, context);
  state_.metrics().RecordCall(work_.method, wire.error_code(),
                              std::chrono::duration<double>(Clock::now() - started_).count());
  bool write = false;
  bool finish = false;
  {
    base::MutexLock lock(mutex_);
    waiting_ = std::move(last);
    result_ = wire;
    write = TakeMessage();
    finish = !writing_;
  }
  if (write) StartWrite(&outgoing_);
  if (finish) Finish(wire);  // nothing of this object may be used from here on
}

void ProgressCall::OnWriteDone(bool ok) {
  bool write = false;
  std::optional<grpc::Status> finish;
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
    outgoing_.Clear();
    if (!ok) waiting_.reset();  // nobody listens; OnCancel ends the work
    write = TakeMessage();
    if (!write) finish = result_;
  }
  if (write) StartWrite(&outgoing_);
  if (finish) Finish(*finish);
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartProgressCall(const ProgressWork& work,
                                                              ServiceState& state,
                                                              grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request) {
  auto* call = new ProgressCall(work, state, context, request);
  call->Start();
  return call;
}

}  // namespace sagitta::server
