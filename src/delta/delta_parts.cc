// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/delta_parts.h"

#include "base/byte_reader.h"
#include "base/error.h"
#include "base/leb128.h"

namespace docker_sync {

namespace {

enum Kind : uint8_t { kNew = 0, kCopy = 1, kHole = 2 };
constexpr int kKindBits = 2;

// A hole is what is left of few blocks with small edits in them; after a long run of new bytes little is alike.
constexpr uint64_t kLongestHole = 3;  // blocks
// Together they must be worth a question and an answer.
constexpr uint64_t kLeastHoles = 8 << 10;

void put_number(Sink& sink, uint64_t value) {
  put_leb128(value, [&](uint8_t byte) { sink.write({&byte, 1}); });
}

}  // namespace

std::vector<DeltaHole> find_holes(const std::vector<DeltaPart>& parts, uint32_t block_bytes) {
  std::vector<DeltaHole> holes;
  uint64_t offset = 0, total = 0;
  for (size_t i = 0; i < parts.size() && holes.size() < kMostHoles; offset += parts[i++].size) {
    if (parts[i].from || i + 1 == parts.size()) continue;
    const uint64_t begin = i == 0 ? 0 : *parts[i - 1].from + parts[i - 1].size, end = *parts[i + 1].from;
    const uint64_t size = parts[i].size, longest = kLongestHole * block_bytes;
    if (size > longest || end <= begin || end - begin > longest) continue;
    holes.push_back({offset, size, begin, end - begin});
    total += size;
  }
  if (total < kLeastHoles) holes.clear();
  return holes;
}

void put_delta(const std::vector<DeltaPart>& parts, const std::vector<DeltaHole>& holes, const RandomAccess& content,
               Sink& delta) {
  uint64_t offset = 0, copied = 0;
  auto hole = holes.begin();
  for (const DeltaPart& part : parts) {
    const bool is_hole = hole != holes.end() && hole->new_offset == offset;
    put_number(delta, part.size << kKindBits | (is_hole ? kHole : part.from ? kCopy : kNew));
    if (is_hole) {
      put_number(delta, zigzag(hole->old_offset - copied));
      put_number(delta, hole->old_size);
      ++hole;
    } else if (part.from) {
      put_number(delta, zigzag(*part.from - copied));
      copied = *part.from + part.size;
    } else {
      copy(Slice(content, offset, part.size), delta);
    }
    offset += part.size;
  }
}

void read_delta(Source& delta, uint64_t basis_size, uint64_t content_size, const DeltaHandler& handler) {
  ByteReader reader(delta, "a delta");
  CallbackSink fresh(handler.fresh);
  size_t holes = 0;
  for (uint64_t offset = 0, copied = 0; offset < content_size;) {
    const uint64_t head = reader.integer(), size = head >> kKindBits;
    if (size == 0 || size > content_size - offset) throw_protocol("a delta makes another content than it is for");
    const auto within = [&](uint64_t from, uint64_t count) {
      if (count > basis_size || from > basis_size - count) throw_protocol("a delta points outside of its basis");
    };
    switch (head & ((1 << kKindBits) - 1)) {
      case kNew:
        reader.copy_to(fresh, size);
        break;
      case kCopy: {
        const uint64_t from = copied + unzigzag(reader.integer());
        within(from, size);
        handler.copy(from, size);
        copied = from + size;
        break;
      }
      case kHole: {
        const uint64_t from = copied + unzigzag(reader.integer()), old_size = reader.integer();
        within(from, old_size);
        if (!handler.hole || ++holes > kMostHoles) throw_protocol("a hole that may not be");
        handler.hole({offset, size, from, old_size});
        break;
      }
      default:
        throw_protocol("an unknown part of a delta");
    }
    offset += size;
  }
  if (!reader.at_end()) throw_protocol("a delta goes on after its end");
}

void apply_delta(const RandomAccess& basis, Source& delta, Sink& content, uint64_t content_size) {
  read_delta(delta, basis.size(), content_size,
             {[&](uint64_t from, uint64_t size) { copy(Slice(basis, from, size), content); },
              [&](ByteView bytes) { content.write(bytes); },
              {}});
}

}  // namespace docker_sync
