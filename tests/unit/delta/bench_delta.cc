// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// How fast the codecs are on one core, in MB of new content: the rsync algorithm's three steps, and the patch codec's byte
// differences through zstd 3. `meson test --benchmark delta -v`, or with an old and a new file as arguments. Without
// them, 64 MiB of noise of which every 100th block changed.
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <random>

#include "base/compression.h"
#include "delta/patch.h"
#include "delta/delta_search.h"

using namespace docker_sync;

namespace {

Bytes load(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Bytes timed(const char* what, uint64_t input_bytes, auto work) {
  const auto start = std::chrono::steady_clock::now();
  Bytes made = work();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("{:<10} {:>8.1f} MB/s, {} bytes\n", what, static_cast<double>(input_bytes) / 1e6 / seconds.count(),
             made.size());
  return made;
}

}  // namespace

int main(int argc, char** argv) {
  Bytes old_bytes, new_bytes;
  if (argc == 3) {
    old_bytes = load(argv[1]);
    new_bytes = load(argv[2]);
  } else {
    std::mt19937 random(1);
    old_bytes.resize(64 << 20);
    for (uint8_t& byte : old_bytes) byte = static_cast<uint8_t>(random());
    new_bytes = old_bytes;
    for (size_t i = 0; i < new_bytes.size(); i += 100 * 8192) new_bytes[i] ^= 1;
  }
  const MemoryFile basis(old_bytes);
  const SignatureShape shape = signature_shape(old_bytes.size(), new_bytes.size());
  const Bytes signature = timed("signature", old_bytes.size(), [&] { return make_signature(basis, shape); });
  const Bytes delta = timed("delta", new_bytes.size(), [&] {
    const MemoryFile content(new_bytes);
    MemorySink sink;
    put_delta(find_delta(Signature(signature), content), {}, content, sink);
    return sink.bytes();
  });
  const Bytes patched = timed("apply", new_bytes.size(), [&] {
    MemorySource source(delta);
    MemorySink sink;
    apply_delta(basis, source, sink, new_bytes.size());
    return sink.bytes();
  });
  timed("delta.zst", delta.size(), [&] { return zstd_compress(delta, 3); });
  const Bytes patch = timed("patch", new_bytes.size(), [&] {
    MemorySink sink;
    make_patch(basis, MemoryFile(new_bytes), 3, PatchEffort::fast, sink);
    return sink.bytes();
  });
  const Bytes made = timed("patched", new_bytes.size(), [&] {
    MemorySource source(patch);
    MemorySink sink;
    apply_patch(basis, source, sink, new_bytes.size());
    return sink.bytes();
  });
  return patched == new_bytes && made == new_bytes ? 0 : 1;
}
