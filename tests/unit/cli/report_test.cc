// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/report.h"

#include <doctest/doctest.h>

#include "example.h"

namespace docker_sync {

namespace {

using namespace example;

/// One image of each status, one that only the destination has, and untagged ones.
Report make_example() {
  const ImageInfo current = image("app:1", kOld), old = image("team/web:2", kOld), later = image("team/web:2", kNew),
                  unknown = image("zlib", "0001-01-01T00:00:00Z");
  Report report;
  report.images = {plan("app:1", current, {current, old}), plan("team/web:2", later, {current, old}),
                   plan("zlib", unknown, {current, old})};
  report.only_there = {image("only:1", kNew)};
  report.untagged_source = 2;
  report.untagged_destination = 1;
  return report;
}

const Route kPull{"user@server", false}, kPush{"user@server", true}, kBetween{"b", true, "user@a"};

}  // namespace

TEST_CASE("the table of a pull: here is the destination") {
  CHECK(report_table(make_example(), kPull, {kNow, false}) ==
        "IMAGE        STATUS       NEWER  HERE        THERE\n"
        "app:1        current      -      3 days ago  3 days ago\n"
        "team/web:2   need update  there  3 days ago  24 hours ago\n"
        "zlib:latest  new          -      -           -\n"
        "\n"
        "1 current, 1 need update, 1 new; only here: 1; untagged, skipped: 1 here, 2 there\n");
}

TEST_CASE("the table of a push: here is the source") {
  CHECK(report_table(make_example(), kPush, {kNow, false}) ==
        "IMAGE        STATUS       NEWER  HERE          THERE\n"
        "app:1        current      -      3 days ago    3 days ago\n"
        "team/web:2   need update  here   24 hours ago  3 days ago\n"
        "zlib:latest  new          -      -             -\n"
        "\n"
        "1 current, 1 need update, 1 new; only there: 1; untagged, skipped: 2 here, 1 there\n");
}

TEST_CASE("the table between two others: the source first") {
  const std::string table = report_table(make_example(), kBetween, {kNow, false});
  CHECK(
      table.starts_with("IMAGE        STATUS       NEWER   SOURCE        DESTINATION\n"
                        "app:1        current      -       3 days ago    3 days ago\n"
                        "team/web:2   need update  source  24 hours ago  3 days ago\n"));
  CHECK(table.ends_with("only at the destination: 1; untagged, skipped: 2 source, 1 destination\n"));
}

TEST_CASE("colours are for the status alone and do not move columns") {
  const std::string plain = report_table(make_example(), kPull, {kNow, false});
  std::string coloured = report_table(make_example(), kPull, {kNow, true});
  CHECK(coloured.find("\033[33mneed update\033[0m  there") != std::string::npos);
  for (size_t at; (at = coloured.find('\033')) != std::string::npos;) coloured.erase(at, coloured.find('m', at) - at + 1);
  CHECK(coloured == plain);
}

TEST_CASE("two empty hosts make a table of nothing") {
  CHECK(report_table({}, kPull, {kNow, false}) ==
        "IMAGE  STATUS  NEWER  HERE  THERE\n"
        "\n"
        "0 current, 0 need update, 0 new\n");
}

TEST_CASE("which side is newer") {
  CHECK(newer_side(Newer::source, kPull) == "there");
  CHECK(newer_side(Newer::source, kPush) == "here");
  CHECK(newer_side(Newer::destination, kPull) == "here");
  CHECK(newer_side(Newer::destination, kPush) == "there");
  CHECK(newer_side(Newer::same, kPush) == "same");
  CHECK(newer_side(Newer::unknown, kPush).empty());
}

namespace {

std::vector<std::string> selected(const Selection& selection) {
  const Report report = select_from(make_example(), selection);
  std::vector<std::string> names;
  for (const ImagePlan& image : report.images) names.push_back(image.name.familiar());
  for (const ImageInfo& image : report.only_there) names.push_back("only " + image.names.front().familiar());
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a report shows what was selected, or all") {
  const Reference app = Reference::parse("app:1"), only = Reference::parse("only:1");
  CHECK(selected({}) == Names{"app:1", "team/web:2", "zlib:latest", "only only:1"});
  CHECK(selected({.all = true}) == Names{"app:1", "team/web:2", "zlib:latest", "only only:1"});
  CHECK(selected({.names = {app}}) == Names{"app:1"});
  CHECK(selected({.names = {only}}) == Names{"only only:1"});
  CHECK(selected({.update = true}) == Names{"team/web:2"});
  CHECK(selected({.names = {app}, .new_images = true}) == Names{"app:1", "zlib:latest"});
}

TEST_CASE("a named image is missing only where neither side has it") {
  const Reference app = Reference::parse("app:1"), only = Reference::parse("only:1"), none = Reference::parse("none");
  CHECK(missing_in(make_example(), {.names = {app, none, only}}) == std::vector<Reference>{none});
  CHECK(missing_in(make_example(), {}).empty());
}

}  // namespace docker_sync
