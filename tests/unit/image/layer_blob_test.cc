// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/layer_blob.h"

#include <doctest/doctest.h>

#include <string>

#include "base/compression.h"
#include "base/error.h"

using namespace docker_sync;

namespace {

/// `printf 'hello world\n' | gzip -n`
const Bytes kGzipped{0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57,
                     0x28, 0xcf, 0x2f, 0xca, 0x49, 0xe1, 0x02, 0x00, 0x2d, 0x3b, 0x08, 0xaf, 0x0c, 0x00, 0x00, 0x00};
const std::string kText = "hello world\n";

Bytes operator+(Bytes one, const Bytes& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

/// Gives out few bytes at a time, as a socket may.
class Trickle : public Source {
 public:
  Trickle(ByteView bytes, size_t step) : below_(bytes), step_(step) {}
  [[nodiscard]] size_t read(MutableBytes out) override { return below_.read(out.first(std::min(step_, out.size()))); }

 private:
  MemorySource below_;
  size_t step_;
};

std::string plain(ByteView blob, size_t step = 1 << 20, size_t at_a_time = 1 << 16) {
  Trickle below(blob, step);
  LayerBlob layer(below);
  std::string text;
  Bytes buffer(at_a_time);
  while (const size_t count = layer.read(buffer)) text += as_text(ByteView(buffer).first(count));
  return text;
}

Bytes of(const std::string& text) { return {text.begin(), text.end()}; }

bool refused(ByteView blob) {
  try {
    (void)plain(blob);
    return false;
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::image);
    return true;
  }
}

}  // namespace

TEST_CASE("what is not compressed comes out as it is, however short") {
  for (const std::string text : {"", "x", "plain tar", "\x1f"}) CHECK(plain(of(text)) == text);
  const std::string large(1'000'000, 'a');
  CHECK(plain(of(large), 1000, 77) == large);
}

TEST_CASE("gzip and zstd are known by how they begin") {
  CHECK(form_of(kGzipped) == BlobForm::gzip);
  CHECK(form_of(zstd_compress(as_bytes(kText), 3)) == BlobForm::zstd);
  CHECK(form_of(Bytes{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}) == BlobForm::zstd);
  CHECK(form_of(as_bytes("./")) == BlobForm::plain);
  CHECK(form_of({}) == BlobForm::plain);
}

TEST_CASE("a compressed blob comes out as the tar inside, byte by byte too") {
  CHECK(plain(kGzipped) == kText);
  CHECK(plain(kGzipped, 1, 1) == kText);
  CHECK(plain(zstd_compress(as_bytes(kText), 3), 1, 1) == kText);
}

TEST_CASE("several gzip members, and several zstd frames with one to skip, are one layer") {
  CHECK(plain(kGzipped + kGzipped, 1, 5) == kText + kText);
  const Bytes frame = zstd_compress(as_bytes(kText), 3), skip{0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
  CHECK(plain(skip + frame + skip + frame + skip) == kText + kText);
}

TEST_CASE("a little that becomes much is given out piece by piece") {
  const std::string zeros(30'000'000, '\0');
  CHECK(plain(zstd_compress(as_bytes(zeros), 3), 1 << 20, 4096) == zeros);
}

TEST_CASE("every truncation of a compressed blob is an image error, but between two members") {
  for (size_t size = 4; size < kGzipped.size(); ++size) CHECK(refused(ByteView(kGzipped).first(size)));
  const Bytes frame = zstd_compress(as_bytes(kText), 3);
  for (size_t size = 4; size < frame.size(); ++size) CHECK(refused(ByteView(frame).first(size)));
}

TEST_CASE("a blob with a flipped byte, or with something else behind it, is an image error") {
  Bytes damaged = kGzipped;
  damaged[12] ^= 0x40;
  CHECK(refused(damaged));
  CHECK(refused(kGzipped + of("garbage")));
  CHECK(refused(zstd_compress(as_bytes(kText), 3) + of("garbage")));
}

TEST_CASE("a zstd window beyond 128 MiB is refused before it is allocated") {
  // A frame header that asks for 2 GiB: no single segment, window descriptor 21 << 3.
  CHECK(refused(Bytes{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00}));
}
