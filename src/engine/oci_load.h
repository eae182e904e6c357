// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Takes a load archive into an OCI layout: layers into files of no name while they come, checked by their hash; once
// the archive has ended, and with it all that can go wrong, these get their names.
#pragma once

#include <map>

#include "engine/oci_store.h"

namespace docker_sync {

class OciLoad {
 public:
  /// Until its end no blob is removed. `store` must outlive it.
  OciLoad(OciStore& store, bool compress);

  /// Memory: 64 KiB, 16 MiB of metadata at most, 5 MB if it compresses. Throws ExitCode::verification on a blob that is
  /// not what its name says, ExitCode::engine on what is no archive of one image, ExitCode::disk, and what `archive`
  /// throws.
  void read(Source& archive);

  /// Of the image. REQUIRES: read() has returned.
  [[nodiscard]] const Digest& config() const { return manifest_.config; }

  /// Puts what came where it belongs, and a manifest, which it returns. `stored`: by diff_id, what else there is.
  /// Throws ExitCode::engine if a layer is in neither.
  [[nodiscard]] Descriptor put_blobs(const std::map<Digest, Descriptor>& stored);

 private:
  void take_blob(const Digest& name, uint64_t size, Source& content);
  [[nodiscard]] Descriptor put_metadata(ByteView content, const char* media_type);

  OciStore* store_;
  bool compress_;
  Fd hold_;
  struct Came {
    Descriptor blob;
    NewFile file;
  };
  std::map<Digest, Came> layers_;  ///< by diff_id
  std::map<Digest, Bytes> texts_;  ///< what may be metadata
  uint64_t text_bytes_ = 0;
  ImageManifest manifest_;
};

}  // namespace docker_sync
