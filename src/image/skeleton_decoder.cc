// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "base/error.h"
#include "image/columns.h"
#include "image/skeleton.h"
#include "image/skeleton_format.h"

namespace docker_sync {

namespace {

using namespace skeleton;

[[noreturn]] void refuse(const char* what) { throw_protocol(std::string("a skeleton has ") + what); }

class Decoder {
 public:
  Decoder(ByteView block, size_t limit_bytes) : allowance_(limit_bytes) {
    ColumnReader reader(block);
    entries_ = reader.number();
    std::array<uint64_t, kColumns> sizes;
    for (uint64_t& size : sizes) size = reader.number();
    for (size_t i = 0; i < kColumns; ++i) columns_[i] = ColumnReader(reader.raw(sizes[i]));
    if (!reader.at_end()) refuse("bytes after its columns");
  }

  std::vector<SkeletonEntry> decode() {
    std::vector<SkeletonEntry> entries;
    spend(entries_, sizeof(SkeletonEntry));
    entries.reserve(static_cast<size_t>(entries_));
    uint64_t size_before = 0;
    for (uint64_t i = 0; i < entries_; ++i) {
      SkeletonEntry& entry = entries.emplace_back();
      entry.content_size = read_content_size();
      fill_gap(entry, tar_padding(size_before));
      size_before = entry.content_size;
    }
    if (!std::all_of(columns_.begin(), columns_.end(), [](const ColumnReader& column) { return column.at_end(); })) {
      refuse("more values than its entries need");
    }
    return entries;
  }

 private:
  /// Before anything is allocated.
  void spend(uint64_t count, size_t bytes_each) {
    if (count > allowance_ / bytes_each) refuse("more bytes than are allowed");
    allowance_ -= static_cast<size_t>(count) * bytes_each;
  }

  uint64_t read_content_size() {
    const uint64_t low = columns_[kSizeLow].byte(), middle = columns_[kSizeMiddle].byte();
    const uint64_t high = columns_[kSizeHigh].number();
    if (high >> 48 != 0) refuse("a content beyond all measure");
    return high << 16 | middle << 8 | low;
  }

  /// Leaves the place in place_, for the item's header if it has one.
  Item next_item() {
    const uint64_t item = columns_[kItems].number();
    place_ = item >> kItemBits;
    static_assert(static_cast<unsigned>(Item::unpadded) == (1U << kItemBits) - 1);
    return static_cast<Item>(item & ((1U << kItemBits) - 1));
  }

  void fill_gap(SkeletonEntry& entry, size_t padding) {
    Bytes& gap = entry.gap;
    Item item = next_item();
    if (item == Item::unpadded) {
      item = next_item();
    } else {
      append_zeros(gap, padding, 1);
    }
    uint64_t header_size = 0;
    for (;; item = next_item()) {
      switch (item) {
        case Item::file_header: append_header(gap, entry.content_size); return;
        case Item::end: return;
        case Item::header:
          header_size = columns_[kSizes].number();
          append_header(gap, header_size);
          break;
        case Item::long_path: append_long_path(gap); break;
        case Item::payload:
          append(gap, columns_[kPayloads].raw(header_size));
          append_zeros(gap, tar_padding(header_size), 1);
          break;
        case Item::zeros: append_zeros(gap, columns_[kCounts].number(), kTarBlock); break;
        case Item::raw: append(gap, columns_[kRaw].raw(columns_[kCounts].number())); break;
        case Item::unpadded: refuse("an item that may only be first");
      }
    }
  }

  void append(Bytes& gap, ByteView bytes) {
    spend(bytes.size(), 1);
    gap.insert(gap.end(), bytes.begin(), bytes.end());
  }

  void append_zeros(Bytes& gap, uint64_t count, size_t bytes_each) {
    spend(count, bytes_each);
    gap.resize(gap.size() + static_cast<size_t>(count) * bytes_each);
  }

  void append_header(Bytes& gap, uint64_t size) {
    TarHeader header = read_header();
    header.size = size;
    append_header(gap, header);
  }

  void append_header(Bytes& gap, const TarHeader& header) {
    append_zeros(gap, 1, kTarBlock);
    render_header(header, MutableBytes(gap).last(kTarBlock));
  }

  void append_long_path(Bytes& gap) {
    const std::string path = read_path(context_.guess_long_path());
    context_.long_path = path;
    TarHeader header = read_header();
    const Bytes body = long_path_body(header.type, path);
    header.size = body.size();
    append_header(gap, header);
    append(gap, body);
    append_zeros(gap, tar_padding(body.size()), 1);
  }

  /// All but its size.
  TarHeader read_header() {
    TarHeader header;
    const Attributes& attributes = read_attributes();
    header.style = attributes.style;
    header.type = attributes.type;
    header.mode = attributes.mode;
    header.uid = attributes.uid;
    header.gid = attributes.gid;
    header.major = attributes.major;
    header.minor = attributes.minor;
    header.user = attributes.user;
    header.group = attributes.group;
    header.mtime = read_time();
    const std::string path = read_path(context_.guess_path(header.type));
    split_path(path, columns_[kPrefixes].difference(guess_prefix(path)), header);
    context_.saw(header.type, path);
    if (attributes.has_link) header.link = read_link(guess_link(header.type, path));
    return header;
  }

  const Attributes& read_attributes() {
    if (place_ > context_.attributes.size()) refuse("attributes that were never told");
    if (place_ > 0) return context_.attributes.use(static_cast<size_t>(place_));
    ColumnReader& column = columns_[kNewAttributes];
    Attributes value;
    const uint8_t magic = column.byte();
    if (magic > static_cast<uint8_t>(HeaderStyle::Magic::gnu)) refuse("a header of no style");
    value.style.magic = static_cast<HeaderStyle::Magic>(magic);
    value.style.spaced = column.byte() != 0;
    value.style.blank_device = column.byte() != 0;
    value.type = column.byte();
    value.has_link = column.byte() != 0;
    for (uint64_t* number : {&value.mode, &value.uid, &value.gid, &value.major, &value.minor}) {
      *number = column.number();
    }
    value.user = column.text(kTarUser);
    value.group = column.text(kTarGroup);
    return context_.attributes.add(std::move(value));
  }

  uint64_t read_time() {
    const uint64_t place = columns_[kTimes].number();
    if (place > context_.times.size()) refuse("a time that was never told");
    if (place > 0) return context_.times.use(static_cast<size_t>(place));
    context_.last_new_time = columns_[kNewTimes].difference(context_.last_new_time);
    return context_.times.add(context_.last_new_time);
  }

  std::string read_path(const Guess& guess) {
    const uint64_t shared = columns_[kShared].difference(guess.shared);
    if (shared > guess.like.size()) refuse("a path that shares more than there is");
    std::string path = guess.like.substr(0, static_cast<size_t>(shared));
    return path += columns_[kPaths].text(kMaxPath - path.size());
  }

  static void split_path(const std::string& path, uint64_t prefix, TarHeader& header) {
    if (prefix == 0) {
      header.name = path;
    } else {
      if (prefix > kTarPrefix || prefix >= path.size() || path[prefix] != '/') refuse("a path without its prefix");
      header.prefix = path.substr(0, prefix);
      header.name = path.substr(prefix + 1);
    }
    if (header.name.size() > kTarName) refuse("a name that is too long");
  }

  std::string read_link(std::string_view like) {
    const uint64_t shared = columns_[kLinkShared].number();
    if (shared > std::min(like.size(), kTarLink)) refuse("a link that shares more than there is");
    std::string link(like.substr(0, static_cast<size_t>(shared)));
    return link += columns_[kLinks].text(kTarLink - link.size());
  }

  size_t allowance_;
  uint64_t entries_ = 0;
  uint64_t place_ = 0;
  std::array<ColumnReader, kColumns> columns_;
  Context context_;
};

}  // namespace

std::vector<SkeletonEntry> decode_skeleton(ByteView block, size_t limit_bytes) {
  return Decoder(block, limit_bytes).decode();
}

}  // namespace docker_sync
