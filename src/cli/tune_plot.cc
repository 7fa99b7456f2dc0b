#include "cli/tune_plot.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

#include "cli/table.h"

namespace sagitta::cli {
namespace {

// Bytes on a logarithmic axis, recall on one that gives what is missed to 1 its room: 0.9, 0.99 and
// 0.999 are as far from each other.
class Axes {
 public:
  explicit Axes(const v1::StorageReport& report) {
    for (const auto& option : report.options()) {
      Widen(Across(option.memory_bytes()), &least_x_, &most_x_);
      Widen(Up(option.recall()), &least_y_, &most_y_);
    }
    if (report.rows() > 0 && report.budget_bytes() > 0) {
      budget_ = static_cast<double>(report.budget_bytes()) / static_cast<double>(report.rows());
    }
    Spread(&least_x_, &most_x_);
    Spread(&least_y_, &most_y_);
  }

  // 0–1.
  double X(double bytes) const { return (Across(bytes) - least_x_) / (most_x_ - least_x_); }
  double Y(double recall) const { return (Up(recall) - least_y_) / (most_y_ - least_y_); }
  double RecallAt(double y) const {
    return 1 - std::pow(10.0, -(least_y_ + y * (most_y_ - least_y_)));
  }
  double BytesAt(double x) const { return std::exp2(least_x_ + x * (most_x_ - least_x_)); }
  double budget() const { return budget_; }  // bytes a row, 0 = none

 private:
  static double Across(double bytes) { return std::log2(std::max(bytes, 1.0)); }
  static double Up(double recall) {
    constexpr double kLeastMissed = 1e-4;
    return -std::log10(std::max(1 - recall, kLeastMissed));
  }
  static void Widen(double value, double* least, double* most) {
    *least = std::min(*least, value);
    *most = std::max(*most, value);
  }
  static void Spread(double* least, double* most) {
    if (*most - *least < 0.1) {
      *least -= 0.05;
      *most += 0.05;
    }
  }

  double least_x_ = HUGE_VAL, most_x_ = -HUGE_VAL;
  double least_y_ = HUGE_VAL, most_y_ = -HUGE_VAL;
  double budget_ = 0;
};

std::string Recall(double value) { return FormatFixed(value, 4); }
std::string Bytes(double value) { return FormatFixed(value, 0) + " B"; }

std::string XmlText(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

size_t Place(double share, size_t cells) {
  const double at = std::clamp(share, 0.0, 1.0) * static_cast<double>(cells - 1);
  return static_cast<size_t>(std::lround(at));
}

}  // namespace

std::string TextPlot(const v1::StorageReport& report, size_t width, size_t height) {
  if (report.options().empty()) return "";
  const Axes axes(report);
  std::vector<std::string> cells(height, std::string(width, ' '));
  if (axes.budget() > 0 && axes.X(axes.budget()) <= 1) {
    for (std::string& line : cells) line[Place(axes.X(axes.budget()), width)] = '|';
  }
  // The first are drawn last, so that none of these is hidden.
  for (int i = report.options_size() - 1; i >= 0; --i) {
    const auto& option = report.options(i);
    const size_t y = height - 1 - Place(axes.Y(option.recall()), height);
    cells[y][Place(axes.X(option.memory_bytes()), width)] =
        i < 10 ? static_cast<char>('0' + i) : '.';
  }
  std::ostringstream out;
  for (size_t y = 0; y < height; ++y) {
    const bool labelled = y == 0 || y == height - 1 || y == height / 2;
    const double share = static_cast<double>(height - 1 - y) / static_cast<double>(height - 1);
    out << (labelled ? Recall(axes.RecallAt(share)) : std::string(6, ' ')) << " |" << cells[y]
        << "\n";
  }
  const std::string left = Bytes(axes.BytesAt(0)), right = Bytes(axes.BytesAt(1));
  out << "       +" << std::string(width, '-') << "\n        " << left
      << std::string(width - std::min(width, left.size() + right.size()), ' ') << right << "\n";
  return out.str();
}

std::string SvgPlot(const v1::StorageReport& report) {
  constexpr double kWidth = 900, kHeight = 560, kLeft = 70, kTop = 30, kRight = 250, kBottom = 50;
  const Axes axes(report);
  const auto x = [&](double bytes) { return kLeft + axes.X(bytes) * (kWidth - kLeft - kRight); };
  const auto y = [&](double recall) {
    return kHeight - kBottom - axes.Y(recall) * (kHeight - kTop - kBottom);
  };
  std::ostringstream out;
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << kWidth << "\" height=\"" << kHeight
      << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
         "fill=\"white\"/>\n<text x=\""
      << kLeft << "\" y=\"18\">recall over bytes of memory a row, " << report.sampled_rows()
      << " of " << report.rows() << " rows</text>\n";
  for (int i = 0; i <= 4; ++i) {
    const double bytes = axes.BytesAt(i / 4.0), recall = axes.RecallAt(i / 4.0);
    out << "<line x1=\"" << kLeft << "\" x2=\"" << kWidth - kRight << "\" y1=\"" << y(recall)
        << "\" y2=\"" << y(recall) << "\" stroke=\"#ddd\"/>\n<text x=\"8\" y=\"" << y(recall) + 4
        << "\">" << Recall(recall) << "</text>\n<text x=\"" << x(bytes) << "\" y=\""
        << kHeight - kBottom + 20 << "\" text-anchor=\"middle\">" << Bytes(bytes) << "</text>\n";
  }
  if (axes.budget() > 0 && axes.X(axes.budget()) <= 1) {
    out << "<line x1=\"" << x(axes.budget()) << "\" x2=\"" << x(axes.budget()) << "\" y1=\"" << kTop
        << "\" y2=\"" << kHeight - kBottom
        << "\" stroke=\"#c33\" stroke-dasharray=\"4 3\"><title>budget</title></line>\n";
  }
  for (int i = 0; i < report.options_size(); ++i) {
    const auto& option = report.options(i);
    const char* colour = i == 0 ? "#c33" : option.pareto() ? "#26a" : "#aaa";
    out << "<circle cx=\"" << x(option.memory_bytes()) << "\" cy=\"" << y(option.recall())
        << "\" r=\"" << (i == 0 ? 6 : 4) << "\" fill=\"" << colour << "\"/>\n<text x=\""
        << kWidth - kRight + 16 << "\" y=\"" << kTop + 16 * (i + 1) << "\" fill=\"" << colour
        << "\">" << i << " " << XmlText(option.name()) << "</text>\n<text x=\""
        << x(option.memory_bytes()) + 7 << "\" y=\"" << y(option.recall()) - 5 << "\" fill=\""
        << colour << "\">" << i << "</text>\n";
  }
  out << "</svg>\n";
  return out.str();
}

}  // namespace sagitta::cli
