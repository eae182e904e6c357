// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Podman's part is played by a shell script that notes its arguments.
#include "engine/podman.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "engine/podman_answers.h"

using namespace docker_sync;

namespace {

const std::string kHex(64, 'a'), kId = "sha256:" + kHex, kLayer = "sha256:" + std::string(64, 'b');

std::string image(const std::string& tags, const std::string& digests = "[]", const std::string& id = kHex) {
  return R"([{"Id":")" + id + R"(","RepoTags":)" + tags + R"(,"RepoDigests":)" + digests + R"(,"RootFS":{"Layers":[")" +
         kLayer + R"("]}}])";
}

class Script {
 public:
  /// `cases` are those of a shell's `case` of the first argument.
  explicit Script(const std::string& cases) {
    char pattern[] = "/tmp/docker-sync-podman-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    std::ofstream(program()) << "#!/bin/sh\necho \"$*\" >>" << folder_ << "/log\ncase $1 in\n"
                             << "version) echo '{\"Client\":{\"Version\":\"4.3.1\"}}' ;;\n"
                             << cases << "\nesac\n";
    ::chmod(program().c_str(), 0755);
  }
  ~Script() {
    for (const char* name : {"/podman", "/log", "/input"}) std::remove((folder_ + name).c_str());
    std::remove(folder_.c_str());
  }
  Script(const Script&) = delete;
  [[nodiscard]] std::string program() const { return folder_ + "/podman"; }
  [[nodiscard]] std::string content(const char* name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ + name).rdbuf();
    return text.str();
  }
  [[nodiscard]] bool ran(const std::string& arguments) const {
    return content("/log").find(arguments + "\n") != std::string::npos;
  }
  [[nodiscard]] std::string folder() const { return folder_; }

 private:
  std::string folder_;
};

std::string say(const std::string& text) { return "echo '" + text + "'"; }

template <typename Work>
Error refusal(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return Error(ExitCode::ok, "no error");
}

Bytes read_all(Source& source) {
  MemorySink sink;
  copy(source, sink);
  return std::move(sink.bytes());
}

}  // namespace

TEST_CASE("Podman introduces itself, and one that is not there is an engine error") {
  const Script script("");
  CHECK(PodmanEngine(script.program()).description().starts_with("Podman 4.3.1"));
  CHECK(PodmanEngine(script.program()).partial_load() == PartialLoad::any_layer);
  CHECK(refusal([] { PodmanEngine("/nonexistent/podman"); }).code() == ExitCode::engine);
}

TEST_CASE("images are listed in two questions, and one that vanishes in between is left out") {
  const Script script("images) " + say(R"([{"Id":")" + kHex + R"("},{"Id":"gone"}])") + " ;;\nimage) " +
                      say(image(R"(["docker.io/library/app:1"])")) +
                      "; echo 'Error: inspecting object: gone' >&2; exit 125 ;;");
  const auto images = PodmanEngine(script.program()).list();
  REQUIRE(images.size() == 1);
  CHECK(images[0].id == kId);
  CHECK(script.ran("image inspect -- " + kId + " sha256:gone"));
}

TEST_CASE("an image that is not there is nothing, a podman that fails is an error") {
  const Script absent("image) echo '[]'; echo 'Error: inspecting object: x: image not known' >&2; exit 125 ;;");
  CHECK_FALSE(PodmanEngine(absent.program()).inspect("x"));
  const Script broken("image) echo 'Error: cannot find newuidmap' >&2; exit 125 ;;");
  const Error error = refusal([&] { (void)PodmanEngine(broken.program()).inspect("x"); });
  CHECK(error.code() == ExitCode::engine);
  CHECK(error.failure().find("newuidmap") != std::string::npos);
}

TEST_CASE("what is asked for is never taken for an option") {
  const Script script("image) echo '[]'; exit 125 ;;");
  PodmanEngine(script.program()).remove_untagged("--all");
  CHECK(script.ran("image inspect -- --all"));
  CHECK_FALSE(script.ran("rmi --no-prune -- --all"));
}

TEST_CASE("a save is read to its end, and fails if podman fails") {
  const Script script(
      "save) head -c 300000 /dev/zero; test $6 != bad || { echo 'Error: bad: image not known' >&2; exit 125; } ;;");
  PodmanEngine engine(script.program());
  CHECK(read_all(*engine.save({"one", "two"})) == Bytes(300'000, 0));
  CHECK(script.ran("save --quiet --format docker-archive --multi-image-archive -- one two"));
  const Script fails("save) head -c 300000 /dev/zero; echo 'Error: bad: image not known' >&2; exit 125 ;;");
  PodmanEngine failing(fails.program());
  CHECK(refusal([&] { (void)read_all(*failing.save({"bad"})); }).code() == ExitCode::image);
}

TEST_CASE("letting go of a save ends it") {
  const Script script("save) exec cat /dev/zero ;;");
  PodmanEngine engine(script.program());
  const auto archive = engine.save({"one"});
  Bytes block(1000);
  CHECK(archive->read(block) > 0);
}

TEST_CASE("a load is given the archive, and tells what was loaded") {
  const Script script("load) cat >$(dirname $0)/input; echo 'Loaded image: " + kId + "' ;;\nimage) " +
                      say(image("null")) + " ;;");
  PodmanEngine engine(script.program());
  const Bytes archive(300'000, 7);
  MemorySource source(archive);
  CHECK(engine.load(source) == std::vector{kId});
  CHECK(script.content("/input").size() == archive.size());
}

TEST_CASE("a load that podman refuses early tells podman's words") {
  ::signal(SIGPIPE, SIG_IGN);
  const Script script("load) echo 'Error: write /var/tmp/podman1: no space left on device' >&2; exit 125 ;;");
  PodmanEngine engine(script.program());
  const Bytes archive(5'000'000, 7);
  MemorySource source(archive);
  CHECK(refusal([&] { (void)engine.load(source); }).code() == ExitCode::disk);
}

TEST_CASE("an archive that breaks off is podman's to throw away, and the break is told") {
  class Breaking : public Source {
   public:
    size_t read(MutableBytes out) override {
      if (given_) throw Error(ExitCode::verification, "layer 3 is wrong");
      given_ = true;
      return out.size();
    }

   private:
    bool given_ = false;
  } source;
  // It marks that it lived to see the end.
  const Script script("load) cat >/dev/null; echo ended >$(dirname $0)/input; exit 125 ;;");
  PodmanEngine engine(script.program());
  CHECK(refusal([&] { (void)engine.load(source); }).code() == ExitCode::verification);
  CHECK(script.content("/input") == "ended\n");
}

TEST_CASE("a process that podman leaves behind with our pipes is not waited for") {
  const Script script(
      "images) sleep 600 & echo $! >$(dirname $0)/input; echo '[]' ;;\n"
      "save) sleep 600 & echo $! >>$(dirname $0)/input; echo data ;;");
  PodmanEngine engine(script.program());
  CHECK(engine.list().empty());
  CHECK(read_all(*engine.save({"one"})).size() == 5);
  std::istringstream left(script.content("/input"));
  for (pid_t pid; left >> pid;) CHECK(::kill(pid, SIGKILL) == 0);
}

TEST_CASE("a tag is checked, since a name may go elsewhere") {
  const Script script("tag) ;;\nimage) " + say(image(R"(["docker.io/library/app:1"])")) + " ;;");
  PodmanEngine engine(script.program());
  engine.tag(kId, Reference::parse("app:1"));
  CHECK(script.ran("tag -- " + kId + " docker.io/library/app:1"));
  CHECK(refusal([&] { engine.tag("sha256:other", Reference::parse("app:1")); }).code() == ExitCode::engine);
}

TEST_CASE("only what has no name is removed, without its parents") {
  struct Case {
    const char* tags;
    const char* digests;
    std::string id;
    bool removed;
  };
  for (const Case& one : {Case{"[]", "[]", kHex, true}, Case{"null", "null", kHex, true},
                          Case{R"(["localhost/app:1"])", "[]", kHex, false},
                          Case{"[]", R"(["docker.io/library/app@sha256:x"])", kHex, false},
                          // A manifest list, which podman describes by an image in it, and would remove that.
                          Case{"[]", "[]", std::string(64, 'c'), false}}) {
    CAPTURE(one.tags);
    const Script script("image) " + say(image(one.tags, one.digests, one.id)) + " ;;");
    PodmanEngine(script.program()).remove_untagged(kId);
    CHECK(script.ran("rmi --no-prune -- " + kId) == one.removed);
  }
}

TEST_CASE("an image in use is left, a failure to remove is told") {
  const Script used("image) " + say(image("[]")) + " ;;\nrmi) exit 2 ;;");
  PodmanEngine(used.program()).remove_untagged(kId);
  const Script broken("image) " + say(image("[]")) + " ;;\nrmi) echo 'Error: locked' >&2; exit 125 ;;");
  PodmanEngine engine(broken.program());
  CHECK(refusal([&] { engine.remove_untagged(kId); }).code() == ExitCode::engine);
}
