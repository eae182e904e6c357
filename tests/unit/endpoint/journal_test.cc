// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/journal.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache_scratch.h"
#include "fake_engine.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

using Folder = CacheScratch;

/// As after kill -9: the mark is there, and nobody holds it.
void leave_mark(const std::string& folder, const Digest& image) {
  const pid_t child = ::fork();
  if (child == 0) {
    Journal journal(folder);
    const Journal::Entry entry = journal.begin(image);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

}  // namespace

TEST_CASE("an image that a dead process left without a name is removed, and its mark") {
  const Folder folder;
  FakeEngine engine;
  const Digest image = Digest::parse(engine.add({}, {tar_file("a", "1") + tar_end()}));
  leave_mark(folder.path, image);
  Journal(folder.path).sweep(engine, std::nullopt);
  CHECK(engine.ids().empty());
  CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("one that got a name meanwhile, or is wanted now, stays") {
  const Folder folder;
  FakeEngine engine;
  const Digest named = Digest::parse(engine.add({"app"}, {tar_file("a", "1") + tar_end()}));
  const Digest wanted = Digest::parse(engine.add({}, {tar_file("a", "2") + tar_end()}));
  leave_mark(folder.path, named);
  leave_mark(folder.path, wanted);
  Journal(folder.path).sweep(engine, wanted);
  CHECK(engine.ids().size() == 2);
}

TEST_CASE("the mark of a living process is left alone") {
  const Folder folder;
  FakeEngine engine;
  const Digest image = Digest::parse(engine.add({}, {tar_file("a", "1") + tar_end()}));
  Journal journal(folder.path);
  const Journal::Entry entry = journal.begin(image);
  Journal(folder.path).sweep(engine, std::nullopt);
  CHECK(engine.ids().size() == 1);
}

TEST_CASE("a forgotten mark is gone") {
  const Folder folder;
  Journal journal(folder.path + "/made/when/needed");
  Journal::Entry entry = journal.begin(Digest{});
  CHECK_FALSE(std::filesystem::is_empty(folder.path + "/made/when/needed"));
  entry.forget();
  CHECK(std::filesystem::is_empty(folder.path + "/made/when/needed"));
}

TEST_CASE("without a folder nothing is written and nothing fails") {
  FakeEngine engine;
  Journal journal("");
  journal.begin(Digest{}).forget();
  journal.sweep(engine, std::nullopt);
  Journal unwritable("/proc/nowhere");
  unwritable.begin(Digest{}).forget();
}

TEST_CASE("files that are no marks are not touched") {
  const Folder folder;
  FakeEngine engine;
  std::filesystem::create_directory(folder.path + "/notes");
  Journal(folder.path).sweep(engine, std::nullopt);
  CHECK(std::filesystem::exists(folder.path + "/notes"));
}
