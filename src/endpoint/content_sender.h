// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Writes the contents stream: what was offered and travels, as the destination's answers and the shared basis allow.
// Used by one thread.
#pragma once

#include <map>

#include "base/compression.h"
#include "base/concatenation.h"
#include "delta/delta_parts.h"
#include "delta/patch.h"
#include "endpoint/basis.h"
#include "endpoint/offered.h"

namespace docker_sync {

class ContentSender {
 public:
  /// All referred to must outlive this. REQUIRES: `shared` is sealed. `level`: zstd's.
  ContentSender(OfferedBlocks& blocks, const Basis& shared, RecordReader& answers, ZstdSink& contents, int level);

  /// Returns when the destination has asked for the last one. Throws ExitCode::protocol on what may not be said.
  /// Memory: one signature, and what make_patch() needs.
  void run();

 private:
  /// A content's place among what was offered: its block's number, and its own in it.
  struct Name {
    uint64_t block, index;
    auto operator<=>(const Name&) const = default;
  };

  void send_block(uint64_t number, const OfferedBlock& block);
  [[nodiscard]] std::vector<Answer> read_answers(const OfferedBlock& block);
  /// Serves what comes before it.
  [[nodiscard]] AnswerTag next_tag();
  [[nodiscard]] Name read_name();
  void send_again();
  void send_refined();
  void send(const Name& name, const OfferedBlock& block, const OfferedContent& content, Answer answer);
  void send_delta(const Name& name, const Slice& bytes);
  void send_bundled(const Slice& bytes, const OfferedBlock& block, const OfferedContent& content);
  void end_bundle();
  void send_patched(const Slice& bytes, const OfferedContent& content);

  OfferedBlocks& blocks_;
  const Basis& shared_;
  RecordReader& answers_;
  ZstdSink& contents_;
  const int level_;
  const PatchEffort effort_;
  PlaceWriter places_;
  struct Bundle {
    Concatenation old_bytes, new_bytes;
    BundleSize size;
  };
  std::optional<Bundle> bundle_;
  std::map<Name, std::vector<DeltaHole>> drafts_;
};

}  // namespace docker_sync
