#include "filter/datetime.h"

#include "filter/printable.h"
#include "sagitta/filter.h"

namespace sagitta {
namespace filter {
namespace {

// Reads from the front of a text; every step fails at its end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool AtEnd() const { return text_.empty(); }
  bool Accept(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos) return false;
    last_ = text_.front();
    text_.remove_prefix(1);
    return true;
  }
  char last() const { return last_; }
  // Exactly `digits` digits, at most `max`.
  bool Digits(int digits, int max, int* value) {
    if (text_.size() < static_cast<size_t>(digits)) return false;
    int sum = 0;
    for (int i = 0; i < digits; ++i) {
      if (!IsDigit(text_[i])) return false;
      sum = sum * 10 + (text_[i] - '0');
    }
    if (sum > max) return false;
    text_.remove_prefix(digits);
    *value = sum;
    return true;
  }
  // One digit or more, as thousandths, cut after the third.
  bool Thousandths(int* value) {
    if (text_.empty() || !IsDigit(text_.front())) return false;
    int sum = 0;
    int weight = 100;
    for (; !text_.empty() && IsDigit(text_.front()); text_.remove_prefix(1)) {
      sum += weight * (text_.front() - '0');
      weight /= 10;
    }
    *value = sum;
    return true;
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  std::string_view text_;
  char last_ = 0;
};

bool IsLeapYear(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

// Days since 1970-01-01, proleptic Gregorian. Counts years from March, so that the leap day comes
// last.
int64_t DaysSinceEpoch(int year, int month, int day) {
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

bool ReadDate(Scanner& in, int64_t* days) {
  int year, month, day;
  if (!in.Digits(4, 9999, &year) || !in.Accept("-") || !in.Digits(2, 12, &month) ||
      !in.Accept("-") || !in.Digits(2, 31, &day)) {
    return false;
  }
  if (month < 1 || day < 1 || day > DaysInMonth(year, month)) return false;
  *days = DaysSinceEpoch(year, month, day);
  return true;
}

// Minutes east of UTC.
bool ReadOffset(Scanner& in, int* minutes) {
  *minutes = 0;
  if (in.Accept("Zz")) return true;
  if (!in.Accept("+-")) return false;
  const int sign = in.last() == '-' ? -1 : 1;
  int hour, minute;
  if (!in.Digits(2, 23, &hour) || !in.Accept(":") || !in.Digits(2, 59, &minute)) return false;
  *minutes = sign * (hour * 60 + minute);
  return true;
}

}  // namespace

bool ParseDatetime(std::string_view text, int64_t* ms) {
  if (text.size() > kMaxDatetimeBytes) return false;
  Scanner in(text);
  int64_t days;
  if (!ReadDate(in, &days)) return false;
  constexpr int64_t kMinutesPerDay = 24 * 60;
  if (in.AtEnd()) {
    *ms = days * kMinutesPerDay * 60'000;
    return true;
  }
  int hour, minute, second, fraction = 0, offset;
  if (!in.Accept("Tt ") || !in.Digits(2, 23, &hour) || !in.Accept(":") ||
      !in.Digits(2, 59, &minute) || !in.Accept(":") || !in.Digits(2, 60, &second)) {
    return false;
  }
  if (in.Accept(".") && !in.Thousandths(&fraction)) return false;
  if (!ReadOffset(in, &offset) || !in.AtEnd()) return false;
  const int64_t minutes = days * kMinutesPerDay + hour * 60 + minute - offset;
  if (second == 60) {
    const int64_t minute_of_day = (minutes % kMinutesPerDay + kMinutesPerDay) % kMinutesPerDay;
    if (minute_of_day != kMinutesPerDay - 1) return false;
  }
  *ms = minutes * 60'000 + second * 1000 + fraction;
  return true;
}

}  // namespace filter

Result<int64_t> ParseDatetimeMs(std::string_view text) {
  int64_t ms = 0;
  if (filter::ParseDatetime(text, &ms)) return ms;
  return Status::InvalidArgument(
      "datetime",
      filter::Printable(text) +
          " is not an RFC 3339 date or date-time like 2026-11-24 or 2026-11-24T08:00:00Z");
}

}  // namespace sagitta
