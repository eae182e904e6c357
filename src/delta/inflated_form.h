// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Zips, jars, wheels and gzip files hide from every delta what they hold: one changed byte changes all that is deflated
// behind it. Here such a content is given its inflated form, on which the codecs work, and which deflates to the very
// same content again. docs/inflated-form.md has the bytes. Rejected: unpacking to members with an order of their own
// (what stands between them must be kept anyway); storing what zlib would do differently (see delta/deflater.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/io.h"
#include "base/spool.h"
#include "delta/deflate_search.h"

namespace docker_sync {

/// An inflated form has at most so many bytes for a content of this size. A content that would need more, or whose form
/// would be larger than 512 MiB, has none.
[[nodiscard]] uint64_t most_inflated_bytes(uint64_t content_size);

/// Whether a content that begins so may have an inflated form. Four bytes are enough; with fewer the answer is no.
[[nodiscard]] bool may_have_inflated_form(ByteView first_bytes);

/// The form for an old content: all parts inflated that inflate. Depends on the content alone, so both ends make the
/// same of it. Nothing where no part does, or the form would be too large. Any bytes may be given. Time: that of
/// inflating, twice at most. The form, and each part once more, are in `space`, with the errors of a Spool.
[[nodiscard]] std::unique_ptr<RandomAccess> inflate_all(const RandomAccess& content, const SpoolSpace& space);

/// The form for a new content, and what else is needed to make the content of it.
struct Inflated {
  Bytes recipe;  ///< a few bytes, unless compressors take turns
  std::unique_ptr<RandomAccess> form;
  uint64_t parts = 0, raw_parts = 0;  ///< inflated, and left as they are since they do not deflate to the same
};

/// Inflates the parts that deflate to the same bytes again, which is checked as `check` says. Nothing where these are
/// less than half of what is deflated (the form would have little in common with that of the old content, whose parts
/// are inflated all), or the form would be too large. Time: that of deflating, and little more; where nothing works,
/// that of a block by each method for each of four parts. Memory: 360 KiB for each method tried; the form, and each
/// part once more, are in `space`, with the errors of a Spool.
[[nodiscard]] std::optional<Inflated> inflate_exactly(const RandomAccess& content, DeflateCheck check,
                                                      const SpoolSpace& space);

/// Writes the content of `content_size` bytes that a peer's recipe and form make. Throws ExitCode::protocol where they
/// are damaged or make more or less; up to `content_size` bytes may have been written by then. The bytes are whatever
/// the peer says: check their hash. Reads at most most_inflated_bytes(content_size) of `form` and deflates each once.
/// Memory: 128 KiB, and 360 KiB for each method in the recipe, of 24.
void deflate_again(ByteView recipe, Source& form, uint64_t content_size, Sink& content);

}  // namespace docker_sync
