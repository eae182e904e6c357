// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// An image name as docker users write it: [registry[:port]/][path/]name[:tag]. "redis", "docker.io/redis:latest" and
// "docker.io/library/redis:latest" are one name. Source: distribution/reference, normalised names.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace docker_sync {

class Reference {
 public:
  /// Throws ExitCode::usage, saying what is wrong and how to write it: bad characters, upper case in the name, an empty
  /// part, a digest ("name@sha256:…" or a bare image ID: images are synced by tag).
  [[nodiscard]] static Reference parse(std::string_view text);

  [[nodiscard]] const std::string& domain() const { return domain_; }  ///< "docker.io" where none was written
  [[nodiscard]] const std::string& path() const { return path_; }      ///< "library/redis"
  [[nodiscard]] const std::string& tag() const { return tag_; }        ///< "latest" where none was written

  [[nodiscard]] std::string repository() const;  ///< as docker shows it, without tag: "redis", "host:5000/app"
  [[nodiscard]] std::string familiar() const;    ///< as docker shows it: "redis:latest"
  [[nodiscard]] std::string full() const;        ///< "docker.io/library/redis:latest"

  /// The same with "localhost" for a registry: what Podman names an image that is built under a short name.
  [[nodiscard]] Reference on_localhost() const;

  auto operator<=>(const Reference&) const = default;

 private:
  std::string domain_, path_, tag_;
};

/// Whether the user wrote the registry, too. REQUIRES: Reference::parse() takes it.
[[nodiscard]] bool names_registry(std::string_view text);

}  // namespace docker_sync
