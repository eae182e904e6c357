// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/inflated_form.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "delta/archives.h"
#include "delta/patch.h"
#include "delta/patch_format.h"

using namespace docker_sync;
using namespace docker_sync::archives;

namespace {

constexpr DeflateMethod kJar = DeflateMethod::zlib(6), kGzip = DeflateMethod::gzip(9);

const SpoolSpace& space() {
  static const SpoolSpace var_tmp("/var/tmp", size_t{64} << 20);
  return var_tmp;
}

std::optional<Bytes> form_of(const Bytes& content) {
  const auto form = inflate_all(MemoryFile(content), space());
  if (!form) return std::nullopt;
  return all_of(*form);
}

struct Exact {
  Bytes recipe, form;
  uint64_t parts, raw_parts;
};

std::optional<Exact> exact_form_of(const Bytes& content) {
  const auto inflated = inflate_exactly(MemoryFile(content), DeflateCheck::every_part, space());
  if (!inflated) return std::nullopt;
  return Exact{inflated->recipe, all_of(*inflated->form), inflated->parts, inflated->raw_parts};
}

/// What a peer's bytes make: the content, or nothing after a protocol error. Anything else escapes.
std::optional<Bytes> outcome(const Bytes& recipe, const Bytes& form, uint64_t size) {
  MemorySource source(form);
  MemorySink content;
  try {
    deflate_again(recipe, source, size, content);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::protocol);
    CHECK(content.bytes().size() <= size);
    return std::nullopt;
  }
  CHECK(content.bytes().size() == size);
  return content.bytes();
}

void check_round_trip(const Bytes& content, uint64_t parts, uint64_t raw_parts = 0) {
  const auto exact = exact_form_of(content);
  REQUIRE(exact);
  CHECK(exact->parts == parts);
  CHECK(exact->raw_parts == raw_parts);
  const auto made = outcome(exact->recipe, exact->form, content.size());
  REQUIRE(made);
  CHECK((*made == content));
  // Where all parts are exact, both sides have the same form.
  if (raw_parts == 0) CHECK((form_of(content) == exact->form));
}

size_t patch_bytes(const Bytes& before, const Bytes& after) {
  MemorySink patch;
  make_patch(MemoryFile(before), MemoryFile(after), 9, PatchEffort::strong, patch);
  return patch.bytes().size();
}

Bytes small_zip() { return zip_of({text(5), text(30)}, kJar); }

/// `run` as a form has it, its size before it.
void append_run(Bytes& form, const Bytes& run) {
  put_integer(form, run.size());
  append(form, run);
}

}  // namespace

TEST_CASE("zips and gzip files come back, whoever deflated them") {
  const std::vector<Bytes> members{text(3), text(300), noise(5000), text(6000)};
  for (const DeflateMethod method : {kJar, DeflateMethod::zlib(9), DeflateMethod::zlib(1, 9), kGzip}) {
    check_round_trip(zip_of(members, method), 4);
    check_round_trip(zip_of(members, method, true), 4);
    check_round_trip(gzip_of(members[3], method), 1);
  }
}

TEST_CASE("gzip files one after the other, and what stands before and behind, come back") {
  Bytes content = gzip_of(text(100), kGzip);
  append(content, gzip_of(text(200), DeflateMethod::zlib(6)));
  append(content, noise(100));
  check_round_trip(content, 2);
  Bytes executable{'#', '!', '/', 'b', 'i', 'n', '\n'};
  append(executable, zip_of({text(100), text(200)}, kJar));
  check_round_trip(executable, 2);
}

TEST_CASE("a zip that ends within a member comes back") {
  const Bytes zip = small_zip();
  for (size_t size = 0; size < zip.size(); ++size) {
    const Bytes cut(zip.begin(), zip.begin() + static_cast<ptrdiff_t>(size));
    if (const auto exact = exact_form_of(cut)) CHECK(outcome(exact->recipe, exact->form, size) == cut);
  }
}

TEST_CASE("members of archives stored in another are inflated") {
  const Bytes inner = zip_of({text(100), text(200)}, kJar);
  Bytes outer = zip_member("a.jar", inner, inner.size(), false, 0);
  append(outer, zip_member("text", deflated(text(50), kJar), text(50).size()));
  check_round_trip(outer, 3);
}

TEST_CASE("a content without parts has no form") {
  for (const Bytes& content : {Bytes{}, Bytes{'P', 'K', 3, 4}, noise(100'000), text(1000), zip_end(),
                               zip_member("stored", text(10), text(10).size(), false, 0), gzip_of(Bytes(3), kGzip)}) {
    CHECK_FALSE(form_of(content));
    CHECK_FALSE(exact_form_of(content));
  }
}

TEST_CASE("a part that is damaged stays as it is") {
  Bytes zip = zip_of({text(30)}, kJar);
  const size_t second = zip.size() + 36 + 20;
  append(zip, zip_of({text(300), text(31)}, kJar));
  std::fill_n(zip.begin() + static_cast<ptrdiff_t>(second), 60, uint8_t{0xff});
  check_round_trip(zip, 2);
}

TEST_CASE("a part that nobody deflates so stays as it is, while most others are inflated") {
  // Two streams that inflate well: one is a single block in a code that is no compressor's choice.
  Bytes odd;
  const Bytes stored = noise(100);
  odd.push_back(0);  // A stored block that is not the last, though one would do.
  append_number(odd, 50, 2);
  append_number(odd, 0xffff - 50, 2);
  append(odd, ByteView(stored).first(50));
  odd.push_back(1);
  append_number(odd, 50, 2);
  append_number(odd, 0xffff - 50, 2);
  append(odd, ByteView(stored).subspan(50));
  Bytes zip = zip_member("odd", odd, 100);
  CHECK(form_of(zip));
  CHECK_FALSE(exact_form_of(zip));
  append(zip, zip_member("even", deflated(text(100), kJar), text(100).size()));
  check_round_trip(zip, 1, 1);
}

TEST_CASE("a form too large for memory comes back from the spool") {
  check_round_trip(gzip_of(Bytes(4'500'000, 'x'), DeflateMethod::zlib(1)), 1);
}

TEST_CASE("a bomb has no form") {
  const Bytes bomb = deflated(Bytes(40 << 20), DeflateMethod::zlib(9));
  const Bytes zip = zip_member("bomb", bomb, 40 << 20);
  CHECK(most_inflated_bytes(zip.size()) < 40 << 20);
  CHECK_FALSE(form_of(zip));
  CHECK_FALSE(exact_form_of(zip));
}

TEST_CASE("a form has the bytes that docs/inflated-form.md says") {
  const Bytes inside = text(5), stream = deflated(inside, kJar);
  Bytes zip = zip_member("name", stream, inside.size());
  append(zip, zip_end());
  const auto exact = exact_form_of(zip);
  REQUIRE(exact);
  CHECK(exact->recipe == Bytes{1, 6});  // One part, by zlib at level 6.
  Bytes form;
  append_run(form, Bytes(zip.begin(), zip.begin() + 34));
  append_run(form, inside);
  append_run(form, zip_end());
  CHECK(exact->form == form);
}

TEST_CASE("a thousand members of one making have a recipe of a few bytes") {
  const auto exact = exact_form_of(zip_of(std::vector<Bytes>(1000, text(5)), kJar));
  REQUIRE(exact);
  CHECK(exact->recipe == Bytes{0xe8, 7, 6});
}

TEST_CASE("a change within a member costs little between forms, and much between archives") {
  const Bytes before = text(20'000);
  Bytes after = before;
  for (size_t at = 1000; at < after.size(); at += 50'000) after[at] = '!';
  const Bytes old_file = gzip_of(before, kGzip), new_file = gzip_of(after, kGzip);
  CHECK(patch_bytes(*form_of(old_file), exact_form_of(new_file)->form) < 200);
  CHECK(patch_bytes(old_file, new_file) > 50'000);
}

TEST_CASE("a recipe or a form cut short anywhere is a protocol error") {
  const Bytes zip = small_zip();
  const auto exact = exact_form_of(zip);
  REQUIRE(exact);
  for (size_t size = 0; size < exact->form.size(); ++size) {
    const Bytes cut(exact->form.begin(), exact->form.begin() + static_cast<ptrdiff_t>(size));
    CHECK_FALSE(outcome(exact->recipe, cut, zip.size()));
  }
  for (size_t size = 0; size < exact->recipe.size(); ++size) {
    const Bytes cut(exact->recipe.begin(), exact->recipe.begin() + static_cast<ptrdiff_t>(size));
    CHECK_FALSE(outcome(cut, exact->form, zip.size()));
  }
}

TEST_CASE("a recipe or a form that goes on after its end is a protocol error") {
  const Bytes zip = small_zip();
  const auto exact = exact_form_of(zip);
  REQUIRE(exact);
  Bytes form = exact->form, recipe = exact->recipe;
  form.push_back(0);
  CHECK_FALSE(outcome(recipe, form, zip.size()));
  append(recipe, Bytes{1, 6});
  CHECK_FALSE(outcome(recipe, exact->form, zip.size()));
  CHECK_FALSE(outcome({}, {0}, 0));
  CHECK(outcome({}, {}, 0));
}

TEST_CASE("a flipped bit makes another content or a protocol error, never more than that") {
  const Bytes zip = small_zip();
  const auto exact = exact_form_of(zip);
  REQUIRE(exact);
  const auto flipped = [](Bytes bytes, size_t bit) {
    bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] ^ 1 << bit % 8);
    return bytes;
  };
  for (size_t bit = 0; bit < exact->form.size() * 8; ++bit) {
    CHECK(outcome(exact->recipe, flipped(exact->form, bit), zip.size()) != zip);
  }
  // A recipe may say the same in other words, so only what escapes counts.
  for (size_t bit = 0; bit < exact->recipe.size() * 8; ++bit) {
    static_cast<void>(outcome(flipped(exact->recipe, bit), exact->form, zip.size()));
  }
}

TEST_CASE("a content of another size is a protocol error") {
  const Bytes zip = small_zip();
  const auto exact = exact_form_of(zip);
  REQUIRE(exact);
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, zip.size() - 1, zip.size() + 1, uint64_t{1} << 40}) {
    CHECK_FALSE(outcome(exact->recipe, exact->form, size));
  }
}

TEST_CASE("parts so small that starting them would take all time are a protocol error") {
  Bytes form;
  append_run(form, {});
  append_run(form, {});
  CHECK_FALSE(outcome({1, 6}, form, 2));
}

TEST_CASE("no more of a form is read than the content may have") {
  class Endless : public Source {
   public:
    [[nodiscard]] size_t read(MutableBytes out) override {
      std::ranges::fill(out, uint8_t{0});
      if (given == 0) std::ranges::copy(Bytes{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, out.begin());
      given += out.size();
      return out.size();
    }
    uint64_t given = 0;
  };
  Endless form;
  MemorySink content;
  CHECK_THROWS_AS(deflate_again(Bytes{1, 9}, form, 1 << 20, content), Error);
  CHECK(form.given <= most_inflated_bytes(1 << 20) + 1);
}
