// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/shared_engine.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/error.h"
#include "base/spool.h"

namespace docker_sync {

namespace {

constexpr size_t kBlockBytes = 256 << 10;
constexpr size_t kKeptReadings = 2;

}  // namespace

/// A Source that many read: whoever is ahead of the spool reads on for all.
class SharedReading {
 public:
  SharedReading(std::shared_ptr<Engine> engine, const std::vector<std::string>& ids, const std::string& tmpfolder)
      : engine_(std::move(engine)), source_(engine_->save(ids)), space_(tmpfolder), block_(kBlockBytes) {}

  [[nodiscard]] size_t read_at(uint64_t position, MutableBytes out) {
    if (position >= there_ && !read_on(position)) return 0;
    const size_t count = static_cast<size_t>(std::min<uint64_t>(out.size(), there_ - position));
    spool_.read_at(position, out.first(count));
    return count;
  }

  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  /// Until there is more than `position` bytes; false at the end.
  bool read_on(uint64_t position) {
    const std::lock_guard lock(mutex_);
    while (position >= there_) {
      if (failure_) throw Error(*failure_);
      if (!source_) return false;
      try {
        const size_t count = source_->read(block_);
        spool_.write(ByteView(block_).first(count));
        spool_.flush();
        there_ += count;
        if (count == 0) source_.reset();
      } catch (const Error& error) {
        failure_ = error;
        has_failed_ = true;
      }
    }
    return true;
  }

  std::shared_ptr<Engine> engine_;  ///< outlives source_
  std::mutex mutex_;                ///< guards source_, block_, failure_ and the writing of spool_
  std::unique_ptr<Source> source_;  ///< until its end
  const SpoolSpace space_;
  Spool spool_{space_, Spool::Begin::on_disk};
  Bytes block_;
  std::optional<Error> failure_;
  std::atomic<bool> has_failed_ = false;
  std::atomic<uint64_t> there_ = 0;
};

namespace {

class ReadingSource : public Source {
 public:
  explicit ReadingSource(std::shared_ptr<SharedReading> reading) : reading_(std::move(reading)) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    const size_t count = reading_->read_at(position_, out);
    position_ += count;
    return count;
  }

 private:
  std::shared_ptr<SharedReading> reading_;
  uint64_t position_ = 0;
};

/// The engine itself in all but save(). What it has started stays: another one may be reading.
class EngineOfMany : public Engine {
 public:
  EngineOfMany(std::shared_ptr<Engine> below, std::shared_ptr<SharedEngine> shared)
      : below_(std::move(below)), shared_(std::move(shared)) {}

  [[nodiscard]] std::string description() const override { return below_->description(); }
  [[nodiscard]] PartialLoad partial_load() const override { return below_->partial_load(); }
  [[nodiscard]] std::string id_of_loaded(const Digest& config, const Digest& manifest) const override {
    return below_->id_of_loaded(config, manifest);
  }
  [[nodiscard]] bool is_whole(const std::string& id) override { return below_->is_whole(id); }
  [[nodiscard]] std::vector<ImageInfo> list() override { return below_->list(); }
  [[nodiscard]] std::optional<ImageInfo> inspect(const std::string& id_or_name) override {
    return below_->inspect(id_or_name);
  }
  [[nodiscard]] std::unique_ptr<Source> save(const std::vector<std::string>& ids) override {
    return shared_->save(ids);
  }
  [[nodiscard]] std::vector<std::string> load(Source& archive) override { return below_->load(archive); }
  void tag(const std::string& id, const Reference& name) override { below_->tag(id, name); }
  void remove_untagged(const std::string& id) override { below_->remove_untagged(id); }
  [[nodiscard]] bool reads_in_place() override { return below_->reads_in_place(); }
  [[nodiscard]] LayerStore* store(std::span<const ImageInfo> to_read, LayerReader reader) override {
    return below_->store(to_read, reader);
  }

 private:
  std::shared_ptr<Engine> below_;
  std::shared_ptr<SharedEngine> shared_;
};

}  // namespace

std::shared_ptr<Engine> SharedEngine::opened() {
  if (!engine_) engine_ = open_();
  return engine_;
}

std::unique_ptr<Engine> SharedEngine::engine() {
  const std::lock_guard lock(mutex_);
  return std::make_unique<EngineOfMany>(opened(), shared_from_this());
}

std::unique_ptr<Source> SharedEngine::save(const std::vector<std::string>& ids) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](const Entry& entry) { return entry.reading->has_failed(); });
  auto entry = std::ranges::find(entries_, ids, &Entry::ids);
  if (entry == entries_.end()) {
    entry = entries_.insert(entries_.end(), {ids, std::make_shared<SharedReading>(opened(), ids, tmpfolder_)});
    if (entries_.size() > kKeptReadings) entries_.pop_front();
  }
  auto source = std::make_unique<ReadingSource>(entry->reading);
  if (++entry->begun >= readers_) entries_.erase(entry);
  return source;
}

}  // namespace docker_sync
