// Progress: one line on stderr that says how far a long command is, how fast, and how long to go.
//
// On a terminal it redraws itself ten times a second; elsewhere, when asked for, it prints a line
// every ten seconds. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <ostream>
#include <string>

namespace sagitta::cli {

enum class ProgressMode : uint8_t { kOff, kLines, kBar };

// A bar on a terminal; lines when `asked` and stderr is none; off when `refused`.
ProgressMode ChooseProgressMode(bool asked, bool refused);

struct ProgressState {
  std::string label;
  std::string unit;  // "points"
  uint64_t done = 0;
  std::optional<uint64_t> total;
  std::optional<double> fraction;  // where the total is not known
  double rate = 0;                 // units per second; 0 = not shown
  double elapsed_seconds = 0;
};

// "import  [#####-----]  50 %  30,000/60,000 points  25,000/s  ETA 1.2 s", at most `width` columns.
std::string FormatProgress(const ProgressState& state, size_t width);

class Progress {
 public:
  Progress(std::ostream& err, ProgressMode mode, std::string label, std::string unit,
           std::optional<uint64_t> total);
  ~Progress();  // ends the line

  void Update(uint64_t done, std::optional<double> fraction = {});
  // Draws the final state and ends the line.
  void Finish();
  // Units per second since the start.
  double MeanRate() const;
  double ElapsedSeconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  void Draw(Clock::time_point now);
  double RecentRate(Clock::time_point now);

  std::ostream& err_;
  ProgressMode mode_;
  ProgressState state_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_draw_{};
  std::deque<std::pair<Clock::time_point, uint64_t>> samples_;  // of the last five seconds
  bool line_open_ = false;
  uint64_t first_done_ = 0;
  bool started_ = false;
};

}  // namespace sagitta::cli
