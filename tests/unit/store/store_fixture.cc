// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store_fixture.h"

#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "tar_fixture.h"

namespace docker_sync {

ScratchFolder::ScratchFolder() : path_("/tmp/docker-sync-store-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) std::abort();
}

ScratchFolder::~ScratchFolder() { std::filesystem::remove_all(path_); }

void ScratchFolder::write(const std::string& path, ByteView bytes) const {
  const std::filesystem::path whole = std::filesystem::path(path_) / path;
  std::filesystem::create_directories(whole.parent_path());
  std::ofstream(whole, std::ios::binary).write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
}

SplitLayer::SplitLayer(const std::vector<SplitFile>& files) {
  const auto raw = [this](ByteView bytes) {
    split += nlohmann::json{{"type", 2}, {"payload", to_base64(bytes)}}.dump() + "\n";
  };
  for (const SplitFile& file : files) {
    const Bytes entry = tar_file(file.path, as_text(file.content));
    const size_t padding = (512 - file.content.size() % 512) % 512;
    raw(ByteView(entry).first(entry.size() - padding - file.content.size()));
    nlohmann::json line{{"type", 1}, {"payload", "AAAAAAAAAAA="}};
    line[file.named_raw ? "name_raw" : "name"] = file.named_raw ? to_base64(as_bytes(file.path)) : file.path;
    if (!file.content.empty()) line["size"] = file.content.size();
    split += line.dump() + "\n";
    if (padding > 0) raw(ByteView(entry).last(padding));
    tar = tar + entry;
  }
  const Bytes end = tar_end();
  raw(end);
  tar = tar + end;
}

Bytes gzipped(ByteView bytes, int level, size_t block_bytes) {
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
  Bytes out(::deflateBound(&stream, bytes.size()) + (block_bytes == 0 ? 0 : bytes.size() / block_bytes * 16));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  for (size_t left = bytes.size(); block_bytes != 0 && left > block_bytes; left -= block_bytes) {
    stream.avail_in = static_cast<uInt>(block_bytes);
    ::deflate(&stream, Z_PARTIAL_FLUSH);
  }
  stream.avail_in = static_cast<uInt>(bytes.data() + bytes.size() - stream.next_in);
  if (::deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

Bytes contents_of(const RandomAccess& file) {
  Bytes bytes(static_cast<size_t>(file.size()));
  file.read_at(0, bytes);
  return bytes;
}

}  // namespace docker_sync
