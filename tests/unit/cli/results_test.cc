// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/results.h"

#include <doctest/doctest.h>

#include "example.h"

namespace docker_sync {

namespace {

using namespace example;

const Route kPull{"user@server", false}, kPush{"user@server", true}, kBetween{"b", true, "user@a"};

/// An update of one of two layers.
Outcome outcome(Result result) {
  const ImageInfo old = image("app:1", kOld), later = image("app:1", kNew, 823'960'000);
  return {plan("app:1", later, {old}), result, 0, std::nullopt};
}

/// The image has layers at the destination, but not where it needs them.
ImagePlan reordered() {
  ImageInfo source = image("app:1", kNew), other = image("other:1", kOld);
  source.identity.diff_ids = {digest("a"), digest("b"), digest("c")};
  other.identity.diff_ids = {digest("b"), digest("a")};
  return plan("app:1", source, {other});
}

}  // namespace

TEST_CASE("a line for each result") {
  CHECK(result_line(outcome(Result::current), kPull) == "app:1  current\n");
  CHECK(result_line(outcome(Result::updated), kPull) == "app:1  updated  (basis app:1, 1 of 2 layers needed)\n");
  CHECK(result_line(outcome(Result::added), kPull) == "app:1  new  (basis app:1, 1 of 2 layers needed)\n");
  CHECK(result_line(outcome(Result::failed), kPull) == "app:1  failed\n");
}

TEST_CASE("what is skipped says on which side the newer copy is") {
  CHECK(result_line(outcome(Result::skipped), kPull) ==
        "app:1  skipped  (the copy here is newer; --force overwrites)\n");
  CHECK(result_line(outcome(Result::skipped), kPush) ==
        "app:1  skipped  (the copy there is newer; --force overwrites)\n");
}

TEST_CASE("between two others there is neither here nor there") {
  CHECK(result_line(outcome(Result::skipped), kBetween) ==
        "app:1  skipped  (the copy at the destination is newer; --force overwrites)\n");
  CHECK(kBetween.source() == "user@a");
  CHECK(kBetween.destination() == "b");
}

TEST_CASE("a route is a pull or a push where one end is here") {
  const Address local, a = Address::parse("user@a"), b = Address::parse("unix:///b.sock");
  CHECK(Route::between(a, local).direction() == "pull");
  CHECK(Route::between(a, local).source() == "user@a");
  CHECK(Route::between(local, b).direction() == "push");
  CHECK(Route::between(local, b).destination() == "unix:///b.sock");
  CHECK(Route::between(local, b).source() == kThisHost);
  CHECK(Route::between(a, b).direction() == "between");
  CHECK(Route::between(a, b).source() == "user@a");
}

TEST_CASE("what several runs cost adds up, but for the time") {
  Totals sum{.sent = 1, .received = 2, .helper_uploaded = 3, .total_size = 4, .seconds = 5};
  sum += {.sent = 10, .received = 20, .helper_uploaded = 30, .total_size = 40, .seconds = 2};
  CHECK(sum.sent == 11);
  CHECK(sum.received == 22);
  CHECK(sum.helper_uploaded == 33);
  CHECK(sum.total_size == 44);
  CHECK(sum.seconds == 5);
}

TEST_CASE("a dry run says what would travel at most") {
  CHECK(result_line(outcome(Result::planned), kPull) ==
        "app:1  would be updated  (basis app:1, 1 of 2 layers needed, at most 824.0 MB)\n");
  const std::vector<Outcome> outcomes{outcome(Result::planned), outcome(Result::current), outcome(Result::planned)};
  CHECK(dry_run_line(outcomes, kPull) ==
        "\ndry run: nothing was changed; 2 images would be received, at most 1,647,920,000 bytes\n");
  CHECK(dry_run_line({outcome(Result::planned)}, kPush) ==
        "\ndry run: nothing was changed; 1 image would be sent, at most 823,960,000 bytes\n");
}

TEST_CASE("an image of which no layer is needed costs nothing but its configuration") {
  ImageInfo source = image("app:1", kNew);
  const ImageInfo old = image("app:1", kOld);
  source.identity.diff_ids = old.identity.diff_ids;
  const Outcome planned{plan("app:1", source, {old}), Result::planned, 0, std::nullopt};
  CHECK(result_line(planned, kPull) == "app:1  would be updated  (0 of 2 layers needed)\n");
}

TEST_CASE("an image that is there under another name only needs the name") {
  ImageInfo other = image("app:1", kNew);
  const ImageInfo source = other;
  other.names = {Reference::parse("copy:1")};
  const Outcome added{plan("app:1", source, {other}), Result::added, 0, std::nullopt};
  CHECK(result_line(added, kPull) == "app:1  new  (already there, only the name is new)\n");
}

TEST_CASE("without basis the layers travel that are elsewhere at the destination") {
  CHECK(reordered().layers_needed() == 1);
  CHECK(describe_plan(without_basis(reordered())) == "3 of 3 layers needed");
}

TEST_CASE("a label that an engine made up cannot command the terminal") {
  Outcome result = outcome(Result::updated);
  result.plan.basis.label = "\033[2J";
  CHECK(result_line(result, kPull).find('\033') == std::string::npos);
}

TEST_CASE("the last lines are those of rsync") {
  CHECK(totals_lines({.sent = 12'345, .received = 1'234'567, .total_size = 823'960'000, .seconds = 2}) ==
        "\n"
        "sent 12,345 bytes  received 1,234,567 bytes  623,456 bytes/sec\n"
        "total size is 823,960,000  speedup is 660.80\n");
}

TEST_CASE("between two ends of this host there is no speed to boast of") {
  CHECK(totals_lines({.total_size = 9'085'967}) ==
        "\n"
        "no network was used\n"
        "total size is 9,085,967\n");
}

TEST_CASE("a byte sent in no time is no division by zero") {
  CHECK(totals_lines({.sent = 1}) ==
        "\n"
        "sent 1 bytes  received 0 bytes  1,000 bytes/sec\n"
        "total size is 0  speedup is 0.00\n");
}

TEST_CASE("the helper's upload has a line of its own") {
  CHECK(helper_line("user@server", 1'550'000) == "helper installed on user@server: 1,550,000 bytes\n");
}

}  // namespace docker_sync
