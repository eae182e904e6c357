// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The files of an OCI image layout, for several readers and writers at the same time: blobs appear whole under their
// digest and never change, index.json is replaced as a whole. Blobs of an image that goes are removed once nobody reads
// or writes any (locks in .docker-sync/, which other programs do not know: of theirs only what they have finished is
// safe). Nothing is removed that an image which was here before did not have: other programs may be writing.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/new_file.h"
#include "image/oci_index.h"

namespace docker_sync {

class OciStore {
 public:
  /// A folder that need not be there yet. Throws ExitCode::engine if it is something else than a layout or empty.
  explicit OciStore(std::string folder);

  [[nodiscard]] const std::string& folder() const { return folder_; }

  /// Of nothing, where there is no layout yet.
  [[nodiscard]] OciIndex index() const;

  /// A blob of metadata, or nothing if it is not there. Throws ExitCode::image if it is not what its digest says, or is
  /// larger than kMaxMetadata.
  [[nodiscard]] std::optional<Bytes> metadata(const Digest& blob) const;
  [[nodiscard]] bool has(const Descriptor& blob) const;
  /// Throws ExitCode::image if it is not there.
  [[nodiscard]] Fd open(const Digest& blob) const;

  /// While it lives no blob is removed. Where this user may not write there is none, and none is needed.
  [[nodiscard]] Fd hold_blobs() const;

  /// A file for a blob to be. Makes the layout if there is none. Throws ExitCode::disk.
  [[nodiscard]] NewFile new_blob();
  /// Gives it its name.
  void put_blob(NewFile file, const Digest& digest) const;

  /// Changes index.json, alone: all that was put before is on the disk by then. Removes the blobs of manifests that
  /// `change` has dropped from it, now or when it can. Throws ExitCode::disk; then it is as it was.
  void update(const std::function<void(OciIndex&)>& change);

 private:
  void make_layout() const;
  void drop(const std::set<Digest>& manifests) const;
  void collect_garbage() const;
  void add_blobs_of(const Digest& manifest, std::set<Digest>& blobs) const;
  [[nodiscard]] std::string path_of(const Digest& blob) const;

  std::string folder_, own_folder_;
};

}  // namespace docker_sync
