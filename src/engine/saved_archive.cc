// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/saved_archive.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/load_progress.h"

namespace docker_sync {

namespace {

constexpr size_t kTailBytes = 4096;
constexpr size_t kMaxErrorBytes = 64 << 10;

}  // namespace

SavedArchive::SavedArchive(std::unique_ptr<HttpDownload> download, Refuse refuse)
    : download_(std::move(download)), refuse_(std::move(refuse)) {}

size_t SavedArchive::read(MutableBytes out) {
  try {
    if (!started_) check_status();
    started_ = true;
    const size_t count = download_->read(out);
    if (count == 0) check_tail();
    const std::string_view got = as_text(ByteView(out).first(count));
    tail_.append(got.substr(got.size() - std::min(got.size(), kTailBytes)));
    if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
    return count;
  } catch (Error& error) {
    error.while_doing("saving an image");
    throw;
  }
}

void SavedArchive::check_status() {
  HttpReply reply{download_->status(), {}};
  if (reply.ok()) return;
  Bytes block(4096);
  while (const size_t count = download_->read(block)) {
    if (reply.body.size() < kMaxErrorBytes) reply.body.append(as_text(ByteView(block).first(count)));
  }
  refuse_(reply);
}

/// A tar ends in zeros: what ends in a JSON error without any is one. (The parser would take a zero for the end.)
void SavedArchive::check_tail() const {
  const size_t start = tail_.rfind("{\"errorDetail\"");
  if (start == tail_.npos || tail_.find('\0', start) != tail_.npos) return;
  const auto said = nlohmann::json::parse(tail_.substr(start), nullptr, false);
  if (said.is_object() && said.contains("error") && said["error"].is_string()) {
    throw_docker_error("save the image", said["error"]);
  }
}

}  // namespace docker_sync
