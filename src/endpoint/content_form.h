// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The form in which a content is compared and travels: as it is, inflated (delta/inflated_form.h), or with its code
// taken apart (delta/code_form.h). Which one a content may have, its first bytes tell.
#pragma once

#include <memory>

#include "base/spool.h"
#include "delta/basis_index.h"
#include "delta/deflate_search.h"
#include "endpoint/basis.h"
#include "endpoint/records.h"

namespace docker_sync {

/// The form that a content may have besides the plain one.
[[nodiscard]] FormKind form_to_try(const RandomAccess& content);

/// The form in which an old content is signed for a link that took so many bytes per second. As it is, where the link is
/// fast; and a zip already where it outruns deflating, as members that two zips share are alike deflated, too.
[[nodiscard]] FormKind form_to_sign(const RandomAccess& old_content, uint64_t bytes_per_second);

/// A new content at the source. What it is made of must outlive it.
class NewForm {
 public:
  /// Plain unless it has that form, and can be made of it again, as surely as `check` says.
  NewForm(const Slice& content, FormKind wanted, DeflateCheck check, const SpoolSpace& space);

  [[nodiscard]] const RandomAccess& bytes() const;
  [[nodiscard]] FormKind kind() const { return kind_; }
  /// What a content that travels begins with.
  void put_head(Sink& contents, Method method) const;
  /// What stands for it in the rest of a bundle.
  void put_in_bundle(Sink& contents) const;

 private:
  void put_recipe(Sink& contents) const;

  Slice content_;
  FormKind kind_ = FormKind::plain;
  Bytes recipe_;
  std::unique_ptr<RandomAccess> form_;  ///< none if plain
};

/// An old content at either end, in the form that a new one is compared with.
class OldForm {
 public:
  /// Plain where it has no such form.
  OldForm(const Basis& basis, const BasisFile& place, FormKind wanted, const SpoolSpace& space);

  [[nodiscard]] const RandomAccess& bytes() const;
  [[nodiscard]] FormKind kind() const { return kind_; }
  /// How large the form of a new content of that size will be: as much larger than itself as this one, probably.
  [[nodiscard]] uint64_t likely_size(uint64_t new_content_size) const;

 private:
  Slice content_;
  FormKind kind_ = FormKind::plain;
  std::unique_ptr<RandomAccess> form_;  ///< none if plain
};

/// The head of a content that travels, as the destination reads it.
struct FormHead {
  Method method{};
  FormKind kind = FormKind::plain;
  uint64_t form_size = 0;
  Bytes recipe;

  /// Throws ExitCode::protocol on what may not be.
  [[nodiscard]] static FormHead read(RecordReader& contents, uint64_t content_size);
  [[nodiscard]] static FormHead read_in_bundle(RecordReader& contents, uint64_t content_size);

  /// Writes the content of `content_size` bytes that a form makes, of which this is the head. Throws likewise.
  void make_content(const RandomAccess& form, uint64_t content_size, Sink& content) const;
};

}  // namespace docker_sync
