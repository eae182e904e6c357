// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/helper_container.h"

#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "engine/docker_answers.h"
#include "engine/helper_image.h"
#include "engine/load_progress.h"

namespace docker_sync {

namespace {

using nlohmann::json;

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

std::string label_filter(const std::string& more = {}) {
  return "?all=1&filters=" + percent_encode(fmt::format(R"({{"label":["{}"]{}}})", kHelperLabel, more));
}

std::string quoted(const std::string& text) { return json(text).dump(); }

std::string joined(const std::vector<std::string>& parts) {
  std::string list;
  for (const std::string& part : parts) list += (list.empty() ? "" : ",") + part;
  return "[" + list + "]";
}

std::string mount_of(const HelperMount& mount, bool only_reads) {
  if (mount.source.empty()) return fmt::format(R"({{"Type":"volume","Target":{}}})", quoted(mount.target));
  // The file systems of running containers are mounted below a store, and are to go when these end: none of ours holds
  // them.
  const char* how = only_reads ? R"(,"ReadOnly":true,"BindOptions":{"NonRecursive":true})" : "";
  return fmt::format(R"({{"Type":"bind","Source":{},"Target":{}{}}})", quoted(mount.source), quoted(mount.target), how);
}

/// The body of a question, as text: made of objects it would be a larger helper.
std::string container_of(const std::string& image, const HelperRun& run) {
  std::vector<std::string> arguments, mounts;
  for (const std::string& argument : run.arguments) arguments.push_back(quoted(argument));
  for (const HelperMount& mount : run.mounts) mounts.push_back(mount_of(mount, run.only_reads));
  const char* rights = run.only_reads ? R"("ReadonlyRootfs":true,"CapDrop":["ALL"],"CapAdd":["DAC_READ_SEARCH"],)"
                                        R"("SecurityOpt":["label=disable","no-new-privileges"],)"
                                      : R"("SecurityOpt":["label=disable"],)";
  // The daemon must not log what goes through it, and files are root's wherever root is another.
  return fmt::format(
      R"({{"Image":"{}","Entrypoint":["{}"],"Cmd":{},"User":"0:0","Labels":{{"{}":""}},"NetworkDisabled":true,)"
      R"("AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"OpenStdin":true,"StdinOnce":true,)"
      R"("HostConfig":{{"AutoRemove":true,"NetworkMode":"none","LogConfig":{{"Type":"none"}},"UsernsMode":"host",)"
      R"({}"Mounts":{}}}}})",
      image, kHelperPath, joined(arguments), kHelperLabel, rights, joined(mounts));
}

}  // namespace

HelperContainer::HelperContainer(const HttpClient::Connect& connect, const std::string& api, std::string daemon)
    : connect_(connect), daemon_(std::move(daemon)), http_(connect), api_("/v" + api) {}

void HelperContainer::end() noexcept {
  if (channel_) channel_->close();
  remove();
}

std::string HelperContainer::ask(std::string_view method, const std::string& path) {
  const HttpReply reply = http_.exchange(method, api_ + path);
  if (!reply.ok()) throw_docker_error(fmt::format("do {} {}", method, path), error_message(reply.body));
  return reply.body;
}

void HelperContainer::post(const std::string& path, std::string_view content_type, ByteView body, Sink& answer) {
  MemorySource source(body);
  const HttpReply reply = http_.upload(api_ + path, content_type, source, answer);
  if (!reply.ok()) throw_docker_error("do POST " + path, error_message(reply.body));
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
  each_old(ask("GET", "/images/json" + label_filter()), [this](const std::string& id) { remove_image(id); });
}

void HelperContainer::make_image(ByteView program) {
  sweep();
  // An import takes half as long as the load of an archive, which the daemon unpacks twice.
  const std::string label = percent_encode(std::string("LABEL ") + kHelperLabel + "=true");
  LoadProgress progress;
  post("/images/create?fromSrc=-&changes=" + label, "application/x-tar", make_helper_layer(program), progress);
  progress.finish();
  if (progress.loaded().size() != 1) throw Error(ExitCode::engine, "the helper's image was not made");
  image_ = Digest::parse(progress.loaded().front()).text();
  uploaded_bytes_ = program.size();
}

void HelperContainer::run(const HelperRun& run) {
  MemorySink made;
  post("/containers/create", "application/json", as_bytes(container_of(image_, run)), made);
  container_ = text_of(parse(std::string(as_text(made.bytes()))), "Id");
  if (container_.empty()) throw Error(ExitCode::engine, "the daemon made a container without an ID");
  try {
    start();
  } catch (...) {
    if (channel_) channel_->close();
    channel_.reset();
    remove_container();
    throw;
  }
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
  container_.clear();
  started_ = false;
}

void HelperContainer::remove_image(const std::string& id) {
  const HttpReply image = http_.exchange("GET", api_ + "/images/" + id + "/json");
  if (!image.ok() || parse_image(image.body, StoreKind::containerd).has_tag) return;  // Somebody has given it a name.
  const HttpReply reply = http_.exchange("DELETE", api_ + "/images/" + id + "?force=false&noprune=true");
  if (!reply.ok() && reply.status != 404 && reply.status != 409) {
    throw_docker_error("remove " + id, error_message(reply.body));
  }
}

void HelperContainer::remove() noexcept {
  try {
    if (!container_.empty()) remove_container();
    if (!image_.empty()) remove_image(image_);
    image_.clear();
  } catch (const std::exception& error) {
    warn("the helper's container may be left at " + daemon_ + ": " + error.what());
    container_.clear();
    image_.clear();
  }
}

}  // namespace docker_sync
