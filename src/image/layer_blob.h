// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A layer as a containerd store keeps it and saves it: a tar, or one in gzip or zstd, in as many members or frames as
// its maker liked. Only the tar counts with us: its hash is the diff_id, and its files are what deltas are made of. The
// form is known by the first bytes, for media types are not always right. The wire's zstd (base/compression.h) is of
// no use here: its frames build on each other.
#pragma once

#include <memory>

#include "base/io.h"

namespace docker_sync {

/// How an image directory keeps layers that come.
enum class StoreCompression : uint8_t { none, zstd };

enum class BlobForm : uint8_t { plain, gzip, zstd };

/// By what it begins with; no tar begins like one of the others.
[[nodiscard]] BlobForm form_of(ByteView beginning);

class LayerBlob : public Source {
 public:
  /// Reads the beginning. `blob` must outlive this. Memory: 64 KiB, and 32 KiB for gzip or the window that a zstd
  /// frame asks for: 8 MiB usually, more than 128 MiB are refused.
  explicit LayerBlob(Source& blob);
  ~LayerBlob() override;

  [[nodiscard]] BlobForm form() const { return form_; }
  /// REQUIRES: nothing was read yet.
  [[nodiscard]] bool begins_with(char c) const { return !rest_.empty() && rest_[0] == static_cast<uint8_t>(c); }

  /// Bytes of the tar. Throws ExitCode::image on a blob that is damaged or cut short.
  [[nodiscard]] size_t read(MutableBytes out) override;

  class Decoder;

 private:
  [[nodiscard]] bool refill();

  Source& blob_;
  Bytes in_;
  ByteView rest_;  ///< of in_
  BlobForm form_ = BlobForm::plain;
  std::unique_ptr<Decoder> decoder_;
  bool within_ = false;  ///< a member or frame that has begun
};

}  // namespace docker_sync
