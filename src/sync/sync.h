// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The story of the program: ask both ends what they hold, work out what is to be done, and do it image by image. An
// image that fails does not stop the others, unless the connection is gone.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "sync/plan.h"
#include "sync/session.h"

namespace docker_sync {

/// Which images, and how.
struct Selection {
  std::vector<Reference> names;     ///< always synced, also over a newer one
  std::set<Reference> short_names;  ///< those of them that the user wrote without a registry
  bool all = false;                 ///< every tagged image of the source
  bool update = false;              ///< those that need update
  bool new_images = false;          ///< those that are new
  bool force = false;               ///< -a and -u overwrite a newer image at the destination, too
  bool dry_run = false;             ///< plan only
  bool whole_layers = false;        ///< no basis: needed layers travel whole
  LayerReader reader{};             ///< of both ends
  int level = 0;                    ///< zstd level of contents; 0: what the link leaves time for
  LinkRate link;                    ///< as it was before

  [[nodiscard]] bool report_only() const { return names.empty() && !all && !update && !new_images; }
};

/// The names that are meant: a short one that the source does not have is what it has under "localhost/", where Podman
/// puts what is built under a short name.
[[nodiscard]] std::vector<Reference> resolve_names(const Selection& selection,
                                                   const std::function<bool(const Reference&)>& source_has);

enum class Result {
  current,  ///< nothing to do
  updated,  ///< the name now has the source's image; the old one stays without a name
  added,    ///< the name is new there
  skipped,  ///< the destination's is newer (-a, -u)
  planned,  ///< dry run
  failed,
};

struct Outcome {
  ImagePlan plan;
  Result result{};
  uint64_t layer_bytes = 0;    ///< of the layers that travelled, as tars
  std::optional<Error> error;  ///< Result::failed
};

/// What the user is shown while it goes on. Called in the thread that called sync_images().
class Observer {
 public:
  virtual ~Observer() = default;
  /// Work begins on image `number` (from 1) of `count`.
  virtual void begin(const ImagePlan& plan, size_t number, size_t count) = 0;
  virtual void progress(const Progress& progress) = 0;
  virtual void finish(const Outcome& outcome) = 0;
};

struct Report {
  std::vector<ImagePlan> images;      ///< each name of the source, sorted by it
  std::vector<ImageInfo> only_there;  ///< named images of the destination whose names the source has not
  uint64_t untagged_source = 0, untagged_destination = 0;
  std::string engine_source, engine_destination;
};

[[nodiscard]] Report make_report(Session& session);

/// REQUIRES: !selection.report_only(). Throws what ends the whole run: no connection, an engine that cannot be used,
/// the user's interrupt. A named image that does not exist is an outcome like others.
[[nodiscard]] std::vector<Outcome> sync_images(Session& session, const Selection& selection, Observer& observer);

}  // namespace docker_sync
