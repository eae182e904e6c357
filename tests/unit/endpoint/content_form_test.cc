// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/content_form.h"

#include <doctest/doctest.h>

#include "base/io.h"
#include "wire/pace.h"

using namespace docker_sync;

TEST_CASE("the faster a link was, the fewer old contents are signed in another form than they have") {
  const auto form = [](Bytes first_bytes, uint64_t link) {
    first_bytes.resize(1000);
    return form_to_sign(MemoryFile(first_bytes), link);
  };
  const Bytes zip{'P', 'K', 3, 4}, gzip{0x1f, 0x8b, 8, 0}, text{'t', 'e', 'x', 't'};
  const Bytes program{0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0};  // of x86-64
  for (const uint64_t link : {uint64_t{0}, kOutrunsDeflating - 1}) {
    CHECK(form(zip, link) == FormKind::inflated);
    CHECK(form(gzip, link) == FormKind::inflated);
    CHECK(form(program, link) == FormKind::code);
    CHECK(form(text, link) == FormKind::plain);
  }
  for (const uint64_t link : {kOutrunsDeflating, kFastLink - 1}) {
    CHECK(form(zip, link) == FormKind::plain);
    CHECK(form(gzip, link) == FormKind::inflated);
    CHECK(form(program, link) == FormKind::code);
  }
  for (const Bytes& bytes : {zip, gzip, program, text}) CHECK(form(bytes, kFastLink) == FormKind::plain);
}
