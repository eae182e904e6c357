// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What flows in the three streams of a sync, each one zstd stream of records. They say nothing twice: the order of
// contents follows from the order of answers, which follows from the order of offers.
//
//   offers    source -> destination    ( layer ( block )* end-of-layer )*  config  end;  layers in any order
//   answers   destination -> source    ( answers-to-a-block | again )*  end
//   contents  source -> destination    per answered block, each content that is not `have`, in order;
//                                      per `again`, that content as data
//
//   layer     diff_id, u size of the tar
//   block     u length, skeleton block (image/skeleton.h), 16-byte hash per content
//   config    u length, the image config; u size of each layer's tar, base first (0: not known)
//   answers   one codec byte per content; then, per `rsync`: u length, librsync signature
//   again     u block (counted from 0 as offered), u content in it: what came does not have its hash, send it as data
//   data      the bytes (both sides know how many)
//   rsync     ( u length, librsync delta bytes )* u 0
//
// u is a LEB128 integer.
#pragma once

#include <cstdint>
#include <memory>

#include "base/io.h"
#include "image/digest.h"

namespace docker_sync {

enum class OfferTag : uint8_t { end = 0, layer = 1, block = 2, end_of_layer = 3, config = 4 };
enum class AnswerTag : uint8_t { end = 0, answers = 1, again = 2 };

/// The streams of sync number `sync` (from 1) in a connection.
struct SyncStreams {
  static constexpr uint32_t kPerSync = 3;
  explicit SyncStreams(uint32_t sync) : offers(sync * kPerSync), answers(offers + 1), contents(offers + 2) {}
  uint32_t offers, answers, contents;
  [[nodiscard]] uint32_t first_of_next() const { return offers + kPerSync; }
};

void put_integer(Sink& sink, uint64_t value);
void put_run(Sink& sink, ByteView bytes);  ///< u length, bytes

/// Reads records off a stream. Every method throws ExitCode::protocol at the stream's end.
class RecordReader {
 public:
  explicit RecordReader(Source& source) : source_(&source), buffer_(kBufferBytes) {}

  [[nodiscard]] uint8_t byte();
  [[nodiscard]] uint64_t integer();
  /// Refuses an integer above `limit`.
  [[nodiscard]] uint64_t integer(uint64_t limit);
  void read(MutableBytes out);
  /// u length (refused above `limit`), bytes.
  [[nodiscard]] Bytes run(size_t limit);
  [[nodiscard]] Digest digest();
  void copy_to(Sink& sink, uint64_t count);

 private:
  static constexpr size_t kBufferBytes = 64 << 10;
  [[nodiscard]] ByteView buffered();  ///< at least one byte

  Source* source_;
  Bytes buffer_;
  size_t begin_ = 0, end_ = 0;
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
