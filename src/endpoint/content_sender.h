// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Writes the contents stream: what was offered and travels, as the destination's answers and the shared basis allow.
// Used by one thread.
#pragma once

#include <deque>
#include <map>

#include "base/concatenation.h"
#include "delta/delta_parts.h"
#include "delta/patch.h"
#include "endpoint/basis.h"
#include "endpoint/content_form.h"
#include "endpoint/offered.h"
#include "wire/paced_sink.h"

namespace docker_sync {

class ContentSender {
 public:
  /// All referred to must outlive this. REQUIRES: `shared` is sealed.
  ContentSender(OfferedBlocks& blocks, const Basis& shared, const SpoolFolder& folder, RecordReader& answers,
                PacedSink& contents);

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
  void send_data(const Slice& bytes);
  void send_delta(const Name& name, const Slice& bytes, bool of_inflated);
  void send_like_old(const Slice& bytes, const BasisFile& old_place);
  void add_to_bundle(NewForm new_form, OldForm old_form);
  void end_bundle();
  void send_patch(const RandomAccess& old_bytes, const RandomAccess& new_bytes);
  /// Whether there is time to inflate.
  [[nodiscard]] bool may_inflate() { return contents_.patch_work().strong; }

  OfferedBlocks& blocks_;
  const Basis& shared_;
  const SpoolFolder& folder_;
  RecordReader& answers_;
  PacedSink& contents_;
  PlaceWriter places_;
  struct Bundle {
    std::deque<OldForm> old_forms;
    std::deque<NewForm> new_forms;
    BundleSize size;
  };
  std::optional<Bundle> bundle_;
  std::map<Name, std::vector<DeltaHole>> drafts_;
};

}  // namespace docker_sync
