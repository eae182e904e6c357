// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/code_layout.h"

#include "base/byte_reader.h"
#include "base/error.h"
#include "base/leb128.h"

namespace docker_sync {

uint64_t CodeLayout::field_bytes() const {
  uint64_t count = 0;
  for (const uint64_t of_kind : fields) count += of_kind;
  return count * kFieldBytes;
}

Bytes CodeLayout::recipe() const {
  Bytes recipe;
  const auto put = [&](uint64_t value) { put_leb128(value, [&](uint8_t byte) { recipe.push_back(byte); }); };
  for (const uint64_t of_kind : fields) put(of_kind);
  uint64_t end = 0;
  for (const CodeRange& range : code) {
    put(range.begin - end);
    put(range.end - range.begin);
    end = range.end;
  }
  return recipe;
}

CodeLayout CodeLayout::read(ByteView recipe, uint64_t size) {
  MemorySource source(recipe);
  ByteReader reader(source, "a recipe");
  CodeLayout layout;
  uint64_t left = size / kFieldBytes;
  for (uint64_t& of_kind : layout.fields) {
    of_kind = reader.integer();
    if (of_kind > left) throw_protocol("a form with more fields than its content has room for");
    left -= of_kind;
  }
  uint64_t end = 0;
  const auto next_edge = [&] {
    const uint64_t distance = reader.integer();
    if (distance > size - end) throw_protocol("code behind the end of a content");
    return end += distance;
  };
  while (!reader.at_end()) {
    if (layout.code.size() == kMostSegments) throw_protocol("a content with code in too many places");
    const uint64_t begin = next_edge();
    layout.code.push_back({begin, next_edge()});
  }
  return layout;
}

}  // namespace docker_sync
