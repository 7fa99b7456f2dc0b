#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "cli/table.h"

namespace sagitta::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kBarWidth = 24;

size_t TerminalWidth() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 80;
}

std::optional<double> FractionOf(const ProgressState& state) {
  if (state.total && *state.total > 0) {
    return std::min(1.0, static_cast<double>(state.done) / static_cast<double>(*state.total));
  }
  if (state.fraction) return std::clamp(*state.fraction, 0.0, 1.0);
  return std::nullopt;
}

double EtaSeconds(const ProgressState& state, double fraction) {
  if (fraction >= 1) return 0;
  if (state.total && state.rate > 0) {
    return static_cast<double>(*state.total - state.done) / state.rate;
  }
  if (fraction > 0.001) return state.elapsed_seconds * (1 - fraction) / fraction;
  return -1;
}

}  // namespace

ProgressMode ChooseProgressMode(bool asked, bool refused) {
  if (refused) return ProgressMode::kOff;
  if (isatty(STDERR_FILENO)) return ProgressMode::kBar;
  return asked ? ProgressMode::kLines : ProgressMode::kOff;
}

std::string FormatProgress(const ProgressState& state, size_t width) {
  std::string text = state.label;
  const auto fraction = FractionOf(state);
  if (fraction) {
    const auto full = static_cast<size_t>(std::floor(*fraction * kBarWidth));
    text += "  [" + std::string(full, '#') + std::string(kBarWidth - full, '-') + "]  " +
            std::to_string(static_cast<int>(std::floor(*fraction * 100))) + " %";
  }
  if (!state.unit.empty()) {
    text += "  " + FormatCount(state.done);
    if (state.total) text += "/" + FormatCount(*state.total);
    text += " " + state.unit;
  }
  if (state.rate > 0) {
    text += "  " + FormatCount(static_cast<uint64_t>(std::llround(state.rate))) + "/s";
  }
  const double eta = fraction ? EtaSeconds(state, *fraction) : -1;
  if (fraction && *fraction >= 1) {
    text += "  in " + FormatSeconds(state.elapsed_seconds);
  } else if (eta >= 0) {
    text += "  ETA " + FormatSeconds(eta);
  } else {
    text += "  " + FormatSeconds(state.elapsed_seconds);
  }
  if (DisplayWidth(text) > width) text.resize(std::min(text.size(), width));
  return text;
}

Progress::Progress(std::ostream& err, ProgressMode mode, std::string label, std::string unit,
                   std::optional<uint64_t> total)
    : err_(err), mode_(mode) {
  state_.label = std::move(label);
  state_.unit = std::move(unit);
  state_.total = total;
}

Progress::~Progress() {
  if (line_open_) err_ << std::endl;
}

void Progress::Update(uint64_t done, std::optional<double> fraction) {
  const auto now = Clock::now();
  if (!started_) {
    first_done_ = done;  // a resumed import does not count what an earlier run did
    started_ = true;
  }
  state_.done = done;
  state_.fraction = fraction;
  if (mode_ == ProgressMode::kOff) return;
  const auto interval = mode_ == ProgressMode::kBar ? milliseconds(100) : milliseconds(10'000);
  if (last_draw_ == Clock::time_point{} && mode_ == ProgressMode::kLines) last_draw_ = start_;
  if (now - last_draw_ < interval) return;
  Draw(now);
}

double Progress::RecentRate(Clock::time_point now) {
  samples_.emplace_back(now, state_.done);
  while (samples_.size() > 2 && now - samples_.front().first > seconds(5)) samples_.pop_front();
  const double span = std::chrono::duration<double>(now - samples_.front().first).count();
  if (samples_.size() < 2 || span <= 0) return 0;
  return static_cast<double>(state_.done - samples_.front().second) / span;
}

void Progress::Draw(Clock::time_point now) {
  last_draw_ = now;
  state_.elapsed_seconds = std::chrono::duration<double>(now - start_).count();
  state_.rate = state_.unit.empty() ? 0 : RecentRate(now);
  if (mode_ == ProgressMode::kBar) {
    err_ << "\r" << FormatProgress(state_, TerminalWidth() - 1) << "\x1b[K" << std::flush;
    line_open_ = true;
  } else {
    err_ << FormatProgress(state_, 200) << std::endl;
  }
}

void Progress::Finish() {
  if (mode_ == ProgressMode::kOff) return;
  const auto now = Clock::now();
  last_draw_ = now;
  state_.elapsed_seconds = std::chrono::duration<double>(now - start_).count();
  state_.rate = state_.unit.empty() ? 0 : MeanRate();
  const std::string text =
      FormatProgress(state_, mode_ == ProgressMode::kBar ? TerminalWidth() - 1 : 200);
  if (mode_ == ProgressMode::kBar) {
    err_ << "\r" << text << "\x1b[K" << std::endl;
  } else {
    err_ << text << std::endl;
  }
  line_open_ = false;
}

double Progress::MeanRate() const {
  const double elapsed = ElapsedSeconds();
  return elapsed > 0 ? static_cast<double>(state_.done - first_done_) / elapsed : 0;
}

double Progress::ElapsedSeconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

}  // namespace sagitta::cli
