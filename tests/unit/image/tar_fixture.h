// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Tars for the tests: made byte by byte, by GNU tar of a folder that has one of everything, and by libarchive.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "image/tar_header.h"

namespace docker_sync {

[[nodiscard]] Bytes bytes_of(std::string_view text);
[[nodiscard]] Bytes operator+(Bytes left, const Bytes& right);

/// Header, content, padding. The header's size is that of the content.
[[nodiscard]] Bytes tar_entry(TarHeader header, std::string_view content = {});
[[nodiscard]] Bytes tar_file(const std::string& name, std::string_view content);
[[nodiscard]] Bytes tar_folder(const std::string& name);
[[nodiscard]] Bytes tar_end();

/// As Go's archive/tar writes a file whose path is too long: a pax header before it.
[[nodiscard]] Bytes go_long_file(const std::string& path, std::string_view content);

/// A temporary folder with files (small, empty, large, of long and odd names), links of both kinds, a fifo, a sparse
/// file and, if we may, a device.
class SampleTree {
 public:
  SampleTree();
  ~SampleTree();
  SampleTree(const SampleTree&) = delete;
  SampleTree& operator=(const SampleTree&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Contents by path, of files that are neither empty nor sparse. Hard links have one of their names here.
  [[nodiscard]] const std::map<std::string, std::string>& contents() const { return contents_; }

  /// The tree as GNU tar writes it, sorted, with these arguments besides.
  [[nodiscard]] Bytes gnu_tar(const std::vector<std::string>& arguments) const;

 private:
  void add(const std::string& name, std::string content);

  std::string path_;
  std::map<std::string, std::string> contents_;
};

/// Files, a folder and a link as libarchive writes them: "ustar", "pax", "gnutar" or "v7".
[[nodiscard]] Bytes libarchive_tar(const std::string& format);

/// Calls `check` with `rounds` damaged versions of `original`: bytes flipped, cut, doubled and zeroed. Always the same.
template <typename Check>
void mutate(const Bytes& original, int rounds, Check check) {
  std::mt19937_64 random(original.size());
  for (int round = 0; round < rounds && !original.empty(); ++round) {
    Bytes bytes = original;
    const auto some = [&](size_t below) { return static_cast<size_t>(random() % std::max<size_t>(below, 1)); };
    for (size_t edits = 1 + some(4); edits > 0 && !bytes.empty(); --edits) {
      const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(some(bytes.size()));
      const auto end =
          at + static_cast<std::ptrdiff_t>(some(std::min<size_t>(1500, static_cast<size_t>(bytes.end() - at))));
      switch (some(5)) {
        case 0: *at = static_cast<uint8_t>(random()); break;
        case 1: bytes.erase(at, end); break;
        case 2: {
          const Bytes again(at, end);
          bytes.insert(at, again.begin(), again.end());
          break;
        }
        case 3: std::fill(at, end, uint8_t{0}); break;
        default: bytes.erase(at, bytes.end());
      }
    }
    check(bytes);
  }
}

}  // namespace docker_sync
