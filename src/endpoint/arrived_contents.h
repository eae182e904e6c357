// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The contents that came over the wire in one sync, until they have been built into layers. One thread writes them,
// another reads them while more come. A number is given when a content is expected, so that others that are equal to it
// can refer to it before it is there. What nothing will refer to any more is given up, and who writes waits for that
// before it takes more memory than there is, so that an image of any size passes through bounded memory; what cannot be
// had that way goes to the disk. A large content can be read, and given up, while it comes.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/spool.h"
#include "base/stage_times.h"

namespace docker_sync {

class ArrivedContents {
 public:
  enum class Reading { once, again };  ///< of all layers

  /// All referred to must outlive this.
  ArrivedContents(const SpoolSpace& space, StageTimes& times, Reading reading);

  // Any thread:
  [[nodiscard]] uint64_t expect();
  /// A content that expect_again() will never be told of.
  [[nodiscard]] uint64_t expect_once();
  /// Once more than it was said before. REQUIRES: no_more() was not called.
  void expect_again(uint64_t number);
  /// So much more was offered, of which some may have to arrive.
  void offered(uint64_t bytes);
  /// All was offered: nothing more will be expected.
  void no_more();
  /// Whether that, and everything expected is there.
  [[nodiscard]] bool has_all();
  /// Wakes who waits.
  void close(const Error& error);

  // The writing thread:
  /// To the reader: what may turn out wrong and come again, and what cannot.
  enum class HandOn : uint8_t { when_right, as_it_comes };
  /// Where a content of that size is to be written: no more, and no less before arrived(). May wait for those before it
  /// to be read, as writing may.
  [[nodiscard]] Sink& begin(uint64_t number, uint64_t size, HandOn hand_on);
  /// What was written since begin(), all of it, is right.
  void arrived(uint64_t number);
  /// The content has its bytes elsewhere.
  void arrived(uint64_t number, std::shared_ptr<const RandomAccess> bytes);

  // The reading thread:
  struct Place {
    std::shared_ptr<const RandomAccess> bytes;
    uint64_t offset = 0;
  };
  /// One of the times that the content was expected, to be read from its begin to its end. Waits until it is there, or
  /// reading it does; its memory stays until all that have such a place have let go of it, or have read it. Throws the
  /// error of close(), as reading does.
  [[nodiscard]] Place take(uint64_t number);

 private:
  class Coming;
  struct Content {
    Place place;  ///< nothing while it is not there, and once it is given up
    uint32_t uses = 1;
    bool once = false;
  };

  /// So much of a content is to be written to spool_.
  void begin_part(uint64_t number, uint64_t size);
  [[nodiscard]] Place end_part();
  void put(uint64_t number, Place place);
  void came(uint64_t number);  ///< something of it; REQUIRES: mutex_ held
  /// Whether there is some.
  [[nodiscard]] bool wait_for_memory(uint64_t number, uint64_t size);
  void give_up(Content& content);  ///< REQUIRES: mutex_ held
  [[nodiscard]] bool is_given_up(const Content& content) const;  ///< likewise
  [[nodiscard]] bool may_repeat(const Content& content) const { return !no_more_ && !content.once; }  ///< likewise
  void wait_until(uint64_t number, std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_there);

  const SpoolSpace& space_;
  StageTimes& times_;
  const Reading reading_;

  // Of the writing thread:
  std::shared_ptr<Spool> spool_;    ///< that it writes to: one of those below
  std::shared_ptr<Spool> chunk_;    ///< for a few contents, given up with the last of them
  std::shared_ptr<Spool> on_disk_;  ///< for all that there was no memory for
  uint64_t begin_ = 0;              ///< in spool_
  std::shared_ptr<Coming> coming_;  ///< what is written is read meanwhile
  int patience_;                    ///< how often it will yet look whether more is offered fast enough to be waited for

  std::mutex mutex_;  ///< guards all below
  std::condition_variable changed_;
  std::deque<Content> contents_;
  uint64_t offered_ = 0, there_ = 0;  ///< bytes; contents
  bool no_more_ = false;
  std::optional<uint64_t> awaited_;  ///< by the reader
  std::optional<Error> error_;
};

}  // namespace docker_sync
