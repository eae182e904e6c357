// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/digest.h"

#include <doctest/doctest.h>

#include <unordered_set>

#include "base/error.h"

using namespace docker_sync;

namespace {

const std::string kEmptyHex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

ExitCode parse_failure(const std::string& text) {
  try {
    (void)Digest::parse(text);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

}  // namespace

TEST_CASE("a digest is written as the OCI spec writes it and read back") {
  const Digest digest = Digest::of({});
  CHECK(digest.hex() == kEmptyHex);
  CHECK(digest.text() == "sha256:" + kEmptyHex);
  CHECK(digest.brief() == "sha256:e3b0c44298fc");
  CHECK(Digest::parse(digest.text()) == digest);
}

TEST_CASE("anything but sha256 and 64 lower-case digits is a protocol error") {
  std::string upper = kEmptyHex;
  upper[0] = 'E';
  for (const std::string& text :
       {std::string(), std::string("sha256:"), kEmptyHex, "sha512:" + kEmptyHex, "sha256:" + upper,
        "sha256:" + kEmptyHex + "0", "sha256:" + kEmptyHex.substr(1), "sha256:" + kEmptyHex.substr(1) + "g",
        "sha256:" + kEmptyHex.substr(1) + std::string(1, '\0'), " sha256:" + kEmptyHex.substr(1)}) {
    CAPTURE(text);
    CHECK(parse_failure(text) == ExitCode::protocol);
  }
}

TEST_CASE("chain IDs follow the OCI image spec") {
  CHECK(chain_ids({}).empty());
  const std::vector<Digest> diff_ids = {Digest::of(as_bytes("a")), Digest::of(as_bytes("b")),
                                        Digest::of(as_bytes("c"))};
  const std::vector<Digest> chain = chain_ids(diff_ids);
  REQUIRE(chain.size() == 3);
  CHECK(chain[0] == diff_ids[0]);
  // printf '%s %s' "$C0" "$d1" | sha256sum, and so on
  CHECK(chain[1].text() == "sha256:51c0c8ace48498d6f5fee6b0592cc06f2da0f3cbe09c5a34a97dce85c3889676");
  CHECK(chain[2].text() == "sha256:2fce7f8ce91bcf0a1428b36e1024639fdbd9469eea762dba98aa749631885106");
}

TEST_CASE("the common prefix ends at the first layer that differs") {
  const Digest a = Digest::of(as_bytes("a")), b = Digest::of(as_bytes("b")), c = Digest::of(as_bytes("c"));
  const std::vector<Digest> left = {a, b, c}, right = {a, c, c}, shorter = {a, b};
  CHECK(common_prefix(left, right) == 1);
  CHECK(common_prefix(left, shorter) == 2);
  CHECK(common_prefix(shorter, left) == 2);
  CHECK(common_prefix(left, left) == 3);
  CHECK(common_prefix(left, {}) == 0);
}

TEST_CASE("digests are keys of hash maps and of ordered ones") {
  const Digest a = Digest::of(as_bytes("a")), b = Digest::of(as_bytes("b"));
  std::unordered_set<Digest> set = {a, b, a};
  CHECK(set.size() == 2);
  CHECK((a < b) == (a.text() < b.text()));
}
