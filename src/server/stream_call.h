// StreamCall: the life of one bidirectional RPC: admit; then read messages, work on them one after
// the other in the order sent, and answer each. The next message is read only while those that were
// read and not yet answered are within limits, so that HTTP/2's window holds a client back that is
// too fast.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <deque>

#include "server/unary_call.h"

namespace sagitta::server {

class StreamCall : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  void Start();

 protected:
  struct Limits {
    size_t messages;        // read and not yet answered
    uint64_t bytes;         // of those; reached, not kept: one message more may be read
    int messages_per_turn;  // on a thread, before others that wait for it get their turn
  };

  StreamCall(ServiceState& state, Method method, grpc::CallbackServerContext* context,
             const Limits& limits);

  // Works on one message. Called on the method's pool, or on a thread that is lent.
  virtual void Apply(Call& call, const grpc::ByteBuffer& message) = 0;
  // The answer to it, right after; `credits` messages are allowed once it has gone out. An error
  // ends the stream. Called under the stream's lock.
  virtual Status TakeAnswer(uint32_t credits, grpc::ByteBuffer* answer) = 0;

  ServiceState& state() { return state_; }
  Method method() const { return method_; }
  // Each message may have a nearer deadline than the stream: this takes it back.
  void ResetDeadline() { cancel_.Set(stream_cancel_); }
  CancelToken cancel() const { return cancel_.Get(); }

 private:
  // What must be called after the lock is given back: gRPC may answer a call on the same thread.
  struct Next {
    bool read = false;
    bool write = false;
    bool finish = false;
    bool work = false;
  };
  struct Answer {
    grpc::ByteBuffer bytes;
    uint64_t message_bytes;
  };

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

  Next Plan() REQUIRES_LOCK(mutex_);
  void Do(const Next& next);
  void BeginWork();
  void Work();
  bool WorkOnce();
  void End();
  bool HasRoom() const REQUIRES_LOCK(mutex_) {
    return messages_ < limits_.messages && bytes_ < limits_.bytes;
  }

  ServiceState& state_;
  const Method method_;
  grpc::CallbackServerContext* const context_;
  const Limits limits_;
  const base::Stopwatch watch_;
  CancelSlot cancel_;
  CancelToken stream_cancel_;
  Database* database_ = nullptr;

  base::Mutex mutex_;
  grpc::ByteBuffer incoming_;  // belongs to gRPC while reading_
  grpc::ByteBuffer outgoing_;  // belongs to gRPC while writing_
  std::deque<grpc::ByteBuffer> requests_ GUARDED_BY(mutex_);
  std::deque<Answer> answers_ GUARDED_BY(mutex_);
  uint64_t writing_message_bytes_ GUARDED_BY(mutex_) = 0;
  size_t messages_ GUARDED_BY(mutex_) = 0;  // read and not yet answered
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;   // of those
  bool reading_ GUARDED_BY(mutex_) = false;
  bool writing_ GUARDED_BY(mutex_) = false;
  bool working_ GUARDED_BY(mutex_) = false;
  bool read_all_ GUARDED_BY(mutex_) = false;
  bool broken_ GUARDED_BY(mutex_) = false;  // cancelled, or the client no longer reads
  // An answer ended the stream. A client that waits for it sends nothing: no read would return.
  bool refused_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
  Status failure_ GUARDED_BY(mutex_);
};

}  // namespace sagitta::server
