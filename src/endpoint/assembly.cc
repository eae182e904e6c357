// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/assembly.h"

#include "base/error.h"

namespace docker_sync {

namespace {

/// Tells how far the engine has come, which pulls as fast as it takes in.
class LoadProgress : public Source {
 public:
  LoadProgress(std::unique_ptr<Source> below, ProgressReporter& progress, StageTimes& times, const Descriptor& layer)
      : below_(std::move(below)), progress_(&progress), times_(&times), layer_(layer) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    InStage stage(*times_, "join");
    const size_t count = below_->read(out);
    stage.add_bytes(count);
    done_ += count;
    progress_->report(Stage::loading, done_, layer_.size, layer_.digest);
    return count;
  }

 private:
  std::unique_ptr<Source> below_;
  ProgressReporter* progress_;
  StageTimes* times_;
  Descriptor layer_;
  uint64_t done_ = 0;
};

[[noreturn]] void throw_removed(const Digest& layer) {
  throw Error(ExitCode::image, "layer " + layer.brief() + " was removed while syncing", "try again");
}

}  // namespace

bool can_leave_out(LayerOrigin origin, PartialLoad partial) {
  return origin == LayerOrigin::present || (origin == LayerOrigin::local && partial == PartialLoad::any_layer);
}

Assembly::Assembly(const Receive& request, PartialLoad partial, ProgressReporter& progress, StageTimes& times)
    : request_(request), partial_(partial), progress_(progress), times_(times) {
  std::set<Digest> distinct;
  for (const PlannedLayer& layer : request.layers) {
    (can_leave_out(layer.origin, partial) ? left_out_ : distinct).insert(layer.diff_id);
  }
  // One that comes anyway, for another place in the chain, need not be known as a blob.
  for (const Digest& layer : distinct) left_out_.erase(layer);
  layers_left_ = distinct.size();
}

void Assembly::layer_ready(const Digest& diff_id, uint64_t size, Open open) {
  ready_.push({{diff_id, size}, std::move(open)});
}

void Assembly::blob_known(const Digest& diff_id, const Descriptor& blob) {
  const std::lock_guard lock(mutex_);
  blobs_.emplace(diff_id, blob);
}

std::set<Digest> Assembly::unknown_blobs() const {
  if (partial_ != PartialLoad::known_blobs) return {};
  const std::lock_guard lock(mutex_);
  std::set<Digest> unknown;
  for (const Digest& layer : left_out_) {
    if (!blobs_.contains(layer)) unknown.insert(layer);
  }
  return unknown;
}

void Assembly::metadata_ready(const Bytes& config, const std::vector<uint64_t>& sizes) {
  from_source_.push({&config, &sizes});
}

void Assembly::close(const Error& error) {
  ready_.close(error);
  from_source_.close(error);
  blobs_known_.close(error);
}

std::optional<ArchiveMember> Assembly::next() {
  if (next_layer_ == layers_.size() && layers_left_ > 0) {
    const InStage stage(times_, "wait for layers");
    --layers_left_;
    layers_.push_back(*ready_.pop());
  }
  if (next_layer_ < layers_.size()) return member_of(layers_[next_layer_++]);
  if (!metadata_) metadata_ = make_metadata();
  if (next_metadata_ == metadata_->size()) return std::nullopt;
  return (*metadata_)[next_metadata_++];
}

ArchiveMember Assembly::member_of(const Layer& layer) {
  return {blob_path(layer.descriptor.digest), layer.descriptor.size,
          [this, layer] { return std::make_unique<LoadProgress>(layer.open(), progress_, times_, layer.descriptor); }};
}

std::vector<ArchiveMember> Assembly::make_metadata() {
  if (!known_) {
    const InStage stage(times_, "wait for layers");
    known_ = from_source_.pop();
    (void)blobs_known_.pop();
  }
  check_config();
  const Bytes& config = *known_->config;
  std::vector<Descriptor> layers;
  for (size_t i = 0; i < request_.layers.size(); ++i) layers.push_back(describe(i));
  if (on_identity) on_identity(Digest::of(config), Digest::of(oci_manifest(config, layers)));
  return metadata_members(config, layers);
}

void Assembly::check_config() const {
  std::vector<Digest> planned;
  for (const PlannedLayer& layer : request_.layers) planned.push_back(layer.diff_id);
  const auto config = find_config(*known_->config);
  const bool as_named = !request_.config || Digest::of(*known_->config) == *request_.config;
  if (!config || config->diff_ids != planned || !as_named) {
    throw Error(ExitCode::verification, "the image's config arrived damaged", "try again");
  }
}

Descriptor Assembly::describe(size_t number) const {
  const Digest& diff_id = request_.layers[number].diff_id;
  for (const Layer& layer : layers_) {
    if (layer.descriptor.digest == diff_id) return layer.descriptor;
  }
  if (partial_ != PartialLoad::known_blobs) return {diff_id, (*known_->sizes)[number]};
  const std::lock_guard lock(mutex_);
  const auto blob = blobs_.find(diff_id);
  if (blob == blobs_.end()) throw_removed(diff_id);
  return blob->second;
}

void Assembly::start_again_with(std::map<Digest, std::unique_ptr<RandomAccess>> layers) {
  for (const Digest& layer : left_out_) {
    if (!layers.contains(layer)) throw_removed(layer);
  }
  read_again_ = std::move(layers);
  for (const auto& [diff_id, tar] : read_again_) {
    layers_.push_back({{diff_id, tar->size()}, [&tar = *tar] { return std::make_unique<SequentialReader>(tar); }});
  }
  left_out_.clear();
  next_layer_ = 0;
  metadata_.reset();
  next_metadata_ = 0;
}

}  // namespace docker_sync
