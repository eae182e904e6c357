// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/spool.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/hash.h"
#include "outcome.h"

using namespace docker_sync;

namespace {

class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool is_empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::string path_ = "/var/tmp/docker-sync-spool-test-XXXXXX";
};

/// Sets TMPDIR for one test.
class TmpDir {
 public:
  explicit TmpDir(const char* value) {
    if (const char* old = std::getenv("TMPDIR")) old_ = old;
    value != nullptr ? ::setenv("TMPDIR", value, 1) : ::unsetenv("TMPDIR");
  }
  ~TmpDir() { old_ ? ::setenv("TMPDIR", old_->c_str(), 1) : ::unsetenv("TMPDIR"); }
  TmpDir(const TmpDir&) = delete;
  TmpDir& operator=(const TmpDir&) = delete;

 private:
  std::optional<std::string> old_;
};

Bytes pattern(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 251);
  return bytes;
}

}  // namespace

TEST_CASE("spools go to the named folder, else to TMPDIR, else to /var/tmp") {
  const Folder named, tmpdir;
  {
    const TmpDir environment(tmpdir.path().c_str());
    CHECK(SpoolSpace(named.path()).path() == named.path());
    CHECK(SpoolSpace("").path() == tmpdir.path());
  }
  for (const char* nothing : {static_cast<const char*>(nullptr), ""}) {
    const TmpDir environment(nothing);
    CHECK(SpoolSpace("").path() == "/var/tmp");
  }
}

TEST_CASE("memory is no place for scratch unless it is named") {
  struct statfs info {};
  const std::string memory = "/dev/shm";
  if (::statfs(memory.c_str(), &info) != 0 || info.f_type != 0x01021994) {
    MESSAGE("there is no tmpfs here");
    return;
  }
  const TmpDir environment(memory.c_str());
  CHECK(SpoolSpace("").path() == "/var/tmp");
  CHECK(SpoolSpace(memory).path() == memory);
}

TEST_CASE("a folder that cannot be used is the disk's error") {
  CHECK(outcome([] { SpoolSpace("/nonexistent"); }) == ExitCode::disk);
  CHECK(outcome([] { SpoolSpace("/etc/passwd"); }) == ExitCode::disk);
  CHECK(outcome([] { SpoolSpace("/proc"); }) != ExitCode::internal);
}

TEST_CASE("space is asked for before it is used") {
  const Folder folder;
  const SpoolSpace spools(folder.path());
  CHECK(outcome([&] { spools.require_space(0); }) == ExitCode::ok);
  CHECK(outcome([&] { spools.require_space(UINT64_MAX); }) == ExitCode::disk);
}

TEST_CASE("a spool has no name, not even while it is written") {
  const Folder folder;
  const SpoolSpace space(folder.path(), 1000);
  Spool spool(space);
  CHECK(folder.is_empty());
  spool.write(pattern(1'000'000));
  spool.flush();
  CHECK(folder.is_empty());
}

TEST_CASE("what was written in pieces of any size is read anywhere") {
  const Folder folder;
  size_t in_memory = 0;
  SUBCASE("all of it on the disk") {}
  SUBCASE("some in memory") { in_memory = 1'234'567; }
  SUBCASE("all in memory") { in_memory = 3'000'000; }
  const SpoolSpace space(folder.path(), in_memory);
  Spool spool(space);
  const Bytes bytes = pattern(3'000'000);
  for (size_t at = 0, step = 1; at < bytes.size(); at += step, step = step * 7 % 600'000 + 1) {
    spool.write(ByteView(bytes).subspan(at, std::min(step, bytes.size() - at)));
    CHECK(spool.size() == std::min(at + step, bytes.size()));
  }
  spool.flush();
  MemorySink whole;
  copy(spool, whole);
  CHECK(whole.bytes() == bytes);
  Bytes part(1000);
  for (const uint64_t offset : {0ul, 1ul, 262'143ul, 2'999'000ul}) {
    spool.read_at(offset, part);
    CHECK(part ==
          Bytes(bytes.begin() + static_cast<ptrdiff_t>(offset), bytes.begin() + static_cast<ptrdiff_t>(offset) + 1000));
  }
  spool.read_at(spool.size(), {});
}

TEST_CASE("what was flushed can be read while more is pending") {
  const Folder folder;
  const SpoolSpace space(folder.path(), 0);
  Spool spool(space);
  spool.write(as_bytes("first"));
  spool.flush();
  spool.write(as_bytes("second"));
  Bytes out(5);
  spool.read_at(0, out);
  CHECK(as_text(out) == "first");
  spool.flush();
  out.resize(11);
  spool.read_at(0, out);
  CHECK(as_text(out) == "firstsecond");
}

TEST_CASE("there is no file while memory is enough") {
  std::optional<Folder> folder(std::in_place);
  const SpoolSpace space(folder->path(), 1000);
  Spool spool(space);
  folder.reset();
  spool.write(pattern(999));
  spool.flush();
  CHECK(outcome([&] {
          spool.write(pattern(2));
          spool.flush();
        }) == ExitCode::disk);
}

TEST_CASE("spools share their memory, and give it back") {
  const SpoolSpace space("/var/tmp", 1000);
  {
    Spool first(space), second(space), on_disk(space, Spool::Begin::on_disk);
    first.write(pattern(600));
    on_disk.write(pattern(600));
    CHECK(space.memory_left() == 400);
    second.write(pattern(600));
    CHECK(space.memory_left() == 0);
    first.clear();
    // What has gone to the disk stays there: the bytes after it could not be told from those before.
    second.write(pattern(100));
    CHECK(space.memory_left() == 600);
    second.flush();
    MemorySink whole;
    copy(second, whole);
    Bytes expected = pattern(600);
    const Bytes more = pattern(100);
    expected.insert(expected.end(), more.begin(), more.end());
    CHECK(whole.bytes() == expected);
  }
  CHECK(space.memory_left() == 1000);
}

TEST_CASE("a cleared spool starts from nothing") {
  const Folder folder;
  size_t in_memory = 0;
  SUBCASE("on the disk") {}
  SUBCASE("in memory, and on the disk") { in_memory = 100'000; }
  const SpoolSpace space(folder.path(), in_memory);
  Spool spool(space);
  spool.write(pattern(500'000));
  spool.clear();
  CHECK(spool.size() == 0);
  CHECK(space.memory_left() == in_memory);
  spool.write(as_bytes("new"));
  spool.flush();
  Bytes out(3);
  spool.read_at(0, out);
  CHECK(as_text(out) == "new");
}

TEST_CASE("a spool that cannot grow is the disk's error, whatever the system calls it") {
  const Folder folder;
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 100'000;
  const SpoolSpace space(folder.path(), 0);
  Spool large_write(space), small_write(space);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const ExitCode at_once = outcome([&] { large_write.write(pattern(1'000'000)); });
  const ExitCode at_flush = outcome([&] {
    small_write.write(pattern(200'000));
    small_write.flush();
  });
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK(at_once == ExitCode::disk);
  CHECK(at_flush == ExitCode::disk);
}
