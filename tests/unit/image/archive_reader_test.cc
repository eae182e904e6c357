// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/archive_reader.h"

#include <doctest/doctest.h>

#include <map>
#include <stdexcept>

#include "base/error.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

struct Seen {
  ArchiveEntry entry;
  std::string content;
};

std::map<std::string, Seen> read_all(Source& archive) {
  std::map<std::string, Seen> seen;
  read_archive(archive, [&](const ArchiveEntry& entry, Source& content) {
    MemorySink sink;
    copy(content, sink);
    seen[entry.path] = {entry, std::string(as_text(sink.bytes()))};
  });
  return seen;
}

std::map<std::string, Seen> read_all(ByteView archive) {
  MemorySource source(archive);
  return read_all(source);
}

ExitCode failure(ByteView archive) {
  try {
    (void)read_all(archive);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

Bytes tar_link(const std::string& name, const std::string& target, uint8_t type = '2') {
  TarHeader header;
  header.name = name;
  header.link = target;
  header.type = type;
  return tar_entry(header);
}

/// Gives one byte at a time, as a slow socket might, and throws after them if told to.
class SlowSource : public Source {
 public:
  SlowSource(ByteView bytes, bool fails) : rest_(bytes), fails_(fails) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    if (rest_.empty() && fails_) throw Error(ExitCode::connection, "the link is dead");
    return rest_.read(out.first(std::min<size_t>(out.size(), 1)));
  }

 private:
  class Rest : public MemorySource {
   public:
    explicit Rest(ByteView bytes) : MemorySource(bytes), left_(bytes.size()) {}
    [[nodiscard]] size_t read(MutableBytes out) override {
      const size_t count = MemorySource::read(out);
      left_ -= count;
      return count;
    }
    [[nodiscard]] bool empty() const { return left_ == 0; }

   private:
    size_t left_;
  } rest_;
  bool fails_;
};

const Bytes kArchive = tar_folder("v1/") + tar_file("v1/layer.tar", std::string(3000, 'l')) +
                       tar_link("v2/layer.tar", "../v1/layer.tar") + tar_file("manifest.json", "[]") + tar_end();

}  // namespace

TEST_CASE("every entry is seen with its content") {
  const auto seen = read_all(kArchive);
  REQUIRE(seen.size() == 4);
  CHECK(seen.at("v1").entry.type == ArchiveEntry::Type::directory);
  CHECK(seen.at("v1/layer.tar").entry.type == ArchiveEntry::Type::file);
  CHECK(seen.at("v1/layer.tar").entry.size == 3000);
  CHECK(seen.at("v1/layer.tar").content == std::string(3000, 'l'));
  CHECK(seen.at("manifest.json").content == "[]");
}

TEST_CASE("a repeated layer of docker 20.10 leads to the one that has the bytes") {
  const auto seen = read_all(kArchive);
  CHECK(seen.at("v2/layer.tar").entry.type == ArchiveEntry::Type::symbolic_link);
  CHECK(seen.at("v2/layer.tar").entry.link_target == "v1/layer.tar");
  CHECK(seen.at("v2/layer.tar").content == "");
  const auto hard = read_all(tar_file("a/x", "1") + tar_link("b/y", "a/x", '1') + tar_end());
  CHECK(hard.at("b/y").entry.type == ArchiveEntry::Type::hard_link);
  CHECK(hard.at("b/y").entry.link_target == "a/x");
}

TEST_CASE("a content that nobody reads is skipped") {
  MemorySource source(kArchive);
  size_t entries = 0;
  read_archive(source, [&](const ArchiveEntry&, Source&) { ++entries; });
  CHECK(entries == 4);
}

TEST_CASE("an archive that comes byte by byte is the same archive") {
  SlowSource slow(kArchive, false);
  CHECK(read_all(slow).size() == 4);
}

TEST_CASE("an archive is cut wherever it is cut before its end mark") {
  const size_t needed = kArchive.size() - kTarBlock;  // docker writes two blocks of zeros, one would do
  for (size_t size = 0; size < needed; ++size) {
    CAPTURE(size);
    CHECK(failure(ByteView(kArchive).first(size)) == ExitCode::engine);
  }
  CHECK(failure(kArchive) == ExitCode::ok);
  CHECK(failure(kArchive + Bytes(9000)) == ExitCode::ok);
}

TEST_CASE("what is no tar is refused") {
  CHECK(failure(Bytes(10000, 0xee)) == ExitCode::engine);
  CHECK(failure(bytes_of("{\"message\":\"no such image\"}\n")) == ExitCode::engine);
  CHECK(failure(tar_file("a", "1") + Bytes(kTarBlock, 0xee) + tar_end()) == ExitCode::engine);
}

TEST_CASE("an archive that goes on and on after its end is refused") {
  CHECK(failure(kArchive + Bytes(2 << 20)) == ExitCode::engine);
}

TEST_CASE("damaged archives are refused or read, nothing else") {
  const SampleTree tree;
  const auto check = [](const Bytes& archive) {
    const ExitCode code = failure(archive);
    CHECK((code == ExitCode::ok || code == ExitCode::engine));
  };
  mutate(kArchive, 2000, check);
  mutate(tree.gnu_tar({"--format=posix", "--sparse", "--exclude=./large"}), 500, check);
}

TEST_CASE("what the source or the caller throws comes out as it was") {
  SlowSource dead(ByteView(kArchive).first(2000), true);
  try {
    (void)read_all(dead);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::connection);
  }
  SlowSource ends_badly(kArchive, true);
  CHECK_THROWS_AS((void)read_all(ends_badly), Error);
  MemorySource source(kArchive);
  CHECK_THROWS_AS(read_archive(source, [](const ArchiveEntry&, Source&) { throw std::length_error("enough"); }),
                  std::length_error);
}

TEST_CASE("paths have one form and never leave the archive") {
  CHECK(archive_path("a/b") == "a/b");
  CHECK(archive_path("./a//b/.") == "a/b");
  CHECK(archive_path("/a/") == "a");
  CHECK(archive_path("a/../b") == "b");
  CHECK(archive_path("") == "");
  CHECK(archive_path("..") == std::nullopt);
  CHECK(archive_path("a/../../b") == std::nullopt);
  CHECK(failure(tar_file("../a", "1") + tar_end()) == ExitCode::engine);
}

TEST_CASE("links are followed from where they stand") {
  CHECK(resolve_link("v2/layer.tar", "../v1/layer.tar", false) == "v1/layer.tar");
  CHECK(resolve_link("a", "b", false) == "b");
  CHECK(resolve_link("a/b", "/c", false) == "c");
  CHECK(resolve_link("a/b", "c/d", true) == "c/d");
  CHECK(resolve_link("a", "../b", false) == std::nullopt);
  CHECK(read_all(tar_link("a", "../../etc/passwd") + tar_end()).at("a").entry.link_target == "");
}
