// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/like_runs_codec.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "delta/block_cache.h"
#include "delta/patch_format.h"

namespace docker_sync {

namespace {

constexpr size_t kSmallSections = size_t{64} << 10;  // In all; larger ones are never smaller together.
constexpr size_t kMostBytesPerByte = 2;              // Of all sections, per byte of the window.
constexpr size_t kChunk = size_t{64} << 10;

enum Part { kControl, kGaps, kDifferences, kExtra, kParts };
using Sections = std::array<Bytes, kParts>;
using Views = std::array<ByteView, kParts>;

/// In columns: the new bytes before each run, the length of each, how far each is from the end of the one before.
void put_control(const std::vector<LikeRun>& runs, Bytes& to) {
  uint64_t new_end = 0, old_end = 0;
  for (const LikeRun& run : runs) {
    put_integer(to, run.new_position - new_end);
    new_end = uint64_t{run.new_position} + run.length;
  }
  for (const LikeRun& run : runs) put_integer(to, run.length);
  for (const LikeRun& run : runs) {
    put_integer(to, zigzag(run.old_position - old_end));
    old_end = uint64_t{run.old_position} + run.length;
  }
}

Sections describe(ByteView region, ByteView window, const std::vector<LikeRun>& runs) {
  Sections sections;
  put_control(runs, sections[kControl]);
  Bytes &extra = sections[kExtra], &gaps = sections[kGaps], &differences = sections[kDifferences];
  size_t done = 0;
  uint64_t gap = 0;
  const auto put_extra = [&](size_t end) {
    extra.insert(extra.end(), window.begin() + static_cast<ptrdiff_t>(done),
                 window.begin() + static_cast<ptrdiff_t>(end));
  };
  for (const LikeRun& run : runs) {
    put_extra(run.new_position);
    const uint8_t *now = &window[run.new_position], *before = &region[run.old_position];
    for (size_t i = 0; i < run.length; ++i) {
      if (now[i] == before[i]) {
        ++gap;
      } else {
        put_integer(gaps, gap);
        differences.push_back(static_cast<uint8_t>(now[i] - before[i]));
        gap = 0;
      }
    }
    done = size_t{run.new_position} + run.length;
  }
  put_extra(window.size());
  return sections;
}

/// The parts as a peer sent them.
struct Received {
  Received(bool in_one_section, size_t window, PatchReader& patch) {
    std::array<size_t, kParts> sizes;
    size_t total = 0;
    for (size_t& size : sizes) {
      const uint64_t said = patch.integer();
      // In truth they are never larger together than the window, but for a few bytes of control.
      if (said > kMostBytesPerByte * window - total) throw_protocol("a window of a patch has too large sections");
      total += size = static_cast<size_t>(said);
    }
    if (in_one_section) sections[0] = patch.section(total);
    ByteView all = sections[0];
    for (size_t i = 0; i < kParts; ++i) {
      if (!in_one_section) all = sections[i] = patch.section(sizes[i]);
      parts[i] = all.first(sizes[i]);
      all = all.subspan(sizes[i]);
    }
  }
  Sections sections;
  Views parts;
};

/// Whatever is returned lies within the window and the region.
std::vector<LikeRun> get_control(ByteView control, size_t count, size_t window, uint64_t region) {
  IntegerReader reader(control);
  std::vector<LikeRun> runs(count);
  // First the bytes before each run are kept as its position, until the lengths are known.
  for (LikeRun& run : runs) run.new_position = reader.next_up_to(window);
  for (LikeRun& run : runs) run.length = reader.next_up_to(window);
  uint64_t new_end = 0, old_end = 0;
  for (LikeRun& run : runs) {
    new_end += run.new_position;
    run.new_position = static_cast<uint32_t>(std::min<uint64_t>(new_end, window));
    new_end += run.length;
    const uint64_t old_position = old_end + unzigzag(reader.next());
    if (new_end > window || old_position > region || run.length > region - old_position) {
      throw_protocol("a window of a patch has a run that lies outside");
    }
    run.old_position = static_cast<uint32_t>(old_position);
    old_end = old_position + run.length;
  }
  if (!reader.at_end()) throw_protocol("a window of a patch has more bytes than it uses");
  return runs;
}

class Maker {
 public:
  Maker(const RandomAccess& region, const Views& parts, Sink& sink)
      : old_(region), gaps_(parts[kGaps]), differences_(parts[kDifferences]), extra_(parts[kExtra]), sink_(&sink) {
    next_gap();
  }

  void extra(size_t count) {
    if (count > extra_.size()) throw_protocol("a window of a patch has too few new bytes");
    put(extra_.first(count));
    extra_ = extra_.subspan(count);
  }

  /// REQUIRES: the run lies within the region.
  void run(uint64_t old_position, size_t length) {
    while (length > 0) {
      if (out_.size() == kChunk) flush();
      const size_t count = std::min(length, kChunk - out_.size()), start = out_.size();
      out_.resize(start + count);
      const MutableBytes made = MutableBytes(out_).subspan(start);
      old_.read_at(old_position, made);
      change(made);
      old_position += count;
      length -= count;
    }
  }

  void finish() {
    flush();
    if (!extra_.empty() || !differences_.empty() || !gaps_.at_end()) {
      throw_protocol("a window of a patch has more bytes than it uses");
    }
  }

 private:
  void change(MutableBytes made) {
    size_t at = 0;
    while (gap_ < made.size() - at) {
      at += static_cast<size_t>(gap_);
      made[at] = static_cast<uint8_t>(made[at] + differences_.front());
      differences_ = differences_.subspan(1);
      ++at;
      next_gap();
    }
    gap_ -= made.size() - at;
  }

  void next_gap() {
    if (gaps_.at_end() != differences_.empty()) throw_protocol("a window of a patch has differences without place");
    gap_ = gaps_.at_end() ? kNever : gaps_.next();
  }

  void put(ByteView bytes) {
    if (out_.size() + bytes.size() > kChunk) flush();
    if (bytes.size() > kChunk) {
      sink_->write(bytes);
    } else {
      out_.insert(out_.end(), bytes.begin(), bytes.end());
    }
  }

  void flush() {
    if (!out_.empty()) sink_->write(out_);
    out_.clear();
  }

  static constexpr uint64_t kNever = UINT64_MAX;

  BlockCache old_;
  IntegerReader gaps_;
  uint64_t gap_ = 0;  ///< bytes of runs before the next that differs
  ByteView differences_, extra_;
  Sink* sink_;
  Bytes out_;
};

}  // namespace

Bytes pack_runs(ByteView region, ByteView window, const std::vector<LikeRun>& runs, const Bytes& head, int level) {
  const Sections sections = describe(region, window, runs);
  size_t total = 0;
  Bytes apart = with_kind(head, WindowKind::runs);
  put_integer(apart, runs.size());
  for (const Bytes& section : sections) {
    put_integer(apart, section.size());
    total += section.size();
  }
  Bytes together = with_kind(apart, WindowKind::small_runs);
  for (const Bytes& section : sections) pack_section(section, level, apart);
  if (total > kSmallSections) return apart;
  Bytes all;
  for (const Bytes& section : sections) all.insert(all.end(), section.begin(), section.end());
  pack_section(all, level, together);
  return together.size() < apart.size() ? together : apart;
}

void make_of_runs(const RandomAccess& region, bool in_one_section, size_t size, PatchReader& patch, Sink& window) {
  const uint64_t count = patch.integer();
  if (count > size / kShortestRun) throw_protocol("a window of a patch has too many runs");
  const Received received(in_one_section, size, patch);
  const std::vector<LikeRun> runs =
      get_control(received.parts[kControl], static_cast<size_t>(count), size, region.size());
  Maker maker(region, received.parts, window);
  size_t done = 0;
  for (const LikeRun& run : runs) {
    maker.extra(run.new_position - done);
    maker.run(run.old_position, run.length);
    done = size_t{run.new_position} + run.length;
  }
  maker.extra(size - done);
  maker.finish();
}

}  // namespace docker_sync
