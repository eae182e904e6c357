// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/archive_writer.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "image/archive_reader.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

ArchiveMember member(const std::string& path, uint64_t size, std::function<std::unique_ptr<Source>()> open) {
  return {path, size, std::move(open)};
}

/// A member whose bytes are `content` whatever its size says.
ArchiveMember text_member(const std::string& path, uint64_t size, std::string_view content) {
  return member(path, size, [content] { return std::make_unique<MemorySource>(as_bytes(content)); });
}

MemberSupply supply(std::vector<ArchiveMember> members) {
  return [members = std::move(members), next = size_t{0}]() mutable -> std::optional<ArchiveMember> {
    if (next == members.size()) return std::nullopt;
    return members[next++];
  };
}

/// What could be read, and how it ended.
struct Outcome {
  Bytes archive;
  ExitCode code = ExitCode::ok;
};

Outcome read_all(TarSource& source, size_t step = 4096) {
  Outcome outcome;
  Bytes buffer(step);
  try {
    while (const size_t count = source.read(buffer))
      outcome.archive.insert(outcome.archive.end(), buffer.begin(),
                             buffer.begin() + static_cast<std::ptrdiff_t>(count));
  } catch (const Error& error) {
    outcome.code = error.code();
  }
  return outcome;
}

Outcome read_all(std::vector<ArchiveMember> members, size_t step = 4096) {
  TarSource source(supply(std::move(members)));
  return read_all(source, step);
}

std::vector<std::pair<std::string, std::string>> entries_of(const Bytes& archive) {
  std::vector<std::pair<std::string, std::string>> entries;
  MemorySource source(archive);
  read_archive(source, [&](const ArchiveEntry& entry, Source& content) {
    MemorySink sink;
    copy(content, sink);
    entries.emplace_back(entry.path, as_text(sink.bytes()));
  });
  return entries;
}

class EndlessSource : public Source {
 public:
  [[nodiscard]] size_t read(MutableBytes out) override {
    std::fill(out.begin(), out.end(), uint8_t{0});
    return out.size();
  }
};

/// Good bytes, and at their end the news that they are bad.
class FailingSource : public Source {
 public:
  [[nodiscard]] size_t read(MutableBytes out) override {
    if (const size_t count = bytes_.read(out)) return count;
    throw Error(ExitCode::verification, "not its diff_id");
  }

 private:
  MemorySource bytes_{as_bytes("12345")};
};

}  // namespace

TEST_CASE("an archive has its members in their order, however it is read") {
  const std::string long_text(600, 'c');
  for (const size_t step : {1, 7, 511, 512, 100000}) {
    const Outcome outcome =
        read_all({text_member("a", 5, "hello"), text_member("b/empty", 0, ""), text_member("c", 600, long_text)}, step);
    CHECK(outcome.code == ExitCode::ok);
    CHECK(outcome.archive.size() == 8 * kTarBlock);
    CHECK(entries_of(outcome.archive) ==
          std::vector<std::pair<std::string, std::string>>{{"a", "hello"}, {"b/empty", ""}, {"c", long_text}});
  }
}

TEST_CASE("the archive of no members is an end mark") {
  CHECK(read_all(std::vector<ArchiveMember>{}).archive == tar_end());
}

TEST_CASE("the same members give the same bytes") {
  TarHeader header;
  header.name = "a";
  header.mode = 0644;
  CHECK(read_all({text_member("a", 5, "hello")}).archive == tar_entry(header, "hello") + tar_end());
}

TEST_CASE("a member that is too short, too long or fails at its end cuts the archive") {
  const auto later = [] {
    FAIL("what follows a broken member was opened");
    return std::unique_ptr<Source>();
  };
  for (const ArchiveMember& broken :
       {text_member("a", 6, "12345"), text_member("a", 4, "12345"),
        member("a", 5, [] { return std::make_unique<FailingSource>(); }),
        member("a", 5, []() -> std::unique_ptr<Source> { throw Error(ExitCode::verification, "gone"); })}) {
    TarSource source(supply({broken, member("oci-layout", 1, later)}));
    const Outcome outcome = read_all(source);
    CHECK(outcome.code == ExitCode::verification);
    CHECK(outcome.archive.size() < 2 * kTarBlock);
    Bytes more(10);
    CHECK_THROWS_AS((void)source.read(more), Error);
  }
}

TEST_CASE("what the supply throws cuts the archive") {
  int calls = 0;
  TarSource source([&]() -> std::optional<ArchiveMember> {
    if (calls++ == 0) return text_member("a", 5, "hello");
    throw Error(ExitCode::connection, "the peer is gone");
  });
  const Outcome outcome = read_all(source);
  CHECK(outcome.code == ExitCode::connection);
  CHECK(outcome.archive.size() == 2 * kTarBlock);
}

TEST_CASE("a member beyond 8 GiB has its size in its header") {
  const uint64_t size = (uint64_t{9} << 30) + 1;
  TarSource source(supply({member("layer", size, [] { return std::make_unique<EndlessSource>(); })}));
  Bytes front(100000);
  REQUIRE(read_full(source, front) == front.size());
  const auto header = parse_header(ByteView(front).first(kTarBlock));
  REQUIRE(header);
  CHECK(header->size == size);
}

TEST_CASE("metadata follows the layers and oci-layout is the very last") {
  const Bytes config = bytes_of("{\"rootfs\":{}}");
  const std::vector<Descriptor> layers = {{Digest::of(as_bytes("a")), 1}, {Digest::of(as_bytes("b")), 2}};
  const auto entries = entries_of(read_all(metadata_members(config, layers)).archive);
  REQUIRE(entries.size() == 5);
  const Bytes manifest = oci_manifest(config, layers);
  CHECK(entries[0] == std::pair(blob_path(Digest::of(config)), std::string(as_text(config))));
  CHECK(entries[1] == std::pair(blob_path(Digest::of(manifest)), std::string(as_text(manifest))));
  CHECK(entries[2].first == "manifest.json");
  CHECK(parse_manifest_json(as_bytes(entries[2].second), ExitCode::engine)[0].layers.size() == 2);
  CHECK(entries[3].first == "index.json");
  CHECK(entries[4].first == "oci-layout");
}
