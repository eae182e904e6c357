// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The archive that is loaded into an engine, made while the engine reads it. One form for every engine (an OCI layout
// with docker's manifest.json beside it), in the order that makes a cut archive harmless: layers, then metadata, and
// oci-layout the very last. It is a Source, not a Sink, because the engine pulls; a writer would need a thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/io.h"
#include "image/config.h"

namespace docker_sync {

/// A file of the archive. `open` is called when its turn comes, once.
struct ArchiveMember {
  std::string path;  ///< at most 100 characters
  uint64_t size = 0;
  std::function<std::unique_ptr<Source>()> open;
};

/// A file of these bytes.
[[nodiscard]] ArchiveMember member_of_bytes(std::string path, Bytes bytes);

/// The members one after the other, nothing after the last. It may wait for a member to become ready, and throw.
using MemberSupply = std::function<std::optional<ArchiveMember>()>;

/// A plain tar of the members, in their order, with nothing in it that varies (mtime 0, owner 0). Memory: one block.
/// What `supply` or a member throws comes out of read(), and so does ExitCode::verification if a member has more or
/// fewer bytes than was said. Its end is read before anything follows it: a Source that checks a hash at its end can
/// still throw then. After an exception nothing more is read, nor the mark that ends a tar: read() throws again.
class TarSource : public Source {
 public:
  explicit TarSource(MemberSupply supply) : supply_(std::move(supply)) {}
  /// Of members that are there already.
  explicit TarSource(std::vector<ArchiveMember> members);

  [[nodiscard]] size_t read(MutableBytes out) override;

 private:
  [[nodiscard]] size_t produce(MutableBytes out);
  [[nodiscard]] size_t drain_block(MutableBytes out);
  [[nodiscard]] size_t read_content(MutableBytes out);
  void start_next();

  MemberSupply supply_;
  ArchiveMember member_;             ///< whose turn it is
  std::unique_ptr<Source> content_;  ///< its content, while it lasts
  uint64_t content_left_ = 0;
  Bytes block_;  ///< header, padding or end mark
  size_t block_position_ = 0;
  bool ended_ = false, failed_ = false;
};

/// The members that follow the layers, oci-layout last, for one image without names. `layers` are all of the image's,
/// base first, whether they are in the archive or left out; config is the image's own, unchanged.
[[nodiscard]] std::vector<ArchiveMember> metadata_members(Bytes config, std::span<const Descriptor> layers);

}  // namespace docker_sync
