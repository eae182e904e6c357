// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/amount.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace docker_sync {

namespace {

constexpr time_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kYear = 365 * kDay;

/// Reads exactly `count` digits at the front of `text`, and takes them off.
std::optional<int> take_digits(std::string_view& text, size_t count) {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + count, value);
  if (failure != std::errc() || end != text.data() + count || text.front() == '-') return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

/// "Z", "+02:00" or "-02:00", which must be all of the text, in seconds.
std::optional<time_t> zone_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const time_t sign = text.starts_with('-') ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || !text.empty()) return std::nullopt;
  return sign * (*hours * kHour + *minutes * kMinute);
}

std::string count_of(time_t number, const char* unit) {
  return fmt::format("{} {}{}", number, unit, number == 1 ? "" : "s");
}

std::string duration(time_t seconds) {
  if (seconds < kMinute) return count_of(seconds, "second");
  if (seconds < kHour) return count_of(seconds / kMinute, "minute");
  if (seconds < 2 * kDay) return count_of(seconds / kHour, "hour");
  if (seconds < 14 * kDay) return count_of(seconds / kDay, "day");
  if (seconds < 60 * kDay) return count_of(seconds / (7 * kDay), "week");
  if (seconds < 2 * kYear) return count_of(seconds / (30 * kDay), "month");
  return count_of(seconds / kYear, "year");
}

}  // namespace

std::string with_thousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string short_bytes(uint64_t bytes) {
  static constexpr std::array kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  // What would be rounded to 1000.0 is 1.0 of the next.
  for (; value >= 999.95 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

std::string short_rate(double bytes_per_second) {
  return short_bytes(bytes_per_second > 0 ? static_cast<uint64_t>(bytes_per_second) : 0) + "/s";
}

std::optional<time_t> parse_time(std::string_view text) {
  std::array<int, 6> fields{};
  static constexpr std::array<size_t, 6> kDigits{4, 2, 2, 2, 2, 2};
  static constexpr std::string_view kAfter = "--T::";
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto value = take_digits(text, kDigits.at(i));
    if (!value) return std::nullopt;
    fields.at(i) = *value;
    if (i < kAfter.size() && !take(text, kAfter[i])) return std::nullopt;
  }
  if (take(text, '.')) text.remove_prefix(std::min(text.size(), text.find_first_not_of("0123456789")));
  const auto offset = zone_offset(text);
  if (!offset || fields[0] < 1970) return std::nullopt;
  std::tm parts{};
  parts.tm_year = fields[0] - 1900;
  parts.tm_mon = fields[1] - 1;
  parts.tm_mday = fields[2];
  parts.tm_hour = fields[3];
  parts.tm_min = fields[4];
  parts.tm_sec = fields[5];
  return timegm(&parts) - *offset;
}

std::string age_of(std::string_view created, time_t now) {
  const auto time = parse_time(created);
  if (!time) return "-";
  return *time <= now ? duration(now - *time) + " ago" : "in " + duration(*time - now);
}

}  // namespace docker_sync
