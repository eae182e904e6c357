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
#include "endpoint/wanted.h"

namespace docker_sync {

class Collector {
 public:
  struct Outcome {
    std::function<void(const Wanted&)> arrived;
    std::function<void(Unfinished)> unfinished;
    std::function<void(const Wanted&, uint64_t bytes)> delta_came;  ///< for a signature, before what it made is told
    std::function<void(uint64_t bytes)> progress;                   ///< of the content that is coming
  };

  /// All referred to must outlive this. REQUIRES: `basis` is sealed.
  Collector(RecordReader& contents, const SpoolSpace& space, const Basis& basis, ArrivedContents& arrived,
            Outcome outcome);

  /// Throws ExitCode::protocol on what may not be said, ExitCode::verification if even data has the wrong hash.
  /// Memory: what apply_patch() needs.
  void collect(const WantedBlock& block);

 private:
  void collect_one(const Wanted& wanted);
  void collect_again(const Wanted& wanted);
  void collect_elsewhere(const Basis& elsewhere, const Wanted& wanted);
  void collect_delta(const Wanted& wanted, const FormHead& head);
  /// REQUIRES: it has no holes, or they were filled.
  void take_draft(const Wanted& wanted, std::shared_ptr<const Draft> draft);
  /// The form of the similar content that was signed. Throws ExitCode::protocol if none was, or another one.
  [[nodiscard]] OldForm signed_old_form(const Wanted& wanted, const FormHead& head) const;
  void add_to_bundle(const Wanted& wanted);
  void end_bundle();
  /// Takes a content's form from `make`, or is given it, or takes the content itself, and tells what became of it.
  void take_form(const Wanted& wanted, const FormHead& head, const std::function<void(Sink& form)>& make);
  void take_made(const Wanted& wanted, const FormHead& head, const RandomAccess& form);
  void take_content(const Wanted& wanted, const FormHead& head, const std::function<void(Sink& content)>& make);
  /// False, once that was told, if it has to come in another way. Throws as collect().
  [[nodiscard]] bool is_right(const Wanted& wanted, const FormHead& head, const ContentHash& hash);
  void take_runs(const std::function<void(Source& runs)>& read);
  [[nodiscard]] BasisFile read_place();

  RecordReader& contents_;
  const SpoolSpace& space_;
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
