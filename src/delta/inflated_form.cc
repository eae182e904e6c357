// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/inflated_form.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "base/error.h"
#include "base/leb128.h"
#include "base/spool.h"
#include "delta/deflate_search.h"
#include "delta/deflater.h"
#include "delta/inflater.h"
#include "delta/part_finder.h"
#include "delta/patch_format.h"

namespace docker_sync {

namespace {

constexpr uint64_t kMostForm = uint64_t{512} << 20;
constexpr uint64_t kMostGrowth = 32, kFreeGrowth = uint64_t{4} << 20;
// Smaller ones are not worth the bytes that say where they are, nor what starting a deflater costs.
constexpr uint64_t kLeastDeflated = 32;
constexpr uint64_t kFreeWaste = uint64_t{16} << 20;
constexpr size_t kChunk = size_t{32} << 10;

/// What becomes of a part that inflates.
enum class Choice : uint8_t { inflate, leave, no_form };

/// Walks the parts of a content and writes its form.
class FormWriter {
 public:
  FormWriter(const RandomAccess& content, const SpoolSpace& space)
      : content_(&content),
        finder_(content),
        part_(space),
        form_(std::make_unique<Spool>(space)),
        limit_(most_inflated_bytes(content.size())) {}

  /// Calls `choose` for each part that inflates. Returns whether there is a form.
  bool write(auto choose) {
    uint64_t from = 0;
    while (const auto place = finder_.next(from)) {
      part_.clear();
      const uint64_t room = limit_ - std::min(limit_, form_->size());
      const InflateResult part = inflater_.inflate(*content_, place->offset, room, part_);
      if (part.end == InflateResult::End::too_large) return false;
      if (part.end == InflateResult::End::damaged) {
        // What only looks like parts must not cost more than parts would.
        wasted_ += part.inflated_size;
        if (wasted_ > kFreeWaste + content_->size()) break;
        from = place->offset;
        continue;
      }
      from = place->offset + part.deflated_size;
      if (place->kind == PartKind::gzip) finder_.gzip_ended(from);
      if (part.deflated_size < kLeastDeflated) continue;
      part_.flush();
      const Choice choice = choose(*place, part.deflated_size, part_);
      if (choice == Choice::no_form) return false;
      if (choice == Choice::inflate) add_part(place->offset, part.deflated_size);
    }
    if (done_ == 0) return false;
    if (done_ < content_->size()) add_raw(content_->size());
    form_->flush();
    return form_->size() <= limit_;
  }

  [[nodiscard]] std::unique_ptr<Spool> take_form() { return std::move(form_); }

 private:
  void add_part(uint64_t offset, uint64_t deflated_size) {
    add_raw(offset);
    add_run(part_, 0, part_.size());
    done_ = offset + deflated_size;
  }

  void add_raw(uint64_t end) { add_run(*content_, done_, end - done_); }

  void add_run(const RandomAccess& from, uint64_t offset, uint64_t size) {
    Bytes number;
    put_integer(number, size);
    form_->write(number);
    while (size > 0) {
      chunk_.resize(static_cast<size_t>(std::min<uint64_t>(kChunk, size)));
      from.read_at(offset, chunk_);
      form_->write(chunk_);
      offset += chunk_.size();
      size -= chunk_.size();
    }
  }

  const RandomAccess* content_;
  PartFinder finder_;
  Inflater inflater_;
  Spool part_;
  std::unique_ptr<Spool> form_;
  uint64_t limit_, done_ = 0, wasted_ = 0;
  Bytes chunk_;
};

/// Which method each part has, run by run.
class RecipeWriter {
 public:
  void add(DeflateMethod method) {
    if (count_ > 0 && method != method_) put_run();
    method_ = method;
    ++count_;
  }
  [[nodiscard]] Bytes finish() {
    put_run();
    return std::move(recipe_);
  }

 private:
  void put_run() {
    put_integer(recipe_, count_);
    recipe_.push_back(method_.byte());
    count_ = 0;
  }

  Bytes recipe_;
  uint64_t count_ = 0;
  DeflateMethod method_ = DeflateMethod::zlib(6);
};

class RecipeReader {
 public:
  explicit RecipeReader(ByteView recipe) : bytes_(recipe) {}

  [[nodiscard]] DeflateMethod next() {
    if (left_ == 0) {
      left_ = get_leb128([this] { return byte(); });
      if (left_ == 0) throw_protocol("a recipe has a run of nothing");
      method_ = DeflateMethod::from_byte(byte());
    }
    --left_;
    return method_;
  }
  [[nodiscard]] bool at_end() const { return left_ == 0 && bytes_.empty(); }

 private:
  uint8_t byte() {
    if (bytes_.empty()) throw_protocol("a recipe was cut short");
    const uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

  ByteView bytes_;
  uint64_t left_ = 0;
  DeflateMethod method_ = DeflateMethod::zlib(6);
};

/// A peer's form, of which no more is read than it may have.
class LimitedSource : public Source {
 public:
  LimitedSource(Source& below, uint64_t limit) : below_(&below), left_(limit) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    // One more than there may be shows that there is.
    const size_t count = below_->read(out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), left_ + 1))));
    if (count > left_) throw_protocol("an inflated form is too large");
    left_ -= count;
    return count;
  }

 private:
  Source* below_;
  uint64_t left_;
};

/// Lets as many bytes through as a content may have.
class BoundedSink : public Sink {
 public:
  BoundedSink(Sink& below, uint64_t size) : below_(&below), left_(size) {}
  void write(ByteView bytes) override {
    if (bytes.size() > left_) throw_protocol("an inflated form makes more than its content");
    left_ -= bytes.size();
    below_->write(bytes);
  }
  [[nodiscard]] uint64_t left() const { return left_; }

 private:
  Sink* below_;
  uint64_t left_;
};

}  // namespace

uint64_t most_inflated_bytes(uint64_t content_size) {
  if (content_size > kMostForm / kMostGrowth) return kMostForm;
  return std::min(kMostForm, content_size * kMostGrowth + kFreeGrowth);
}

bool may_have_inflated_form(ByteView first_bytes) { return may_hold_parts(first_bytes); }

std::unique_ptr<RandomAccess> inflate_all(const RandomAccess& content, const SpoolSpace& space) {
  FormWriter writer(content, space);
  if (!writer.write([](const PartPlace&, uint64_t, const RandomAccess&) { return Choice::inflate; })) return nullptr;
  return writer.take_form();
}

std::optional<Inflated> inflate_exactly(const RandomAccess& content, DeflateCheck check, const SpoolSpace& space) {
  FormWriter writer(content, space);
  DeflateSearch search(content, check);
  RecipeWriter recipe;
  Inflated inflated;
  uint64_t exact_bytes = 0, raw_bytes = 0;
  const bool written = writer.write([&](const PartPlace& place, uint64_t deflated_size, const RandomAccess& part) {
    const auto method = search.find(place, deflated_size, part);
    ++(method ? inflated.parts : inflated.raw_parts);
    (method ? exact_bytes : raw_bytes) += deflated_size;
    if (method) recipe.add(*method);
    return method ? Choice::inflate : search.hopeless() ? Choice::no_form : Choice::leave;
  });
  if (!written || exact_bytes < raw_bytes) return std::nullopt;
  inflated.recipe = recipe.finish();
  inflated.form = writer.take_form();
  return inflated;
}

void deflate_again(ByteView recipe, Source& form, uint64_t content_size, Sink& content) {
  LimitedSource limited(form, most_inflated_bytes(content_size));
  ByteReader reader(limited, "an inflated form");
  RecipeReader methods(recipe);
  Deflaters deflaters;
  BoundedSink bounded(content, content_size);
  while (bounded.left() > 0) {
    const uint64_t raw = reader.integer();
    if (raw > bounded.left()) throw_protocol("an inflated form makes more than its content");
    reader.copy_to(bounded, raw);
    const uint64_t left = bounded.left();
    if (left == 0) break;
    Deflater& deflater = deflaters.get(methods.next());
    deflater.start(bounded);
    reader.copy_to(deflater, reader.integer());
    deflater.finish();
    // Else there could be so many that starting them takes all time.
    if (left - bounded.left() < kLeastDeflated) throw_protocol("an inflated form has too small a part");
  }
  if (!reader.at_end() || !methods.at_end()) throw_protocol("an inflated form goes on after its end");
}

}  // namespace docker_sync
