// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/patch.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "delta/like_runs.h"
#include "delta/like_runs_codec.h"
#include "delta/patch_format.h"
#include "delta/patch_region.h"
#include "delta/section.h"
#include "delta/seed_table.h"

namespace docker_sync {

namespace {

static_assert(kPatchRegion <= SeedTable::kMostBytes);

constexpr int kLastQuickLevel = 9;  // Above, zstd reads a prefix at a few MB/s.
constexpr size_t kSmallWindow = size_t{1} << 20;
// A large window made so many times smaller by like runs is a program, and no other way does better.
constexpr size_t kFarSmaller = 16;

/// Nothing for the whole old file, else how many pieces, and of each the bytes before it and its own.
void put_pieces(const std::vector<RegionPiece>& pieces, uint64_t old_size, Bytes& to) {
  if (old_size <= kPatchRegion) return;
  put_integer(to, pieces.size());
  uint64_t end = 0;
  for (const RegionPiece& piece : pieces) {
    put_integer(to, piece.offset - end);
    put_integer(to, piece.size);
    end = piece.offset + piece.size;
  }
}

std::vector<RegionPiece> get_pieces(PatchReader& patch, uint64_t old_size) {
  if (old_size <= kPatchRegion) return {{0, old_size}};
  const uint64_t count = patch.integer();
  if (count > kMostPieces) throw_protocol("a region of a patch has too many pieces");
  std::vector<RegionPiece> pieces;
  uint64_t end = 0, total = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t before = patch.integer(), size = patch.integer();
    if (before > old_size - end || size > old_size - end - before) throw_protocol("a patch reads beyond the old file");
    if (size > kPatchRegion - total) throw_protocol("a region of a patch is too large");
    pieces.push_back({end + before, size});
    end += before + size;
    total += size;
  }
  return pieces;
}

void read_all(const RandomAccess& file, Bytes& bytes) {
  bytes.resize(static_cast<size_t>(file.size()));
  if (!bytes.empty()) file.read_at(0, bytes);
}

class Encoder {
 public:
  Encoder(const RandomAccess& old_file, int level, PatchEffort effort)
      : old_(&old_file), finder_(old_file), level_(level), effort_(effort) {}

  [[nodiscard]] Bytes encode(ByteView window, uint64_t position) {
    choose_region(window, position);
    Bytes head{0};
    put_pieces(pieces_, old_->size(), head);
    Bytes best = pack_runs(region_, window, find_like_runs(region_, window), head, level_);
    if (effort_ == PatchEffort::fast) return best;
    if (best.size() > window.size() / kFarSmaller) {
      Bytes plain{static_cast<uint8_t>(WindowKind::plain)};
      pack_section(window, level_, plain);
      if (plain.size() < best.size()) best.swap(plain);
    }
    if (window.size() <= kSmallWindow || best.size() > window.size() / kFarSmaller) {
      Bytes prefixed = with_kind(head, WindowKind::prefixed);
      pack_section(window, region_, window.size() <= kSmallWindow ? level_ : std::min(level_, kLastQuickLevel),
                   prefixed);
      if (prefixed.size() < best.size()) best.swap(prefixed);
    }
    return best;
  }

 private:
  void choose_region(ByteView window, uint64_t position) {
    std::vector<RegionPiece> pieces = finder_.find(window, position);
    if (!pieces_.empty() && pieces == pieces_) return;
    pieces_ = std::move(pieces);
    read_all(PatchRegion(*old_, pieces_), region_);
  }

  const RandomAccess* old_;
  RegionFinder finder_;
  int level_;
  PatchEffort effort_;
  std::vector<RegionPiece> pieces_;
  Bytes region_;
};

void make_window(const RandomAccess& old_file, size_t size, PatchReader& patch, Sink& sink) {
  const uint8_t kind = patch.byte();
  switch (static_cast<WindowKind>(kind)) {
    case WindowKind::plain:
      return sink.write(patch.section(size));
    case WindowKind::prefixed: {
      Bytes region;
      read_all(PatchRegion(old_file, get_pieces(patch, old_file.size())), region);
      return sink.write(patch.section(size, region));
    }
    case WindowKind::runs:
    case WindowKind::small_runs: {
      const PatchRegion region(old_file, get_pieces(patch, old_file.size()));
      return make_of_runs(region, kind == static_cast<uint8_t>(WindowKind::small_runs), size, patch, sink);
    }
  }
  throw_protocol("a patch has a window of unknown kind");
}

}  // namespace

void make_patch(const RandomAccess& old_file, const RandomAccess& new_file, int level, PatchEffort effort,
                Sink& patch) {
  assert(level >= 1 && level <= 19);
  Encoder encoder(old_file, level, effort);
  Bytes window;
  for (uint64_t position = 0; position < new_file.size(); position += window.size()) {
    window.resize(static_cast<size_t>(std::min<uint64_t>(kPatchWindow, new_file.size() - position)));
    new_file.read_at(position, window);
    patch.write(encoder.encode(window, position));
  }
}

void apply_patch(const RandomAccess& old_file, Source& patch, Sink& new_file, uint64_t new_size) {
  PatchReader reader(patch);
  for (uint64_t left = new_size; left > 0;) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(kPatchWindow, left));
    make_window(old_file, size, reader, new_file);
    left -= size;
  }
  if (!reader.at_end()) throw_protocol("a patch goes on after its end");
}

}  // namespace docker_sync
