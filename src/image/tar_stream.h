// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// libarchive's tar reader as a class: the only file that knows libarchive. It reads a save archive as it comes from an
// engine, or walks a spooled layer, skipping the contents it is not asked for. Exceptions of what it reads from come
// out of next() and read() unharmed; C frames lie between.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/io.h"

namespace docker_sync {

class TarStream {
 public:
  enum class Type { file, directory, symbolic_link, hard_link, other };
  enum class Step {
    entry,
    end,      ///< the mark that ends an archive, or the end of the input where an entry might begin
    damaged,  ///< the input is no tar from here on; failure() says why
  };

  /// The input must outlive the stream. Memory: 64 KiB, and up to 1 MiB for each header of a header.
  explicit TarStream(Source& input);
  explicit TarStream(const RandomAccess& input);
  ~TarStream();
  TarStream(const TarStream&) = delete;
  TarStream& operator=(const TarStream&) = delete;

  /// Goes on to the next entry, over what was not read of this one. What libarchive merely warns of is not damage.
  [[nodiscard]] Step next();

  /// Of the entry that next() found. Texts are as untrusted as the tar.
  [[nodiscard]] Type type() const;
  [[nodiscard]] std::string path() const;
  [[nodiscard]] std::string link_target() const;
  [[nodiscard]] uint64_t size() const;
  /// A file that is stored as it is: size() of its stored bytes are its content, unless the tar is damaged.
  [[nodiscard]] bool is_plain_file() const;

  /// Where the first of the entry's headers begins. After Step::end: where the mark begins.
  [[nodiscard]] uint64_t header_offset() const;
  /// Where its stored bytes begin. After Step::end: behind the mark, if there was one.
  [[nodiscard]] uint64_t data_offset() const;

  /// Reads the entry's content (holes as zeros); 0 at its end. Throws ExitCode::engine when the archive is cut.
  [[nodiscard]] size_t read(MutableBytes out);

  [[nodiscard]] std::string failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace docker_sync
