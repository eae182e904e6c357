// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A peer's patch: whatever it says, no more comes out than may, and it comes from the old content or from the patch.
#include <cstdlib>

#include "base/error.h"
#include "delta/patch.h"
#include "delta/patch_format.h"

using namespace docker_sync;

namespace {

/// Zeros that need no memory, so that a patch may be for a content larger than a region.
class Zeros : public RandomAccess {
 public:
  explicit Zeros(uint64_t size) : size_(size) {}
  [[nodiscard]] uint64_t size() const override { return size_; }
  void read_at(uint64_t offset, MutableBytes out) const override {
    if (offset > size_ || out.size() > size_ - offset) std::abort();
    std::fill(out.begin(), out.end(), uint8_t{0});
  }

 private:
  uint64_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  // The first three bytes say how large the old content is, and the new one.
  const Zeros old_file(data[0] % 2 == 0 ? 1000 : kPatchRegion + 1000);
  const uint64_t new_size = uint64_t{data[1]} << 8 | data[2];
  MemorySource patch({data + 3, size - 3});
  MemorySink content;
  bool accepted = false;
  try {
    apply_patch(old_file, patch, content, new_size);
    accepted = true;
  } catch (const Error& error) {
    if (error.code() != ExitCode::protocol) std::abort();
  }
  if (content.bytes().size() > new_size || (accepted && content.bytes().size() != new_size)) std::abort();
  return 0;
}
