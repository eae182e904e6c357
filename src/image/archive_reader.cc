// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/archive_reader.h"

#include <utility>

#include "base/error.h"
#include "image/tar_header.h"
#include "image/tar_stream.h"

namespace docker_sync {

namespace {

/// Writers fill their last record up; more than that behind the end is no padding.
constexpr uint64_t kMaxTrailer = 1 << 20;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ExitCode::engine, "the image's save archive is damaged or cut short: " + why);
}

class EntrySource : public Source {
 public:
  explicit EntrySource(TarStream& tar) : tar_(tar) {}
  [[nodiscard]] size_t read(MutableBytes out) override { return tar_.read(out); }

 private:
  TarStream& tar_;
};

ArchiveEntry::Type type_of(TarStream::Type type) {
  switch (type) {
    case TarStream::Type::file: return ArchiveEntry::Type::file;
    case TarStream::Type::directory: return ArchiveEntry::Type::directory;
    case TarStream::Type::symbolic_link: return ArchiveEntry::Type::symbolic_link;
    case TarStream::Type::hard_link: return ArchiveEntry::Type::hard_link;
    case TarStream::Type::other: break;
  }
  return ArchiveEntry::Type::other;
}

ArchiveEntry entry_of(const TarStream& tar) {
  const std::optional<std::string> path = archive_path(tar.path());
  if (!path) refuse("it has an entry outside of itself");
  ArchiveEntry entry{*path, type_of(tar.type()), {}, tar.size()};
  const bool hard = entry.type == ArchiveEntry::Type::hard_link;
  if (hard || entry.type == ArchiveEntry::Type::symbolic_link) {
    entry.link_target = resolve_link(*path, tar.link_target(), hard).value_or("");
  }
  return entry;
}

/// So that whoever writes the archive gets to its end, and an error it ends with gets here.
void drain(Source& archive) {
  Bytes buffer(64 << 10);
  uint64_t total = 0;
  while (const size_t count = archive.read(buffer)) {
    total += count;
    if (total > kMaxTrailer) refuse("it goes on after its end");
  }
}

}  // namespace

void read_archive(Source& archive, const std::function<void(const ArchiveEntry&, Source& content)>& each) {
  TarStream tar(archive);
  for (;;) {
    switch (tar.next()) {
      case TarStream::Step::entry: {
        EntrySource content(tar);
        each(entry_of(tar), content);
        break;
      }
      case TarStream::Step::damaged: refuse(tar.failure());
      case TarStream::Step::end:
        // libarchive takes the end of the input for the end of the archive.
        if (tar.data_offset() < tar.header_offset() + kTarBlock) refuse("its end is missing");
        drain(archive);
        return;
    }
  }
}

std::optional<std::string> archive_path(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      if (!result.empty()) result += '/';
      result += part;
    } else if (!result.empty()) {
      const size_t slash = result.rfind('/');
      result.resize(slash == std::string::npos ? 0 : slash);
    } else {
      return {};
    }
  }
  return result;
}

std::optional<std::string> resolve_link(std::string_view path, std::string_view target, bool hard) {
  if (hard || target.starts_with('/')) return archive_path(target);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return archive_path(target);
  return archive_path(std::string(path.substr(0, slash + 1)) + std::string(target));
}

}  // namespace docker_sync
