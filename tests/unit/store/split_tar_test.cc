// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/split_tar.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <thread>

#include "base/error.h"
#include "image/layer_split.h"
#include "outcome.h"
#include "store/store_file.h"
#include "store_fixture.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

std::vector<SplitFile> many_files() {
  std::mt19937 random(7);
  std::vector<SplitFile> files;
  for (int i = 0; i < 2000; ++i) {
    const size_t size = i % 7 == 0 ? 0 : i == 1000 ? 300'000 : random() % 3000;
    Bytes content(size);
    for (uint8_t& byte : content) byte = static_cast<uint8_t>(random());
    files.push_back({"folder-" + std::to_string(i % 50) + "/file-" + std::to_string(i), std::move(content)});
  }
  return files;
}

struct Folder {
  ScratchFolder scratch;
  SplitLayer layer;

  explicit Folder(const std::vector<SplitFile>& files) : layer(files) {
    for (const SplitFile& file : files) scratch.write(file.path, file.content);
  }
  [[nodiscard]] std::unique_ptr<SplitTar> open(const std::string& split) const {
    MemorySource lines(as_bytes(split));
    return std::make_unique<SplitTar>(own_files()->folder(scratch.path()), lines);
  }
  [[nodiscard]] std::unique_ptr<SplitTar> open() const { return open(layer.split); }
};

}  // namespace

TEST_CASE("a layer taken apart is read to the byte, anywhere") {
  const Folder folder(many_files());
  const auto tar = folder.open();
  REQUIRE(tar->size() == folder.layer.tar.size());
  CHECK(contents_of(*tar) == folder.layer.tar);
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    const size_t offset = random() % folder.layer.tar.size();
    Bytes part(std::min<size_t>(folder.layer.tar.size() - offset, random() % (i % 50 == 0 ? 500'000 : 2000)));
    tar->read_at(offset, part);
    REQUIRE(std::equal(part.begin(), part.end(), folder.layer.tar.begin() + static_cast<std::ptrdiff_t>(offset)));
  }
}

TEST_CASE("a walk through the headers opens no file") {
  Folder folder(many_files());
  const auto tar = folder.open();
  std::filesystem::remove_all(folder.scratch.path());
  size_t contents = 0;
  split_layer(*tar, [&](Piece&& piece) { contents += piece.content_size > 0; });
  CHECK(contents > 1500);
}

TEST_CASE("several threads read it") {
  const Folder folder(many_files());
  const auto tar = folder.open();
  std::vector<int> same(3);
  std::vector<std::thread> threads;
  for (int& one : same) threads.emplace_back([&] { one = contents_of(*tar) == folder.layer.tar; });
  for (std::thread& thread : threads) thread.join();
  CHECK(same == std::vector<int>{1, 1, 1});
}

TEST_CASE("a name may be of any bytes, a layer of no files") {
  const Folder odd({{"na\xefve \"quoted\"\n", Bytes(600, 'x'), true}, {"na\xc3\xafve", Bytes(5, 'y')}});
  CHECK(contents_of(*odd.open()) == odd.layer.tar);
  const Folder none({});
  CHECK(contents_of(*none.open()) == none.layer.tar);
  CHECK(none.open("")->size() == 0);
}

TEST_CASE("a link in a layer leads nowhere else") {
  const Folder folder({{"usr/lib/a", Bytes(10, 'a')}, {"lib/b", Bytes(10, 'b')}, {"etc/c", Bytes(10, 'c')}});
  const ScratchFolder outside;
  outside.write("c", Bytes(10, 'c'));
  const std::string path = folder.scratch.path();
  // As an engine unpacked it: a file whose folder is a link within the layer, and one that would lead out of it.
  folder.scratch.write("usr/lib/b", Bytes(10, 'b'));
  REQUIRE(::unlink((path + "/lib/b").c_str()) == 0);
  REQUIRE(::rmdir((path + "/lib").c_str()) == 0);
  REQUIRE(::symlink("/usr/lib", (path + "/lib").c_str()) == 0);
  REQUIRE(::unlink((path + "/etc/c").c_str()) == 0);
  REQUIRE(::symlink((outside.path() + "/c").c_str(), (path + "/etc/c").c_str()) == 0);
  const auto tar = folder.open();
  Bytes part(2048);
  tar->read_at(0, part);
  CHECK(std::equal(part.begin(), part.end(), folder.layer.tar.begin()));
  CHECK(outcome([&] { (void)contents_of(*tar); }) == ExitCode::verification);
}

TEST_CASE("a file that has gone or is shorter is a damaged store") {
  const Folder folder({{"a", Bytes(100, 'a')}, {"b", Bytes(5000, 'b')}});
  folder.scratch.write("b", Bytes(4999, 'b'));
  CHECK(outcome([&] { (void)contents_of(*folder.open()); }) == ExitCode::verification);
  REQUIRE(::unlink((folder.scratch.path() + "/b").c_str()) == 0);
  CHECK(outcome([&] { (void)contents_of(*folder.open()); }) == ExitCode::verification);
}

TEST_CASE("what is no tar-split is not taken for one") {
  const Folder folder({{"a", Bytes(100, 'a')}});
  for (const char* split : {"x", "[]", "{}", R"({"type":3})", R"({"type":2})", R"({"type":2,"payload":"!"})",
                            R"({"type":1,"size":5})", R"({"type":1,"name":"a","size":9223372036854775807})"}) {
    CAPTURE(split);
    CHECK(outcome([&] { (void)folder.open(split + std::string("\n") + folder.layer.split); }) ==
          ExitCode::verification);
  }
  CHECK(outcome([&] { (void)folder.open(R"({"type":"x"})"); }) == ExitCode::verification);
}
