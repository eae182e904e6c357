// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Images of an OCI layout as a save archive: the blobs as they are, and a manifest.json. A blob that is missing is left
// out, as engines do: who reads it sees that.
#pragma once

#include <vector>

#include "engine/oci_store.h"
#include "image/archive_writer.h"

namespace docker_sync {

class OciArchive : public Source {
 public:
  struct Image {
    Digest manifest_digest;
    ImageManifest manifest;
  };
  /// `store` must outlive it. `hold`: keeps the blobs where they are (OciStore::hold_blobs()).
  OciArchive(const OciStore& store, Fd hold, const std::vector<Image>& images);

  [[nodiscard]] size_t read(MutableBytes out) override { return tar_.read(out); }

 private:
  const Fd hold_;
  TarSource tar_;
};

}  // namespace docker_sync
