// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// An engine with one of Docker's stores in memory: it saves and loads real archives, and refuses what Docker refuses
// (docs/engines.md). The classic store reuses layers by chain-ID prefix; containerd's, which keeps what it made itself
// compressed, by the digests of its blobs. Tests look at its images and may make it misbehave.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "image/config.h"

namespace docker_sync {

class FakeEngine : public Engine {
 public:
  /// Adds an image as a build would. Returns its ID.
  std::string add(const std::vector<std::string>& names, const std::vector<Bytes>& layers,
                  const std::string& created = "2024-01-01T00:00:00Z", const std::string& environment = {});
  void remove(const std::string& id);

  [[nodiscard]] std::string id_of(const std::string& name);  ///< empty: no such name
  [[nodiscard]] std::vector<std::string> ids();
  [[nodiscard]] std::vector<Bytes> layers_of(const std::string& id);
  [[nodiscard]] Bytes config_of(const std::string& id);

  bool containerd_store = false;       ///< set before there are images
  bool says_it_reads_in_place = true;
  bool names_saved_layers = false;     ///< a classic store: by their hashes, as Docker 25 does
  bool refuses_partial_loads = false;  ///< a containerd store: as if its blobs were not what it says

  std::function<void()> before_save, before_load;  ///< may throw
  std::function<void(Bytes&)> damage_saved_layer;  ///< changes what save() gives out
  bool lies_about_loading = false;                 ///< load() says yes and does nothing
  bool takes_any_layer = false;                    ///< as Podman: known by diff_id alone
  uint64_t says_larger_by = 0;                     ///< of the size of each image
  bool refuses_names = false;
  int saves = 0, loads = 0;
  /// Of both when what was started was first ended, while others might follow.
  std::optional<std::pair<int, int>> saves_and_loads_at_end;
  size_t layers_loaded = 0;  ///< that were in the last archive
  size_t files_loaded = 0;   ///< in it, layers and others

  [[nodiscard]] std::string description() const override { return "Fake 1.0"; }
  [[nodiscard]] bool reads_in_place() override { return says_it_reads_in_place; }
  [[nodiscard]] PartialLoad partial_load() const override {
    return containerd_store  ? PartialLoad::known_blobs
           : takes_any_layer ? PartialLoad::any_layer
                             : PartialLoad::chain_prefix;
  }
  [[nodiscard]] std::string id_of_loaded(const Digest& config, const Digest& manifest) const override {
    return (containerd_store ? manifest : config).text();
  }
  [[nodiscard]] bool is_whole(const std::string&) override { return true; }
  [[nodiscard]] std::vector<ImageInfo> list() override;
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string& id_or_name) override;
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids) override;
  [[nodiscard]] std::vector<std::string> load(Source& archive) override;
  void tag(const std::string& id, const Reference& name) override;
  void remove_untagged(const std::string& id) override;
  void end_started(bool for_good) noexcept override {
    if (!for_good && !saves_and_loads_at_end) saves_and_loads_at_end = {saves, loads};
  }

 private:
  struct Image {
    std::string id;
    Bytes config;
    std::vector<Digest> diff_ids;
    std::vector<Bytes> layers;
    std::vector<Descriptor> descriptors;  ///< in a containerd store, and
    std::vector<Bytes> blobs;             ///< what they describe
    std::string created;
    std::vector<Reference> names;
  };
  [[nodiscard]] ImageInfo info(const Image& image) const;
  [[nodiscard]] Image* find(const std::string& id_or_name);
  [[nodiscard]] const Bytes* layer_of_chain(const Digest& chain_id);
  [[nodiscard]] const Bytes* stored_blob(const Digest& digest);
  [[nodiscard]] const Bytes* layer(const Digest& diff_id);
  [[nodiscard]] std::map<std::string, Bytes> files_of(const Image& image) const;
  void take_layers(Image& image, const std::map<std::string, Bytes>& files, const std::vector<std::string>& paths);
  void take_blobs(Image& image, const std::map<std::string, Bytes>& files);

  std::mutex mutex_;
  std::vector<Image> images_;
};

}  // namespace docker_sync
