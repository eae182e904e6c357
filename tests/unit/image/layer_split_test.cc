// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/layer_split.h"

#include <doctest/doctest.h>

#include <map>

#include "base/error.h"
#include "fuzz/image_properties.h"
#include "image/skeleton.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

std::vector<Piece> pieces_of(const RandomAccess& layer) {
  std::vector<Piece> pieces;
  split_layer(layer, [&](Piece&& piece) { pieces.push_back(std::move(piece)); });
  return pieces;
}

std::vector<Piece> pieces_of(const Bytes& layer) {
  fuzz::check_layer_split(layer);
  return pieces_of(MemoryFile(layer));
}

/// Contents by path.
std::map<std::string, std::string> contents_of(const Bytes& layer) {
  std::map<std::string, std::string> contents;
  for (const Piece& piece : pieces_of(layer)) {
    if (piece.content_size == 0) continue;
    const ByteView content =
        ByteView(layer).subspan(static_cast<size_t>(piece.content_offset), static_cast<size_t>(piece.content_size));
    contents[piece.path] = as_text(content);
    CHECK(piece.path == content_path(piece.gap));
  }
  return contents;
}

/// A layer too large to have: one header, then zeros. Counts what is read of it.
class HugeLayer : public RandomAccess {
 public:
  explicit HugeLayer(uint64_t content_size) {
    TarHeader header;
    header.name = "huge";
    header.size = content_size;
    front_.resize(kTarBlock);
    render_header(header, front_);
    size_ = kTarBlock + content_size + tar_padding(content_size) + 2 * kTarBlock;
  }
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override {
    REQUIRE(out.size() <= size_ - offset);
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = offset + i < front_.size() ? front_[static_cast<size_t>(offset + i)] : 0;
    read_ += out.size();
  }
  [[nodiscard]] uint64_t bytes_read() const { return read_; }

 private:
  Bytes front_;
  uint64_t size_;
  mutable uint64_t read_ = 0;
};

class FailingLayer : public RandomAccess {
 public:
  [[nodiscard]] uint64_t size() const override { return 1 << 20; }
  void read_at(uint64_t, MutableBytes) const override { throw Error(ExitCode::disk, "the disk is on fire"); }
};

}  // namespace

TEST_CASE("a layer is cut before and behind each content") {
  const Bytes layer =
      tar_folder("a/") + tar_file("a/empty", "") + tar_file("a/file", "hello") + tar_file("b", "world") + tar_end();
  const std::vector<Piece> pieces = pieces_of(layer);
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[0].path == "a/file");
  CHECK(pieces[0].gap.size() == 3 * kTarBlock);
  CHECK(pieces[0].content_offset == 3 * kTarBlock);
  CHECK(pieces[0].content_size == 5);
  CHECK(pieces[1].path == "b");
  CHECK(pieces[1].gap.size() == kTarBlock - 5 + kTarBlock);
  CHECK(pieces[1].content_size == 5);
  CHECK(pieces[2].gap == Bytes(kTarBlock - 5 + 2 * kTarBlock));
  CHECK(pieces[2].content_size == 0);
}

TEST_CASE("the contents of every kind of tar are its files, by their paths") {
  const SampleTree tree;
  const std::string deep = "--exclude=./" + std::string(90, 'd') + "/" + std::string(90, 'd');
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--format=gnu"},
                                             {"--format=posix"},
                                             {"--format=pax"},
                                             {"--format=gnu", "-b1"},
                                             {"--format=oldgnu"},
                                             {"--format=ustar", deep, "--exclude=./etc/long-link"}}) {
    CAPTURE(arguments[0]);
    auto contents = contents_of(tree.gnu_tar(arguments));
    CHECK(contents.erase("sparse") == 1);
    auto expected = tree.contents();
    if (arguments[0] == "--format=ustar")
      std::erase_if(expected, [](const auto& file) { return file.first.size() > 256; });
    CHECK(contents == expected);
  }
}

TEST_CASE("the stored bytes of a sparse file are one content") {
  const SampleTree tree;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--sparse", "--format=gnu"},
                                             {"--sparse", "--format=posix"},
                                             {"--sparse", "--format=posix", "--sparse-version=0.0"},
                                             {"--sparse", "--format=posix", "--sparse-version=0.1"}}) {
    const Bytes layer = tree.gnu_tar(arguments);
    CHECK(layer.size() < 1 << 20);
    auto contents = contents_of(layer);
    REQUIRE(contents.contains("sparse"));
    CHECK(contents["sparse"].size() < 100000);
    CHECK(contents["sparse"].find("back") != std::string::npos);
    contents.erase("sparse");
    CHECK(contents == tree.contents());
  }
}

TEST_CASE("what libarchive and Go write is cut as well") {
  for (const char* format : {"ustar", "pax", "gnutar", "v7"}) {
    CAPTURE(format);
    auto contents = contents_of(libarchive_tar(format));
    CHECK(contents["folder/file"] == "content of a file");
    CHECK(contents["last"] == std::string(2000, 'z'));
    CHECK(contents.size() == (std::string(format) == "v7" ? 2 : 3));
  }
  const std::string path = "usr/lib/node_modules/" + std::string(90, 'm') + "/index.js";
  CHECK(contents_of(go_long_file(path, "x = 1") + tar_end()) == std::map<std::string, std::string>{{path, "x = 1"}});
}

TEST_CASE("every truncation of a layer is put together again") {
  const Bytes layer =
      tar_file("a", "hello") + go_long_file(std::string(101, 'p') + "/q", "long") + tar_file("b", "world") + tar_end();
  for (size_t size = 0; size <= layer.size(); ++size) {
    CAPTURE(size);
    CHECK_NOTHROW(fuzz::check_layer_split(ByteView(layer).first(size)));
  }
}

TEST_CASE("damaged layers are put together again") {
  const SampleTree tree;
  const auto check = [](const Bytes& bytes) { fuzz::check_layer_split(bytes); };
  CHECK_NOTHROW(mutate(tree.gnu_tar({"--format=gnu", "--sparse", "--exclude=./large"}), 1500, check));
  CHECK_NOTHROW(mutate(tree.gnu_tar({"--format=posix", "--sparse", "--exclude=./large"}), 1500, check));
  CHECK_NOTHROW(mutate(libarchive_tar("pax"), 1500, check));
}

TEST_CASE("from where a layer is no tar, the rest is one content") {
  const Bytes front = tar_file("a", "hello");
  const Bytes noise(5000, 0xee);
  const Bytes layer = front + noise;
  const std::vector<Piece> pieces = pieces_of(layer);
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].path == "a");
  CHECK(pieces[1].content_offset == front.size());
  CHECK(pieces[1].content_size == noise.size());
  CHECK(pieces[1].path == "");

  const std::vector<Piece> whole = pieces_of(noise);
  REQUIRE(whole.size() == 1);
  CHECK(whole[0].gap.empty());
  CHECK(whole[0].content_size == noise.size());
  CHECK(pieces_of(Bytes()).empty());
}

TEST_CASE("a content that is cut keeps what there is of it") {
  Bytes layer = tar_file("a", "hello") + tar_file("b", std::string(100000, 'b'));
  layer.resize(50000);
  const std::vector<Piece> pieces = pieces_of(layer);
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[1].path == "b");
  CHECK(pieces[1].content_size == 50000 - 3 * kTarBlock);
}

TEST_CASE("what follows the end mark is the trailer, or a content if it is long") {
  const Bytes front = tar_file("a", "hello") + tar_end();
  const std::vector<Piece> padded = pieces_of(front + Bytes(8000));
  REQUIRE(padded.size() == 2);
  CHECK(padded[1].content_size == 0);
  const std::vector<Piece> second_tar = pieces_of(front + tar_file("b", "world") + tar_end());
  REQUIRE(second_tar.size() == 2);
  CHECK(second_tar[1].content_size == 0);

  const std::vector<Piece> longer = pieces_of(front + Bytes(kMaxGap + 1));
  REQUIRE(longer.size() == 2);
  CHECK(longer[1].path == "");
  CHECK(longer[1].content_offset == front.size());
  CHECK(longer[1].content_size == kMaxGap + 1);
}

TEST_CASE("a gap without end is cut between two entries") {
  Bytes layer;
  for (int i = 0; i < 5000; ++i) layer = std::move(layer) + tar_folder("folder" + std::to_string(i) + "/");
  layer = std::move(layer) + tar_file("file", "content") + tar_end();
  const std::vector<Piece> pieces = pieces_of(layer);
  REQUIRE(pieces.size() == 4);
  CHECK(pieces[0].gap.size() == kMaxGap);
  CHECK(pieces[1].gap.size() == kMaxGap);
  CHECK(pieces[1].content_size == 0);
  CHECK(pieces[2].path == "file");
}

TEST_CASE("headers of headers are bounded too") {
  Bytes layer;
  TarHeader pax;
  pax.type = 'x';
  pax.name = "pax";
  for (int i = 0; i < 30; ++i)
    layer = std::move(layer) + tar_entry(pax, "1000000 comment=" + std::string(999983, 'c') + "\n");
  layer = std::move(layer) + tar_file("file", "content") + tar_end();
  CHECK_NOTHROW(fuzz::check_layer_split(layer));
  Bytes chain;
  for (int i = 0; i < 20000; ++i) chain = std::move(chain) + tar_entry(pax, "12 comment=\n");
  CHECK_NOTHROW(fuzz::check_layer_split(chain));
}

TEST_CASE("contents are not read, and may be beyond 8 GiB") {
  const HugeLayer layer(uint64_t{20} << 30);
  const std::vector<Piece> pieces = pieces_of(layer);
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].path == "huge");
  CHECK(pieces[0].content_offset == kTarBlock);
  CHECK(pieces[0].content_size == uint64_t{20} << 30);
  CHECK(layer.bytes_read() < 1 << 20);
}

TEST_CASE("what reading the layer or taking a piece throws comes out unharmed") {
  try {
    (void)pieces_of(FailingLayer());
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::disk);
  }
  const Bytes layer = tar_file("a", "hello") + tar_end();
  CHECK_THROWS_AS(split_layer(MemoryFile(layer), [](Piece&&) { throw Error(ExitCode::interrupted, "enough"); }), Error);
}
