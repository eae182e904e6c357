// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Docker through its Engine API, whatever stream leads there. No client program is used: its output is made for people,
// and on the host it may not even exist. What is relied on, engine by engine, stands in docs/engines.md.
#pragma once

#include "engine/docker_answers.h"
#include "engine/engine.h"
#include "engine/http.h"

namespace docker_sync {

/// May be used by several threads.
class DockerEngine : public Engine {
 public:
  /// Asks the daemon for its version and store. `connect` opens one more stream to it.
  explicit DockerEngine(HttpClient::Connect connect);

  /// What answers is Podman's service: not an engine that this class knows.
  [[nodiscard]] bool is_podman() const { return version_.is_podman; }

  [[nodiscard]] std::string description() const override;
  [[nodiscard]] PartialLoad partial_load() const override;

  [[nodiscard]] std::vector<ImageInfo> list() override;
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string& id_or_name) override;
  [[nodiscard]] std::string id_of_loaded(const Digest& config, const Digest& manifest) const override;
  [[nodiscard]] bool is_whole(const std::string& id) override;
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids) override;
  [[nodiscard]] std::vector<std::string> load(Source& archive) override;
  void tag(const std::string& id, const Reference& name) override;
  void remove_untagged(const std::string& id) override;

 private:
  [[nodiscard]] std::string target(const std::string& path) const;
  [[nodiscard]] std::optional<InspectedImage> find(const std::string& id_or_name);

  HttpClient http_;
  DockerVersion version_;
  DockerStore store_;
};

}  // namespace docker_sync
