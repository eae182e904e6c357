// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "base/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr size_t kPendingBytes = 256 << 10;
constexpr long kTmpfsMagic = 0x01021994;

bool is_tmpfs(const std::string& path) {
  struct statfs info {};
  return ::statfs(path.c_str(), &info) == 0 && info.f_type == kTmpfsMagic;
}

Fd open_unlinked(const std::string& folder) {
  Fd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  // Filesystems without O_TMPFILE (overlayfs before Linux 6.1, NFS): a name that lives for one system call.
  std::string name = folder + "/docker-sync-XXXXXX";
  fd = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) throw_errno(ExitCode::disk, "cannot make a temporary file in " + folder, errno);
  ::unlink(name.c_str());
  return fd;
}

}  // namespace

SpoolSpace::SpoolSpace(const std::string& named, size_t memory) : path_(named), memory_(memory), memory_left_(memory) {
  if (path_.empty()) {
    const char* tmpdir = std::getenv("TMPDIR");
    // Scratch may be as large as an image: memory is the wrong place for it unless the user says so.
    path_ = tmpdir != nullptr && *tmpdir != 0 && !is_tmpfs(tmpdir) ? tmpdir : "/var/tmp";
  }
  Fd probe(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!probe || ::access(path_.c_str(), W_OK) != 0) {
    throw Error(ExitCode::disk, "cannot use " + path_ + " for temporary files",
                "name a writable folder with --tmpfolder or --remote-tmpfolder");
  }
}

void SpoolSpace::require_space(uint64_t bytes) const {
  struct statvfs info {};
  if (::statvfs(path_.c_str(), &info) != 0) return;  // Unknown: the write will tell.
  const uint64_t available = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  if (available >= bytes) return;
  throw Error(
      ExitCode::disk,
      fmt::format("{} has {} MB free, {} MB are needed for temporary files", path_, available >> 20, (bytes >> 20) + 1),
      "free some space, or name another folder with --tmpfolder or --remote-tmpfolder");
}

size_t SpoolSpace::take_memory(size_t wanted) const {
  size_t left = memory_left_;
  while (!memory_left_.compare_exchange_weak(left, left - std::min(left, wanted))) {
  }
  return std::min(left, wanted);
}

Spool::Spool(const SpoolSpace& space, Begin begin) : space_(&space), begin_(begin), on_disk_(begin == Begin::on_disk) {}

Spool::~Spool() { space_->give_back(memory_.size()); }

size_t Spool::keep_in_memory(ByteView bytes) {
  if (on_disk_) return 0;
  const size_t count = space_->take_memory(std::min(bytes.size(), GrowingMemory::kMost - memory_.size()));
  memory_.append(bytes.first(count));
  flushed_ += count;
  on_disk_ = count < bytes.size();
  return count;
}

void Spool::write(ByteView bytes) {
  size_ += bytes.size();
  bytes = bytes.subspan(keep_in_memory(bytes));
  if (pending_.size() + bytes.size() <= kPendingBytes) {
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    return;
  }
  flush();
  if (bytes.size() >= kPendingBytes) {
    append(bytes);
  } else {
    pending_.assign(bytes.begin(), bytes.end());
  }
}

void Spool::flush() {
  append(pending_);
  pending_.clear();
}

void Spool::append(ByteView bytes) {
  if (bytes.empty()) return;
  if (!fd_) fd_ = open_unlinked(space_->path());
  try {
    write_all(fd_, bytes);
  } catch (const Error& error) {
    // A descriptor does not know what it is: whatever befalls this one is the disk's.
    throw Error(ExitCode::disk, error.failure() + " while writing temporary files in " + space_->path(),
                error.remedy());
  }
  flushed_ += bytes.size();
}

void Spool::read_at(uint64_t offset, MutableBytes out) const {
  assert(offset <= flushed_ && out.size() <= flushed_ - offset);
  const size_t in_memory = memory_.size();
  if (offset < in_memory) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), in_memory - offset));
    memory_.read_at(static_cast<size_t>(offset), out.first(count));
    out = out.subspan(count);
    offset += count;
  }
  offset -= in_memory;
  while (!out.empty()) {
    const ssize_t count = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(ExitCode::disk, "cannot read a temporary file in " + space_->path(), errno);
    if (count == 0) throw Error(ExitCode::disk, "a temporary file in " + space_->path() + " was cut short");
    out = out.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

void Spool::clear() {
  pending_.clear();
  space_->give_back(memory_.size());
  memory_.clear();
  on_disk_ = begin_ == Begin::on_disk;
  size_ = flushed_ = 0;
  if (!fd_) return;
  if (::ftruncate(fd_.get(), 0) != 0 || ::lseek(fd_.get(), 0, SEEK_SET) != 0) {
    throw_errno(ExitCode::disk, "cannot empty a temporary file in " + space_->path(), errno);
  }
}

}  // namespace docker_sync
