// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/draft.h"

namespace docker_sync {

Draft::Draft(const SpoolFolder& folder, const RandomAccess& whole, uint64_t offset, uint64_t size)
    : whole_(&whole), offset_(offset), size_(size), fresh_(folder) {}

void Draft::read(Source& delta, uint64_t content_size) {
  DeltaHandler handler;
  handler.copy = [this](uint64_t from, uint64_t size) { parts_.push_back({Part::copy, size, from}); };
  handler.fresh = [this](ByteView bytes) {
    parts_.push_back({Part::fresh, bytes.size(), fresh_.size()});
    fresh_.write(bytes);
  };
  handler.hole = [this](const DeltaHole& hole) {
    parts_.push_back({Part::hole, hole.new_size, hole_bytes_});
    old_.add(*whole_, offset_ + hole.old_offset, hole.old_size);
    hole_bytes_ += hole.new_size;
    ++holes_;
  };
  read_delta(delta, size_, content_size, handler);
}

void Draft::complete(Source& delta, Sink& content) {
  const uint64_t holes = fresh_.size();
  apply_delta(old_, delta, fresh_, hole_bytes_);
  fresh_.flush();
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::copy:
        copy(Slice(*whole_, offset_ + part.offset, part.size), content);
        break;
      case Part::fresh:
        copy(Slice(fresh_, part.offset, part.size), content);
        break;
      case Part::hole:
        copy(Slice(fresh_, holes + part.offset, part.size), content);
        break;
    }
  }
}

}  // namespace docker_sync
