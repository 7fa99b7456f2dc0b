#include "server/wait_indexed_call.h"

#include <chrono>
#include <optional>

#include "sagitta/v1/admin.pb.h"
#include "server/unary_call.h"

namespace sagitta::server {
namespace {

using Clock = std::chrono::steady_clock;

// Progress is for people's eyes: more often would be waste.
constexpr std::chrono::milliseconds kProgressEvery{100};

class WaitIndexedCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  WaitIndexedCall(ServiceState& state, grpc::CallbackServerContext* context,
                  const grpc::ByteBuffer* request)
      : state_(state), context_(context), request_(request), started_(Clock::now()) {}

  void Start();

 private:
  void Run();
  void Report(double progress);
  void End(const Status& status, const ErrorContext& context);
  // A message is waiting and none is being sent: takes it.
  bool TakeMessage() REQUIRES_LOCK(mutex_);

  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancel_.Cancel(); }
  void OnDone() override { delete this; }

  ServiceState& state_;
  grpc::CallbackServerContext* const context_;
  const grpc::ByteBuffer* const request_;
  const Clock::time_point started_;
  CancelSlot cancel_;
  Database* database_ = nullptr;

  base::Mutex mutex_;
  grpc::ByteBuffer outgoing_;  // belongs to gRPC while writing_
  // The newest progress; older ones that were not sent in time are of no use.
  std::optional<v1::WaitIndexedResponse> waiting_ GUARDED_BY(mutex_);
  std::optional<grpc::Status> result_ GUARDED_BY(mutex_);  // set once the work is done
  Clock::time_point last_report_ GUARDED_BY(mutex_);
  bool writing_ GUARDED_BY(mutex_) = false;
};

void WaitIndexedCall::Start() {
  Admission admission;
  Refusal refusal;
  if (!state_.Admit(*context_, Method::kWaitIndexed, &admission, &refusal)) {
    return End(refusal.status, {.reason = refusal.reason});
  }
  cancel_.Set(admission.cancel);
  database_ = admission.database;
  const Status status = state_.Submit(Pool::kWait, [this] { Run(); });
  if (!status.ok()) End(status, {.reason = "QUEUE_FULL"});
}

void WaitIndexedCall::Run() {
  Call call{state_, *database_, cancel_, {}, {}};
  v1::WaitIndexedRequest request;
  Status status = ParseRequest(*request_, &request);
  if (status.ok()) {
    auto collection = call.Open(request.collection());
    status = collection.ok()
                 ? (*collection)
                       ->WaitIndexed(cancel_.Get(), [this](double progress) { Report(progress); })
                 : collection.status();
  }
  End(status,
      {.reason = {}, .resource_type = call.resource_type, .resource_name = call.resource_name});
}

bool WaitIndexedCall::TakeMessage() {
  if (writing_ || !waiting_) return false;
  // The message has two numbers: it cannot be too large.
  (void)SerializeResponse(*waiting_, ~0ull, &outgoing_);
  waiting_.reset();
  return writing_ = true;
}

void WaitIndexedCall::Report(double progress) {
  bool write = false;
  {
    base::MutexLock lock(mutex_);
    const Clock::time_point now = Clock::now();
    if (now - last_report_ < kProgressEvery) return;
    last_report_ = now;
    waiting_.emplace().set_progress(progress);
    write = TakeMessage();
  }
  if (write) StartWrite(&outgoing_);
}

void WaitIndexedCall::End(const Status& status, const ErrorContext& context) {
  const grpc::Status wire = ToGrpcStatus(status, context);
  state_.metrics().RecordCall(Method::kWaitIndexed, wire.error_code(),
                              std::chrono::duration<double>(Clock::now() - started_).count());
  bool write = false;
  bool finish = false;
  {
    base::MutexLock lock(mutex_);
    waiting_.reset();
    if (status.ok()) {
      waiting_.emplace().set_progress(1);
      waiting_->set_done(true);
    }
    result_ = wire;
    write = TakeMessage();
    finish = !writing_;
  }
  if (write) StartWrite(&outgoing_);
  if (finish) Finish(wire);  // nothing of this object may be used from here on
}

void WaitIndexedCall::OnWriteDone(bool ok) {
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

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWaitIndexed(ServiceState& state,
                                                             grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request) {
  auto* call = new WaitIndexedCall(state, context, request);
  call->Start();
  return call;
}

}  // namespace sagitta::server
