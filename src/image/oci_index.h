// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// index.json of an OCI image layout: which manifests there are, and under which names. It belongs to other programs as
// well: what is in it and not understood here stays as it is. Source: OCI image spec 1.0, image layout and index.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/config.h"
#include "image/reference.h"

namespace docker_sync {

class OciIndex {
 public:
  /// `repository`: of entries that have a tag for a name. Throws ExitCode::engine on what is no index.
  OciIndex(ByteView json, std::string repository);
  /// An index of nothing.
  OciIndex();
  ~OciIndex();
  OciIndex(OciIndex&&) noexcept;

  struct Entry {
    Descriptor blob;  ///< a manifest, or an index of manifests
    std::optional<Reference> name;
    std::string platform;  ///< "linux/amd64"; empty where it has none
  };
  [[nodiscard]] std::vector<Entry> entries() const;
  /// Those that may be an image, this machine's platform first: no attestations.
  [[nodiscard]] std::vector<Entry> platforms() const;

  /// Adds a manifest without a name, unless it is there.
  void add(const Descriptor& manifest);
  /// Adds a manifest under a name, and takes that from whichever has it. The one that had no other name is gone then.
  void add(const Descriptor& manifest, const Reference& name);
  /// Removes a manifest that has no name.
  void remove_unnamed(const Digest& manifest);

  [[nodiscard]] Bytes json() const;

 private:
  void remove_if(auto condition);

  struct Document;
  std::unique_ptr<Document> document_;
  std::string repository_;
};

}  // namespace docker_sync
