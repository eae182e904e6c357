// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The files of a store which this process may not open, through one that may (file_server.h). By a link that takes
// files it gets the folders, opens in them what their modes let everybody read, which is nearly all of a layer, and
// asks for the rest: so what is read does not go through the other process. By a link that does not, it does.
#pragma once

#include "store/file_link.h"
#include "store/store_file.h"

namespace docker_sync {

/// Memory: for each file that is read through the other process, file_limits::kBytes.
class RemoteFiles : public StoreFiles {
 public:
  explicit RemoteFiles(std::unique_ptr<FileLink> link);

  [[nodiscard]] std::shared_ptr<const StoreFolder> folder(const std::string& path) override;

  /// Ends the other side. What is open stays so; what is asked for from then on fails. Any thread.
  void close() noexcept;

 private:
  class Other;
  class Folder;
  class File;

  const std::shared_ptr<Other> other_;  ///< folders and files hold it, too
};

}  // namespace docker_sync
