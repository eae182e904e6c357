// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/helper_container.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "engine/load_progress.h"
#include "reach/helper_image.h"
#include "transport/printable.h"

namespace docker_sync {

namespace {

using nlohmann::json;

constexpr const char* kSocket = "/var/run/docker.sock";
constexpr const char* kScratch = "/var/tmp";
constexpr std::chrono::seconds kStartTimeout(60), kRemoveTimeout(20);
constexpr int64_t kLeftBehind = 3600;  ///< seconds: no run takes so long to get from its image to its container
constexpr size_t kMaxQuoteBytes = 400;

json parse(const std::string& text) {
  json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) throw Error(ExitCode::engine, "the daemon's answer is no JSON");
  return document;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const HelperImage& helper_for(const std::string& architecture, std::span<const HelperImage> helpers) {
  const auto found = std::ranges::find(helpers, machine_of(architecture), &HelperImage::machine);
  if (found == helpers.end()) {
    throw Error(ExitCode::helper, "there is no helper for machines of type '" + architecture + "'");
  }
  return *found;
}

std::string make_nonce() {
  std::array<uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Error(ExitCode::internal, "no random numbers");
  }
  return to_hex(bytes);
}

std::string label_filter(const std::string& more = {}) {
  return "?all=1&filters=" + percent_encode(fmt::format(R"({{"label":["{}"]{}}})", kHelperLabel, more));
}

json container_of(const std::string& image, const std::string& tmpfolder) {
  json mounts = json::array();
  mounts.push_back({{"Type", "bind"}, {"Source", kSocket}, {"Target", kSocket}});
  if (tmpfolder.empty()) {
    mounts.push_back({{"Type", "volume"}, {"Target", kScratch}});
  } else {
    mounts.push_back({{"Type", "bind"}, {"Source", tmpfolder}, {"Target", tmpfolder}});
  }
  return {{"Image", image},
          {"Entrypoint", json::array({kHelperPath})},
          {"Cmd", json::array({"--own-image", image})},
          {"User", "0:0"},
          {"Labels", {{kHelperLabel, ""}}},
          {"AttachStdin", true},
          {"AttachStdout", true},
          {"AttachStderr", true},
          {"OpenStdin", true},
          {"StdinOnce", true},
          {"NetworkDisabled", true},
          // The daemon must not log what goes through it, and the socket is root's wherever root is another.
          {"HostConfig",
           {{"AutoRemove", true},
            {"NetworkMode", "none"},
            {"LogConfig", {{"Type", "none"}}},
            {"SecurityOpt", json::array({"label=disable"})},
            {"UsernsMode", "host"},
            {"Mounts", mounts}}}};
}

}  // namespace

HelperContainer::HelperContainer(const HttpClient::Connect& connect, std::string daemon,
                                 std::span<const HelperImage> helpers, const std::string& tmpfolder)
    : connect_(connect), daemon_(std::move(daemon)), http_(connect), engine_(connect) {
  const std::string version = ask("GET", "/version");
  api_ = "/v" + parse_version(version).api;
  const std::string architecture = text_of(parse(version), "Arch");
  const HelperImage& helper = helper_for(architecture, helpers);
  try {
    sweep();
    load(helper, architecture);
    create(tmpfolder);
    start();
  } catch (...) {
    if (channel_) channel_->close();
    remove();
    throw;
  }
}

std::string HelperContainer::ask(std::string_view method, const std::string& path) {
  const HttpReply reply = http_.exchange(method, api_ + path);
  if (!reply.ok()) throw_docker_error(fmt::format("do {} {}", method, path), error_message(reply.body));
  return reply.body;
}

std::string HelperContainer::post(const std::string& path, const std::string& json) {
  MemorySource body(as_bytes(json));
  MemorySink answer;
  const HttpReply reply = http_.upload(api_ + path, "application/json", body, answer);
  if (!reply.ok()) throw_docker_error("do POST " + path, error_message(reply.body));
  return std::string(as_text(answer.bytes()));
}

void HelperContainer::sweep() {
  const int64_t before = std::time(nullptr) - kLeftBehind;
  const auto each_old = [&](const std::string& list, const std::function<void(const std::string& id)>& remove) {
    for (const json& found : parse(list)) {
      const auto created = found.is_object() ? found.find("Created") : found.end();
      if (!found.is_object() || created == found.end() || !created->is_number_integer()) continue;
      if (created->get<int64_t>() < before) remove(text_of(found, "Id"));
    }
  };
  each_old(ask("GET", "/containers/json" + label_filter(R"(,"status":["created","exited","dead"])")),
           [this](const std::string& id) { (void)http_.exchange("DELETE", api_ + "/containers/" + id + "?v=true"); });
  each_old(ask("GET", "/images/json" + label_filter()), [this](const std::string& id) { engine_.remove_untagged(id); });
}

void HelperContainer::load(const HelperImage& helper, const std::string& architecture) {
  const auto archive = make_helper_image(helper, architecture, make_nonce(), std::time(nullptr));
  const std::vector<std::string> loaded = engine_.load(*archive);
  if (loaded.size() != 1) throw Error(ExitCode::engine, "the helper's image was not loaded");
  image_ = loaded.front();
  uploaded_bytes_ = helper.size;
}

void HelperContainer::create(const std::string& tmpfolder) {
  container_ = text_of(parse(post("/containers/create", container_of(image_, tmpfolder).dump())), "Id");
  if (container_.empty()) throw Error(ExitCode::engine, "the daemon made a container without an ID");
}

void HelperContainer::start() {
  channel_ = std::make_unique<AttachChannel>(
      connect_(), fmt::format("{}/containers/{}/attach?stream=1&stdin=1&stdout=1&stderr=1", api_, container_));
  channel_->add_to_sent(uploaded_bytes_);
  (void)ask("POST", "/containers/" + container_ + "/start");
  started_ = true;
  if (channel_->await_output(kStartTimeout)) return;
  throw Error(ExitCode::helper, "the helper says nothing in its container; it complains: " +
                                    printable(channel_->diagnostics(), kMaxQuoteBytes));
}

void HelperContainer::remove_container() {
  const auto is_gone = [this] {
    return http_.exchange("GET", api_ + "/containers/" + container_ + "/json").status == 404;
  };
  try {
    // What the helper still undoes takes its time, but not for ever.
    if (started_ && !is_gone())
      (void)http_.exchange("POST", api_ + "/containers/" + container_ + "/wait?condition=removed");
  } catch (const Error& error) {
    verbose(std::string("waiting for the helper's container: ") + error.what());
  }
  const auto deadline = std::chrono::steady_clock::now() + kRemoveTimeout;
  while (!is_gone() && std::chrono::steady_clock::now() < deadline) {
    (void)http_.exchange("DELETE", api_ + "/containers/" + container_ + "?force=true&v=true");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void HelperContainer::remove() noexcept {
  try {
    if (!container_.empty()) remove_container();
    container_.clear();
    if (!image_.empty()) engine_.remove_untagged(image_);
    image_.clear();
  } catch (const std::exception& error) {
    warn("the helper's container may be left at " + daemon_ + ": " + error.what());
    container_.clear();
    image_.clear();
  }
}

}  // namespace docker_sync
