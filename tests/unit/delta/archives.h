// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Contents to inflate: bytes to deflate, and zips and gzip files made of them by the method that a test wants.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "delta/deflater.h"

namespace docker_sync::archives {

/// Lines of words of which some are frequent, so that it deflates as prose does. Never change it: hashes hang on it.
inline Bytes text(int lines) {
  std::mt19937 random(1);
  std::string all;
  for (int i = 0; i < lines; ++i) {
    all += "line " + std::to_string(i);
    for (uint32_t words = random() % 10; words > 0; --words) {
      all += ' ';
      uint32_t word = random() % 500 * (random() % 4) / 3;
      do {
        all += static_cast<char>('a' + word % 23);
      } while ((word /= 7) > 0);
    }
    all += '\n';
  }
  return {all.begin(), all.end()};
}

/// Bytes that do not deflate.
inline Bytes noise(size_t size) {
  std::mt19937 random(1);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

inline Bytes deflated(ByteView bytes, DeflateMethod method) {
  Deflaters deflaters;
  MemorySink sink;
  Deflater& deflater = deflaters.get(method);
  deflater.start(sink);
  deflater.write(bytes);
  deflater.finish();
  return sink.bytes();
}

inline void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
inline void append_number(Bytes& to, uint64_t value, int bytes) {
  for (; bytes > 0; --bytes, value >>= 8) to.push_back(static_cast<uint8_t>(value));
}

/// A local header and what it stands before, without sizes if a data descriptor (its signature and zeros) has them.
inline Bytes zip_member(std::string_view name, ByteView data, size_t inflated_size, bool descriptor = false,
                        uint16_t method = 8, uint16_t flags = 0) {
  Bytes member{'P', 'K', 3, 4, 20, 0};
  append_number(member, flags | (descriptor ? 8 : 0), 2);
  append_number(member, method, 2);
  append_number(member, 0, 4 + 4);  // time, CRC
  append_number(member, descriptor ? 0 : data.size(), 4);
  append_number(member, descriptor ? 0 : inflated_size, 4);
  append_number(member, name.size(), 2);
  append_number(member, 0, 2);
  append(member, as_bytes(name));
  append(member, data);
  if (descriptor) {
    append(member, as_bytes("PK\x07\x08"));
    append_number(member, 0, 4 + 4 + 4);
  }
  return member;
}

/// What stands for the central directory: nobody reads it here.
inline Bytes zip_end() { return Bytes{'P', 'K', 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}; }

inline Bytes zip_of(const std::vector<Bytes>& members, DeflateMethod method, bool descriptors = false) {
  Bytes zip;
  for (const Bytes& bytes : members)
    append(zip, zip_member("a/name", deflated(bytes, method), bytes.size(), descriptors));
  append(zip, zip_end());
  return zip;
}

inline Bytes gzip_of(ByteView bytes, DeflateMethod method) {
  Bytes file{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3};
  append(file, deflated(bytes, method));
  append_number(file, 0, 4);  // CRC
  append_number(file, bytes.size(), 4);
  return file;
}

inline Bytes all_of(const RandomAccess& file) {
  Bytes bytes(static_cast<size_t>(file.size()));
  if (!bytes.empty()) file.read_at(0, bytes);
  return bytes;
}

}  // namespace docker_sync::archives
