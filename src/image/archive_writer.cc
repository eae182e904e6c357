// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/archive_writer.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "image/tar_header.h"

namespace docker_sync {

namespace {

constexpr size_t kEndMark = 2 * kTarBlock;
constexpr uint64_t kFileMode = 0644;

/// A MemorySource that owns its bytes.
class OwnedSource : public Source {
 public:
  explicit OwnedSource(std::shared_ptr<const Bytes> bytes) : bytes_(std::move(bytes)), source_(*bytes_) {}
  [[nodiscard]] size_t read(MutableBytes out) override { return source_.read(out); }

 private:
  std::shared_ptr<const Bytes> bytes_;
  MemorySource source_;
};

}  // namespace

ArchiveMember member_of_bytes(std::string path, Bytes bytes) {
  auto shared = std::make_shared<const Bytes>(std::move(bytes));
  return {std::move(path), shared->size(), [shared] { return std::make_unique<OwnedSource>(shared); }};
}

TarSource::TarSource(std::vector<ArchiveMember> members)
    : TarSource([members = std::move(members), next = size_t{0}]() mutable -> std::optional<ArchiveMember> {
        if (next == members.size()) return std::nullopt;
        return std::move(members[next++]);
      }) {}

size_t TarSource::read(MutableBytes out) {
  if (failed_) throw Error(ExitCode::internal, "an archive is read on after it failed");
  if (out.empty()) return 0;
  try {
    return produce(out);
  } catch (...) {
    failed_ = true;
    throw;
  }
}

size_t TarSource::produce(MutableBytes out) {
  for (;;) {
    if (block_position_ < block_.size()) return drain_block(out);
    if (content_) {
      if (const size_t count = read_content(out)) return count;
      continue;  // its padding is in the block now
    }
    if (ended_) return 0;
    start_next();
  }
}

size_t TarSource::drain_block(MutableBytes out) {
  const size_t count = std::min(out.size(), block_.size() - block_position_);
  std::memcpy(out.data(), block_.data() + block_position_, count);
  block_position_ += count;
  return count;
}

void TarSource::start_next() {
  block_position_ = 0;
  std::optional<ArchiveMember> next = supply_();
  if (!next) {
    ended_ = true;
    block_.assign(kEndMark, 0);
    return;
  }
  member_ = std::move(*next);
  assert(member_.path.size() <= kTarName && member_.open);
  TarHeader header;
  header.name = member_.path;
  header.mode = kFileMode;
  header.size = member_.size;
  block_.assign(kTarBlock, 0);
  render_header(header, block_);
  content_ = member_.open();
  content_left_ = member_.size;
}

size_t TarSource::read_content(MutableBytes out) {
  if (content_left_ > 0) {
    const size_t count = content_->read(out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), content_left_))));
    if (count == 0) throw Error(ExitCode::verification, member_.path + " is shorter than it should be");
    content_left_ -= count;
    return count;
  }
  uint8_t beyond;
  if (content_->read({&beyond, 1}) != 0) {
    throw Error(ExitCode::verification, member_.path + " is longer than it should be");
  }
  content_.reset();
  block_.assign(tar_padding(member_.size), 0);
  block_position_ = 0;
  return 0;
}

std::vector<ArchiveMember> metadata_members(Bytes config, std::span<const Descriptor> layers) {
  const Digest config_digest = Digest::of(config);
  Bytes manifest = oci_manifest(config, layers);
  Bytes index = oci_index(manifest);
  const std::string manifest_path = blob_path(Digest::of(manifest));
  std::vector<ArchiveMember> members;
  members.push_back(member_of_bytes(blob_path(config_digest), std::move(config)));
  members.push_back(member_of_bytes(manifest_path, std::move(manifest)));
  const SavedItem image{config_digest, {layers.begin(), layers.end()}};
  members.push_back(member_of_bytes("manifest.json", docker_manifest({&image, 1})));
  members.push_back(member_of_bytes("index.json", std::move(index)));
  members.push_back(member_of_bytes("oci-layout", oci_layout()));
  return members;
}

}  // namespace docker_sync
