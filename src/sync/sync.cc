// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "sync/sync.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "wire/pace.h"

namespace docker_sync {

namespace {

/// Errors after which neither side can be spoken to any more, or nobody wants to.
bool ends_the_run(ExitCode code) {
  return code == ExitCode::connection || code == ExitCode::protocol || code == ExitCode::interrupted ||
         code == ExitCode::internal;
}

/// Sorted, each once.
std::vector<Reference> names_of(const std::vector<ImageInfo>& images) {
  std::set<Reference> names;
  for (const ImageInfo& image : images) names.insert(image.names.begin(), image.names.end());
  return {names.begin(), names.end()};
}

Query query_for(const std::vector<Reference>& names) {
  Query query;
  for (const Reference& name : names) query.names.push_back(name.full());
  return query;
}

class Run {
 public:
  Run(Session& session, const Selection& selection, Observer& observer)
      : session_(session), selection_(selection), observer_(observer), names_(selection.names) {}

  std::vector<Outcome> run() {
    session_.on_progress = [this](const Progress& progress) { observer_.progress(progress); };
    look();
    const std::vector<Reference> names = selected();
    for (size_t i = 0; i < names.size(); ++i) {
      is_last_ = i + 1 == names.size();
      outcomes_.push_back(sync_one(names[i], i + 1, names.size()));
      observer_.finish(outcomes_.back());
      if (outcomes_.back().error && ends_the_run(outcomes_.back().error->code())) break;
    }
    return std::move(outcomes_);
  }

 private:
  void look();
  void resolve();
  [[nodiscard]] std::vector<Reference> selected() const;
  [[nodiscard]] bool is_named(const Reference& name) const;
  [[nodiscard]] Outcome sync_one(const Reference& name, size_t number, size_t count);
  /// The plan as far as it pays: without a basis that takes longer to have than to do without.
  [[nodiscard]] ImagePlan plan_for(const Reference& name, const ImageInfo& image) const;
  [[nodiscard]] bool outruns_basis() const;
  /// Whether a plan does without one for that reason alone.
  [[nodiscard]] bool spares_basis(const ImagePlan& plan) const;
  void bring(Outcome& outcome);
  void transfer(Outcome& outcome);
  /// Once more, as is now planned, where the link turns out to be slower than it was planned for.
  [[nodiscard]] Transferred transfer_as_fast(ImagePlan& plan, TransferOptions& options);
  /// After a failure: the plan as things are now; nothing if it would be the same again.
  [[nodiscard]] std::optional<ImagePlan> plan_again(const ImagePlan& failed, bool distrust_basis);
  void remember(const ImagePlan& plan, const std::string& id);

  Session& session_;
  const Selection& selection_;
  Observer& observer_;
  std::vector<Reference> names_;                 ///< as resolve_names() has them once we have looked
  std::vector<ImageInfo> source_, destination_;  ///< as far as they matter; kept true as images are brought
  EngineTraits destination_traits_;
  std::vector<Outcome> outcomes_;
  bool is_last_ = false;
};

void Run::look() {
  if (selection_.all || selection_.update || selection_.new_images) {
    Session::Both both = session_.inventories();
    source_ = std::move(both.source.images);
    destination_ = std::move(both.destination.images);
    destination_traits_ = both.destination.traits;
    resolve();
    return;
  }
  std::vector<Reference> possible = names_;
  for (const Reference& name : selection_.short_names) possible.push_back(name.on_localhost());
  source_ = session_.source_images(query_for(possible)).images;
  resolve();
  Query query = query_for(names_);
  for (const Reference& name : names_) {
    if (const ImageInfo* image = find_image(source_, name)) query.chains.push_back({image->identity.diff_ids});
  }
  EndpointImages there = session_.destination_images(query);
  destination_ = std::move(there.images);
  destination_traits_ = there.traits;
}

void Run::resolve() {
  names_ = resolve_names(selection_, [this](const Reference& name) { return find_image(source_, name) != nullptr; });
}

bool Run::is_named(const Reference& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::vector<Reference> Run::selected() const {
  std::vector<Reference> result;
  for (const Reference& name : names_) {
    if (std::find(result.begin(), result.end(), name) == result.end()) result.push_back(name);
  }
  if (!selection_.all && !selection_.update && !selection_.new_images) return result;
  for (const Reference& name : names_of(source_)) {
    if (is_named(name)) continue;
    const Status status = plan_image(name, *find_image(source_, name), destination_).status;
    const bool wanted = selection_.all || (selection_.update && status == Status::need_update) ||
                        (selection_.new_images && status == Status::new_image);
    if (wanted) result.push_back(name);
  }
  return result;
}

Outcome Run::sync_one(const Reference& name, size_t number, size_t count) {
  Outcome outcome;
  outcome.plan.name = name;
  const ImageInfo* image = find_image(source_, name);
  if (image == nullptr) {
    outcome.result = Result::failed;
    outcome.error = Error(ExitCode::image, "no image " + name.familiar(), "docker-sync HOST lists what there is")
                        .on_host(session_.source_host());
    return outcome;
  }
  outcome.plan = plan_for(name, *image);
  const ImagePlan& plan = outcome.plan;
  observer_.begin(plan, number, count);
  if (plan.status == Status::current) {
    outcome.result = Result::current;
  } else if (plan.newer == Newer::destination && !is_named(name) && !selection_.force) {
    outcome.result = Result::skipped;
  } else if (selection_.dry_run) {
    outcome.result = Result::planned;
  } else {
    outcome.result = plan.status == Status::new_image ? Result::added : Result::updated;
    try {
      bring(outcome);
    } catch (const Error& error) {
      outcome.result = Result::failed;
      outcome.error = error;
      outcome.error->while_doing("syncing " + name.familiar());
    }
  }
  return outcome;
}

bool Run::outruns_basis() const {
  // Where the engine has to save the basis, all that is needed has long arrived over such a link.
  const LinkRate& link = session_.link().bytes_per_second > 0 ? session_.link() : selection_.link;
  const bool in_place = destination_traits_.reads_in_place && selection_.reader != LayerReader::save;
  return !in_place && link.bytes_per_second >= kFastLink;
}

ImagePlan Run::plan_for(const Reference& name, const ImageInfo& image) const {
  ImagePlan plan = plan_image(name, image, destination_);
  return selection_.whole_layers || outruns_basis() ? without_basis(std::move(plan)) : plan;
}

bool Run::spares_basis(const ImagePlan& plan) const {
  return !selection_.whole_layers && plan.basis.kind == BasisKind::none && outruns_basis() &&
         plan_image(plan.name, plan.source, destination_).basis.kind != BasisKind::none;
}

void Run::bring(Outcome& outcome) {
  if (outcome.plan.present_id) {
    session_.commit(*outcome.plan.present_id, {outcome.plan.name}, false);
    remember(outcome.plan, *outcome.plan.present_id);
  } else {
    transfer(outcome);
  }
}

void Run::transfer(Outcome& outcome) {
  ImagePlan& plan = outcome.plan;
  Transferred transferred;
  TransferOptions options{selection_.level, selection_.reader, destination_traits_.asks_sizes, selection_.link,
                          spares_basis(plan), is_last_};
  try {
    transferred = transfer_as_fast(plan, options);
  } catch (const Error& error) {
    if (ends_the_run(error.code()) || error.code() == ExitCode::disk) throw;
    const bool damaged = error.code() == ExitCode::verification;
    auto again = plan_again(plan, damaged);
    if (!again) throw;
    warn(std::string(error.what()) + "; trying once more");
    plan = std::move(*again);
    // What was read in a store may be what was wrong.
    if (damaged && selection_.reader == LayerReader::automatic) options.reader = LayerReader::save;
    options.needs_fast = false;
    transferred = session_.transfer(plan, options);
  }
  outcome.layer_bytes = transferred.layer_bytes;
  session_.commit(transferred.image_id, {plan.name}, true);
  remember(plan, transferred.image_id);
}

Transferred Run::transfer_as_fast(ImagePlan& plan, TransferOptions& options) {
  try {
    return session_.transfer(plan, options);
  } catch (const SlowLink& slow) {
    verbose(std::string(slow.what()) + ": beginning again, with a basis");
    plan = plan_for(plan.name, plan.source);
    options.link = session_.link();
    options.needs_fast = false;
    return session_.transfer(plan, options);
  }
}

std::optional<ImagePlan> Run::plan_again(const ImagePlan& failed, bool distrust_basis) {
  // Images come and go under us: what was true when it was planned may not be now.
  Query query = query_for({failed.name});
  const std::vector<ImageInfo> source = session_.source_images(query).images;
  const ImageInfo* image = find_image(source, failed.name);
  if (image == nullptr) {
    if (!distrust_basis) return std::nullopt;
    // The files of a store go with their image, under whoever reads them: it is not damaged.
    throw Error(ExitCode::image, "the image " + failed.name.familiar() + " was removed while syncing")
        .on_host(session_.source_host());
  }
  query.chains.push_back({image->identity.diff_ids});
  ImagePlan again = plan_image(failed.name, *image, session_.destination_images(query).images);
  // Bytes that do not check get a second chance without what they were made from.
  if (distrust_basis || selection_.whole_layers || spares_basis(failed)) again = without_basis(std::move(again));
  if (distrust_basis) return again;
  const bool differs = again.source.id != failed.source.id || again.basis_images != failed.basis_images ||
                       again.layers_needed() != failed.layers_needed();
  return differs ? std::optional(again) : std::nullopt;
}

void Run::remember(const ImagePlan& plan, const std::string& id) {
  for (ImageInfo& image : destination_) std::erase(image.names, plan.name);
  const auto there =
      std::find_if(destination_.begin(), destination_.end(), [&](const ImageInfo& image) { return image.id == id; });
  if (there != destination_.end()) {
    there->names.push_back(plan.name);
    return;
  }
  ImageInfo image = plan.source;
  image.id = id;
  image.names = {plan.name};
  destination_.push_back(std::move(image));
}

}  // namespace

std::vector<Reference> resolve_names(const Selection& selection,
                                     const std::function<bool(const Reference&)>& source_has) {
  std::vector<Reference> names = selection.names;
  for (Reference& name : names) {
    if (!selection.short_names.contains(name) || source_has(name)) continue;
    if (Reference local = name.on_localhost(); source_has(local)) name = std::move(local);
  }
  return names;
}

Report make_report(Session& session) {
  const Session::Both both = session.inventories();
  Report report{{}, {}, both.source.untagged, both.destination.untagged, both.source.engine, both.destination.engine};
  for (const Reference& name : names_of(both.source.images)) {
    report.images.push_back(plan_image(name, *find_image(both.source.images, name), both.destination.images));
  }
  for (ImageInfo image : both.destination.images) {
    std::erase_if(image.names, [&](const Reference& name) { return find_image(both.source.images, name) != nullptr; });
    if (!image.names.empty()) report.only_there.push_back(std::move(image));
  }
  return report;
}

std::vector<Outcome> sync_images(Session& session, const Selection& selection, Observer& observer) {
  return Run(session, selection, observer).run();
}

}  // namespace docker_sync
