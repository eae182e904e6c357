// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/collector.h"

#include <utility>

#include "base/error.h"
#include "delta/delta_parts.h"
#include "delta/patch.h"
#include "wire/limits.h"

namespace docker_sync {

namespace {

/// Hashes what goes into a spool, and tells how much that is.
class HashedSpool : public Sink {
 public:
  HashedSpool(Spool& spool, const std::function<void(uint64_t)>& tell) : spool_(&spool), tell_(&tell) {}
  void write(ByteView bytes) override {
    hasher_.write(bytes);
    spool_->write(bytes);
    written_ += bytes.size();
    (*tell_)(written_);
  }
  [[nodiscard]] ContentHash finish() { return hasher_.finish(); }

 private:
  Spool* spool_;
  const std::function<void(uint64_t)>* tell_;
  ContentHasher hasher_;
  uint64_t written_ = 0;
};

/// Hands on to a HashedSpool what is several contents, and takes the hash of each.
class Cutter : public Sink {
 public:
  Cutter(HashedSpool& below, const std::vector<Wanted>& contents) : below_(&below), contents_(&contents) {}
  void write(ByteView bytes) override {
    while (!bytes.empty()) {
      const uint64_t missing = contents_->at(hashes_.size()).size - done_;
      const ByteView part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), missing)));
      below_->write(part);
      bytes = bytes.subspan(part.size());
      done_ += part.size();
      if (part.size() < missing) continue;
      hashes_.push_back(below_->finish());
      done_ = 0;
    }
  }
  [[nodiscard]] const std::vector<ContentHash>& hashes() const { return hashes_; }

 private:
  HashedSpool* below_;
  const std::vector<Wanted>* contents_;
  std::vector<ContentHash> hashes_;
  uint64_t done_ = 0;  ///< of the content that is being written
};

}  // namespace

Collector::Collector(RecordReader& contents, const SpoolFolder& folder, const Basis& basis, ArrivedContents& arrived,
                     Outcome outcome)
    : contents_(contents), folder_(folder), basis_(basis), arrived_(arrived), outcome_(std::move(outcome)) {}

void Collector::collect(const WantedBlock& block) {
  if (block.draft) {
    return collect_runs(block.contents.at(0),
                        [&](Source& delta, Sink& content) { block.draft->complete(delta, content); });
  }
  if (block.further) return collect_data(block.contents.at(0));
  for (const Wanted& wanted : block.contents) collect_one(wanted);
  if (!bundle_.empty()) end_bundle();
}

void Collector::collect_one(const Wanted& wanted) {
  const auto method = static_cast<Method>(contents_.byte());
  // What it was answered with decides, where that was a signature.
  if (wanted.similar.has_value() != (method == Method::rsync || method == Method::draft)) {
    throw_protocol("a delta without a signature, or a signature without a delta");
  }
  switch (method) {
    case Method::data:
      return collect_data(wanted);
    case Method::patch:
      return collect_patch(wanted);
    case Method::bundled:
      return add_to_bundle(wanted);
    case Method::rsync:
      return collect_delta(wanted);
    case Method::draft:
      return collect_draft(wanted);
  }
  throw_protocol("a content that comes in an unknown way");
}

void Collector::collect_data(const Wanted& wanted) {
  const uint64_t offset = arrived_.spool().size();
  HashedSpool sink(arrived_.spool(), outcome_.progress);
  contents_.copy_to(sink, wanted.size);
  const ContentHash hash = sink.finish();
  if (wanted.hash && short_hash(hash) != *wanted.hash) {
    throw Error(ExitCode::verification, "a file of the image arrived with another hash than it was offered with",
                "try again; the source's disk or memory may be damaged");
  }
  tell(wanted, offset, hash);
}

void Collector::collect_patch(const Wanted& wanted) {
  const BasisFile old = read_place();
  const uint64_t offset = arrived_.spool().size();
  HashedSpool sink(arrived_.spool(), outcome_.progress);
  RunSource patch(contents_, limits::kDeltaRunBytes);
  apply_patch(Slice(basis_.tar(old.layer), old.offset, old.size), patch, sink, wanted.size);
  tell(wanted, offset, sink.finish());
}

void Collector::collect_delta(const Wanted& wanted) {
  const BasisFile& similar = *wanted.similar;
  const uint64_t begin = contents_.position();
  collect_runs(wanted, [&](Source& delta, Sink& content) {
    apply_delta(Slice(basis_.tar(similar.layer), similar.offset, similar.size), delta, content, wanted.size);
    outcome_.delta_came(wanted, contents_.position() - begin);
  });
}

void Collector::collect_draft(const Wanted& wanted) {
  const BasisFile& similar = *wanted.similar;
  auto draft = std::make_shared<Draft>(folder_, basis_.tar(similar.layer), similar.offset, similar.size);
  const uint64_t begin = contents_.position();
  RunSource delta(contents_, limits::kDeltaRunBytes);
  draft->read(delta, wanted.size);
  delta.drain();
  outcome_.delta_came(wanted, contents_.position() - begin);
  outcome_.unfinished({wanted, std::move(draft)});
}

void Collector::collect_runs(const Wanted& wanted, const std::function<void(Source&, Sink&)>& make) {
  const uint64_t offset = arrived_.spool().size();
  HashedSpool sink(arrived_.spool(), outcome_.progress);
  RunSource delta(contents_, limits::kDeltaRunBytes);
  make(delta, sink);
  delta.drain();
  tell(wanted, offset, sink.finish());
}

void Collector::add_to_bundle(const Wanted& wanted) {
  const BasisFile old = read_place();
  bundle_basis_.add(basis_.tar(old.layer), old.offset, old.size);
  bundle_.push_back(wanted);
  bundle_size_.add(old.size, wanted.size);
  if (bundle_size_.full()) end_bundle();
}

void Collector::end_bundle() {
  const std::vector<Wanted> contents = std::exchange(bundle_, {});
  uint64_t offset = arrived_.spool().size();
  HashedSpool sink(arrived_.spool(), outcome_.progress);
  Cutter cut(sink, contents);
  RunSource patch(contents_, limits::kDeltaRunBytes);
  apply_patch(std::exchange(bundle_basis_, {}), patch, cut, std::exchange(bundle_size_, {}).new_bytes);
  for (size_t i = 0; i < contents.size(); ++i) {
    tell(contents[i], offset, cut.hashes().at(i));
    offset += contents[i].size;
  }
}

BasisFile Collector::read_place() {
  const BasisFile place = places_.get(contents_);
  check_place(basis_, place);
  return place;
}

void Collector::tell(const Wanted& wanted, uint64_t offset, const ContentHash& hash) {
  if (wanted.hash && short_hash(hash) != *wanted.hash) return outcome_.unfinished({wanted, nullptr});
  arrived_.arrived(wanted.number, offset);
  outcome_.arrived(wanted);
}

}  // namespace docker_sync
