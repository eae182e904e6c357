// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/draft.h"

namespace docker_sync {

Draft::Draft(const SpoolSpace& space, OldForm basis, FormHead head)
    : basis_(std::move(basis)), head_(std::move(head)), fresh_(space) {}

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
  if (holes_ == 0) put_together();
}

void Draft::fill(Source& delta) {
  const uint64_t begin = fresh_.size();
  apply_delta(old_, delta, fresh_, hole_bytes_);
  for (Part& part : parts_) {
    if (part.kind == Part::hole) part.offset += begin;
  }
  put_together();
}

void Draft::put_together() {
  fresh_.flush();
  for (const Part& part : parts_) {
    form_.add(part.kind == Part::copy ? basis_.bytes() : fresh_, part.offset, part.size);
  }
  parts_ = {};
}

}  // namespace docker_sync
