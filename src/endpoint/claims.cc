// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/claims.h"

#include "base/error.h"

namespace docker_sync {

Claims read_claims(RecordReader& offers, const std::vector<SkeletonEntry>& entries, const Basis& basis,
                   PlaceReader& places) {
  Claims claims;
  std::vector<uint64_t> copied;
  size_t repeats = 0;
  for (const SkeletonEntry& entry : entries) {
    if (entry.content_size == 0) continue;
    const auto claim = static_cast<Claim>(offers.byte());
    claims.claims.push_back(claim);
    if (claim == Claim::copy) copied.push_back(entry.content_size);
    repeats += claim == Claim::repeat;
    if (claim == Claim::ask) claims.asked.push_back({0, entry.content_size, {}, false});
  }
  for (const uint64_t size : copied) {
    const BasisFile place = places.get(offers);
    check_place(basis, place);
    if (place.size != size) throw_protocol("a copy of another size");
    claims.copies.push_back({place.layer, place.offset});
  }
  for (size_t i = 0; i < repeats; ++i) claims.repeats.push_back(offers.integer());
  for (AskedContent& asked : claims.asked) asked.hash = offers.fixed64();
  return claims;
}

}  // namespace docker_sync
