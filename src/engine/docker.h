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

class StoreContainer;

/// Throws as HttpClient::exchange(), and ExitCode::engine.
[[nodiscard]] DockerVersion ask_version(HttpClient& http);

/// May be used by several threads.
class DockerEngine : public Engine {
 public:
  /// Asks the daemon to describe itself. `connect` opens one more stream to it.
  explicit DockerEngine(HttpClient::Connect connect);
  ~DockerEngine() override;

  /// What answers is Podman's service: not an engine that this class knows.
  [[nodiscard]] bool is_podman() const { return version_.is_podman; }

  [[nodiscard]] const DockerVersion& version() const { return version_; }
  /// What it says of where its images are.
  [[nodiscard]] const DockerStore& said_store() const { return said_; }
  /// That it can be read here.
  void use_store(std::unique_ptr<LayerStore> store) { store_ = std::move(store); }
  /// That it cannot, but by a container: `start` is called when that pays.
  void use_container(std::function<std::unique_ptr<StoreContainer>()> start) { start_container_ = std::move(start); }

  [[nodiscard]] std::string description() const override;
  [[nodiscard]] PartialLoad partial_load() const override;

  [[nodiscard]] std::vector<ImageInfo> list() override;
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string& id_or_name) override;
  [[nodiscard]] std::string id_of_loaded(const Digest& config, const Digest& manifest) const override;
  [[nodiscard]] bool is_whole(const std::string& id) override;
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids) override;
  [[nodiscard]] bool reads_in_place() override;
  [[nodiscard]] LayerStore* store(std::span<const ImageInfo> to_read, LayerReader reader) override;
  [[nodiscard]] std::vector<std::string> load(Source& archive) override;
  void tag(const std::string& id, const Reference& name) override;
  void remove_untagged(const std::string& id) override;
  void end_started(bool for_good) noexcept override;

 private:
  [[nodiscard]] std::string target(const std::string& path) const;
  [[nodiscard]] std::optional<InspectedImage> find(const std::string& id_or_name);
  [[nodiscard]] bool pays_a_container(std::span<const ImageInfo> to_read);

  HttpClient http_;
  DockerVersion version_;
  DockerStore said_;
  std::unique_ptr<LayerStore> store_;
  std::mutex mutex_;                                                  ///< guards what follows
  std::function<std::unique_ptr<StoreContainer>()> start_container_;  ///< until that has failed
  std::unique_ptr<StoreContainer> container_, ended_container_;       ///< the latter for those who may be reading
};

}  // namespace docker_sync
