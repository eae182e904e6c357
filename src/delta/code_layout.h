// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What a code form consists of, as its recipe tells it: where in the content code is, and how many fields were taken
// out of it. In the form stand, one after the other, the content without its fields, and these, kind by kind.
#pragma once

#include <array>
#include <vector>

#include "delta/code_fields.h"
#include "delta/program_code.h"

namespace docker_sync {

struct CodeLayout {
  std::vector<CodeRange> code;
  std::array<uint64_t, kFieldKinds> fields{};  ///< how many of each kind

  [[nodiscard]] uint64_t field_bytes() const;

  [[nodiscard]] Bytes recipe() const;
  /// Throws ExitCode::protocol on what no content of `size` bytes can have.
  [[nodiscard]] static CodeLayout read(ByteView recipe, uint64_t size);
};

}  // namespace docker_sync
