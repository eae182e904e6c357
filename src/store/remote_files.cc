// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/remote_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "base/error.h"
#include "store/file_questions.h"
#include "store/layer_store.h"

namespace docker_sync {

/// The other side: one question at a time.
class RemoteFiles::Other {
 public:
  explicit Other(std::unique_ptr<FileLink> link) : link_(std::move(link)) {}
  ~Other() { close(); }

  [[nodiscard]] bool gives_files() const { return link_->takes_files(); }
  void close() noexcept { link_->close(); }

  /// With an error where there is no such file. Throws ExitCode::verification when the other side has gone.
  [[nodiscard]] FileAnswer ask(const FileQuestion& question) {
    FileAnswer failed;
    failed.error = ENAMETOOLONG;
    if (question.folder.size() + question.file.size() > file_limits::kPaths) return failed;
    std::string why;
    try {
      const std::lock_guard lock(mutex_);
      send(*link_, question);
      if (auto answer = receive_answer(*link_)) return std::move(*answer);
    } catch (const Error& error) {
      why = ": " + error.failure();
    }
    throw Error(ExitCode::verification, "what opens the files of the engine's store has ended" + why,
                "try again; --layer-reader save does without the store");
  }

 private:
  const std::unique_ptr<FileLink> link_;
  std::mutex mutex_;
};

/// One that is read through the other side, a block at a time.
class RemoteFiles::File : public RandomAccess {
 public:
  /// `first`: the answer to the first question for its bytes, from its beginning.
  File(std::shared_ptr<Other> other, FileQuestion question, FileAnswer first)
      : other_(std::move(other)), question_(std::move(question)), size_(first.size), block_(std::move(first.bytes)) {}

  [[nodiscard]] uint64_t size() const override { return size_; }

  void read_at(uint64_t offset, MutableBytes out) const override {
    const std::lock_guard lock(mutex_);
    while (!out.empty()) {
      const uint64_t end = question_.offset + block_.size();
      if (offset < question_.offset || offset >= end) {
        read_block(offset);
        continue;
      }
      const size_t count = std::min(out.size(), static_cast<size_t>(end - offset));
      std::copy_n(block_.begin() + static_cast<ptrdiff_t>(offset - question_.offset), count, out.begin());
      out = out.subspan(count);
      offset += count;
    }
  }

 private:
  void read_block(uint64_t offset) const {
    question_.offset = offset;
    question_.count = file_limits::kBytes;
    FileAnswer answer = other_->ask(question_);
    if (answer.error != 0) throw_damaged_store("cannot read " + question_.file + ": " + std::strerror(answer.error));
    if (answer.bytes.empty()) throw_damaged_store(question_.file + " is shorter than it was");
    block_ = std::move(answer.bytes);
  }

  const std::shared_ptr<Other> other_;
  mutable std::mutex mutex_;       ///< guards what follows
  mutable FileQuestion question_;  ///< the last one
  const uint64_t size_;
  mutable Bytes block_;  ///< from its offset on
};

class RemoteFiles::Folder : public StoreFolder {
 public:
  Folder(std::shared_ptr<Other> other, std::string path, Fd folder)
      : other_(std::move(other)), path_(std::move(path)), folder_(std::move(folder)) {}

  [[nodiscard]] std::unique_ptr<RandomAccess> open(const std::string& path) const override {
    if (folder_) {
      if (Fd file = open_in_store(folder_, path)) return std::make_unique<StoreFile>(std::move(file));
      if (errno != EACCES && errno != EPERM) return nullptr;
    }
    // What is small comes with the first answer.
    constexpr uint32_t kFirst = 64 << 10;
    FileQuestion question{FileWord::file, path_, path};
    if (!other_->gives_files()) question = {FileWord::bytes, path_, path, 0, kFirst};
    FileAnswer answer = other_->ask(question);
    if (answer.error != 0) {
      errno = answer.error;
      return nullptr;
    }
    if (answer.file) return std::make_unique<StoreFile>(std::move(answer.file));
    return std::make_unique<File>(other_, std::move(question), std::move(answer));
  }

 private:
  const std::shared_ptr<Other> other_;
  const std::string path_;
  const Fd folder_;  ///< if it was given
};

RemoteFiles::RemoteFiles(std::unique_ptr<FileLink> link) : other_(std::make_shared<Other>(std::move(link))) {}

std::shared_ptr<const StoreFolder> RemoteFiles::folder(const std::string& path) {
  FileAnswer answer = other_->ask({FileWord::folder, path, {}});
  if (answer.error == 0) return std::make_shared<Folder>(other_, path, std::move(answer.file));
  errno = answer.error;
  return nullptr;
}

void RemoteFiles::close() noexcept { other_->close(); }

}  // namespace docker_sync
