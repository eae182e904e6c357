// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "image/columns.h"
#include "image/skeleton.h"
#include "image/skeleton_format.h"

namespace docker_sync {

namespace {

using namespace skeleton;

/// The header in a block, if its fields give the very same block again.
std::optional<TarHeader> exact_header(ByteView block) {
  std::optional<TarHeader> header = parse_header(block);
  if (!header) return {};
  std::array<uint8_t, kTarBlock> again;
  render_header(*header, again);
  return std::equal(block.begin(), block.end(), again.begin()) ? header : std::nullopt;
}

size_t common_length(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

/// The path that the body of a special header tells, if it tells that and nothing else.
std::optional<std::string> only_long_path(uint8_t type, ByteView body) {
  if (type != 'L' && type != 'x') return {};
  const std::string_view text = as_text(body);
  const size_t begin = type == 'L' ? 0 : std::min(text.size(), text.find('=')) + 1;
  if (begin + 1 >= text.size() || text.size() - begin - 1 > kMaxPath) return {};
  const std::string_view path = text.substr(begin, text.size() - begin - 1);
  if (path.find('\0') != std::string_view::npos) return {};
  const Bytes again = long_path_body(type, path);
  if (!std::equal(body.begin(), body.end(), again.begin(), again.end())) return {};
  return std::string(path);
}

class Encoder {
 public:
  Bytes encode(std::span<const SkeletonEntry> entries) {
    uint64_t size_before = 0;
    for (const SkeletonEntry& entry : entries) {
      add_content_size(entry.content_size);
      add_gap(entry.gap, tar_padding(size_before), entry.content_size);
      size_before = entry.content_size;
    }
    return assemble(entries.size());
  }

 private:
  void item(Item item, size_t place = 0) { columns_[kItems].number(static_cast<uint64_t>(item) | place << kItemBits); }

  void add_content_size(uint64_t size) {
    columns_[kSizeLow].byte(static_cast<uint8_t>(size));
    columns_[kSizeMiddle].byte(static_cast<uint8_t>(size >> 8));
    columns_[kSizeHigh].number(size >> 16);
  }

  void add_gap(ByteView gap, size_t padding, uint64_t content_size) {
    if (gap.size() >= padding && all_zero(gap.first(padding))) {
      gap = gap.subspan(padding);
    } else {
      item(Item::unpadded);
    }
    // Headers lie in blocks up to the content. What does not fill one is padding of a content in the block before this.
    size_t raw = gap.size() % kTarBlock;
    while (raw < gap.size()) {
      const ByteView rest = gap.subspan(raw);
      const ByteView block = rest.first(kTarBlock);
      const std::optional<TarHeader> header = exact_header(block);
      if (!header && !all_zero(block)) {
        raw += kTarBlock;
        continue;
      }
      add_raw(gap.first(raw));
      raw = 0;
      if (header && rest.size() == kTarBlock && header->size == content_size) {
        item(Item::file_header, use_attributes(*header));
        add_header(*header);
        return;
      }
      gap = rest.subspan(header ? add_header_item(*header, rest) : add_zeros(rest));
    }
    add_raw(gap);
    item(Item::end);
  }

  void add_raw(ByteView bytes) {
    if (bytes.empty()) return;
    item(Item::raw);
    columns_[kCounts].number(bytes.size());
    columns_[kRaw].raw(bytes);
  }

  /// These return how many bytes of `rest` they took.
  size_t add_zeros(ByteView rest) {
    size_t size = kTarBlock;
    while (rest.size() - size >= kTarBlock && all_zero(rest.subspan(size, kTarBlock))) size += kTarBlock;
    item(Item::zeros);
    columns_[kCounts].number(size / kTarBlock);
    return size;
  }

  size_t add_header_item(const TarHeader& header, ByteView rest) {
    const std::optional<ByteView> body = body_of(header, rest.subspan(kTarBlock));
    const size_t taken = kTarBlock + (body ? body->size() + tar_padding(body->size()) : 0);
    if (body) {
      if (const std::optional<std::string> path = only_long_path(header.type, *body)) {
        item(Item::long_path, use_attributes(header));
        add_long_path(header, *path);
        return taken;
      }
    }
    item(Item::header, use_attributes(header));
    columns_[kSizes].number(header.size);
    add_header(header);
    if (body) {
      item(Item::payload);
      columns_[kPayloads].raw(*body);
    }
    return taken;
  }

  /// What of `rest` belongs to a special header, if all of it and its padding are here.
  static std::optional<ByteView> body_of(const TarHeader& header, ByteView rest) {
    if (!is_special_type(header.type) || header.size > rest.size()) return {};
    const auto size = static_cast<size_t>(header.size);
    const size_t padding = tar_padding(size);
    if (padding > rest.size() - size || !all_zero(rest.subspan(size, padding))) return {};
    return rest.first(size);
  }

  void add_header(const TarHeader& header) {
    add_time(header.mtime);
    const std::string path = header.path();
    add_path(path, context_.guess_path(header.type));
    columns_[kPrefixes].difference(header.prefix.size(), guess_prefix(path));
    context_.saw(header.type, path);
    if (!header.link.empty()) {
      const size_t shared = common_length(guess_link(header.type, path), header.link);
      columns_[kLinkShared].number(shared);
      columns_[kLinks].text(std::string_view(header.link).substr(shared));
    }
  }

  void add_long_path(const TarHeader& header, const std::string& path) {
    add_path(path, context_.guess_long_path());
    context_.long_path = path;
    add_header(header);
  }

  /// Their place.
  size_t use_attributes(const TarHeader& header) {
    const Attributes value{header.style, header.type,  !header.link.empty(), header.mode, header.uid,
                           header.gid,   header.major, header.minor,         header.user, header.group};
    const size_t place = context_.attributes.find(value);
    if (place > 0) {
      context_.attributes.use(place);
      return place;
    }
    ColumnWriter& column = columns_[kNewAttributes];
    column.byte(static_cast<uint8_t>(value.style.magic));
    column.byte(value.style.spaced);
    column.byte(value.style.blank_device);
    column.byte(value.type);
    column.byte(value.has_link);
    for (const uint64_t number : {value.mode, value.uid, value.gid, value.major, value.minor}) column.number(number);
    column.text(value.user);
    column.text(value.group);
    context_.attributes.add(value);
    return 0;
  }

  void add_time(uint64_t time) {
    const size_t place = context_.times.find(time);
    columns_[kTimes].number(place);
    if (place > 0) {
      context_.times.use(place);
      return;
    }
    columns_[kNewTimes].difference(time, std::exchange(context_.last_new_time, time));
    context_.times.add(time);
  }

  void add_path(std::string_view path, const Guess& guess) {
    const size_t shared = common_length(guess.like, path);
    columns_[kShared].difference(shared, guess.shared);
    columns_[kPaths].text(path.substr(shared));
  }

  Bytes assemble(size_t entries) const {
    ColumnWriter block;
    block.number(entries);
    for (const ColumnWriter& column : columns_) block.number(column.bytes().size());
    for (const ColumnWriter& column : columns_) block.raw(column.bytes());
    return block.take();
  }

  std::array<ColumnWriter, kColumns> columns_;
  Context context_;
};

}  // namespace

Bytes encode_skeleton(std::span<const SkeletonEntry> entries) { return Encoder().encode(entries); }

}  // namespace docker_sync
