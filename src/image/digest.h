// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A sha256 digest as the OCI image spec writes it ("sha256:" and 64 hex digits): layers by their diff_id, chains of
// layers by their chain ID, images by their config digest. Terms as in the spec.
#pragma once

#include <compare>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace docker_sync {

struct Digest {
  Sha256Value bytes{};

  /// "sha256:<64 lower-case hex digits>". Throws ExitCode::protocol on anything else.
  [[nodiscard]] static Digest parse(std::string_view text);
  [[nodiscard]] static Digest of(ByteView content) { return {sha256(content)}; }

  [[nodiscard]] std::string text() const;   ///< "sha256:…"
  [[nodiscard]] std::string hex() const;    ///< the 64 digits
  [[nodiscard]] std::string brief() const;  ///< "sha256:" and 12 digits, for people

  auto operator<=>(const Digest&) const = default;
};

/// The chain IDs of all prefixes: result[i] names layers 0..i. C(0) = d0; C(n) = sha256("C(n-1) d(n)").
[[nodiscard]] std::vector<Digest> chain_ids(std::span<const Digest> diff_ids);

/// How many leading diff_ids two images share.
[[nodiscard]] size_t common_prefix(std::span<const Digest> a, std::span<const Digest> b);

}  // namespace docker_sync

template <>
struct std::hash<docker_sync::Digest> {
  size_t operator()(const docker_sync::Digest& key) const noexcept;
};
