// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Podman through its program, rootful or rootless: whatever this user's podman sees. Its Docker-like API was rejected:
// where nobody has turned the service on, as for most users, there is none. What is relied on stands in
// docs/engines.md.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/inspected_image.h"
#include "engine/podman_command.h"

namespace docker_sync {

/// May be used by several threads.
class PodmanEngine : public Engine {
 public:
  /// Asks the program for its version. Throws ExitCode::engine if there is none, or it does not run for this user.
  explicit PodmanEngine(std::string program = "podman");

  [[nodiscard]] std::string description() const override;
  [[nodiscard]] PartialLoad partial_load() const override { return PartialLoad::any_layer; }

  [[nodiscard]] std::vector<ImageInfo> list() override;
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string& id_or_name) override;
  [[nodiscard]] std::string id_of_loaded(const Digest& config, const Digest& manifest) const override;
  /// It checks every layer before there is an image.
  [[nodiscard]] bool is_whole(const std::string& /*id*/) override { return true; }
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids) override;
  [[nodiscard]] bool reads_in_place() override { return store({}, LayerReader::automatic) != nullptr; }
  /// Only of root: of a user's store not even that user may read all.
  [[nodiscard]] LayerStore* store(std::span<const ImageInfo> to_read, LayerReader reader) override;
  [[nodiscard]] std::vector<std::string> load(Source& archive) override;
  void tag(const std::string& id, const Reference& name) override;
  void remove_untagged(const std::string& id) override;

 private:
  /// `podman`, these words, and then what is never taken for an option.
  [[nodiscard]] std::vector<std::string> command(std::initializer_list<std::string_view> words,
                                                 std::span<const std::string> operands = {}) const;
  [[nodiscard]] std::vector<InspectedImage> find(std::span<const std::string> ids_or_names);
  /// Where it keeps its images; both empty if it does not tell.
  struct Place {
    std::string root, driver;
  };
  [[nodiscard]] const Place& place();

  const std::string program_;
  std::string version_;
  std::once_flag place_asked_, store_opened_;
  Place place_;
  std::unique_ptr<LayerStore> store_;
};

}  // namespace docker_sync
