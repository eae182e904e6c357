// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/deflate_search.h"

#include <doctest/doctest.h>

#include "delta/archives.h"

using namespace docker_sync;
using namespace docker_sync::archives;

namespace {

/// Something in which any two methods differ.
Bytes distinctive() {
  Bytes bytes = text(700);
  append(bytes, Bytes(1000, 'x'));
  return bytes;
}

std::optional<DeflateMethod> found(const Bytes& stream, const Bytes& bytes, PartKind kind = PartKind::zip) {
  Bytes content(5, 'x');
  append(content, stream);
  const MemoryFile file(content);
  return DeflateSearch(file).find({5, kind}, stream.size(), MemoryFile(bytes));
}

}  // namespace

TEST_CASE("each method is found again, whatever archive it is in") {
  const Bytes bytes = distinctive();
  for (int level = 1; level <= 9; ++level) {
    for (const PartKind kind : {PartKind::zip, PartKind::gzip}) {
      std::vector<DeflateMethod> methods{DeflateMethod::zlib(level), DeflateMethod::zlib(level, 9)};
      if (level >= 4) methods.push_back(DeflateMethod::gzip(level));
      for (const DeflateMethod method : methods) {
        const Bytes stream = deflated(bytes, method);
        const auto answer = found(stream, bytes, kind);
        REQUIRE(answer);
        CHECK((deflated(bytes, *answer) == stream));
      }
    }
  }
}

TEST_CASE("a stream that differs in one bit anywhere has no method") {
  const Bytes bytes = text(30), stream = deflated(bytes, DeflateMethod::zlib(6));
  for (size_t i = 0; i < stream.size(); ++i) {
    Bytes damaged = stream;
    damaged[i] ^= 0x10;
    CHECK_FALSE(found(damaged, bytes));
  }
}

TEST_CASE("a stream that is longer or shorter than what comes out has no method") {
  const Bytes bytes = text(30);
  Bytes stream = deflated(bytes, DeflateMethod::zlib(6));
  stream.push_back(0);
  CHECK_FALSE(found(stream, bytes));
  stream.resize(stream.size() - 2);
  CHECK_FALSE(found(stream, bytes));
}

TEST_CASE("what worked is still tried after the search was given up for others") {
  const Bytes bytes = distinctive(), good = deflated(bytes, DeflateMethod::zlib(9)), bad(good.size(), 0xff);
  Bytes content = good;
  append(content, bad);
  append(content, deflated(bytes, DeflateMethod::zlib(6)));
  const MemoryFile file(content);
  const MemoryFile inflated(bytes);
  DeflateSearch search(file);
  CHECK(search.find({0, PartKind::zip}, good.size(), inflated) == DeflateMethod::zlib(9));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(search.find({good.size(), PartKind::zip}, bad.size(), inflated));
  CHECK(search.find({0, PartKind::zip}, good.size(), inflated) == DeflateMethod::zlib(9));
  const uint64_t third = 2 * good.size();
  CHECK_FALSE(search.find({third, PartKind::zip}, content.size() - third, inflated));
}

TEST_CASE("where samples are enough, many alike stand for others") {
  const Bytes bytes = text(300), usual = deflated(bytes, DeflateMethod::zlib(6)),
              other = deflated(bytes, DeflateMethod::zlib(9));
  Bytes content = usual;
  append(content, other);
  const MemoryFile file(content), inflated(bytes);
  const auto found_other = [&](DeflateCheck check, int usual_before) {
    DeflateSearch search(file, check);
    for (int i = 0; i < usual_before; ++i) {
      CHECK(search.find({0, PartKind::zip}, usual.size(), inflated) == DeflateMethod::zlib(6));
    }
    return search.find({usual.size(), PartKind::zip}, other.size(), inflated);
  };
  CHECK(found_other(DeflateCheck::every_part, 100) == DeflateMethod::zlib(9));
  CHECK(found_other(DeflateCheck::samples, 15) == DeflateMethod::zlib(9));
  CHECK(found_other(DeflateCheck::samples, 17) == DeflateMethod::zlib(6));
  CHECK(found_other(DeflateCheck::samples, 23) == DeflateMethod::zlib(6));
  CHECK(found_other(DeflateCheck::samples, 24) == DeflateMethod::zlib(9));  // A sample.
}

TEST_CASE("of a large part the beginning is tried, where samples are enough") {
  const Bytes bytes = text(12'000), usual = deflated(bytes, DeflateMethod::zlib(6)),
              other = deflated(bytes, DeflateMethod::zlib(9));
  REQUIRE(usual.size() > 100'000);
  Bytes content = usual;
  append(content, other);
  const MemoryFile file(content), inflated(bytes);
  DeflateSearch search(file, DeflateCheck::samples);
  for (int i = 0; i < 17; ++i) {
    CHECK(search.find({0, PartKind::zip}, usual.size(), inflated) == DeflateMethod::zlib(6));
  }
  CHECK(search.find({usual.size(), PartKind::zip}, other.size(), inflated) == DeflateMethod::zlib(9));
}

TEST_CASE("a search in which nothing ever worked is hopeless after a few parts") {
  const Bytes bytes = text(30), bad(100, 0xff);
  Bytes content = deflated(bytes, DeflateMethod::zlib(6));
  const size_t good = content.size();
  append(content, bad);
  const MemoryFile file(content), inflated(bytes);
  DeflateSearch hopeless(file), mixed(file);
  CHECK(mixed.find({0, PartKind::zip}, good, inflated));
  CHECK_FALSE(hopeless.hopeless());
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(hopeless.find({good, PartKind::zip}, bad.size(), inflated));
    CHECK_FALSE(mixed.find({good, PartKind::zip}, bad.size(), inflated));
  }
  CHECK(hopeless.hopeless());
  CHECK_FALSE(mixed.hopeless());
}
