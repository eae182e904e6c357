// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/amount.h"

#include <doctest/doctest.h>

namespace docker_sync {

TEST_CASE("numbers have a comma before each three digits") {
  CHECK(with_thousands(0) == "0");
  CHECK(with_thousands(999) == "999");
  CHECK(with_thousands(1000) == "1,000");
  CHECK(with_thousands(123456) == "123,456");
  CHECK(with_thousands(1234567) == "1,234,567");
  CHECK(with_thousands(UINT64_MAX) == "18,446,744,073,709,551,615");
}

TEST_CASE("bytes are short in decimal units with one decimal") {
  CHECK(short_bytes(0) == "0 B");
  CHECK(short_bytes(999) == "999 B");
  CHECK(short_bytes(1000) == "1.0 kB");
  CHECK(short_bytes(823'960'000) == "824.0 MB");
  CHECK(short_bytes(UINT64_MAX) == "18.4 EB");
}

TEST_CASE("what would be rounded to a thousand is one of the next unit") {
  CHECK(short_bytes(999'949) == "999.9 kB");
  CHECK(short_bytes(999'950) == "1.0 MB");
}

TEST_CASE("a rate is never below nothing") {
  CHECK(short_rate(1234567.8) == "1.2 MB/s");
  CHECK(short_rate(-5) == "0 B/s");
}

TEST_CASE("times are read as engines write them") {
  CHECK(parse_time("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_time("2024-05-04T12:00:00Z") == 1714824000);
  CHECK(parse_time("2024-05-04T12:00:00.123456789Z") == 1714824000);
  CHECK(parse_time("2024-05-04T14:00:00+02:00") == 1714824000);
  CHECK(parse_time("2024-05-04T06:30:00-05:30") == 1714824000);
}

TEST_CASE("what is no time is none") {
  const std::string whole = "2024-05-04T12:00:00.5+02:00";
  for (size_t length = 0; length < whole.size(); ++length) CHECK_FALSE(parse_time(whole.substr(0, length)));
  for (const char* text : {"2024-05-04 12:00:00Z", "2024-05-04T12:00:00Zulu", "-024-05-04T12:00:00Z", "yesterday",
                           "2024-05-04T12:00:00+0200", "2024-05-04T12:00:-1Z", "2024-05-04T12:00:00+02:00Z"}) {
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("an image that does not tell its age has none") {
  CHECK(age_of("0001-01-01T00:00:00Z", 1714824000) == "-");
  CHECK(age_of("", 1714824000) == "-");
}

TEST_CASE("ages grow coarser as docker's do") {
  const auto age = [](time_t seconds) { return age_of("1970-01-01T00:00:00Z", seconds); };
  CHECK(age(0) == "0 seconds ago");
  CHECK(age(1) == "1 second ago");
  CHECK(age(59) == "59 seconds ago");
  CHECK(age(60) == "1 minute ago");
  CHECK(age(3599) == "59 minutes ago");
  CHECK(age(47 * 3600) == "47 hours ago");
  CHECK(age(48 * 3600) == "2 days ago");
  CHECK(age(14 * 86400) == "2 weeks ago");
  CHECK(age(60 * 86400) == "2 months ago");
  CHECK(age(731 * 86400) == "2 years ago");
}

TEST_CASE("a clock that is ahead is not hidden") {
  CHECK(age_of("1970-01-01T01:00:00Z", 0) == "in 1 hour");
}

}  // namespace docker_sync
