// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Writes the contents stream: what was offered and travels, as the destination's answers and the shared basis allow.
// Used by one thread, beside which another one works ahead.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "base/stage_times.h"
#include "base/work_ahead.h"
#include "delta/delta_parts.h"
#include "delta/patch.h"
#include "delta/signature.h"
#include "endpoint/basis.h"
#include "endpoint/content_form.h"
#include "endpoint/offered.h"
#include "wire/paced_sink.h"

namespace docker_sync {

class ContentSender {
 public:
  /// All referred to must outlive this. REQUIRES: `shared` is sealed.
  ContentSender(OfferedBlocks& blocks, const Basis& shared, const SpoolSpace& space, StageTimes& times,
                RecordReader& answers, PacedSink& contents);

  /// Returns when the destination has asked for the last one. Throws ExitCode::protocol on what may not be said.
  /// Memory: the signatures of a block, and what make_patch() needs, for two contents of which one is small.
  void run();

 private:
  /// A content's place among what was offered: its block's number, and its own in it.
  struct Name {
    uint64_t block, index;
    auto operator<=>(const Name&) const = default;
  };

  void send_block(uint64_t number, const OfferedBlock& block);
  [[nodiscard]] std::vector<Answer> read_answers(const OfferedBlock& block);
  [[nodiscard]] BasisFile read_place();
  /// Serves what comes before it.
  [[nodiscard]] AnswerTag next_tag();
  [[nodiscard]] Name read_name();
  void send_again();
  void send_refined();
  /// Does some of what waits, or, in the end, all.
  void work_off(uint64_t most_waiting);
  /// `bytes`: of contents, `weight`: those that it works on, old ones too.
  void add(WorkAhead::Task task, uint64_t bytes, uint64_t weight);
  void add_content(const Name& name, const OfferedBlock& block, const OfferedContent& content, Answer answer);
  void add_to_bundle(const Slice& bytes, const BasisFile& old_place);
  void end_bundle();

  // In any thread:
  void write_data(const Slice& bytes, DeflateCheck check, Sink& contents);
  static void put_data(const NewForm& form, Sink& contents);
  void write_delta(const Name& name, const Slice& bytes, const Signature& signature, FormKind signed_form,
                   Sink& contents);
  void write_patched(const Slice& bytes, const BasisFile& old_place, ByteView place, DeflateCheck check,
                     Sink& contents);
  struct Bundle;
  void write_rest(const Bundle& bundle, Sink& contents);
  void write_patch(const RandomAccess& old_bytes, const RandomAccess& new_bytes, Sink& contents);
  /// Inflated, if there is time to; where a content has such a form.
  [[nodiscard]] FormKind inflated_if_time();

  OfferedBlocks& blocks_;
  const Basis& shared_;
  const SpoolSpace& space_;
  StageTimes& times_;
  RecordReader& answers_;
  PacedSink& contents_;
  PlaceWriter places_;
  PlaceReader answered_places_;
  struct Bundle {
    std::vector<std::pair<Slice, BasisFile>> contents;  ///< and what they are like
    BundleSize size;
  };
  std::shared_ptr<Bundle> bundle_;
  struct SentDraft {
    FormKind form;
    std::vector<DeltaHole> holes;
  };
  [[nodiscard]] SentDraft take_draft(const Name& name);
  std::mutex mutex_;  ///< guards drafts_
  std::map<Name, SentDraft> drafts_;
  std::deque<uint64_t> weights_;  ///< of what waits
  uint64_t waiting_ = 0;          ///< their sum
  WorkAhead work_;                ///< the last member: its tasks use all others
};

}  // namespace docker_sync
