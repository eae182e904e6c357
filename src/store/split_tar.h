// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A layer that an engine keeps as a folder of files and a "tar-split" beside it: all of the tar but the contents of its
// files, from which docker save makes the tar again, too. One JSON object per line: {"type":2,"payload":base64} stands
// for those bytes, {"type":1,"name":…,"size":n} for a file's content (with "name_raw" in base64 where the name is not
// UTF-8). Read here at any offset: the bytes between contents are kept packed, contents are read from the files.
// Source: vbatts/tar-split, and docs/engines.md.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/io.h"
#include "store/store_file.h"

namespace docker_sync {

/// Any thread. Memory: some 30 bytes per file, eight blocks of 64 KiB, eight open files.
class SplitTar : public RandomAccess {
 public:
  /// `files`: those of the layer; `split`: the lines, read to their end. Throws ExitCode::verification on what is none.
  SplitTar(std::shared_ptr<const StoreFolder> files, Source& split);
  ~SplitTar() override;

  [[nodiscard]] uint64_t size() const override { return size_; }
  /// Throws ExitCode::verification where a file is not there as it was when the layer was made.
  void read_at(uint64_t offset, MutableBytes out) const override;
  /// To the end of a content, or of what lies before one.
  [[nodiscard]] uint64_t at_once(uint64_t offset) const override;

 private:
  class Writer;
  struct Block;
  struct Entry;
  struct PackedBlock {
    uint64_t begin;  ///< in the tar
    Bytes packed;
  };
  struct OpenFile {
    uint64_t begin;  ///< of its content in the tar
    std::unique_ptr<RandomAccess> content;
  };

  [[nodiscard]] std::shared_ptr<const Block> block_at(uint64_t offset) const;
  [[nodiscard]] std::shared_ptr<const OpenFile> open(const Entry& entry, const std::string& name) const;

  const std::shared_ptr<const StoreFolder> files_;
  std::vector<PackedBlock> blocks_;
  uint64_t size_ = 0;

  mutable std::mutex mutex_;  ///< guards what is kept, the last used first
  mutable std::vector<std::shared_ptr<const Block>> kept_blocks_;
  mutable std::vector<std::shared_ptr<const OpenFile>> kept_files_;
};

/// The layer whose files are in that folder, and whose tar-split is that file of another one, in gzip. Null if one of
/// the two cannot be opened. The tar-split is read when the layer is: then it throws as the constructor.
[[nodiscard]] std::unique_ptr<RandomAccess> open_split_tar(StoreFiles& store, const std::string& files,
                                                           const std::string& folder, const std::string& split);

}  // namespace docker_sync
