// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/code_form.h"

#include <algorithm>
#include <array>
#include <deque>

#include "base/byte_reader.h"
#include "base/error.h"
#include "base/spool.h"
#include "delta/code_fields.h"
#include "delta/code_layout.h"

namespace docker_sync {

namespace {

constexpr size_t kChunk = size_t{128} << 10;

/// Reads a file in chunks, of which some bytes may have to be seen again with what follows them.
class Window {
 public:
  explicit Window(const RandomAccess& file) : file_(&file) {}

  /// What follows `position`: as much as `most`, and as the window holds.
  [[nodiscard]] ByteView at(uint64_t position, uint64_t most) {
    bytes_.resize(static_cast<size_t>(std::min<uint64_t>({kChunk, most, file_->size() - position})));
    file_->read_at(position, bytes_);
    return bytes_;
  }

 private:
  const RandomAccess* file_;
  Bytes bytes_;
};

void append(Bytes& bytes, ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

class Separator {
 public:
  Separator(const RandomAccess& content, const SpoolSpace& space)
      : content_(&content),
        window_(content),
        form_(std::make_unique<Spool>(space)),
        fields_{Spool(space), Spool(space)} {}

  [[nodiscard]] std::optional<CodeForm> separate() {
    layout_.code = code_of_program(*content_);
    uint64_t position = 0;
    for (const CodeRange& range : layout_.code) {
      copy(Slice(*content_, position, range.begin - position), *form_);
      take_apart(range);
      position = range.end;
    }
    if (layout_.field_bytes() == 0) return std::nullopt;
    copy(Slice(*content_, position, content_->size() - position), *form_);
    for (Spool& fields : fields_) {
      fields.flush();
      copy(fields, *form_);
    }
    form_->flush();
    return CodeForm{layout_.recipe(), std::move(form_)};
  }

 private:
  void take_apart(const CodeRange& range) {
    uint64_t position = range.begin;
    while (position < range.end) {
      const ByteView code = window_.at(position, range.end - position);
      const bool last = position + code.size() == range.end;
      code_.clear();
      size_t at = 0;
      // An instruction that may go on behind this chunk is looked at with the next one.
      const size_t stop = last ? code.size() : code.size() - kLongestInstruction;
      while (at < stop) at += take_instruction(code.subspan(at), position + at);
      form_->write(code_);
      for (size_t kind = 0; kind < kFieldKinds; ++kind) {
        fields_[kind].write(taken_[kind]);
        taken_[kind].clear();
      }
      position += at;
    }
  }

  /// Returns how many bytes it took. `position`: of the first, in the content.
  size_t take_instruction(ByteView code, uint64_t position) {
    const Instruction instruction = instruction_at(code, code.size());
    if (!instruction.has_distance()) {
      append(code_, code.first(instruction.opcode_bytes));
      return instruction.opcode_bytes;
    }
    const ByteView opcode = code.first(instruction.opcode_bytes), low = code.subspan(opcode.size(), kFieldBytes);
    const uint8_t high = code[opcode.size() + kFieldBytes];
    append(code_, opcode);
    if (!is_near(high)) {
      if (is_near(low[0]) || low[0] == kNoField) code_.push_back(kNoField);
      return opcode.size();
    }
    code_.push_back(high);
    const auto kind = static_cast<size_t>(instruction.kind);
    put_target(taken_[kind], get_distance(low) + static_cast<uint32_t>(position + instruction.size()));
    ++layout_.fields[kind];
    return instruction.size();
  }

  const RandomAccess* content_;
  Window window_;
  std::unique_ptr<Spool> form_;
  std::array<Spool, kFieldKinds> fields_;
  CodeLayout layout_;
  Bytes code_;
  std::array<Bytes, kFieldKinds> taken_;
};

class Joiner {
 public:
  /// REQUIRES: `form` has as many fields as the layout says.
  Joiner(const CodeLayout& layout, const RandomAccess& form, uint64_t content_size, Sink& content)
      : layout_(&layout),
        form_(&form),
        content_size_(content_size),
        code_end_(form.size() - layout.field_bytes()),
        window_(form),
        content_(&content) {
    uint64_t begin = code_end_;
    for (size_t kind = 0; kind < kFieldKinds; ++kind) {
      const uint64_t size = layout.fields[kind] * kFieldBytes;
      slices_.emplace_back(form, begin, size);
      begin += size;
    }
    for (const Slice& slice : slices_) sources_.emplace_back(slice);
    for (SequentialReader& source : sources_) fields_.emplace_back(source, "a form's fields");
  }

  void join() {
    for (const CodeRange& range : layout_->code) {
      copy_plain(range.begin - made_);
      put_together(range);
    }
    copy_plain(content_size_ - made_);
    if (read_ != code_end_) throw_protocol("a form with more code than it should have");
    for (ByteReader& fields : fields_) {
      if (!fields.at_end()) throw_protocol("a form with fields that nothing refers to");
    }
  }

 private:
  void copy_plain(uint64_t size) {
    if (size > code_end_ - read_) throw_ended();
    copy(Slice(*form_, read_, size), *content_);
    read_ += size;
    made_ += size;
  }

  void put_together(const CodeRange& range) {
    while (made_ < range.end) {
      const ByteView code = window_.at(read_, code_end_ - read_);
      if (code.empty()) throw_ended();
      const bool last = read_ + code.size() == code_end_;
      const size_t stop = last ? code.size() : code.size() - kLongestInstruction;
      joined_.clear();
      size_t at = 0;
      const uint64_t begin = made_;
      while (at < stop && begin + joined_.size() < range.end) {
        at += put_instruction(code.subspan(at), range.end - begin - joined_.size(), begin + joined_.size());
      }
      content_->write(joined_);
      made_ = begin + joined_.size();
      read_ += at;
    }
  }

  /// Returns how many bytes of the form it took. `room`: in the range, from here. `position`: in the content.
  size_t put_instruction(ByteView code, uint64_t room, uint64_t position) {
    const Instruction instruction = instruction_at(code, room);
    if (!instruction.has_distance()) {
      append(joined_, code.first(instruction.opcode_bytes));
      return instruction.opcode_bytes;
    }
    const size_t opcode_bytes = instruction.opcode_bytes;
    if (code.size() <= opcode_bytes) throw_ended();
    append(joined_, code.first(opcode_bytes));
    const uint8_t high = code[opcode_bytes];
    if (high == kNoField) return opcode_bytes + 1;
    if (!is_near(high)) return opcode_bytes;
    std::array<uint8_t, kFieldBytes> target;
    fields_[static_cast<size_t>(instruction.kind)].read(target);
    put_distance(joined_, get_target(target) - static_cast<uint32_t>(position + instruction.size()));
    joined_.push_back(high);
    return opcode_bytes + 1;
  }

  [[noreturn]] static void throw_ended() { throw_protocol("a form with less code than it should have"); }

  const CodeLayout* layout_;
  const RandomAccess* form_;
  uint64_t content_size_;
  uint64_t code_end_;  ///< in the form: where the fields begin
  Window window_;
  Sink* content_;
  std::deque<Slice> slices_;
  std::deque<SequentialReader> sources_;
  std::deque<ByteReader> fields_;
  uint64_t read_ = 0, made_ = 0;
  Bytes joined_;
};

}  // namespace

std::optional<CodeForm> take_code_apart(const RandomAccess& content, const SpoolSpace& space) {
  return Separator(content, space).separate();
}

void put_code_together(ByteView recipe, const RandomAccess& form, uint64_t content_size, Sink& content) {
  const CodeLayout layout = CodeLayout::read(recipe, content_size);
  if (layout.field_bytes() > form.size()) throw_protocol("a form with fewer fields than it should have");
  Joiner(layout, form, content_size, content).join();
}

}  // namespace docker_sync
