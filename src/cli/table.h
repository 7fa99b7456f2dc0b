// Table: aligned columns of text for a person to read. Thread-compatible.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sagitta::cli {

class Table {
 public:
  enum class Align : uint8_t { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // REQUIRES: as many cells as columns. Control characters are shown as \xNN, so that stored text
  // cannot drive the terminal; cells over 120 characters are cut with "…".
  void AddRow(std::vector<std::string> cells);
  void Print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Code points of UTF-8 text; bytes that are not UTF-8 count one each.
size_t DisplayWidth(std::string_view text);
std::string EscapeControls(std::string_view text);

std::string FormatCount(uint64_t n);        // "60,000"
std::string FormatBytes(uint64_t bytes);    // "1.5 GiB"
std::string FormatSeconds(double seconds);  // "0.8 s", "4:05", "1:02:03"; "–" when negative
std::string FormatTime(int64_t unix_ms);    // RFC 3339 UTC, "–" for 0
std::string FormatFixed(double value, int digits);

}  // namespace sagitta::cli
