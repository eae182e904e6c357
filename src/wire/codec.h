// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How the fields of a message become bytes: LEB128 integers, length-prefixed strings, counted lists. A message lists
// its fields once (`fields`), for both directions. Counts are checked against the bytes that are there, so a decoder
// never allocates more than a small multiple of what it was sent.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/leb128.h"
#include "image/digest.h"

namespace docker_sync {

class Encoder {
 public:
  Bytes bytes;

  template <class... Fields>
  void operator()(const Fields&... fields) {
    (put(fields), ...);
  }

  void put(std::unsigned_integral auto value) {
    uint64_t rest = value;
    for (; rest >= 0x80; rest >>= 7) bytes.push_back(static_cast<uint8_t>(rest | 0x80));
    bytes.push_back(static_cast<uint8_t>(rest));
  }
  void put(ByteView run) { bytes.insert(bytes.end(), run.begin(), run.end()); }
  void put(const std::string& text) {
    put(text.size());
    put(as_bytes(text));
  }
  void put(const Bytes& run) {
    put(run.size());
    put(ByteView(run));
  }
  void put(const Digest& digest) { put(ByteView(digest.bytes)); }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void put(Enum value) { put(static_cast<std::underlying_type_t<Enum>>(value)); }
  template <class T>
  void put(const std::vector<T>& list) {
    put(list.size());
    for (const T& item : list) put(item);
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class Struct>
  requires requires(Struct s, Encoder e) { Struct::fields(s, e); }
  void put(const Struct& value) { Struct::fields(value, *this); }
};

/// Throws ExitCode::protocol where the bytes are not what the fields ask for.
class Decoder {
 public:
  explicit Decoder(ByteView bytes) : rest_(bytes) {}

  template <class... Fields>
  void operator()(Fields&... fields) {
    (get(fields), ...);
  }

  /// Nothing may be left.
  void finish() const {
    if (!rest_.empty()) throw_protocol("a message is longer than its fields");
  }

  [[nodiscard]] ByteView take(uint64_t count) {
    if (count > rest_.size()) throw_protocol("a message was cut short");
    const ByteView run = rest_.first(static_cast<size_t>(count));
    rest_ = rest_.subspan(run.size());
    return run;
  }

  template <std::unsigned_integral Integer>
  void get(Integer& value) {
    const uint64_t wide = get_leb128([this] { return take(1)[0]; });
    value = static_cast<Integer>(wide);
    if (value != wide) throw_protocol("an integer out of range");
  }
  void get(std::string& text) { text = as_text(take(count())); }
  void get(Bytes& run) {
    const ByteView view = take(count());
    run.assign(view.begin(), view.end());
  }
  void get(Digest& digest) {
    const ByteView view = take(digest.bytes.size());
    std::copy(view.begin(), view.end(), digest.bytes.begin());
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void get(Enum& value) {
    std::underlying_type_t<Enum> number{};
    get(number);
    value = static_cast<Enum>(number);
  }
  template <class T>
  void get(std::vector<T>& list) {
    const uint64_t wanted = count();
    if (wanted > rest_.size()) throw_protocol("a list is longer than its message");
    list.clear();
    for (uint64_t i = 0; i < wanted; ++i) get(list.emplace_back());
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool present = false;
    get(present);
    value.reset();
    if (present) get(value.emplace());
  }
  template <class Struct>
  requires requires(Struct s, Decoder d) { Struct::fields(s, d); }
  void get(Struct& value) { Struct::fields(value, *this); }

 private:
  [[nodiscard]] uint64_t count() {
    uint64_t value = 0;
    get(value);
    return value;
  }

  ByteView rest_;
};

}  // namespace docker_sync
