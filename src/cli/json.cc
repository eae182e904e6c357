// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/report.h"

namespace docker_sync {

namespace {

using Json = nlohmann::ordered_json;

std::string write(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

void put_route(Json& document, const Route& route) {
  document["host"] = route.host;
  document["direction"] = route.direction();
  document["source"] = route.source();
  document["destination"] = route.destination();
}

Json basis_kind(BasisKind kind) {
  switch (kind) {
    case BasisKind::none: break;
    case BasisKind::same_name: return "same_name";
    case BasisKind::common_parent: return "common_parent";
    case BasisKind::same_repository: return "same_repository";
  }
  return nullptr;
}

std::string_view name_of(Result result) {
  switch (result) {
    case Result::current: return "current";
    case Result::updated: return "updated";
    case Result::added: return "new";
    case Result::skipped: return "skipped";
    case Result::planned: return "planned";
    case Result::failed: return "failed";
  }
  return {};
}

Json config_digest(const ImageInfo& image) {
  return image.identity.config ? Json(image.identity.config->text()) : Json(nullptr);
}

/// Which part of the identities was compared, and the source's identity.
Json identity_of(const ImagePlan& plan) {
  const bool by_config = plan.source.identity.config && (!plan.destination || plan.destination->identity.config);
  Json layers = Json::array();
  for (const Digest& layer : plan.source.identity.diff_ids) layers.push_back(layer.text());
  return {{"used", by_config ? "config" : "diff_ids"}, {"config", config_digest(plan.source)}, {"layers", layers}};
}

void put_plan(Json& object, const ImagePlan& plan) {
  const bool has_basis = plan.basis.kind != BasisKind::none && !plan.present_id;
  object["basis"] = has_basis ? Json(plan.basis.label) : Json(nullptr);
  object["basis_kind"] = has_basis ? basis_kind(plan.basis.kind) : Json(nullptr);
  object["layers_needed"] = plan.present_id ? 0 : plan.layers_needed();
  object["layers"] = plan.layers.size();
}

Json created(const ImagePlan& plan, bool of_source) {
  if (of_source) return text_or_null(plan.source.created);
  return plan.destination ? text_or_null(plan.destination->created) : Json(nullptr);
}

Json report_image(const ImagePlan& plan, const Route& route) {
  Json object;
  object["name"] = plan.name.familiar();
  object["status"] = docker_sync::name_of(plan.status);
  object["newer"] = text_or_null(newer_side(plan.newer, route));
  object["created"] = {{route.here_word(), created(plan, route.push)},
                       {route.there_word(), created(plan, !route.push)}};
  object["size"] = plan.source.size;
  object["identity"] = identity_of(plan);
  put_plan(object, plan);
  return object;
}

Json error_object(const Error& error) { return {{"code", static_cast<int>(error.code())}, {"message", error.what()}}; }

Json outcome_image(const Outcome& outcome) {
  Json object;
  object["name"] = outcome.plan.name.familiar();
  object["result"] = name_of(outcome.result);
  put_plan(object, outcome.plan);
  object["layer_bytes"] = outcome.layer_bytes;
  object["config_digest"] = config_digest(outcome.plan.source);
  object["error"] = outcome.error ? error_object(*outcome.error) : Json(nullptr);
  return object;
}

Json stages(const StageTimes& times) {
  Json list = Json::array();
  for (const StageTimes::Entry& entry : times.all()) {
    const double seconds = std::chrono::duration<double>(entry.time).count();
    list.push_back({{"stage", entry.stage}, {"seconds", std::round(seconds * 1000) / 1000}, {"bytes", entry.bytes}});
  }
  return list;
}

}  // namespace

std::string report_json(const Report& report, const Route& route, uint64_t helper_uploaded) {
  Json document;
  put_route(document, route);
  const std::string &here = route.push ? report.engine_source : report.engine_destination,
                    &there = route.push ? report.engine_destination : report.engine_source;
  document["engines"] = {{route.here_word(), here}, {route.there_word(), there}};
  document["images"] = Json::array();
  for (const ImagePlan& plan : report.images) document["images"].push_back(report_image(plan, route));
  document["only_at_destination"] = Json::array();
  for (const ImageInfo& image : report.only_there) {
    for (const Reference& name : image.names) document["only_at_destination"].push_back(name.familiar());
  }
  document["untagged"] = {{route.here_word(), route.push ? report.untagged_source : report.untagged_destination},
                          {route.there_word(), route.push ? report.untagged_destination : report.untagged_source}};
  document["helper_uploaded"] = helper_uploaded;
  return write(document);
}

std::string sync_json(const std::vector<Outcome>& outcomes, const Route& route, const Totals& totals,
                      const RunTimes* times) {
  Json document;
  put_route(document, route);
  document["images"] = Json::array();
  for (const Outcome& outcome : outcomes) document["images"].push_back(outcome_image(outcome));
  document["sent"] = totals.sent;
  document["received"] = totals.received;
  document["helper_uploaded"] = totals.helper_uploaded;
  document["total_size"] = totals.total_size;
  document["speedup"] = std::round(totals.speedup() * 100) / 100;
  document["seconds"] = std::round(totals.seconds * 1000) / 1000;
  if (times != nullptr) {
    document["timings"] = {{"run", stages(times->controller)},
                           {"source", stages(times->source)},
                           {"destination", stages(times->destination)}};
  }
  return write(document);
}

std::string failure_json(const Error& error, const Route& route) {
  Json document;
  put_route(document, route);
  document["error"] = error_object(error);
  return write(document);
}

std::string destinations_json(const std::vector<std::string>& documents) {
  Json all;
  all["destinations"] = Json::array();
  for (const std::string& document : documents) all["destinations"].push_back(Json::parse(document));
  return write(all);
}

}  // namespace docker_sync
