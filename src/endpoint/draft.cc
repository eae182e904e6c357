// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/draft.h"

namespace docker_sync {

Draft::Draft(const SpoolFolder& folder, OldForm basis, FormHead head)
    : basis_(std::move(basis)), head_(std::move(head)), fresh_(folder) {}

void Draft::read(Source& delta) {
  DeltaHandler handler;
  handler.copy = [this](uint64_t from, uint64_t size) { parts_.push_back({Part::copy, size, from}); };
  handler.fresh = [this](ByteView bytes) {
    parts_.push_back({Part::fresh, bytes.size(), fresh_.size()});
    fresh_.write(bytes);
  };
  handler.hole = [this](const DeltaHole& hole) {
    parts_.push_back({Part::hole, hole.new_size, hole_bytes_});
    old_.add(basis_.bytes(), hole.old_offset, hole.old_size);
    hole_bytes_ += hole.new_size;
    ++holes_;
  };
  read_delta(delta, basis_.bytes().size(), head_.form_size, handler);
}

void Draft::complete(Source& delta, Sink& form) {
  const uint64_t holes = fresh_.size();
  apply_delta(old_, delta, fresh_, hole_bytes_);
  fresh_.flush();
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::copy:
        copy(Slice(basis_.bytes(), part.offset, part.size), form);
        break;
      case Part::fresh:
        copy(Slice(fresh_, part.offset, part.size), form);
        break;
      case Part::hole:
        copy(Slice(fresh_, holes + part.offset, part.size), form);
        break;
    }
  }
}

}  // namespace docker_sync
