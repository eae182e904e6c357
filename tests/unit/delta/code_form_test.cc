// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/code_form.h"

#include <doctest/doctest.h>

#include "delta/archives.h"
#include "delta/fixture.h"
#include "delta/program.h"
#include "delta/delta_search.h"

using namespace docker_sync;
using namespace docker_sync::programs;
using archives::all_of;

namespace {

const SpoolSpace& space() {
  static const SpoolSpace var_tmp("/var/tmp", size_t{64} << 20);
  return var_tmp;
}

struct Form {
  Bytes recipe, bytes;
};

std::optional<Form> form_of(const Bytes& content) {
  const auto form = take_code_apart(MemoryFile(content), space());
  if (!form) return std::nullopt;
  return Form{form->recipe, all_of(*form->form)};
}

Bytes content_of(const Form& form, uint64_t size) {
  MemorySink content;
  put_code_together(form.recipe, MemoryFile(form.bytes), size, content);
  return content.bytes();
}

void check_round_trip(const Bytes& content) {
  const auto form = form_of(content);
  REQUIRE(form);
  CHECK(form->bytes.size() < 2 * content.size());
  CHECK(content_of(*form, content.size()) == content);
}

/// New bytes of a delta, in the blocks that a signature of the old would have.
uint64_t fresh_bytes(const Bytes& old_bytes, const Bytes& new_bytes) {
  const Bytes signature = make_signature(MemoryFile(old_bytes), {512, 4});
  uint64_t fresh = 0;
  for (const DeltaPart& part : find_delta(Signature(signature), MemoryFile(new_bytes))) fresh += part.from ? 0 : part.size;
  return fresh;
}

}  // namespace

TEST_CASE("a form is the code without distances, and the places that these refer to, kind by kind") {
  const Bytes code = {0xe8, 0x01, 0x02, 0x00, 0x00,                    // call, near
                      0x48, 0x8d, 0x05, 0xff, 0xff, 0xff, 0xff,        // lea, relative
                      0xe9, 0x00, 0x00, 0x00, 0x40,                    // not near, and might be taken for it
                      0xe9, 0x44, 0x00, 0x00, 0x40,                    // not near
                      0x89, 0xe9, 0xe8, 0x00, 0x00, 0x00, 0xff,        // a register, then a call
                      0x0f, 0x10, 0x0d, 0x00, 0x01, 0x00, 0x00, 0xc3,  // movups, relative
                      0xe8, 0x00, 0x00, 0x00, 0x00, 0xc3};             // too near the end
  const Bytes content = program(code);
  const auto form = form_of(content);
  REQUIRE(form);
  CHECK(form->recipe == Bytes{2, 2, 120, static_cast<uint8_t>(code.size())});
  const Bytes expected = {0xe8, 0x00,                                      //
                          0x48, 0x8d, 0x05, 0xff,                          //
                          0xe9, 0x80, 0x00, 0x00, 0x00, 0x40,              //
                          0xe9, 0x44, 0x00, 0x00, 0x40,                    //
                          0x89, 0xe9, 0xe8, 0xff,                          //
                          0x0f, 0x10, 0x0d, 0x00, 0xc3,                    //
                          0xe8, 0x00, 0x00, 0x00, 0x00, 0xc3,              //
                          0x00, 0x02, 0x7e,                                // 120 + 5 + 0x201
                          0x00, 0x00, 0x95,                                // 120 + 29
                          0x00, 0x00, 0x83,                                // 120 + 12 - 1
                          0x00, 0x01, 0x9c};                               // 120 + 36 + 0x100
  CHECK(Bytes(form->bytes.begin() + 120, form->bytes.end()) == expected);
  CHECK(content_of(*form, content.size()) == content);
}

TEST_CASE("any code comes back as it was") {
  SUBCASE("noise") { check_round_trip(program(noise(1'000'000, 1))); }
  SUBCASE("noise of opcodes") {
    static constexpr uint8_t kBytes[] = {0xe8, 0xe9, 0x89, 0x8b, 0x0f, 0x05, 0x0d, 0x00, 0xff, 0x80, 0x8d, 0x10};
    Bytes code = noise(1'000'000, 2);
    for (uint8_t& byte : code) byte = kBytes[byte % sizeof kBytes];
    check_round_trip(program(code));
  }
  SUBCASE("functions, more than stay in memory") { check_round_trip(program(functions(120'000, 3))); }
  SUBCASE("of every length about that of a chunk") {
    const Bytes code = functions(2100, 4);
    for (size_t size = (128 << 10) - 20; size < (128 << 10) + 20; ++size) {
      check_round_trip(program(ByteView(code).first(size)));
    }
  }
  SUBCASE("in several segments, and none") {
    const Bytes body = functions(1000, 5);
    const size_t begin = body_offset(3);
    check_round_trip(
        program(body, {{begin + 7, begin + 1007}, {begin + 1007, begin + 1010}, {begin + 30'000, begin + body.size()}}));
  }
}

TEST_CASE("what holds no code of ours has no form") {
  CHECK_FALSE(form_of(noise(100'000, 1)));
  CHECK_FALSE(form_of({}));
  CHECK_FALSE(form_of(program(Bytes(1000, 0x90))));
  CHECK_FALSE(form_of(program(functions(10, 1), {})));
  Bytes other_machine = program(functions(10, 1));
  other_machine[18] = EM_AARCH64;
  CHECK_FALSE(form_of(other_machine));
}

TEST_CASE("code that only moved is the same in blocks") {
  const Bytes old_code = program(functions(20'000, 1)), new_code = program(functions(20'000, 1, true));
  CHECK(fresh_bytes(old_code, new_code) > new_code.size() * 9 / 10);
  const Bytes old_form = form_of(old_code)->bytes, new_form = form_of(new_code)->bytes;
  CHECK(fresh_bytes(old_form, new_form) < new_form.size() / 3);
}

TEST_CASE("a recipe and a form that do not fit each other are a protocol error") {
  const Bytes content = program(functions(100, 1));
  const Form form = *form_of(content);
  const auto outcome_of = [&](const Form& told, uint64_t size) {
    MemorySink made;
    const ExitCode code = outcome([&] { put_code_together(told.recipe, MemoryFile(told.bytes), size, made); });
    CHECK(made.bytes().size() <= size);
    return code;
  };
  REQUIRE(outcome_of(form, content.size()) == ExitCode::ok);
  SUBCASE("cut short") {
    for (size_t size = 0; size < form.bytes.size(); ++size) {
      Form told = form;
      told.bytes.resize(size);
      CHECK(outcome_of(told, content.size()) == ExitCode::protocol);
    }
    for (size_t size = 1; size < form.recipe.size(); ++size) {
      Form told = form;
      told.recipe.resize(size);
      CHECK(outcome_of(told, content.size()) == ExitCode::protocol);
    }
  }
  SUBCASE("with more than it should have") {
    Form told = form;
    told.bytes.push_back(0);
    CHECK(outcome_of(told, content.size()) == ExitCode::protocol);
    told = form;
    ++told.recipe[0];
    CHECK(outcome_of(told, content.size()) == ExitCode::protocol);
  }
  SUBCASE("of another size") {
    CHECK(outcome_of(form, content.size() - 1) == ExitCode::protocol);
    CHECK(outcome_of(form, content.size() + 1) == ExitCode::protocol);
  }
  SUBCASE("with code behind the end, or in too many places") {
    Form told = form;
    told.recipe.insert(told.recipe.end(), {0xff, 0xff, 0x7f, 1});
    CHECK(outcome_of(told, content.size()) == ExitCode::protocol);
    told = form;
    told.recipe.insert(told.recipe.end(), 2 * kMostSegments, 0);
    CHECK(outcome_of(told, content.size()) == ExitCode::protocol);
  }
}
