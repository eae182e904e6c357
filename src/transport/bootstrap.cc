// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/bootstrap.h"

#include <algorithm>
#include <optional>

#include "base/compression.h"
#include "base/error.h"
#include "base/printable.h"
#include "wire/frame.h"

namespace docker_sync {

namespace {

constexpr size_t kMaxMarkerLineBytes = 4096;
constexpr size_t kMaxQuoteBytes = 400;

/// A Channel that first gives back what was read too much.
class ReplayChannel : public Channel {
 public:
  ReplayChannel(std::unique_ptr<Channel> below, Bytes given_back)
      : below_(std::move(below)), given_back_(std::move(given_back)) {}

  [[nodiscard]] size_t read(MutableBytes out, std::chrono::milliseconds silence) override {
    if (position_ == given_back_.size()) return below_->read(out, silence);
    const size_t count = std::min(out.size(), given_back_.size() - position_);
    std::copy_n(given_back_.begin() + static_cast<std::ptrdiff_t>(position_), count, out.begin());
    position_ += count;
    return count;
  }
  void write(ByteView bytes) override { below_->write(bytes); }
  void finish_writing() override { below_->finish_writing(); }
  void close() noexcept override { below_->close(); }
  [[nodiscard]] Traffic traffic() const override { return below_->traffic(); }
  [[nodiscard]] std::string diagnostics() const override { return below_->diagnostics(); }

 private:
  std::unique_ptr<Channel> below_;
  Bytes given_back_;
  size_t position_ = 0;  // of the one reading thread
};

/// Reads until the helper or the script speaks.
class Listener {
 public:
  Listener(Channel& channel, std::chrono::milliseconds silence) : channel_(channel), silence_(silence) {}

  /// A line of the script without its marker, or nothing if the helper has begun. Throws if neither comes.
  [[nodiscard]] std::optional<std::string> next();
  /// What has come from the magic on.
  [[nodiscard]] Bytes take() { return {heard_.begin(), heard_.end()}; }

 private:
  void hear_more();
  [[nodiscard]] std::string quote(std::string_view banner) const;

  Channel& channel_;
  std::chrono::milliseconds silence_;
  std::string heard_;
};

std::optional<std::string> Listener::next() {
  const std::string_view magic = as_text(kMagic);
  while (true) {
    const size_t magic_at = heard_.find(magic), marker_at = heard_.find(kMarker);
    const size_t banner_bytes = std::min({magic_at, marker_at, heard_.size()});
    if (banner_bytes > kMaxBannerBytes) {
      throw Error(ExitCode::protocol, "too much was printed before the helper started" + quote(heard_),
                  "keep the login shell's start-up files quiet for commands");
    }
    if (magic_at < marker_at) {
      heard_.erase(0, magic_at);
      return std::nullopt;
    }
    if (marker_at != std::string::npos) {
      const size_t begin = marker_at + kMarker.size(), end = heard_.find('\n', begin);
      if (end != std::string::npos) {
        std::string line = heard_.substr(begin, end - begin);
        heard_.erase(0, end + 1);
        return line;
      }
      if (heard_.size() - begin > kMaxMarkerLineBytes) throw_protocol("the host's start-up script went astray");
    }
    hear_more();
  }
}

void Listener::hear_more() {
  uint8_t bytes[4096];
  const size_t count = channel_.read(bytes, silence_);
  if (count == 0) {
    throw Error(ExitCode::helper, "the helper did not start" + quote(heard_),
                "does 'sh' run there when commands are given to ssh?");
  }
  heard_.append(as_text(ByteView(bytes).first(count)));
}

std::string Listener::quote(std::string_view banner) const {
  const std::string printed = printable(banner, kMaxQuoteBytes);
  const std::string complained = printable(channel_.diagnostics(), kMaxQuoteBytes);
  const std::string both = printed + (printed.empty() || complained.empty() ? "" : " / ") + complained;
  return both.empty() ? "" : "; the host said: " + both;
}

bool speaks_of_full_disk(std::string_view text) {
  return text.find("No space left") != std::string_view::npos || text.find("uota exceeded") != std::string_view::npos;
}

/// What a script that gave up has said.
[[noreturn]] void refuse(std::string_view line, std::span<const HelperImage> helpers, const std::string& diagnostics) {
  const size_t space = std::min(line.find(' '), line.size());
  const std::string_view what = line.substr(0, space);
  const std::string detail = printable(line.substr(space), kMaxMarkerLineBytes);
  if (what == "machine") {
    std::string known;
    for (const HelperImage& helper : helpers) known += (known.empty() ? "" : ", ") + helper.machine;
    throw Error(ExitCode::helper, "there is no helper for machines of type " + detail,
                "this program has those for " + known);
  }
  const bool full = speaks_of_full_disk(detail) || speaks_of_full_disk(diagnostics);
  const ExitCode code = full ? ExitCode::disk : ExitCode::helper;
  if (what == "nowhere") {
    throw Error(code, "no place for the helper: " + detail, "make room in one of them, or let one be written to");
  }
  if (what == "short") {
    throw Error(code, "the helper did not arrive whole: " + printable(diagnostics, kMaxQuoteBytes), "try again");
  }
  if (what == "noexec") {
    throw Error(ExitCode::helper, "the helper cannot be run from any of: " + detail,
                "set XDG_CACHE_HOME there to a directory where programs may be run");
  }
  if (what == "nosudo") {
    throw Error(ExitCode::sudo, "there is no sudo", "install it there, or log in as a user who may use the engine");
  }
  if (what == "sudo") {
    throw Error(ExitCode::sudo, "sudo does not run the helper without being asked: " + detail,
                "allow it there with visudo: USER ALL=(root) NOPASSWD: ALL");
  }
  throw_protocol("the host's start-up script said '" + printable(line, kMaxQuoteBytes) + "'");
}

const HelperImage& helper_for(std::string_view machine, std::span<const HelperImage> helpers) {
  const auto found = std::ranges::find(helpers, machine, &HelperImage::machine);
  if (found == helpers.end()) throw_protocol("the host asks for a helper for another machine than there are");
  return *found;
}

void upload(const HelperImage& helper, Channel& channel) {
  MemorySource compressed(helper.compressed);
  ZstdSource source(compressed);
  Bytes bytes(size_t{128} << 10);
  while (const size_t count = source.read(bytes)) {
    try {
      channel.write(ByteView(bytes).first(count));
    } catch (const Error&) {
      return;  // why nobody took it is what comes next on the other direction
    }
  }
}

}  // namespace

StartedHelper start_helper(RemoteShell& shell, std::span<const HelperImage> helpers, const HelperCommand& command,
                           std::chrono::milliseconds silence) {
  constexpr std::string_view kNeed = "need ", kCame = "came";
  StartedHelper started{shell.run(make_bootstrap_command(helpers, command))};
  Listener listener(*started.channel, silence);
  std::chrono::steady_clock::time_point asked;
  while (const auto line = listener.next()) {
    if (*line == kCame && started.uploaded_bytes > 0) {
      // How long it took is the least, as the host may have been busy with its disk.
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - asked;
      const double rate = static_cast<double>(started.uploaded_bytes) / std::max(seconds.count(), 1e-6);
      started.upload_rate = std::max(static_cast<uint64_t>(rate), started.channel->best_rate());
      continue;
    }
    if (!line->starts_with(kNeed) || started.uploaded_bytes > 0) {
      refuse(*line, helpers, started.channel->diagnostics());
    }
    const HelperImage& helper = helper_for(std::string_view(*line).substr(kNeed.size()), helpers);
    asked = std::chrono::steady_clock::now();
    upload(helper, *started.channel);
    started.uploaded_bytes = helper.size;
  }
  started.channel = std::make_unique<ReplayChannel>(std::move(started.channel), listener.take());
  return started;
}

}  // namespace docker_sync
