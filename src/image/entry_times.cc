// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/entry_times.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "image/columns.h"

namespace docker_sync {

namespace {

bool comes_back(ByteView block, uint64_t time) {
  std::array<uint8_t, kTarBlock> again;
  std::copy(block.begin(), block.end(), again.begin());
  set_header_time(again, time);
  return std::equal(block.begin(), block.end(), again.begin());
}

}  // namespace

std::vector<size_t> timed_headers(ByteView gap) {
  std::vector<size_t> headers;
  // Headers lie in blocks up to the gap's end. What does not fill one is the padding of the content before.
  for (size_t at = gap.size() % kTarBlock; at < gap.size();) {
    const ByteView block = gap.subspan(at, kTarBlock);
    const std::optional<TarHeader> header = parse_header(block);
    if (header && comes_back(block, header->mtime)) headers.push_back(at);
    at += kTarBlock;
    if (!header || !is_special_type(header->type)) continue;
    const auto body = static_cast<size_t>(std::min<uint64_t>(header->size, gap.size() - at));
    at += std::min(gap.size() - at, body + tar_padding(body));
  }
  return headers;
}

std::vector<uint64_t> take_times(MutableBytes gap) {
  std::vector<uint64_t> times;
  for (const size_t header : timed_headers(gap)) {
    const MutableBytes block = gap.subspan(header, kTarBlock);
    times.push_back(parse_header(block)->mtime);
    clear_header_time(block);
  }
  return times;
}

void TimeEncoder::put(uint64_t time) {
  ColumnWriter column;
  const size_t place = recent_.find(time);
  column.number(place);
  if (place > 0) {
    recent_.use(place);
  } else {
    column.difference(time, std::exchange(last_new_, time));
    recent_.add(time);
  }
  bytes_.insert(bytes_.end(), column.bytes().begin(), column.bytes().end());
}

void TimeDecoder::feed(Bytes bytes) {
  if (!at_end()) throw_protocol("more times than headers");
  bytes_ = std::move(bytes);
  at_ = 0;
}

uint64_t TimeDecoder::next() {
  const ByteView rest = ByteView(bytes_).subspan(at_);
  ColumnReader column(rest);
  const uint64_t place = column.number();
  if (place > recent_.size()) throw_protocol("a time that was not told before");
  uint64_t time = 0;
  if (place > 0) {
    time = recent_.use(static_cast<size_t>(place));
  } else {
    time = last_new_ = column.difference(last_new_);
    recent_.add(time);
  }
  at_ += rest.size() - column.left();
  return time;
}

}  // namespace docker_sync
