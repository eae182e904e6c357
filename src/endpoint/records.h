// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What flows in the three streams of a sync, each one zstd stream of records. They say nothing twice: the order of
// contents follows from the order of answers, which follows from the order of offers.
//
//   offers    source -> destination    shared ( layer ( known | block )* end-of-layer | plain-layer )*  config  end
//   answers   destination -> source    groups ( ( again | refine )*  answers )*  ( again | refine )*  end
//   contents  source -> destination    per block each content that travels, in order; per `again`, that one as data;
//                                      per `refine` runs: delta of what its holes are
//
//   shared    per basis layer, in the order that both sides were given: u8, 1 if the source has it too
//   groups    per basis layer that is not shared: u count, 8-byte name of each (entry_group.h)
//   layer     diff_id, u size of the tar; layers come in any order
//   known     u basis layer, u its first group, u groups, u length, times (image/entry_times.h): those groups again
//   block     u8, 1 if the padding of the content before it comes first; u length, skeleton block (image/skeleton.h); a
//             byte per content, Claim; then per `copy` a place, per `repeat` u how many contents before, per `ask`
//             8-byte hash
//   plain-layer  diff_id, u size of the tar: it travels as one content, which is as a block of its own, and nothing
//             of it is ever repeated
//   config    u length, the image config; u size of each layer's tar, base first (0: not known)
//   answers   to the next block that asks: a byte per content that asks, Answer; then in order per signature u length
//             and signature (delta/signature.h) of the content, or of its form, and per patch a place
//   again     u block (counted from 0), u content in it: what came, or was said to be here, does not have its hash;
//             send it as data
//   refine    u block, u content in it, u length, signature of what the basis has where its draft has holes
//             Both stand before the answers to a block or at the end; what they ask for comes before that block's
//             contents
//
//   a content that travels: u8 Method, with 64 times the FormKind added. Unless that is plain, u the size of the form,
//   u length, recipe (docs/inflated-form.md, docs/code-form.md); the old content is compared in the same form, if it
//   has it. After that
//     data      the bytes (both sides know how many)
//     patch     a place, then runs: what makes the content of what lies there (docs/patch-format.md)
//     bundled   a place, and nothing more, unless the bundle ends with it: then the rest of the bundle
//     delta     runs: delta (delta/delta_parts.h); if it has holes, the destination will ask for them
//   after the last one of a block, the rest of its last bundle, if that has not ended
//   rest      per content of the bundle u8 FormKind, and unless plain, u size of the form, u length, recipe; then runs:
//             a patch that makes all of them, one after the other, of what lies at their places, one after the other
//   runs      ( u length, bytes )* u 0
//   place     u basis layer, u size, z offset: from the end of the last place that was told in this stream
//
// u is a LEB128 integer, z one of either sign (zigzag).
#pragma once

#include <cstdint>
#include <memory>

#include "base/byte_reader.h"
#include "delta/basis_index.h"
#include "image/digest.h"

namespace docker_sync {

enum class OfferTag : uint8_t {
  end = 0,
  layer = 1,
  block = 2,
  end_of_layer = 3,
  config = 4,
  known = 5,
  plain_layer = 6,
};
enum class AnswerTag : uint8_t { end = 0, answers = 1, again = 2, refine = 3 };

/// What the source says of a content when it offers it.
enum class Claim : uint8_t {
  ask = 0,     ///< does the destination have it?
  copy = 1,    ///< it is in the shared basis
  travel = 2,  ///< the destination cannot have it: it comes unasked
  repeat = 3,  ///< it was offered before in this sync
};

/// In what form a content is compared, and travels.
enum class FormKind : uint8_t { plain = 0, inflated = 1, code = 2 };

/// What the destination says of a content that the source asked for.
enum class Answer : uint8_t {
  have = 0,
  none = 1,
  signature = 2,  ///< it has a similar one; more by 1 or 2 if it signed its inflated form or its code form
  patch = 5,      ///< the most similar one is in the shared basis
};
inline constexpr Answer kLastAnswer = Answer::patch;

[[nodiscard]] constexpr Answer answer_with(FormKind signed_form) {
  return static_cast<Answer>(static_cast<uint8_t>(Answer::signature) + static_cast<uint8_t>(signed_form));
}
/// REQUIRES: the answer comes with a signature.
[[nodiscard]] constexpr FormKind signed_form(Answer answer) {
  return static_cast<FormKind>(static_cast<uint8_t>(answer) - static_cast<uint8_t>(Answer::signature));
}

/// How a content travels.
enum class Method : uint8_t { data = 0, patch = 1, bundled = 2, delta = 3 };

/// Small contents share a patch. A bundle ends with its block, or with the content that fills it; what counts is the
/// contents' own size, not that of inflated forms, so that it is known beforehand.
struct BundleSize {
  uint64_t old_bytes = 0, new_bytes = 0;
  void add(uint64_t old_size, uint64_t new_size) {
    old_bytes += old_size;
    new_bytes += new_size;
  }
  [[nodiscard]] bool full() const { return new_bytes >= 1 << 20 || old_bytes >= 4 << 20; }
};

template <typename Tag>
void put_tag(Sink& sink, Tag tag) {
  const auto byte = static_cast<uint8_t>(tag);
  sink.write({&byte, 1});
}

/// The streams of sync number `sync` (from 1) in a connection.
struct SyncStreams {
  static constexpr uint32_t kPerSync = 3;
  explicit SyncStreams(uint32_t sync) : offers(sync * kPerSync), answers(offers + 1), contents(offers + 2) {}
  uint32_t offers, answers, contents;
  [[nodiscard]] uint32_t first_of_next() const { return offers + kPerSync; }
};

void put_integer(Sink& sink, uint64_t value);
void put_run(Sink& sink, ByteView bytes);      ///< u length, bytes
void put_fixed64(Sink& sink, uint64_t value);  ///< 8 bytes, little-endian

/// Reads records off a stream. Every method throws ExitCode::protocol at the stream's end.
class RecordReader : public ByteReader {
 public:
  explicit RecordReader(Source& source) : ByteReader(source, "a stream") {}

  using ByteReader::integer;
  /// Refuses an integer above `limit`.
  [[nodiscard]] uint64_t integer(uint64_t limit);
  /// u length (refused above `limit`), bytes.
  [[nodiscard]] Bytes run(size_t limit);
  [[nodiscard]] Digest digest();
  [[nodiscard]] uint64_t fixed64();  ///< 8 bytes, little-endian
};

/// Places in the basis, told by the one before: files that follow each other in a layer cost least.
class PlaceWriter {
 public:
  void put(Sink& sink, const BasisFile& place);

 private:
  uint64_t end_ = 0;
};

class PlaceReader {
 public:
  /// May lie outside of any layer: check it.
  [[nodiscard]] BasisFile get(RecordReader& records);

 private:
  uint64_t end_ = 0;
};

/// A delta between its runs, as a Source that ends with it.
class RunSource : public Source {
 public:
  RunSource(RecordReader& records, size_t longest_run) : records_(&records), longest_run_(longest_run) {}
  [[nodiscard]] size_t read(MutableBytes out) override;
  /// Reads and drops what is left, so that the next record can be read.
  void drain();

 private:
  RecordReader* records_;
  size_t longest_run_;
  uint64_t left_ = 0;
  bool ended_ = false;
};

/// Cuts what is written into runs; end() closes them.
class RunSink : public Sink {
 public:
  RunSink(Sink& below, size_t longest_run) : below_(&below), longest_run_(longest_run) {}
  void write(ByteView bytes) override;
  void end();

 private:
  Sink* below_;
  size_t longest_run_;
  Bytes pending_;
};

}  // namespace docker_sync
