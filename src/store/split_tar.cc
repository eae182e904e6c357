// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/split_tar.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/byte_reader.h"
#include "base/compression.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/leb128.h"
#include "image/layer_blob.h"
#include "store/layer_store.h"
#include "store/lazy_tar.h"

namespace docker_sync {

namespace {

using Json = nlohmann::json;

constexpr size_t kBlockBytes = 64 << 10;
/// A line of raw bytes is as long as the headers between two files; docker makes them of some KB.
constexpr size_t kLongestLine = 32 << 20;
constexpr size_t kKept = 8;
constexpr int kLevel = 1;

/// Takes lines, whole ones only, off a Source.
class LineReader {
 public:
  explicit LineReader(Source& source) : source_(source), chunk_(kBlockBytes) {}

  /// False at the end.
  [[nodiscard]] bool next(std::string& line) {
    line.clear();
    for (;;) {
      const auto end = std::find(rest_.begin(), rest_.end(), uint8_t{'\n'});
      line.append(as_text(rest_.first(static_cast<size_t>(end - rest_.begin()))));
      if (line.size() > kLongestLine) throw_damaged_store("a tar-split's line is too long");
      if (end != rest_.end()) {
        rest_ = rest_.subspan(static_cast<size_t>(end - rest_.begin()) + 1);
        return true;
      }
      rest_ = ByteView(chunk_).first(source_.read(chunk_));
      if (rest_.empty()) return !line.empty();
    }
  }

 private:
  Source& source_;
  Bytes chunk_;
  ByteView rest_;
};

/// Moves what `is_it` says to the front, and returns it; null if it is not there.
template <typename Kept, typename IsIt>
std::shared_ptr<const Kept> find_kept(std::vector<std::shared_ptr<const Kept>>& kept, const IsIt& is_it) {
  const auto found = std::find_if(kept.begin(), kept.end(), [&](const auto& one) { return is_it(*one); });
  if (found == kept.end()) return nullptr;
  std::rotate(kept.begin(), found, found + 1);
  return kept.front();
}

template <typename Kept>
void keep(std::vector<std::shared_ptr<const Kept>>& kept, std::shared_ptr<const Kept> one) {
  if (kept.size() == kKept) kept.pop_back();
  kept.insert(kept.begin(), std::move(one));
}

}  // namespace

struct SplitTar::Entry {
  uint64_t begin;  ///< in the tar, of the bytes before the content
  size_t gap_begin, gap_bytes;
  size_t name_begin, name_bytes;
  uint64_t content_bytes;

  [[nodiscard]] uint64_t content_begin() const { return begin + gap_bytes; }
};

/// A run of entries: per entry u bytes before the content, these, u length of the name, this, u bytes of content.
struct SplitTar::Block {
  uint64_t begin;
  Bytes raw;
  std::vector<Entry> entries;

  /// REQUIRES: offset >= begin.
  [[nodiscard]] std::vector<Entry>::const_iterator entry_at(uint64_t offset) const {
    return std::upper_bound(entries.begin(), entries.end(), offset,
                            [](uint64_t at, const Entry& entry) { return at < entry.begin; }) -
           1;
  }

  Block(uint64_t begin_in_tar, Bytes bytes) : begin(begin_in_tar), raw(std::move(bytes)) {
    size_t at = 0;
    const auto next_integer = [&] { return get_leb128([&] { return raw.at(at++); }); };
    for (uint64_t position = begin; at < raw.size();) {
      Entry entry{};
      entry.begin = position;
      entry.gap_bytes = static_cast<size_t>(next_integer());
      entry.gap_begin = at;
      at += entry.gap_bytes;
      entry.name_bytes = static_cast<size_t>(next_integer());
      entry.name_begin = at;
      at += entry.name_bytes;
      entry.content_bytes = next_integer();
      position = entry.content_begin() + entry.content_bytes;
      entries.push_back(entry);
    }
  }
};

class SplitTar::Writer {
 public:
  explicit Writer(SplitTar& tar) : tar_(tar) {}

  void add_line(const std::string& line) {
    if (const auto raw = find_raw(line)) return add_raw(*raw);
    if (const auto file = find_file(line)) return add_content(std::string(file->name), file->size);
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) throw_damaged_store("a tar-split's line is no JSON");
    const auto type = json.value("type", 0);
    if (type == kRaw) {
      add_raw(decoded(json, "payload"));
    } else if (type == kFile) {
      const auto name = json.find("name");
      add_content(name != json.end() && name->is_string() ? name->get<std::string>()
                                                          : std::string(as_text(decoded(json, "name_raw"))),
                  json.value("size", uint64_t{0}));
    } else {
      throw_damaged_store("a tar-split has lines of an unknown type");
    }
  }

  void finish() {
    if (!gap_.empty()) end_entry({}, 0);
    end_block();
    tar_.blocks_.shrink_to_fit();
  }

 private:
  static constexpr int kFile = 1, kRaw = 2;

  struct FileLine {
    std::string_view name;
    uint64_t size = 0;
  };

  // Lines in the one form in which Go writes nearly all of them: ten times as fast as by the parser, which reads
  // whatever else there is.

  [[nodiscard]] static std::optional<FileLine> find_file(std::string_view line) {
    constexpr std::string_view kBefore = R"({"type":1,"name":")", kSize = R"(","size":)", kNoSize = R"(","payload":)";
    if (!line.starts_with(kBefore)) return std::nullopt;
    line.remove_prefix(kBefore.size());
    FileLine file{line.substr(0, line.find_first_of("\\\""))};
    line.remove_prefix(file.name.size());
    if (line.starts_with(kNoSize)) return file;
    if (!line.starts_with(kSize)) return std::nullopt;
    line.remove_prefix(kSize.size());
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), file.size);
    if (error != std::errc() || end == line.data() + line.size() || *end != ',') return std::nullopt;
    return file;
  }

  [[nodiscard]] static std::optional<Bytes> find_raw(std::string_view line) {
    constexpr std::string_view kBefore = R"({"type":2,"payload":")";
    if (!line.starts_with(kBefore)) return std::nullopt;
    line.remove_prefix(kBefore.size());
    return from_base64(line.substr(0, std::min(line.find('"'), line.size())));
  }

  [[nodiscard]] static Bytes decoded(const Json& json, const char* key) {
    const auto text = json.find(key);
    auto bytes =
        text != json.end() && text->is_string() ? from_base64(text->get_ref<const std::string&>()) : std::nullopt;
    if (!bytes) throw_damaged_store("a tar-split's line lacks its bytes");
    return std::move(*bytes);
  }

  void add_content(const std::string& name, uint64_t size) {
    if (size > 0) end_entry(name, size);
  }

  void add_raw(const Bytes& bytes) {
    gap_.insert(gap_.end(), bytes.begin(), bytes.end());
    if (gap_.size() >= kBlockBytes) end_entry({}, 0);
  }

  void end_entry(const std::string& name, uint64_t content_bytes) {
    if (content_bytes > INT64_MAX - tar_.size_) throw_damaged_store("a tar-split is larger than any tar");
    put(gap_.size());
    raw_.insert(raw_.end(), gap_.begin(), gap_.end());
    put(name.size());
    raw_.insert(raw_.end(), name.begin(), name.end());
    put(content_bytes);
    tar_.size_ += gap_.size() + content_bytes;
    gap_.clear();
    if (raw_.size() >= kBlockBytes) end_block();
  }

  void end_block() {
    if (raw_.empty()) return;
    tar_.blocks_.push_back({block_begin_, zstd_compress(raw_, kLevel)});
    block_begin_ = tar_.size_;
    raw_.clear();
  }

  void put(uint64_t value) {
    put_leb128(value, [this](uint8_t byte) { raw_.push_back(byte); });
  }

  SplitTar& tar_;
  Bytes gap_, raw_;
  uint64_t block_begin_ = 0;
};

SplitTar::SplitTar(std::shared_ptr<const StoreFolder> files, Source& split) : files_(std::move(files)) {
  Writer writer(*this);
  LineReader lines(split);
  try {
    for (std::string line; lines.next(line);) writer.add_line(line);
  } catch (const Json::exception& error) {
    throw_damaged_store(std::string("a tar-split's line is none: ") + error.what());
  }
  writer.finish();
}

SplitTar::~SplitTar() = default;

std::shared_ptr<const SplitTar::Block> SplitTar::block_at(uint64_t offset) const {
  const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), offset,
                                      [](uint64_t at, const PackedBlock& block) { return at < block.begin; });
  const PackedBlock& packed = *(after - 1);
  const auto is_it = [&](const Block& block) { return block.begin == packed.begin; };
  {
    const std::lock_guard lock(mutex_);
    if (auto kept = find_kept(kept_blocks_, is_it)) return kept;
  }
  // Unpacked by two threads at once it is kept twice, which does no harm.
  auto block =
      std::make_shared<const Block>(packed.begin, zstd_decompress(packed.packed, 2 * (kLongestLine + kBlockBytes)));
  const std::lock_guard lock(mutex_);
  keep(kept_blocks_, block);
  return block;
}

std::shared_ptr<const SplitTar::OpenFile> SplitTar::open(const Entry& entry, const std::string& name) const {
  {
    const std::lock_guard lock(mutex_);
    const auto is_it = [&](const OpenFile& file) { return file.begin == entry.content_begin(); };
    if (auto kept = find_kept(kept_files_, is_it)) return kept;
  }
  auto content = files_->open(name);
  if (!content) throw_damaged_store("cannot open " + name + " of a layer: " + std::strerror(errno));
  if (content->size() < entry.content_bytes) throw_damaged_store(name + " of a layer is shorter than it was");
  auto file = std::make_shared<const OpenFile>(OpenFile{entry.content_begin(), std::move(content)});
  const std::lock_guard lock(mutex_);
  keep(kept_files_, file);
  return file;
}

void SplitTar::read_at(uint64_t offset, MutableBytes out) const {
  while (!out.empty()) {
    const auto block = block_at(offset);
    for (auto entry = block->entry_at(offset); entry != block->entries.end() && !out.empty(); ++entry) {
      if (offset < entry->content_begin()) {
        const auto skipped = static_cast<size_t>(offset - entry->begin);
        const size_t count = std::min(out.size(), entry->gap_bytes - skipped);
        std::memcpy(out.data(), block->raw.data() + entry->gap_begin + skipped, count);
        out = out.subspan(count);
        offset += count;
      }
      const uint64_t skipped = offset - entry->content_begin();
      const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), entry->content_bytes - skipped));
      if (out.empty() || count == 0) continue;
      const std::string name(as_text(ByteView(block->raw).subspan(entry->name_begin, entry->name_bytes)));
      open(*entry, name)->content->read_at(skipped, out.first(count));
      out = out.subspan(count);
      offset += count;
    }
  }
}

uint64_t SplitTar::at_once(uint64_t offset) const {
  const auto block = block_at(offset);
  const auto entry = block->entry_at(offset);
  const uint64_t content = entry->content_begin();
  return offset < content ? content - offset : content + entry->content_bytes - offset;
}

std::unique_ptr<RandomAccess> open_split_tar(StoreFiles& store, const std::string& files, const std::string& folder,
                                             const std::string& split) {
  const auto of_files = store.folder(files), of_splits = store.folder(folder);
  if (!of_files || !of_splits) return nullptr;
  const std::shared_ptr<const RandomAccess> packed = of_splits->open(split);
  if (!packed) return nullptr;
  return std::make_unique<LazyTar>([of_files, packed] {
    SequentialReader bytes(*packed);
    try {
      LayerBlob lines(bytes);
      return std::make_unique<SplitTar>(of_files, lines);
    } catch (const Error& error) {
      throw_damaged_store("a tar-split: " + error.failure());
    }
  });
}

}  // namespace docker_sync
