// Uploader: sends a PointSource over one or more UpsertStreams and follows what is acknowledged.
//
// Each stream keeps up to `window` batches in flight. A batch refused with RESOURCE_EXHAUSTED or
// UNAVAILABLE, and every batch in flight when a stream breaks, is sent again, until `retry_seconds`
// pass without an acknowledgement; sending a batch twice is harmless, as an upsert replaces. Two
// lines of the same id in one file may then be applied in either order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "cli/connection.h"
#include "cli/latency_histogram.h"
#include "cli/point_source.h"

namespace sagitta::cli {

struct UploadOptions {
  std::string collection;
  size_t batch = 256;
  size_t streams = 1;
  size_t window = 8;
  uint64_t first_row = 0;
  std::optional<uint64_t> max_rows;   // in this run
  std::optional<double> max_seconds;  // stops reading the source after that
  bool no_sync = false;
  double retry_seconds = 60;
};

// Which rows are acknowledged, and up to where without a gap. Thread-compatible.
class AckTracker {
 public:
  explicit AckTracker(uint64_t first_row) : prefix_(first_row) {}
  void Done(uint64_t first_row, uint64_t rows);
  // All rows below this are done.
  uint64_t prefix() const { return prefix_; }

 private:
  uint64_t prefix_;
  std::map<uint64_t, uint64_t> beyond_;  // first row → row after the last, with a gap before
};

class Uploader {
 public:
  struct State {
    uint64_t rows = 0;    // acknowledged in this run
    uint64_t prefix = 0;  // see AckTracker
    uint64_t last_seq = 0;
    uint64_t resent = 0;  // batches
    double seconds = 0;   // from the start to the last acknowledgement
    std::optional<double> fraction;
  };

  Uploader(Connection& connection, PointSource& source, UploadOptions options);
  ~Uploader();

  // Returns when all is acknowledged or something failed. Calls `tick` ten times a second, and at
  // the end, on the calling thread.
  Outcome Run(const std::function<void(const State&)>& tick);

  State state() const;
  LatencyHistogram acks() const;  // from sending a batch to its acknowledgement

 private:
  struct Batch;
  struct Stream;
  using Clock = std::chrono::steady_clock;

  void RunStream(Stream& stream);
  Outcome RunStreamOnce(Stream& stream);
  void ReadAcks(Stream& stream);
  void HandleAck(Stream& stream, v1::UpsertStreamResponse& response);
  std::unique_ptr<Batch> NextToSend(Stream& stream);
  std::unique_ptr<Batch> ReadBatch();

  Connection& connection_;
  const UploadOptions options_;
  base::Mutex source_mu_;
  PointSource& source_ GUARDED_BY(source_mu_);
  uint64_t next_row_ GUARDED_BY(source_mu_);
  uint64_t next_batch_ GUARDED_BY(source_mu_) = 0;
  bool exhausted_ GUARDED_BY(source_mu_) = false;

  mutable base::Mutex mu_;
  base::CondVar changed_;
  State state_ GUARDED_BY(mu_);
  AckTracker tracker_ GUARDED_BY(mu_);
  LatencyHistogram acks_ GUARDED_BY(mu_);
  Outcome outcome_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  size_t running_ GUARDED_BY(mu_) = 0;
  Clock::time_point last_ack_ GUARDED_BY(mu_);
  Clock::time_point start_;
};

}  // namespace sagitta::cli
