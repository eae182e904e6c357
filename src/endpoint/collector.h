// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Reads the contents stream: makes each content that travels of what came and of the basis. Used by one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "endpoint/basis.h"
#include "endpoint/content_form.h"
#include "endpoint/draft.h"
#include "endpoint/layer_rebuild.h"
#include "endpoint/records.h"

namespace docker_sync {

/// A content that will come.
struct Wanted {
  size_t layer = 0;
  uint64_t block = 0, index = 0;     ///< as AnswerTag::again names it
  uint64_t size = 0, number = 0;     ///< number: of ArrivedContents
  std::optional<ShortHash> hash;     ///< told for what was asked
  std::optional<BasisFile> similar;  ///< its signature was sent
  FormKind signed_form{};            ///< of what
  bool elsewhere = false;            ///< it does not come: it is read from another image here
};

/// A content that needs another question: the holes of its draft, or all of it as data.
struct Unfinished {
  Wanted wanted;
  std::shared_ptr<Draft> draft;
};

/// The contents of a block that travel, or one that was unfinished, or those that are read from other images.
struct WantedBlock {
  std::vector<Wanted> contents;
  bool further = false;
  std::shared_ptr<Draft> draft;  ///< of that one; none if it comes as data
  std::shared_ptr<const Basis> elsewhere;
};

class Collector {
 public:
  struct Outcome {
    std::function<void(const Wanted&)> arrived;
    std::function<void(Unfinished)> unfinished;
    std::function<void(const Wanted&, uint64_t bytes)> delta_came;  ///< for a signature, before what it made is told
    std::function<void(uint64_t bytes)> progress;                   ///< of the content that is coming
  };

  /// All referred to must outlive this. REQUIRES: `basis` is sealed.
  Collector(RecordReader& contents, const SpoolFolder& folder, const Basis& basis, ArrivedContents& arrived,
            Outcome outcome);

  /// Throws ExitCode::protocol on what may not be said, ExitCode::verification if even data has the wrong hash.
  /// Memory: what apply_patch() needs.
  void collect(const WantedBlock& block);

 private:
  void collect_one(const Wanted& wanted);
  void collect_again(const Wanted& wanted);
  void collect_elsewhere(const Basis& elsewhere, const Wanted& wanted);
  void collect_delta(const Wanted& wanted, const FormHead& head);
  void collect_draft(const Wanted& wanted, const FormHead& head);
  /// The form of the similar content that was signed. Throws ExitCode::protocol if none was, or another one.
  [[nodiscard]] OldForm signed_old_form(const Wanted& wanted, const FormHead& head) const;
  void add_to_bundle(const Wanted& wanted);
  void end_bundle();
  /// Takes a content's form from `make`, makes the content of it, and tells what became of it.
  void take_form(const Wanted& wanted, const FormHead& head, const std::function<void(Sink& form)>& make);
  void take_runs(const std::function<void(Source& runs)>& read);
  [[nodiscard]] BasisFile read_place();

  RecordReader& contents_;
  const SpoolFolder& folder_;
  const Basis& basis_;
  ArrivedContents& arrived_;
  Outcome outcome_;
  PlaceReader places_;
  struct Bundle {
    std::vector<std::pair<Wanted, BasisFile>> contents;  ///< and what they are like
    BundleSize size;
  };
  Bundle bundle_;
};

}  // namespace docker_sync
