// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The JSON files around an image's layers: its config, which is its identity and is never rewritten, and the small ones
// that tell engines what belongs together. They are read as far as the program needs and written in one form only, so
// that one image gives one manifest digest wherever it is loaded. Source: OCI image spec 1.0, docker image spec 1.2.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "image/digest.h"

namespace docker_sync {

/// Longest config, manifest or index that is read or sent. containerd reads no larger ones either.
inline constexpr size_t kMaxMetadata = 8 << 20;
/// Most layers of an image; no engine stacks half as many.
inline constexpr size_t kMaxLayers = 1024;
/// Most images, or names of one, in a save archive.
inline constexpr size_t kMaxNames = 4096;

inline constexpr const char* kLayerMediaType = "application/vnd.oci.image.layer.v1.tar";
inline constexpr const char* kConfigMediaType = "application/vnd.oci.image.config.v1+json";
inline constexpr const char* kManifestMediaType = "application/vnd.oci.image.manifest.v1+json";

struct ImageConfig {
  std::vector<Digest> diff_ids;  ///< base first
  std::string os, architecture;  ///< empty where the config has none
  std::string created;           ///< RFC 3339, or empty
};

/// Throws `blame` (engine or protocol: whoever gave it) on what is no image config. Memory: a few times the diff_ids;
/// of the rest nothing is kept.
[[nodiscard]] ImageConfig parse_config(ByteView json, ExitCode blame);

/// One image of a save archive. Paths are the archive's, untrusted: compare them with entries, never open them.
struct ManifestItem {
  std::string config;
  std::vector<std::string> repo_tags;
  std::vector<std::string> layers;  ///< base first
};

/// Reads manifest.json. Throws `blame` on what is none.
[[nodiscard]] std::vector<ManifestItem> parse_manifest_json(ByteView json, ExitCode blame);

/// A blob as a manifest names it. Layers are uncompressed, except where a containerd store already has another form.
struct Descriptor {
  Digest digest;
  uint64_t size = 0;
  std::string media_type = kLayerMediaType;
};

/// An image as a manifest blob describes it, of OCI's or Docker's media types.
struct ImageManifest {
  Digest config;
  std::vector<Descriptor> layers;  ///< base first, as they are stored
};

/// Reads a blob that may be anything: an index, a config, an attestation, a layer. Nothing if it is no manifest of an
/// image.
[[nodiscard]] std::optional<ImageManifest> find_manifest(ByteView blob);

/// Likewise: the config, if it is one.
[[nodiscard]] std::optional<ImageConfig> find_config(ByteView blob);

/// The OCI manifest of an image, byte for byte as Docker 25 and later (classic store) saves it.
[[nodiscard]] Bytes oci_manifest(ByteView config, std::span<const Descriptor> layers);

/// An image as manifest.json has it, without names.
struct SavedItem {
  Digest config;
  std::vector<Descriptor> layers;
};
/// manifest.json: docker's own index, without which classic stores load nothing.
[[nodiscard]] Bytes docker_manifest(std::span<const SavedItem> images);

/// index.json of the one manifest, without names.
[[nodiscard]] Bytes oci_index(ByteView manifest);

/// The file oci-layout.
[[nodiscard]] Bytes oci_layout();

/// Where a blob lies in an OCI layout: "blobs/sha256/<hex>".
[[nodiscard]] std::string blob_path(const Digest& digest);
/// The blob that lies there, if that is such a path.
[[nodiscard]] std::optional<Digest> blob_at(std::string_view path);

}  // namespace docker_sync
