// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Machine code says where to call by the distance, so whatever is put in anywhere changes every call across it: hardly
// a block of a program that was linked anew is the same, though hardly an instruction is another. In the code form of a
// program these fields stand apart from the code, each as the place that it refers to (the idea of 7-Zip's BCJ2): code
// that only moved is the same again for rsync, and calls of one function are the same for zstd. docs/code-form.md has
// the bytes. Rejected: a disassembler (a table of opcodes finds what matters, and nothing depends on its being right);
// the form for patches, which code distances as differences, and better (docs/patch-format.md).
#pragma once

#include <memory>
#include <optional>

#include "base/io.h"
#include "base/spool.h"

namespace docker_sync {

/// As much of a content tells whether it may have a code form.
inline constexpr size_t kCodeMagicBytes = 20;

/// Whether a content that begins so is a program for x86-64, in ELF.
[[nodiscard]] bool may_have_code_form(ByteView first_bytes);

struct CodeForm {
  Bytes recipe;                        ///< where code is, and how many fields were taken out of it
  std::unique_ptr<RandomAccess> form;  ///< hardly larger than the content, and never twice as large
};

/// Nothing where there is no code, or no field in it. Depends on the content alone, so both ends make the same of the
/// same. Any bytes may be given. Memory: 1 MiB, beside the form and once more its fields in `space`, with the errors of a
/// Spool.
[[nodiscard]] std::optional<CodeForm> take_code_apart(const RandomAccess& content, const SpoolSpace& space);

/// Writes the content of `content_size` bytes that a peer's recipe and form make. Throws ExitCode::protocol where they
/// do not fit each other; up to that many bytes may have been written by then. The bytes are whatever the peer says:
/// check their hash. Memory: 1 MiB.
void put_code_together(ByteView recipe, const RandomAccess& form, uint64_t content_size, Sink& content);

}  // namespace docker_sync
