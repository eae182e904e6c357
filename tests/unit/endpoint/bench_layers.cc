// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How fast one core takes a layer apart and puts it together, from the page cache: `meson test --benchmark layers -v`,
// or with a layer's tar as argument. Without it, 400 MB of files of 100 bytes to 20 MB.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "base/fd.h"
#include "base/hash.h"
#include "endpoint/basis.h"
#include "endpoint/layer_rebuild.h"
#include "image/entry_times.h"
#include "image/layer_split.h"
#include "image/skeleton.h"
#include "tar_fixture.h"
#include "wire/limits.h"

using namespace docker_sync;

namespace {

/// Seconds, the median of five.
double seconds_of(const std::function<void()>& work) {
  std::vector<double> rounds;
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    rounds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(rounds);
  return rounds[rounds.size() / 2];
}

void make_layer(Spool& layer) {
  std::mt19937 random(1);
  // Most files are small, most bytes in large ones.
  std::lognormal_distribution<double> sizes(9, 2);
  std::string content;
  for (int i = 0; layer.size() < 400'000'000; ++i) {
    content.resize(static_cast<size_t>(std::clamp(sizes(random), 100.0, 20e6)));
    for (size_t at = 0; at < content.size(); at += 16) content[at] = static_cast<char>(random());
    layer.write(tar_file(fmt::format("usr/lib/package-{}/file-{}", i / 30, i), content));
  }
  layer.write(tar_end());
  layer.flush();
}

/// Of one layer: as a group of the basis with its times, and as blocks whose contents are in the basis.
struct Rebuilds {
  Rebuilds(const RandomAccess& tar, const Digest& diff_id, const SpoolSpace& space) : skeletons(space) {
    known.diff_id = blocks.diff_id = diff_id;
    known.size = blocks.size = tar.size();
    TimeEncoder times;
    std::vector<SkeletonEntry> entries;
    LayerRebuild::Segment block;
    size_t pieces = 0;
    const auto end_block = [&] {
      const Bytes encoded = encode_skeleton(entries);
      block.spool_offset = skeletons.size();
      block.spool_bytes = encoded.size();
      block.padded = false;
      skeletons.write(encoded);
      blocks.segments.push_back(std::exchange(block, {}));
      entries.clear();
    };
    split_layer(tar, [&](Piece&& piece) {
      ++pieces;
      if (piece.content_size > 0) block.contents.push_back({0, piece.content_offset});
      entries.push_back({piece.gap, piece.content_size});
      for (const uint64_t time : take_times(piece.gap)) times.put(time);
      if (entries.size() == limits::kBlockEntries / 4) end_block();
    });
    end_block();
    const Bytes encoded = times.take();
    LayerRebuild::Segment all{skeletons.size(), encoded.size(), 0};
    all.pieces = pieces;
    skeletons.write(encoded);
    skeletons.flush();
    known.segments.push_back(all);
  }

  Spool skeletons;
  LayerRebuild known, blocks;
};

}  // namespace

int main(int argc, char** argv) {
  const SpoolSpace space("/var/tmp", size_t{64} << 20);
  auto layer = std::make_unique<Spool>(space, Spool::Begin::on_disk);
  if (argc == 2) {
    const Fd file(::open(argv[1], O_RDONLY | O_CLOEXEC));
    FdSource source(file);
    copy(source, *layer);
    layer->flush();
  } else {
    make_layer(*layer);
  }
  const auto megabytes = static_cast<double>(layer->size()) / 1e6;
  Sha256 hash;
  copy(*layer, hash);
  const Digest diff_id{hash.finish()};

  const double taken_apart = seconds_of([&] { (void)index_layer(*layer); });
  fmt::print("split, hash      {:>7.0f} MB/s\n", megabytes / taken_apart);

  const LayerCache cache("");
  StageTimes times;
  Basis basis({diff_id}, {}, cache, times);
  const RandomAccess& tar = basis.add(0, std::move(layer));
  basis.seal();
  basis.wait();
  const Rebuilds rebuilds(tar, diff_id, space);
  ArrivedContents nothing(space, times, ArrivedContents::Reading::once);
  const auto join = [&](const char* what, const LayerRebuild& rebuild) {
    const double joined = seconds_of([&] {
      LayerSource source(rebuild, rebuilds.skeletons, basis, nothing, cache);
      Bytes out(128 << 10);
      while (source.read(out) > 0) {
      }
    });
    fmt::print("join, {:<12} {:>5.0f} MB/s; with split and hash {:.0f}\n", what, megabytes / joined,
               megabytes / (taken_apart + joined));
  };
  join("known groups", rebuilds.known);
  join("blocks", rebuilds.blocks);
}
