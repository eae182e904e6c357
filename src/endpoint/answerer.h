// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Writes the answers stream at the destination: which of the contents that the source asks for are here, signatures of
// what the others may be like, and what has to be asked once more. Used by one thread.
#pragma once

#include <memory>
#include <vector>

#include "base/queue.h"
#include "endpoint/basis.h"
#include "endpoint/content_form.h"
#include "endpoint/lead.h"
#include "endpoint/records.h"
#include "endpoint/signature_budget.h"
#include "endpoint/wanted.h"

namespace docker_sync {

class Answerer {
 public:
  /// `link`: bytes per second that it took before, 0: not known. `wanted`: gets what will come, in order, each
  /// before the source can know that. All referred to must outlive this. REQUIRES: the basis is sealed.
  Answerer(Sink& answers, const SpoolSpace& space, const Basis& basis, uint64_t link, SignatureBudget& budget,
           Lead& lead, Queue<Unfinished>& unfinished, Queue<WantedBlock>& wanted);

  /// Begins with the names of the groups of what the source does not have.
  void put_groups(std::vector<bool> shared);
  void answer(AskedBlock block);
  /// Nothing travels for these: they are read from another basis.
  void take_elsewhere(std::vector<Wanted> contents, std::unique_ptr<const Basis> elsewhere);
  void ask_further(Unfinished unfinished);
  void ask_further_all();  ///< what is unfinished at the moment
  void end();

 private:
  void want(WantedBlock block);
  /// The answer for a content that is not here, and what follows it: its signature, if that is worth it.
  [[nodiscard]] Answer choose(Wanted& content, Sink& more);

  Sink& answers_;
  const SpoolSpace& space_;
  const Basis& basis_;
  const uint64_t link_;
  SignatureBudget& budget_;
  Lead& lead_;
  PlaceWriter places_;
  Queue<Unfinished>& unfinished_;
  Queue<WantedBlock>& wanted_;
  std::vector<bool> shared_;  ///< by basis layer: the source has it too
};

}  // namespace docker_sync
