// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/tar_stream.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <utility>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr size_t kBufferBytes = 64 << 10;

struct Close {
  void operator()(archive* handle) const { archive_read_free(handle); }
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

}  // namespace

struct TarStream::State {
  Source* source = nullptr;  ///< one of these two
  const RandomAccess* file = nullptr;
  uint64_t position = 0;  ///< in `file`
  bool opened = false;
  Bytes buffer = Bytes(kBufferBytes);
  std::exception_ptr thrown;
  std::unique_ptr<archive, Close> handle{archive_read_new()};
  std::unique_ptr<archive_entry, Close> entry{archive_entry_new()};

  void open();
  [[nodiscard]] size_t fill();
  /// Throws what a callback has kept.
  void rethrow() {
    if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
  }

  static la_ssize_t on_read(archive* handle, void* self, const void** block);
  static la_int64_t on_skip(archive* handle, void* self, la_int64_t request);
};

size_t TarStream::State::fill() {
  if (source != nullptr) return source->read(buffer);
  if (position == file->size()) return 0;
  // Not what lies behind a header, where that is dear: it is skipped more often than not.
  const auto count = static_cast<size_t>(std::min<uint64_t>(buffer.size(), file->at_once(position)));
  file->read_at(position, MutableBytes(buffer).first(count));
  position += count;
  return count;
}

la_ssize_t TarStream::State::on_read(archive* handle, void* self, const void** block) {
  auto& state = *static_cast<State*>(self);
  try {
    *block = state.buffer.data();
    return static_cast<la_ssize_t>(state.fill());
  } catch (...) {
    state.thrown = std::current_exception();
    archive_set_error(handle, EIO, "the input failed");
    return -1;
  }
}

la_int64_t TarStream::State::on_skip(archive*, void* self, la_int64_t request) {
  auto& state = *static_cast<State*>(self);
  if (state.file == nullptr || request <= 0) return 0;  // libarchive then reads
  const uint64_t count = std::min(static_cast<uint64_t>(request), state.file->size() - state.position);
  state.position += count;
  return static_cast<la_int64_t>(count);
}

void TarStream::State::open() {
  archive* const tar = handle.get();
  if (tar == nullptr || entry == nullptr) throw std::bad_alloc();
  archive_read_support_format_tar(tar);
  archive_read_support_format_empty(tar);
  archive_read_set_read_callback(tar, on_read);
  archive_read_set_skip_callback(tar, on_skip);
  archive_read_set_callback_data(tar, this);
  opened = archive_read_open1(tar) == ARCHIVE_OK;  // it looks for the first header at once
  rethrow();
}

TarStream::TarStream(Source& input) : state_(std::make_unique<State>()) {
  state_->source = &input;
  state_->open();
}

TarStream::TarStream(const RandomAccess& input) : state_(std::make_unique<State>()) {
  state_->file = &input;
  state_->open();
}

TarStream::~TarStream() = default;

TarStream::Step TarStream::next() {
  if (!state_->opened) return Step::damaged;
  const int status = archive_read_next_header2(state_->handle.get(), state_->entry.get());
  state_->rethrow();
  if (status == ARCHIVE_EOF) return Step::end;
  return status == ARCHIVE_OK || status == ARCHIVE_WARN ? Step::entry : Step::damaged;
}

TarStream::Type TarStream::type() const {
  if (archive_entry_hardlink(state_->entry.get()) != nullptr) return Type::hard_link;
  switch (archive_entry_filetype(state_->entry.get())) {
    case AE_IFREG: return Type::file;
    case AE_IFDIR: return Type::directory;
    case AE_IFLNK: return Type::symbolic_link;
    default: return Type::other;
  }
}

std::string TarStream::path() const {
  const char* path = archive_entry_pathname(state_->entry.get());
  return path == nullptr ? "" : path;
}

std::string TarStream::link_target() const {
  const char* hard = archive_entry_hardlink(state_->entry.get());
  const char* target = hard != nullptr ? hard : archive_entry_symlink(state_->entry.get());
  return target == nullptr ? "" : target;
}

uint64_t TarStream::size() const {
  const int64_t size = archive_entry_size(state_->entry.get());
  return size < 0 ? 0 : static_cast<uint64_t>(size);
}

bool TarStream::is_plain_file() const {
  return type() == Type::file && archive_entry_sparse_count(state_->entry.get()) == 0;
}

uint64_t TarStream::header_offset() const {
  return state_->opened ? static_cast<uint64_t>(archive_read_header_position(state_->handle.get())) : 0;
}

uint64_t TarStream::data_offset() const { return static_cast<uint64_t>(archive_filter_bytes(state_->handle.get(), 0)); }

size_t TarStream::read(MutableBytes out) {
  const la_ssize_t count = archive_read_data(state_->handle.get(), out.data(), out.size());
  state_->rethrow();
  if (count < 0) throw Error(ExitCode::engine, "the archive is damaged or cut short: " + failure());
  return static_cast<size_t>(count);
}

std::string TarStream::failure() const {
  const char* text = archive_error_string(state_->handle.get());
  return text == nullptr ? "no reason known" : text;
}

}  // namespace docker_sync
