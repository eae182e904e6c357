// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "example.h"

namespace docker_sync {

namespace {

using namespace example;
using nlohmann::json;

const Route kPull{"user@server", false}, kPush{"user@server", true}, kBetween{"b", true, "user@a"};

Report make_example() {
  const ImageInfo old = image("app:1", kOld), later = image("app:1", kNew);
  ImageInfo fresh = image("web:1", kNew);
  fresh.identity.config.reset();
  Report report;
  report.images = {plan("app:1", later, {old}), plan("web:1", fresh, {old})};
  report.only_there = {image("only:1", kNew)};
  report.untagged_source = 2;
  report.untagged_destination = 1;
  report.engine_source = "Docker \xff";
  report.engine_destination = "Docker 20.10";
  return report;
}

}  // namespace

TEST_CASE("the report as programs read it") {
  const json document = json::parse(report_json(make_example(), kPull, 7));
  CHECK(document["host"] == "user@server");
  CHECK(document["direction"] == "pull");
  CHECK(document["only_at_destination"] == json{"only:1"});
  CHECK(document["untagged"] == json{{"here", 1}, {"there", 2}});
  CHECK(document["helper_uploaded"] == 7);

  const json app = document["images"][0];
  CHECK(app["name"] == "app:1");
  CHECK(app["status"] == "need update");
  CHECK(app["newer"] == "there");
  CHECK(app["created"] == json{{"here", kOld}, {"there", kNew}});
  CHECK(app["basis"] == "app:1");
  CHECK(app["basis_kind"] == "same_name");
  CHECK(app["layers"] == 2);
  CHECK(app["layers_needed"] == 1);
  CHECK(app["identity"]["used"] == "config");
  CHECK(app["identity"]["config"] == make_example().images[0].source.identity.config->text());
  CHECK(app["identity"]["layers"] == json{digest("base").text(), digest(kNew).text()});
}

TEST_CASE("what cannot be known is null, not left out") {
  const json web = json::parse(report_json(make_example(), kPush, 0))["images"][1];
  CHECK(web["status"] == "new");
  CHECK(web["newer"].is_null());
  CHECK(web["created"] == json{{"here", kNew}, {"there", nullptr}});
  CHECK(web["identity"]["used"] == "diff_ids");
  CHECK(web["identity"]["config"].is_null());
}

TEST_CASE("for a push here is the source") {
  const json document = json::parse(report_json(make_example(), kPush, 0));
  CHECK(document["direction"] == "push");
  CHECK(document["images"][0]["newer"] == "here");
  CHECK(document["untagged"] == json{{"here", 2}, {"there", 1}});
  CHECK(document["engines"]["there"] == "Docker 20.10");
}

TEST_CASE("both ends are named, and between two others the words are theirs") {
  const json push = json::parse(report_json(make_example(), kPush, 0));
  CHECK(push["source"] == "this host");
  CHECK(push["destination"] == "user@server");
  const json between = json::parse(report_json(make_example(), kBetween, 0));
  CHECK(between["direction"] == "between");
  CHECK(between["source"] == "user@a");
  CHECK(between["destination"] == "b");
  CHECK(between["untagged"] == json{{"source", 2}, {"destination", 1}});
  CHECK(between["images"][0]["newer"] == "source");
  CHECK(between["images"][0]["created"] == json{{"source", kNew}, {"destination", kOld}});
}

TEST_CASE("several destinations have a document each, a failed one too") {
  const Error error = Error(ExitCode::connection, "unknown host").on_host("gone");
  const json all = json::parse(destinations_json({sync_json({}, kPush, {}), failure_json(error, {"gone", true, {}})}));
  CHECK(all["destinations"].size() == 2);
  CHECK(all["destinations"][0]["images"].empty());
  CHECK(all["destinations"][1]["destination"] == "gone");
  CHECK(all["destinations"][1]["error"] == json{{"code", 3}, {"message", "gone: unknown host"}});
}

TEST_CASE("text of an engine that is not UTF-8 does not spoil the document") {
  const json document = json::parse(report_json(make_example(), kPull, 0));
  CHECK(document["engines"]["there"] == "Docker \xef\xbf\xbd");
}

TEST_CASE("the sync as programs read it") {
  const Report report = make_example();
  Outcome failed;
  failed.plan.name = Reference::parse("missing");
  failed.result = Result::failed;
  failed.error = Error(ExitCode::image, "no image missing:latest").on_host("user@server");
  const std::vector<Outcome> outcomes{{report.images[0], Result::updated, 4096, std::nullopt}, failed};
  const Totals totals{.sent = 10, .received = 30, .helper_uploaded = 5, .total_size = 1000, .seconds = 1.23456};
  const json document = json::parse(sync_json(outcomes, kPull, totals));
  CHECK(document["sent"] == 10);
  CHECK(document["received"] == 30);
  CHECK(document["helper_uploaded"] == 5);
  CHECK(document["total_size"] == 1000);
  CHECK(document["speedup"] == 25.0);
  CHECK(document["seconds"] == 1.235);

  const json app = document["images"][0];
  CHECK(app["name"] == "app:1");
  CHECK(app["result"] == "updated");
  CHECK(app["basis"] == "app:1");
  CHECK(app["layers_needed"] == 1);
  CHECK(app["layer_bytes"] == 4096);
  CHECK(app["config_digest"] == report.images[0].source.identity.config->text());
  CHECK(app["error"].is_null());

  const json missing = document["images"][1];
  CHECK(missing["result"] == "failed");
  CHECK(missing["basis"].is_null());
  CHECK(missing["config_digest"].is_null());
  CHECK(missing["error"] == json{{"code", 7}, {"message", "user@server: no image missing:latest"}});
}

TEST_CASE("each result has its word") {
  const auto word = [](Result result) {
    const Outcome outcome{make_example().images[0], result, 0, std::nullopt};
    return json::parse(sync_json({outcome}, kPull, {}))["images"][0]["result"].get<std::string>();
  };
  CHECK(word(Result::current) == "current");
  CHECK(word(Result::added) == "new");
  CHECK(word(Result::skipped) == "skipped");
  CHECK(word(Result::planned) == "planned");
}

TEST_CASE("with whole layers there is no basis") {
  const Outcome outcome{without_basis(make_example().images[0]), Result::updated, 0, std::nullopt};
  const json app = json::parse(sync_json({outcome}, kPull, {}))["images"][0];
  CHECK(app["basis"].is_null());
  CHECK(app["basis_kind"].is_null());
}

}  // namespace docker_sync
