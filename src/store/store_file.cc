// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/store_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "store/layer_store.h"

namespace docker_sync {

namespace {

Fd open_beneath(const Fd& folder, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, folder.get(), path.c_str(), &how, sizeof how);
  if (fd >= 0 || errno != ENOSYS) return Fd(static_cast<int>(fd));
  // Linux before 5.6. A path that a link could lead astray there is left to the engine.
  for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    struct stat info {};
    if (::fstatat(folder.get(), path.substr(0, slash).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return {};
    if (!S_ISDIR(info.st_mode)) {
      errno = ELOOP;
      return {};
    }
  }
  return Fd(::openat(folder.get(), path.c_str(), flags));
}

class OwnFolder : public StoreFolder {
 public:
  explicit OwnFolder(Fd folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::unique_ptr<RandomAccess> open(const std::string& path) const override {
    Fd file = open_in_store(folder_, path);
    return file ? std::make_unique<StoreFile>(std::move(file)) : nullptr;
  }

 private:
  const Fd folder_;
};

class OwnFiles : public StoreFiles {
 public:
  [[nodiscard]] std::shared_ptr<const StoreFolder> folder(const std::string& path) override {
    Fd folder = open_store_folder(path);
    return folder ? std::make_shared<OwnFolder>(std::move(folder)) : nullptr;
  }
};

}  // namespace

Fd open_store_folder(const std::string& path) { return Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }

Fd open_in_store(const Fd& folder, const std::string& path) {
  // Not blocking: what is no regular file any more may be a pipe.
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  Fd file = open_beneath(folder, path, kFlags | O_NOATIME);
  if (!file && errno == EPERM) file = open_beneath(folder, path, kFlags);
  struct stat info {};
  if (file && ::fstat(file.get(), &info) == 0 && !S_ISREG(info.st_mode)) {
    file.reset();
    errno = EINVAL;
  }
  return file;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0; });
}

StoreFile::StoreFile(Fd fd) : fd_(std::move(fd)) {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) throw_damaged_store(std::string("cannot look at a file: ") + std::strerror(errno));
  size_ = static_cast<uint64_t>(info.st_size);
}

void StoreFile::read_at(uint64_t offset, MutableBytes out) const {
  while (!out.empty()) {
    const ssize_t count = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_damaged_store(std::string("cannot read a file: ") + std::strerror(errno));
    if (count == 0) throw_damaged_store("a file is shorter than it was");
    out = out.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

std::shared_ptr<StoreFiles> own_files() { return std::make_shared<OwnFiles>(); }

std::optional<std::string> find_text(StoreFiles& files, const std::string& path, size_t limit) {
  const size_t name = path.rfind('/') + 1;
  try {
    const auto folder = files.folder(path.substr(0, name));
    const auto file = folder ? folder->open(path.substr(name)) : nullptr;
    if (!file || file->size() > limit) return std::nullopt;
    Bytes bytes(static_cast<size_t>(file->size()));
    file->read_at(0, bytes);
    return std::string(as_text(bytes));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::string> find_text(const std::string& path, size_t limit) {
  OwnFiles files;
  return find_text(files, path, limit);
}

}  // namespace docker_sync
