// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// What is asked of a store's files from afar, and answered: what is read is sent again as the same bytes, or refused.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "store/file_questions.h"

using namespace docker_sync;

namespace {

class MemoryLink : public FileLink {
 public:
  explicit MemoryLink(ByteView received) : rest_(received) {}
  [[nodiscard]] bool takes_files() const override { return false; }
  void send(ByteView bytes, const Fd& /*file*/) override { sent_.insert(sent_.end(), bytes.begin(), bytes.end()); }
  [[nodiscard]] bool receive(MutableBytes out, Fd& /*file*/) override {
    if (rest_.size() < out.size()) return false;
    std::copy_n(rest_.begin(), out.size(), out.begin());
    rest_ = rest_.subspan(out.size());
    return true;
  }
  void close() noexcept override {}
  [[nodiscard]] const Bytes& sent() const { return sent_; }

 private:
  ByteView rest_;
  Bytes sent_;
};

template <class Receive>
void check(ByteView bytes, const Receive& receive) {
  MemoryLink link(bytes);
  try {
    while (const auto received = receive(link)) send(link, *received);
  } catch (const Error& error) {
    if (error.code() != ExitCode::protocol) std::abort();
  }
  if (!std::ranges::equal(link.sent(), bytes.first(link.sent().size()))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check(ByteView(data, size), [](FileLink& link) { return receive_question(link); });
  check(ByteView(data, size), [](FileLink& link) { return receive_answer(link); });
  return 0;
}
