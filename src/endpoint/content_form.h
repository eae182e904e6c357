// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The form in which a content is compared and travels: as it is, or inflated (delta/inflated_form.h).
#pragma once

#include "base/spool.h"
#include "delta/basis_index.h"
#include "delta/inflated_form.h"
#include "endpoint/basis.h"
#include "endpoint/records.h"

namespace docker_sync {

/// Whether it begins like an archive.
[[nodiscard]] bool looks_deflated(const RandomAccess& content);

/// A new content at the source. What it is made of must outlive it.
class NewForm {
 public:
  /// Inflated if that is wanted and it deflates to the same again.
  NewForm(const Slice& content, bool inflate, const SpoolFolder& folder);

  [[nodiscard]] const RandomAccess& bytes() const;
  [[nodiscard]] bool is_inflated() const { return inflated_.has_value(); }
  /// What a content that travels begins with.
  void put_head(Sink& contents, Method method) const;
  /// What stands for it in the rest of a bundle.
  void put_in_bundle(Sink& contents) const;

 private:
  void put_recipe(Sink& contents) const;

  Slice content_;
  std::optional<Inflated> inflated_;
};

/// An old content at either end, in the form that a new one is compared with.
class OldForm {
 public:
  /// As it is where it has no inflated form.
  OldForm(const Basis& basis, const BasisFile& place, bool inflate, const SpoolFolder& folder);

  [[nodiscard]] const RandomAccess& bytes() const;
  [[nodiscard]] bool is_inflated() const { return inflated_ != nullptr; }

 private:
  Slice content_;
  std::unique_ptr<RandomAccess> inflated_;
};

/// The head of a content that travels, as the destination reads it.
struct FormHead {
  Method method{};
  bool inflated = false;
  uint64_t form_size = 0;
  Bytes recipe;

  /// Throws ExitCode::protocol on what may not be.
  [[nodiscard]] static FormHead read(RecordReader& contents, uint64_t content_size);
  [[nodiscard]] static FormHead read_in_bundle(RecordReader& contents, uint64_t content_size);
};

}  // namespace docker_sync
