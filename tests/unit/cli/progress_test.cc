// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/progress.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "example.h"

namespace docker_sync {

namespace {

using namespace example;
using std::chrono::milliseconds;

const RateMeter::Time kStart{};
constexpr size_t kWide = 200;

RateMeter::Time at(int ms) { return kStart + milliseconds(ms); }

/// An image of four layers, of which the last three travel.
ImagePlan make_plan(const std::string& name = "app:1") {
  ImageInfo source = image(name, kNew, 100'000'000), old = image(name, kOld);
  source.identity.diff_ids = {digest("base"), digest("one"), digest("two"), digest("three")};
  return plan(name, source, {old});
}

ProgressLine line() { return {make_plan(), 2, 5, kStart}; }

}  // namespace

TEST_CASE("bytes of the last seconds make the rate") {
  RateMeter meter(at(0));
  CHECK(meter.rate() == 0);
  meter.add(at(1000), 1000);
  CHECK(meter.rate() == doctest::Approx(1000));
  for (int second = 2; second <= 20; ++second) meter.add(at(second * 1000), 1000);
  CHECK(meter.rate() == 0);
}

TEST_CASE("a count that starts again is no negative rate") {
  RateMeter meter(at(0));
  meter.add(at(1000), 5000);
  meter.add(at(2000), 300);
  CHECK(meter.rate() == doctest::Approx(300));
}

TEST_CASE("many samples at once are no division by zero") {
  RateMeter meter(at(0));
  meter.add(at(0), 5000);
  CHECK(meter.rate() == 0);
}

TEST_CASE("an image begins with what is planned") {
  CHECK(line().text(kWide, at(0)) == "[2/5] app:1  basis app:1, 3 of 4 layers needed");
}

TEST_CASE("what an engine gives out is measured by the image's size") {
  ProgressLine shown = line();
  shown.update({Stage::reading, 25'000'000, 0, std::nullopt}, at(500));
  CHECK(shown.text(kWide, at(500)) == "[2/5] app:1  reading  25.0 MB of 100.0 MB  25%  50.0 MB/s");
  shown.update({Stage::reading, 125'000'000, 0, std::nullopt}, at(1000));
  CHECK(shown.text(kWide, at(1000)) == "[2/5] app:1  reading  125.0 MB  125.0 MB/s");
}

TEST_CASE("the layer at work is counted among those that travel") {
  ProgressLine shown = line();
  shown.update({Stage::loading, 10, 40, digest("two")}, at(1000));
  CHECK(shown.text(kWide, at(1000)) == "[2/5] app:1  loading layer 2/3  10 B of 40 B  25%  10 B/s");
  shown.update({Stage::loading, 10, 40, digest("base")}, at(1000));
  CHECK(shown.text(kWide, at(1000)).find("layer") == std::string::npos);
}

TEST_CASE("what is sent has the link's rate") {
  ProgressLine shown = line();
  shown.update_link(1'000'000, at(0));
  shown.update({Stage::sending, 0, 80'000'000, std::nullopt}, at(900));
  shown.update_link(3'000'000, at(1000));
  CHECK(shown.text(kWide, at(1000)) == "[2/5] app:1  sending  0 B of 80.0 MB  0%  2.0 MB/s");
}

TEST_CASE("of stages that go on side by side the one nearest to the end is shown") {
  ProgressLine shown = line();
  shown.update({Stage::sending, 1, 2, std::nullopt}, at(1000));
  shown.update({Stage::comparing, 1, 2, std::nullopt}, at(1500));
  CHECK(shown.text(kWide, at(1900)).find("sending") != std::string::npos);
  CHECK(shown.text(kWide, at(2100)).find("comparing") != std::string::npos);
  // Nothing happens: the last thing that did stays.
  CHECK(shown.text(kWide, at(60'000)).find("comparing") != std::string::npos);
}

TEST_CASE("more done than there was to do is not above 100%") {
  ProgressLine shown = line();
  shown.update({Stage::loading, 50, 40, std::nullopt}, at(1000));
  CHECK(shown.text(kWide, at(1000)).find("100%") != std::string::npos);
}

TEST_CASE("a stage that is none of ours is not shown") {
  ProgressLine shown = line();
  shown.update({static_cast<Stage>(77), 1, 2, std::nullopt}, at(0));
  CHECK(shown.text(kWide, at(0)) == line().text(kWide, at(0)));
}

TEST_CASE("the line never is wider than the terminal, and gives up the name before the numbers") {
  ProgressLine shown{make_plan("registry.example:5000/team/a-rather-long-name:with-a-tag"), 1, 1, kStart};
  shown.update({Stage::reading, 25'000'000, 0, std::nullopt}, at(500));
  for (size_t columns = 0; columns < 120; ++columns) CHECK(shown.text(columns, at(500)).size() <= columns);
  CHECK(shown.text(60, at(500)) == "[1/1] regis...  reading  25.0 MB of 100.0 MB  25%  50.0 MB/s");
}

namespace {

/// What `work` writes to standard error, at most what a pipe holds.
std::string shown_by(auto work) {
  Pipe pipe = make_pipe();
  const Fd saved(::dup(STDERR_FILENO));
  ::dup2(pipe.write_end.get(), STDERR_FILENO);
  pipe.write_end.reset();
  work();
  ::dup2(saved.get(), STDERR_FILENO);
  FdSource source(pipe.read_end);
  MemorySink sink;
  copy(source, sink);
  return std::string(as_text(sink.bytes()));
}

/// Prints to where progress is shown, so that the order of both can be seen.
struct Results : Observer {
  void begin(const ImagePlan&, size_t, size_t) override {}
  void progress(const Progress&) override {}
  void finish(const Outcome&) override { REQUIRE(::write(STDERR_FILENO, "result\n", 7) == 7); }
};

}  // namespace

TEST_CASE("the line is drawn in place, and gone before the result is printed") {
  const std::string shown = shown_by([] {
    Results results;
    TerminalProgress progress(results, [] { return uint64_t{0}; });
    progress.begin(make_plan(), 1, 1);
    progress.progress({Stage::reading, 25'000'000, 0, std::nullopt});
    progress.finish({make_plan(), Result::updated, 0, std::nullopt});
  });
  CHECK(shown.starts_with("\r[1/1] app:1  basis app:1, 3 of 4 layers needed\033[K\r"));
  CHECK(shown.find("\r[1/1] app:1  reading  25.0 MB of 100.0 MB  25%") != std::string::npos);
  CHECK(shown.ends_with("\r\033[Kresult\n"));
}

TEST_CASE("without an image nothing is drawn") {
  CHECK(shown_by([] {
          Results results;
          TerminalProgress progress(results, [] { return uint64_t{0}; });
          progress.progress({Stage::reading, 1, 0, std::nullopt});
        }).empty());
}

TEST_CASE("what is left by a failure is erased") {
  const std::string shown = shown_by([] {
    Results results;
    TerminalProgress progress(results, [] { return uint64_t{0}; });
    progress.begin(make_plan(), 1, 1);
  });
  CHECK(shown.ends_with("\r\033[K"));
}

}  // namespace docker_sync
