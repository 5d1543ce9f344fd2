#include "engine/export/report_text.h"

#include <chrono>
#include <iterator>

#include "engine/export/charts.h"
#include "engine/export/figures.h"

namespace palimpsest::report {

std::string plural(std::size_t n, const std::string& word) {
  return std::to_string(n) + " " + word + (n == 1 ? "" : "s");
}

std::string dateText(std::int64_t us) {
  using namespace std::chrono;
  const sys_time<microseconds> time{microseconds(us)};
  const year_month_day day{floor<days>(time)};
  const hh_mm_ss clock{floor<minutes>(time - floor<days>(time))};
  const auto two = [](auto n) { return std::string(n < 10 ? "0" : "").append(std::to_string(n)); };
  return std::to_string(static_cast<int>(day.year())) + "-" + two(static_cast<unsigned>(day.month())) + "-" +
         two(static_cast<unsigned>(day.day())) + " " + two(clock.hours().count()) + ":" + two(clock.minutes().count()) +
         " UTC";
}

std::string groupedText(std::int64_t n) {  // 12 345, with narrow spaces that do not break
  std::string digits = std::to_string(n), out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0) out += "\u202f";
    out += digits[i];
  }
  return out;
}

std::string bytesText(std::int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return fixed(value, unit == 0 ? 0 : 1) + " " + kUnits[unit];
}

std::string swatch(std::size_t method) {
  const Colour colour = slotColour(static_cast<int>(method));
  return "<span class=\"swatch\" style=\"--l:" + colour.light + ";--d:" + colour.dark + "\"></span>";
}

// `wide`: other cells of the column have a deviation; an invisible one keeps the means below one another.
std::string spreadHtml(const Spread& spread, int decimals, bool wide) {
  const std::string mean = spread.mean ? fixed(*spread.mean, decimals) : "–";
  if (!spread.deviation && !wide) return mean;
  return mean + " <span class=\"pm" + (spread.deviation ? "" : " ghost") + "\">± " +
         fixed(spread.deviation.value_or(0), decimals) + "</span>";
}

}  // namespace palimpsest::report
