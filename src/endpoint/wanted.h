// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Contents that will come, as the destination's threads hand them on to each other.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "endpoint/basis.h"
#include "endpoint/draft.h"
#include "endpoint/records.h"

namespace docker_sync {

struct Wanted {
  uint64_t block = 0, index = 0;     ///< as AnswerTag::again names it
  uint64_t size = 0, number = 0;     ///< number: of ArrivedContents
  std::optional<ShortHash> hash;     ///< told for what was asked
  std::optional<BasisFile> similar;  ///< may be signed; from the answer on: was
  FormKind signed_form{};            ///< of what
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

/// What of a block is to be answered.
struct AskedBlock {
  std::vector<Wanted> contents;  ///< those that travel
  /// Per content that the source asks for: which of `contents` it is; nothing if it is here.
  std::vector<std::optional<size_t>> asked;
};

}  // namespace docker_sync
