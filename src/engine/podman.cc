// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/podman.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "base/log.h"
#include "engine/podman_answers.h"
#include "store/containers_store.h"
#include "store/store_file.h"

namespace docker_sync {

namespace {

constexpr size_t kImagesPerQuestion = 500;  ///< IDs of 71 characters: a command line takes many more
/// What `podman rmi` ends with when the image is not there, and when it is in use.
constexpr int kNotThere = 1, kInUse = 2;

CommandResult run(const std::string& doing, const std::vector<std::string>& arguments, Source* input = nullptr) {
  CommandResult result = run_command(arguments, input);
  if (result.status != 0) throw_podman_error(doing, result.errors);
  return result;
}

}  // namespace

PodmanEngine::PodmanEngine(std::string program) : program_(std::move(program)) {
  version_ = parse_podman_version(run("say its version", command({"version", "--format", "json"})).output);
}

std::string PodmanEngine::description() const {
  return fmt::format("Podman {}{}", version_, ::geteuid() == 0 ? "" : " (rootless)");
}

std::vector<std::string> PodmanEngine::command(std::initializer_list<std::string_view> words,
                                               std::span<const std::string> operands) const {
  std::vector<std::string> arguments{program_};
  arguments.insert(arguments.end(), words.begin(), words.end());
  if (!operands.empty()) arguments.emplace_back("--");
  arguments.insert(arguments.end(), operands.begin(), operands.end());
  return arguments;
}

std::vector<InspectedImage> PodmanEngine::find(std::span<const std::string> ids_or_names) {
  // It describes those that it has, and fails if there are others.
  const CommandResult result = run_command(command({"image", "inspect"}, ids_or_names));
  if (!result.output.starts_with('[')) throw_podman_error("inspect images", result.errors);
  return parse_podman_images(
      result.output, {[](const std::string& path) { return find_text(path); }, [this] { return place().root; }});
}

const PodmanEngine::Place& PodmanEngine::place() {
  std::call_once(place_asked_, [this] {
    const CommandResult result =
        run_command(command({"info", "--format", "{{.Store.GraphDriverName}} {{.Store.GraphRoot}}"}));
    const size_t space = result.output.find(' ');
    if (result.status != 0 || space == result.output.npos) return;
    place_.driver = result.output.substr(0, space);
    place_.root = result.output.substr(space + 1, result.output.find('\n') - space - 1);
  });
  return place_;
}

LayerStore* PodmanEngine::store(std::span<const ImageInfo> /*to_read*/, LayerReader /*reader*/) {
  if (::geteuid() != 0) return nullptr;
  std::call_once(store_opened_, [this] {
    if (!ContainersStore::knows(place().driver)) return;
    store_ = std::make_unique<ContainersStore>(place().root, place().driver);
    verbose("layers are read in " + store_->description());
  });
  return store_.get();
}

std::optional<ImageInfo> PodmanEngine::inspect(const std::string& id_or_name) {
  std::vector<InspectedImage> images = find({&id_or_name, 1});
  if (images.empty()) return std::nullopt;
  return std::move(images.front().info);
}

std::vector<ImageInfo> PodmanEngine::list() {
  const auto ids =
      parse_podman_ids(run("list its images", command({"images", "--no-trunc", "--format", "json"})).output);
  std::vector<ImageInfo> images;
  for (std::span<const std::string> rest = ids; !rest.empty();) {
    const size_t count = std::min(rest.size(), kImagesPerQuestion);
    for (InspectedImage& image : find(rest.first(count))) {
      // A manifest list is answered by an image, which may be in the list itself.
      if (std::find(ids.begin(), ids.end(), image.info.id) != ids.end()) images.push_back(std::move(image.info));
    }
    rest = rest.subspan(count);
  }
  return images;
}

std::string PodmanEngine::id_of_loaded(const Digest& config, const Digest& /*manifest*/) const { return config.text(); }

std::unique_ptr<Source> PodmanEngine::save(const std::vector<std::string>& ids) {
  assert(!ids.empty());
  return std::make_unique<CommandOutput>(
      command({"save", "--quiet", "--format", "docker-archive", "--multi-image-archive"}, ids));
}

std::vector<std::string> PodmanEngine::load(Source& archive) {
  const CommandResult result = run("load the image", command({"load", "--quiet"}), &archive);
  std::vector<std::string> ids;
  for (const std::string& name : parse_podman_loaded(result.output)) {
    const auto image = inspect(name);
    if (image && std::find(ids.begin(), ids.end(), image->id) == ids.end()) ids.push_back(image->id);
  }
  return ids;
}

void PodmanEngine::tag(const std::string& id, const Reference& name) {
  const std::string doing = fmt::format("tag {} as {}", id, name.familiar());
  const std::string operands[] = {id, name.full()};
  (void)run(doing, command({"tag"}, operands));
  const auto image = inspect(name.full());
  if (!image || image->id != id) throw Error(ExitCode::engine, "Podman did not " + doing + ", although it said so");
}

void PodmanEngine::remove_untagged(const std::string& id) {
  const std::vector<InspectedImage> images = find({&id, 1});
  // The ID of a manifest list is answered by an image in it, and would remove that one.
  if (images.size() != 1 || images.front().info.id != id) return;
  if (images.front().has_tag || images.front().has_digest) return;
  const CommandResult result = run_command(command({"rmi", "--no-prune"}, {&id, 1}));
  if (result.status != 0 && result.status != kNotThere && result.status != kInUse) {
    throw_podman_error("remove " + id, result.errors);
  }
}

}  // namespace docker_sync
