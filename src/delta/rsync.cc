// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/rsync.h"

#include <librsync.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <numeric>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/task_group.h"

namespace docker_sync {

namespace {

constexpr size_t kHeaderBytes = 12;  // Magic, block length, strong length: big-endian u32.
constexpr size_t kWeakBytes = 4;
constexpr uint32_t kSmallestBlock = 64;
constexpr int kSafetyBits = 12;  // A content in 2^12 is sent again for a false match, at the worst.
// Blocks with one weak sum and different strong ones: 9 of them among a million blocks have odds of 2^-94.
constexpr size_t kMostPerWeakSum = 8;

// The matching of a forged signature can be stopped only between two chunks of input, so those are small.
constexpr size_t kInputBytes = 16 << 10;
constexpr size_t kOutputBytes = 64 << 10;
constexpr uint64_t kGraceMicroseconds = 500'000;

using Job = std::unique_ptr<rs_job_t, rs_result (*)(rs_job_t*)>;
using Sums = std::unique_ptr<rs_signature_t, void (*)(rs_signature_t*)>;

Job own(rs_job_t* job) {
  // It would write to standard error, which belongs to the user (and warns of short strong sums, which we mean).
  static const bool muted = (rs_trace_to(nullptr), true);
  static_cast<void>(muted);
  if (job == nullptr) throw std::bad_alloc();
  return {job, rs_job_free};
}

uint64_t processor_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

/// Runs jobs' steps, and stops when they have used the processor out of proportion to what they read. Only the time
/// inside librsync counts: the sink may be a compressor that takes its time with good reason.
class Pace {
 public:
  rs_result step(const Job& job, rs_buffers_t& buffers) {
    const size_t before = buffers.avail_in;
    const uint64_t start = processor_microseconds();
    const rs_result result = rs_job_iter(job.get(), &buffers);
    used_ += processor_microseconds() - start;
    read_ += before - buffers.avail_in;
    if (used_ > kGraceMicroseconds + read_) throw_protocol("a signature was made to be slow");
    return result;
  }

 private:
  uint64_t used_ = 0, read_ = 0;
};

/// A thread is worth its start for so much, and this many of them share a content.
constexpr uint64_t kLeastPerThread = 4 << 20;
constexpr uint64_t kMostThreads = 4;

uint64_t ceil_div(uint64_t number, uint64_t by) { return number / by + (number % by != 0); }

uint64_t threads_for(uint64_t bytes) {
  const uint64_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::clamp<uint64_t>(bytes / kLeastPerThread, 1, std::min(cores, kMostThreads));
}

/// Calls work(part) for each of `parts`, all but the first in threads of their own.
void for_each_part(size_t parts, const std::function<void(size_t)>& work) {
  TaskGroup tasks([](const Error&) {});  // The others end soon enough.
  for (size_t part = 1; part < parts; ++part) {
    tasks.run([&work, part] { work(part); });
  }
  tasks.run_here([&work] { work(0); });
  tasks.wait();
}

/// Runs a job to its end, and returns how it ended.
rs_result drive(const Job& job, Source& in, Sink& out, Pace* pace = nullptr) {
  Bytes input(kInputBytes), output(kOutputBytes);
  rs_buffers_t buffers{};
  while (true) {
    if (buffers.avail_in == 0 && buffers.eof_in == 0) {
      buffers.next_in = reinterpret_cast<char*>(input.data());
      buffers.avail_in = in.read(input);
      buffers.eof_in = buffers.avail_in == 0;
    }
    buffers.next_out = reinterpret_cast<char*>(output.data());
    buffers.avail_out = output.size();
    const rs_result result = pace != nullptr ? pace->step(job, buffers) : rs_job_iter(job.get(), &buffers);
    const size_t made = output.size() - buffers.avail_out;
    if (made > 0) out.write(ByteView(output).first(made));
    if (result != RS_BLOCKED) return result;
  }
}

void require_done(rs_result result, const char* doing) {
  if (result == RS_MEM_ERROR) throw std::bad_alloc();
  if (result != RS_DONE) {
    throw Error(ExitCode::internal, fmt::format("librsync: {} while {}", rs_strerror(result), doing));
  }
}

uint32_t big_endian(ByteView at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | uint32_t{at[3]};
}

uint32_t strong_bytes_of(ByteView signature) { return big_endian(signature.subspan(8)); }

/// Refuses a signature in which many different blocks claim one weak sum: librsync keeps them in one chain.
void refuse_collisions(ByteView entries, size_t entry_bytes) {
  std::vector<uint32_t> order(entries.size() / entry_bytes);
  std::iota(order.begin(), order.end(), 0);
  const auto compare = [&](uint32_t a, uint32_t b, size_t bytes) {
    return std::memcmp(&entries[a * entry_bytes], &entries[b * entry_bytes], bytes);
  };
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return compare(a, b, entry_bytes) < 0; });
  size_t chain = 1;
  for (size_t i = 1; i < order.size(); ++i) {
    if (compare(order[i - 1], order[i], kWeakBytes) != 0) {
      chain = 1;
    } else if (compare(order[i - 1], order[i], entry_bytes) != 0 && ++chain > kMostPerWeakSum) {
      throw_protocol("a signature was made to be slow");
    }
  }
}

/// Parts in order, neighbours merged.
class MergedParts {
 public:
  void add(const DeltaPart& part) {
    if (part.size == 0) return;
    const bool goes_on =
        !parts_.empty() && (part.from ? parts_.back().from && *parts_.back().from + parts_.back().size == *part.from
                                      : !parts_.back().from);
    goes_on ? void(parts_.back().size += part.size) : parts_.push_back(part);
  }
  [[nodiscard]] std::vector<DeltaPart> take() { return std::move(parts_); }

 private:
  std::vector<DeltaPart> parts_;
};

/// Takes librsync's delta apart: commands of one byte, then numbers of 1, 2, 4 or 8 bytes, then new bytes.
class PartsOfDelta : public Sink {
 public:
  void write(ByteView bytes) override {
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const auto count = static_cast<size_t>(std::min<uint64_t>(skip_, bytes.size()));
        skip_ -= count;
        bytes = bytes.subspan(count);
        continue;
      }
      command_.push_back(bytes.front());
      bytes = bytes.subspan(1);
      if (command_.size() == length_of_command()) take_command();
    }
  }
  [[nodiscard]] std::vector<DeltaPart> take() { return parts_.take(); }

 private:
  static constexpr uint8_t kLastShort = 0x40, kFirstLong = 0x41, kFirstCopy = 0x45, kLastCopy = 0x54;

  static size_t width(unsigned index) { return size_t{1} << index; }

  [[nodiscard]] size_t length_of_command() const {
    if (begins_) return 4;  // the magic
    const uint8_t code = command_.front();
    if (code <= kLastShort || code > kLastCopy) return 1;
    if (code < kFirstCopy) return 1 + width(code - kFirstLong);
    return 1 + width((code - kFirstCopy) / 4) + width((code - kFirstCopy) % 4);
  }

  [[nodiscard]] uint64_t number(size_t begin, size_t bytes) const {
    uint64_t value = 0;
    for (size_t i = begin; i < begin + bytes; ++i) value = value << 8 | command_[i];
    return value;
  }

  void take_command() {
    const uint8_t code = command_.front();
    if (std::exchange(begins_, false) || code == 0 || code > kLastCopy) {
      // The magic, or the end.
    } else if (code <= kLastShort) {
      add_new(code);
    } else if (code < kFirstCopy) {
      add_new(number(1, width(code - kFirstLong)));
    } else {
      const size_t from_bytes = width((code - kFirstCopy) / 4), size_bytes = width((code - kFirstCopy) % 4);
      parts_.add({number(1 + from_bytes, size_bytes), number(1, from_bytes)});
    }
    command_.clear();
  }

  void add_new(uint64_t size) {
    skip_ = size;
    parts_.add({size, std::nullopt});
  }

  bool begins_ = true;
  Bytes command_;
  uint64_t skip_ = 0;
  MergedParts parts_;
};

/// REQUIRES: check_signature() took it.
std::vector<DeltaPart> find_part(ByteView signature, const Slice& content) {
  rs_signature_t* loaded = nullptr;
  const Job load = own(rs_loadsig_begin(&loaded));
  const Sums sums(loaded, rs_free_sumset);
  MemorySource source(signature);
  MemorySink nothing;
  require_done(drive(load, source, nothing), "loading a signature");
  require_done(rs_build_hash_table(sums.get()), "indexing a signature");
  const Job job = own(rs_delta_begin(sums.get()));
  SequentialReader reader(content);
  PartsOfDelta parts;
  Pace pace;
  require_done(drive(job, reader, parts, &pace), "making a delta");
  return parts.take();
}

}  // namespace

SignatureShape signature_shape(uint64_t basis_size, uint64_t new_size) {
  SignatureShape shape{256, 2};
  if (basis_size > 64 << 10) {
    const auto root = static_cast<uint64_t>(std::sqrt(static_cast<double>(basis_size)));
    shape.block_bytes = static_cast<uint32_t>(std::min<uint64_t>(root & ~uint64_t{127}, kLargestShape.block_bytes));
  }
  const uint64_t blocks = signature_blocks(basis_size, shape);
  // log2 of the comparisons, rounded up; the weak sum is worth 32 bits of each.
  const int bits = std::bit_width(new_size) + std::bit_width(blocks) + kSafetyBits - 32;
  shape.strong_bytes = static_cast<uint32_t>(std::clamp((bits + 7) / 8, 2, 16));
  return shape;
}

uint64_t signature_blocks(uint64_t basis_size, SignatureShape shape) { return ceil_div(basis_size, shape.block_bytes); }

uint64_t signature_size(uint64_t basis_size, SignatureShape shape) {
  return kHeaderBytes + signature_blocks(basis_size, shape) * (kWeakBytes + shape.strong_bytes);
}

SignatureShape refined_shape(uint64_t total, uint64_t holes) {
  // A block costs some 6 bytes of sums, and each edit about a block, of which zstd leaves a third: the sum is least at
  // the root of 18 times the bytes per edit.
  const auto best = static_cast<uint64_t>(std::sqrt(18.0 * static_cast<double>(total / std::max<uint64_t>(holes, 1))));
  SignatureShape shape = signature_shape(total, total);
  const auto bounded = static_cast<uint32_t>(std::clamp<uint64_t>(best & ~uint64_t{63}, 128, 2048));
  // What one content may have in blocks at most holds here, too.
  shape.block_bytes = std::max<uint32_t>(bounded, static_cast<uint32_t>(std::min<uint64_t>(
                                                      total / kMostBlocks + 1, kLargestShape.block_bytes)));
  shape.strong_bytes = std::max<uint32_t>(shape.strong_bytes, 3);  // more blocks to mistake
  return shape;
}

bool signature_pays(uint64_t basis_size, uint64_t new_size) {
  // zstd leaves about a third of a typical file. A signature that is a tenth of it leaves too little to win, and a
  // basis so much larger seldom shares much.
  static constexpr uint64_t kShare = 10;
  if (basis_size == 0 || new_size < kSmallestDeltaBytes) return false;
  const SignatureShape shape = signature_shape(basis_size, new_size);
  return signature_blocks(basis_size, shape) <= kMostBlocks && signature_size(basis_size, shape) <= new_size / kShare;
}

Bytes make_signature(const RandomAccess& basis, SignatureShape shape) {
  assert(shape.block_bytes >= kSmallestBlock && shape.block_bytes <= kLargestShape.block_bytes);
  assert(shape.strong_bytes >= 1 && shape.strong_bytes <= kLargestShape.strong_bytes);
  assert(signature_blocks(basis.size(), shape) <= kMostBlocks);
  const uint64_t blocks = signature_blocks(basis.size(), shape);
  const uint64_t bytes_each = ceil_div(blocks, threads_for(basis.size())) * shape.block_bytes;
  std::vector<MemorySink> parts(bytes_each == 0 ? 1 : ceil_div(basis.size(), bytes_each));
  for_each_part(parts.size(), [&](size_t part) {
    const uint64_t begin = part * bytes_each;
    const Slice bytes(basis, begin, std::min(bytes_each, basis.size() - begin));
    const Job job = own(rs_sig_begin(shape.block_bytes, shape.strong_bytes, RS_RK_BLAKE2_SIG_MAGIC));
    SequentialReader reader(bytes);
    parts[part].bytes().reserve(signature_size(bytes.size(), shape));
    require_done(drive(job, reader, parts[part]), "making a signature");
  });
  Bytes signature = std::move(parts.front().bytes());
  for (size_t part = 1; part < parts.size(); ++part) {
    const ByteView sums = ByteView(parts[part].bytes()).subspan(kHeaderBytes);
    signature.insert(signature.end(), sums.begin(), sums.end());
  }
  return signature;
}

void check_signature(ByteView signature, uint64_t limit) {
  if (signature.size() > limit) throw_protocol("a signature is larger than it may be");
  if (signature.size() < kHeaderBytes) throw_protocol("a signature was cut short");
  const uint32_t magic = big_endian(signature), block_bytes = big_endian(signature.subspan(4)),
                 strong_bytes = big_endian(signature.subspan(8));
  // Never MD4, which librsync would take: its collisions can be made at will.
  if (magic != RS_RK_BLAKE2_SIG_MAGIC) throw_protocol("a signature is of an unknown kind");
  if (block_bytes < kSmallestBlock || block_bytes > kLargestShape.block_bytes || strong_bytes < 1 ||
      strong_bytes > kLargestShape.strong_bytes) {
    throw_protocol(fmt::format("a signature has blocks of {} and sums of {} bytes", block_bytes, strong_bytes));
  }
  const ByteView entries = signature.subspan(kHeaderBytes);
  if (entries.size() % (kWeakBytes + strong_bytes) != 0) throw_protocol("a signature was cut short");
  if (entries.size() / (kWeakBytes + strong_bytes) > kMostBlocks) throw_protocol("a signature has too many blocks");
  refuse_collisions(entries, kWeakBytes + strong_bytes);
}

std::vector<DeltaPart> find_delta(ByteView signature, const RandomAccess& content) {
  check_signature(signature, signature.size());
  const uint64_t blocks = (signature.size() - kHeaderBytes) / (kWeakBytes + strong_bytes_of(signature));
  // Each thread has its own copy of the sums: librsync counts in it what it looks up.
  const uint64_t threads = std::min(threads_for(content.size()), std::max<uint64_t>(1, kMostBlocks / (blocks + 1)));
  const uint64_t bytes_each = ceil_div(content.size(), threads);
  std::vector<std::vector<DeltaPart>> found(threads);
  for_each_part(threads, [&](size_t part) {
    const uint64_t begin = std::min(part * bytes_each, content.size());
    found[part] = find_part(signature, Slice(content, begin, std::min(bytes_each, content.size() - begin)));
  });
  MergedParts all;
  for (const std::vector<DeltaPart>& parts : found) {
    for (const DeltaPart& part : parts) all.add(part);
  }
  return all.take();
}

uint32_t block_bytes_of(ByteView signature) { return big_endian(signature.subspan(4)); }

}  // namespace docker_sync
