// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "sync/sync.h"

#include <doctest/doctest.h>

#include <random>

#include "cache_scratch.h"
#include "delta/archives.h"
#include "delta/program.h"
#include "endpoint/layer_cache.h"
#include "fake_host.h"
#include "tar_fixture.h"

using namespace docker_sync;
using programs::functions;
using programs::program;

namespace {

std::string noise(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(size, 0);
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

class Watcher : public Observer {
 public:
  void begin(const ImagePlan&, size_t, size_t) override {}
  void progress(const Progress&) override { ++reports; }
  void finish(const Outcome&) override {}

  size_t reports = 0;
};

/// Two hosts and a controller, all over pipes of 64 KiB.
struct TwoHosts {
  FakeHost source, destination;
  bool progress = false;  ///< asked for

  Outcome sync(const std::string& name) {
    Selection selection;
    selection.names = {Reference::parse(name)};
    return run(selection).at(0);
  }

  std::vector<Outcome> run(const Selection& selection) {
    std::vector<Outcome> outcomes;
    {
      Session session({source.serve_narrowly(), "source", "/tmp"},
                      {destination.serve_narrowly(), "destination", "/tmp"}, progress);
      Watcher watcher;
      outcomes = sync_images(session, selection, watcher);
      reports = watcher.reports;
      bytes = session.source_traffic().received + session.source_traffic().sent;
    }
    source.wait();
    destination.wait();
    return outcomes;
  }

  /// The destination has the source's image of that name, to the byte.
  void check_same(const std::string& name) {
    const std::string id = source.engine.id_of(name);
    REQUIRE_FALSE(id.empty());
    CHECK(destination.engine.id_of(name) == id);
    if (destination.engine.id_of(name) == id) CHECK(destination.engine.layers_of(id) == source.engine.layers_of(id));
  }

  /// Likewise where the stores differ, and so do their IDs.
  void check_same_content(const std::string& name) {
    const std::string here = source.engine.id_of(name), there = destination.engine.id_of(name);
    REQUIRE_FALSE(there.empty());
    CHECK(destination.engine.layers_of(there) == source.engine.layers_of(here));
    CHECK(destination.engine.config_of(there) == source.engine.config_of(here));
  }

  uint64_t bytes = 0;  ///< that the source sent and received
  size_t reports = 0;  ///< of progress
};

const Bytes kBase = tar_file("bin/sh", noise(200'000, 1)) + tar_file("etc/motd", "hello") + tar_end();

}  // namespace

TEST_CASE("a new image arrives whole") {
  TwoHosts hosts;
  hosts.source.engine.add({"app:1"}, {kBase, tar_file("app", noise(100'000, 2)) + tar_end()});
  const Outcome outcome = hosts.sync("app:1");
  CHECK(outcome.result == Result::added);
  CHECK(outcome.plan.layers_needed() == 2);
  hosts.check_same("app:1");
}

TEST_CASE("a rebuilt layer costs its changes, and the old image stays without a name") {
  TwoHosts hosts;
  std::string program = noise(300'000, 2);
  const std::string old = hosts.destination.engine.add(
      {"app:1"}, {kBase, tar_file("app", program) + tar_file("lib", noise(300'000, 3)) + tar_end()});
  program.replace(100'000, 5, "12345");
  hosts.source.engine.add({"app:1"},
                          {kBase, tar_file("app", program) + tar_file("lib", noise(300'000, 3)) + tar_end()});
  const Outcome outcome = hosts.sync("app:1");
  CHECK(outcome.result == Result::updated);
  CHECK(outcome.plan.layers_needed() == 1);
  CHECK(outcome.plan.basis.kind == BasisKind::same_name);
  hosts.check_same("app:1");
  CHECK(hosts.destination.engine.inspect(old)->names.empty());
  CHECK(hosts.bytes < 12'000);
  CHECK(hosts.sync("app:1").result == Result::current);
}

TEST_CASE("contents that moved, or are twice in the new image, travel once or not at all") {
  TwoHosts hosts;
  hosts.destination.engine.add({"app:1"}, {tar_file("here", noise(400'000, 1)) + tar_end()});
  hosts.source.engine.add(
      {"app:1"}, {tar_file("there", noise(400'000, 1)) + tar_end(), tar_file("a", noise(100'000, 2)) + tar_end(),
                  tar_file("b", noise(100'000, 2)) + tar_end()});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < 110'000);
}

TEST_CASE("new times alone cost almost nothing") {
  // Asked: 15,000 files whose times changed, and nothing else, within 100 KB.
  const auto tree = [](uint64_t time, const std::string& changed) {
    Bytes layer;
    for (uint32_t i = 0; i < 1500; ++i) {
      TarHeader header;
      header.name = "usr/share/package-" + std::to_string(i / 20) + "/file-" + std::to_string(i * 7919 % 1000);
      header.mode = 0644;
      header.mtime = time + i / 50;
      append(layer, tar_entry(header, i == 700 ? changed : noise(50 + i % 900, i)));
    }
    return layer + tar_end();
  };
  TwoHosts hosts;
  const Bytes old = tree(1'700'000'000, "old");
  hosts.destination.engine.add({"app:1"}, {kBase, old});
  bool has_old = false;
  SUBCASE("without the old layer at the source") {}
  SUBCASE("with it") { has_old = true; }
  if (has_old) hosts.source.engine.add({}, {kBase, old});
  hosts.source.engine.add({"app:1"}, {kBase, tree(1'700'100'000, "new")});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < 5'000);
}

TEST_CASE("what both ends have is sent as a patch, without a question") {
  TwoHosts hosts;
  const std::string program = noise(400'000, 2), small = noise(3'000, 4);
  std::string changed = program, small_changed = small;
  for (size_t i = 0; i < changed.size(); i += 1000) changed[i] = static_cast<char>(changed[i] + 3);
  small_changed[1500] = '!';
  const Bytes old =
      tar_file("app", program) + tar_file("conf", small) + tar_file("same", noise(100'000, 5)) + tar_end();
  const Bytes fresh = tar_file("app", changed) + tar_file("conf", small_changed) +
                      tar_file("moved", noise(100'000, 5)) + tar_file("again", small_changed) + tar_end();
  hosts.destination.engine.add({"app:1"}, {kBase, old});
  SUBCASE("of a build before, which has no name any more") { hosts.source.engine.add({}, {kBase, old}); }
  SUBCASE("of another image") { hosts.source.engine.add({"other:3"}, {old, kBase}); }
  SUBCASE("of a layer of the image itself") {
    hosts.destination.engine.add({"app:1"}, {old, tar_file("x", "y") + tar_end()});
    hosts.source.engine.add({"app:1"}, {old, fresh});
  }
  if (hosts.source.engine.id_of("app:1").empty()) hosts.source.engine.add({"app:1"}, {kBase, fresh});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  // Blocks alone would send the whole program: every block of it changed.
  CHECK(hosts.bytes < 8'000);
}

TEST_CASE("a basis of which the source has a part is used in both ways") {
  TwoHosts hosts;
  std::string shared = noise(200'000, 7), other = noise(200'000, 8);
  const Bytes common = tar_file("lib", shared) + tar_end();
  const Bytes old = tar_file("app", other) + tar_file("data", noise(100'000, 9)) + tar_end();
  hosts.destination.engine.add({"app:1"}, {common, old});
  for (size_t i = 0; i < shared.size(); i += 1000) shared[i] = static_cast<char>(shared[i] + 1);
  other.replace(100'000, 5, "12345");
  hosts.source.engine.add({"app:1"}, {common, tar_file("lib", shared) + tar_file("app", other) +
                                                  tar_file("data", noise(100'000, 9)) + tar_end()});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < 12'000);
}

TEST_CASE("what was made from files of layers that both images have costs its changes, or nothing") {
  TwoHosts hosts;
  std::string tool = noise(200'000, 1);
  const Bytes application = tar_file("app", noise(50'000, 2)) + tar_end();
  hosts.destination.engine.add({"app:1"}, {kBase, application});
  const std::string copy = tool;
  tool.replace(100'000, 5, "12345");
  hosts.source.engine.add(
      {"app:1"}, {kBase, tar_file("bin/sh", tool) + tar_file("bin/dash", copy) + tar_file("etc/conf", "1") + tar_end()});
  bool at_both = false;
  SUBCASE("which only the destination has in an older image") {}
  SUBCASE("which both have in an older image") {
    hosts.source.engine.add({}, {kBase, application});
    at_both = true;
  }
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < (at_both ? 5'000 : 5'500));
}

TEST_CASE("of a base that was copied as a whole little is asked") {
  TwoHosts hosts;
  Bytes base, moved;
  constexpr uint32_t kFiles = 2000;
  for (uint32_t i = 0; i < kFiles; ++i) {
    append(base, tar_file("usr/lib/" + std::to_string(i), noise(100 + i % 50, i)));
    append(moved, tar_file("opt/lib/" + std::to_string(i), noise(100 + i % 50, i)));
  }
  base = base + tar_end();
  hosts.destination.engine.add({"app:1"}, {base, tar_file("app", "old") + tar_end()});
  hosts.source.engine.add({"app:1"}, {base, moved + tar_end()});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < kFiles * 8);
}

TEST_CASE("a large file with small edits all over costs two rounds of signatures, and little more") {
  // Asked: 39 MB with 681 changed bytes in some 80 places, within 120 KB.
  TwoHosts hosts;
  std::string data = noise(39'000'000, 11);
  hosts.destination.engine.add({"app:1"}, {tar_file("pkgcache.bin", data) + tar_end()});
  for (size_t i = 0; i < 80; ++i) data.replace(i * 480'000 + 1000 * i, 8, "edited!!");
  hosts.source.engine.add({"app:1"}, {tar_file("pkgcache.bin", data) + tar_end()});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < 110'000);
}

TEST_CASE("a program linked anew costs what is new, and the places that moved") {
  const auto bytes_of_sync = [](const Bytes& old_bytes, const Bytes& new_bytes) {
    const auto layer = [](const Bytes& program) {
      return tar_file("app", std::string(program.begin(), program.end())) + tar_end();
    };
    TwoHosts hosts;
    hosts.destination.engine.add({"app:1"}, {layer(old_bytes)});
    hosts.source.engine.add({"app:1"}, {layer(new_bytes)});
    CHECK(hosts.sync("app:1").result == Result::updated);
    hosts.check_same("app:1");
    return hosts.bytes;
  };
  const Bytes old_code = functions(60'000, 1);
  Bytes new_code = functions(60'000, 1, true);
  for (size_t i = 1'000; i < new_code.size(); i += 300'000) new_code[i] ^= 1;
  const uint64_t as_code = bytes_of_sync(program(old_code), program(new_code));
  const uint64_t as_bytes = bytes_of_sync(old_code, new_code);
  CHECK(as_code < as_bytes / 2);
  // One that became none, and the other way round, has nothing in common with what was signed.
  CHECK(bytes_of_sync(program(old_code), new_code) < 2 * as_bytes);
  CHECK(bytes_of_sync(old_code, program(new_code)) < 2 * as_bytes);
}

TEST_CASE("old files that have nothing but their paths in common with the new ones cost next to nothing") {
  // Never more than 1.02 times the layers through zstd, which noise is as large as, and 64 KiB.
  TwoHosts hosts;
  Bytes old, fresh;
  uint64_t size = 0;
  for (uint32_t i = 0; i < 1500; ++i) {
    const std::string content = noise(3'000 + i * 13 % 20'000, 50'000 + i);
    size += content.size() + 512;
    append(old, tar_file("f" + std::to_string(i), noise(3'000 + i * 11 % 20'000, i)));
    append(fresh, tar_file("f" + std::to_string(i), content));
  }
  hosts.destination.engine.add({"app:1"}, {old + tar_end()});
  bool has_old = false;
  SUBCASE("at the destination") {}
  SUBCASE("at both ends") { has_old = true; }
  if (has_old) hosts.source.engine.add({}, {old + tar_end()});
  hosts.source.engine.add({"app:1"}, {fresh + tar_end()});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < size * 51 / 50 + (64 << 10));
}

TEST_CASE("a signature of an inflated form is no good for a new content that has none, and is paid all the same") {
  // A gzip file of one stored block, and a new version that only begins like one.
  const std::string head("\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x60\xea\x9f\x15", 15);
  const std::string tail("\0\0\0\0\x60\xea\0\0", 8);
  TwoHosts hosts;
  Bytes old = tar_file("a.gz", head + noise(60'000, 1) + tail), fresh = tar_file("a.gz", head + noise(60'008, 2));
  for (uint32_t i = 0; i < 400; ++i) {
    append(old, tar_file("f" + std::to_string(i), noise(20'000, 10'000 + i)));
    append(fresh, tar_file("f" + std::to_string(i), noise(20'000, 20'000 + i)));
  }
  hosts.destination.engine.add({"app:1"}, {old + tar_end()});
  hosts.source.engine.add({"app:1"}, {fresh + tar_end()});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
}

TEST_CASE("an archive of mixed making, which samples do not show, is asked for again") {
  const auto archive = [](int odd, const std::string& last) {
    Bytes zip;
    for (int i = 0; i < 60; ++i) {
      Bytes file = archives::text(300 + i);
      append(file, {last.begin(), last.end()});
      const auto method = i == odd ? DeflateMethod::zlib(9) : DeflateMethod::zlib(6);
      append(zip, archives::zip_member(std::to_string(i), archives::deflated(file, method), file.size()));
    }
    append(zip, archives::zip_end());
    return std::string(zip.begin(), zip.end());
  };
  const auto bytes_of_sync = [&](const std::string& old_archive, const std::string& new_archive) {
    TwoHosts hosts;
    hosts.destination.engine.add({"app:1"}, {kBase, tar_file("app.jar", old_archive) + tar_end()});
    hosts.source.engine.add({"app:1"}, {kBase, tar_file("app.jar", new_archive) + tar_end()});
    CHECK(hosts.sync("app:1").result == Result::updated);
    hosts.check_same("app:1");
    return hosts.bytes;
  };
  const std::string old_archive = archive(-1, "old");
  REQUIRE(archive(41, "new") != archive(-1, "new"));
  // Every eighth part is tried, so that one is seen.
  const uint64_t guessed_right = bytes_of_sync(old_archive, archive(40, "new"));
  CHECK(bytes_of_sync(old_archive, archive(41, "new")) > 3 * guessed_right);
}

TEST_CASE("an old image that goes while it is read costs bytes, not the image") {
  TwoHosts hosts;
  const Bytes old = tar_file("app", noise(300'000, 2)) + tar_end();
  hosts.destination.engine.add({"app:1"}, {kBase, old});
  hosts.source.engine.add({}, {kBase, old});
  hosts.source.engine.add({"app:1"}, {kBase, tar_file("app", noise(300'000, 2) + "!") + tar_end()});
  FakeHost* damaged = nullptr;
  // The destination signs what it has; without it there is nothing to build on.
  uint64_t least = 0, most = 0;
  SUBCASE("at the source") {
    damaged = &hosts.source;
    most = 12'000;
  }
  SUBCASE("at the destination") {
    damaged = &hosts.destination;
    least = 300'000;
    most = 330'000;
  }
  damaged->engine.damage_saved_layer = [&](Bytes& layer) {
    if (layer == old) layer[1000] ^= 1;
  };
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes > least);
  CHECK(hosts.bytes < most);
}

TEST_CASE("layers that the destination has in another chain do not travel") {
  TwoHosts hosts;
  const Bytes one = tar_file("one", noise(200'000, 1)) + tar_end(),
              two = tar_file("two", noise(200'000, 2)) + tar_end();
  hosts.destination.engine.add({"app:1"}, {one, two});
  hosts.source.engine.add({"app:1"}, {two, one});
  const Outcome outcome = hosts.sync("app:1");
  CHECK(outcome.plan.layers_needed() == 0);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < 5'000);
}

TEST_CASE("an engine that takes any layer it has is given none of them") {
  for (const bool takes_any_layer : {false, true}) {
    TwoHosts hosts;
    hosts.destination.engine.takes_any_layer = takes_any_layer;
    const Bytes one = tar_file("one", noise(200'000, 1)) + tar_end(),
                two = tar_file("two", noise(200'000, 2)) + tar_end();
    hosts.destination.engine.add({"app:1"}, {one, two});
    hosts.source.engine.add({"app:1"}, {two, one});
    CHECK(hosts.sync("app:1").result == Result::updated);
    hosts.check_same("app:1");
    constexpr size_t kMetadata = 5;
    CHECK(hosts.destination.engine.files_loaded == kMetadata + (takes_any_layer ? 0 : 2));
  }
}

TEST_CASE("a layer that goes before the load, from an engine that takes any, is planned for again") {
  TwoHosts hosts;
  hosts.destination.engine.takes_any_layer = true;
  const Bytes one = tar_file("one", noise(2'000, 1)) + tar_end(), two = tar_file("two", noise(2'000, 2)) + tar_end();
  const std::string other = hosts.destination.engine.add({"other:1"}, {one, two});
  hosts.source.engine.add({"app:1"}, {two});
  hosts.destination.engine.before_load = [&] { hosts.destination.engine.remove(other); };
  CHECK(hosts.sync("app:1").result == Result::added);
  hosts.check_same("app:1");
}

TEST_CASE("a short name is that of an image on localhost where there is no other") {
  TwoHosts hosts;
  hosts.source.engine.add({"localhost/app:1"}, {kBase});
  Selection selection;
  selection.names = {Reference::parse("app:1")};
  CHECK(hosts.run(selection).at(0).result == Result::failed);  // written in full, it means what it says
  selection.short_names = {Reference::parse("app:1")};
  CHECK(hosts.run(selection).at(0).result == Result::added);
  hosts.check_same("localhost/app:1");
  CHECK(hosts.destination.engine.id_of("app:1").empty());

  const std::string official = hosts.source.engine.add({"app:1"}, {kBase, kBase});
  CHECK(hosts.run(selection).at(0).result == Result::added);
  CHECK(hosts.destination.engine.id_of("app:1") == official);
}

TEST_CASE("an image that is there under another name, or none, only gets its name") {
  TwoHosts hosts;
  hosts.source.engine.add({"app:1"}, {kBase});
  hosts.destination.engine.add({}, {kBase});
  CHECK(hosts.sync("app:1").result == Result::added);
  hosts.check_same("app:1");
  CHECK(hosts.destination.engine.loads == 0);
  CHECK(hosts.source.engine.saves == 0);
}

TEST_CASE("an image that differs only in its environment is updated without a layer") {
  TwoHosts hosts;
  hosts.destination.engine.add({"app:1"}, {kBase}, "2024-01-01T00:00:00Z", "A=1");
  hosts.source.engine.add({"app:1"}, {kBase}, "2024-01-01T00:00:00Z", "A=2");
  const Outcome outcome = hosts.sync("app:1");
  CHECK(outcome.result == Result::updated);
  hosts.check_same("app:1");
}

TEST_CASE("a layer common to two images of a run travels once") {
  TwoHosts hosts;
  const Bytes common = tar_file("common", noise(300'000, 1)) + tar_end();
  hosts.source.engine.add({"one"}, {common, tar_file("a", "1") + tar_end()});
  hosts.source.engine.add({"two"}, {common, tar_file("a", "2") + tar_end()});
  hosts.source.engine.add({"three"}, {tar_file("x", "y") + tar_end(), common});
  Selection selection;
  selection.all = true;
  for (const Outcome& outcome : hosts.run(selection)) CHECK(outcome.result == Result::added);
  hosts.check_same("one");
  hosts.check_same("two");
  hosts.check_same("three");
  CHECK(hosts.bytes < 320'000);
}

TEST_CASE("what an engine has started ends with the last image that is planned, and not before") {
  TwoHosts hosts;
  for (const char* name : {"one", "two", "three"}) hosts.source.engine.add({name}, {tar_file(name, "1") + tar_end()});
  Selection selection;
  selection.all = true;
  for (const Outcome& outcome : hosts.run(selection)) CHECK(outcome.result == Result::added);
  REQUIRE(hosts.source.engine.saves_and_loads_at_end);
  CHECK(hosts.source.engine.saves_and_loads_at_end->first == 3);
  REQUIRE(hosts.destination.engine.saves_and_loads_at_end);
  CHECK(hosts.destination.engine.saves_and_loads_at_end->second >= 2);
}

TEST_CASE("-u and -n choose by status, and leave a newer copy alone unless forced") {
  TwoHosts hosts;
  auto& source = hosts.source.engine;
  auto& destination = hosts.destination.engine;
  source.add({"old"}, {tar_file("a", "1") + tar_end()}, "2024-01-02T00:00:00Z");
  destination.add({"old"}, {tar_file("a", "0") + tar_end()}, "2024-01-01T00:00:00Z");
  source.add({"behind"}, {tar_file("b", "1") + tar_end()}, "2024-01-01T00:00:00Z");
  destination.add({"behind"}, {tar_file("b", "2") + tar_end()}, "2024-01-02T00:00:00Z");
  source.add({"fresh"}, {tar_file("c", "1") + tar_end()});
  const std::string theirs = destination.id_of("behind");

  Selection selection;
  SUBCASE("update") {
    selection.update = true;
    hosts.run(selection);
    hosts.check_same("old");
    CHECK(destination.id_of("behind") == theirs);
    CHECK(destination.id_of("fresh").empty());
  }
  SUBCASE("new") {
    selection.new_images = true;
    hosts.run(selection);
    CHECK(destination.id_of("old") != source.id_of("old"));
    hosts.check_same("fresh");
  }
  SUBCASE("all by force") {
    selection.all = selection.force = true;
    hosts.run(selection);
    hosts.check_same("old");
    hosts.check_same("behind");
    hosts.check_same("fresh");
  }
  SUBCASE("a name is always meant") {
    selection.names = {Reference::parse("behind")};
    hosts.run(selection);
    hosts.check_same("behind");
  }
  SUBCASE("a dry run changes nothing") {
    selection.all = selection.dry_run = true;
    for (const Outcome& outcome : hosts.run(selection)) {
      CHECK((outcome.result == Result::planned || outcome.result == Result::skipped));
    }
    CHECK(destination.ids().size() == 2);
    CHECK(source.saves == 0);
  }
}

TEST_CASE("an image that does not exist does not stop the others") {
  TwoHosts hosts;
  hosts.source.engine.add({"app:1"}, {kBase});
  Selection selection;
  selection.names = {Reference::parse("nothere"), Reference::parse("app:1")};
  const auto outcomes = hosts.run(selection);
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].result == Result::failed);
  CHECK(outcomes[0].error->code() == ExitCode::image);
  CHECK(outcomes[0].error->host() == "source");
  CHECK(outcomes[1].result == Result::added);
}

TEST_CASE("a failed load leaves the destination as it was, and the next image is tried") {
  TwoHosts hosts;
  hosts.source.engine.add({"bad"}, {kBase, tar_file("a", noise(50'000, 1)) + tar_end()});
  hosts.source.engine.add({"good"}, {kBase, tar_file("b", noise(50'000, 2)) + tar_end()});
  hosts.destination.engine.before_load = [&, first = true]() mutable {
    if (std::exchange(first, false)) throw Error(ExitCode::engine, "the daemon is unwell");
  };
  Selection selection;
  selection.names = {Reference::parse("bad"), Reference::parse("good")};
  const auto outcomes = hosts.run(selection);
  CHECK(outcomes[0].result == Result::failed);
  CHECK(outcomes[0].error->host() == "destination");
  CHECK(outcomes[1].result == Result::added);
  CHECK(hosts.destination.engine.ids().size() == 1);
}

TEST_CASE("an image removed at the source while syncing is an image error") {
  TwoHosts hosts;
  const std::string id = hosts.source.engine.add({"app:1"}, {kBase});
  hosts.source.engine.before_save = [&] { hosts.source.engine.remove(id); };
  const Outcome outcome = hosts.sync("app:1");
  CHECK(outcome.result == Result::failed);
  CHECK(outcome.error->code() == ExitCode::image);
  CHECK(hosts.destination.engine.ids().empty());
}

TEST_CASE("a chain prefix that vanishes between plan and load is planned for again") {
  TwoHosts hosts;
  const std::string parent = hosts.destination.engine.add({"parent"}, {kBase});
  hosts.source.engine.add({"app:1"}, {kBase, tar_file("a", noise(1000, 1)) + tar_end()});
  hosts.destination.engine.before_load = [&] { hosts.destination.engine.remove(parent); };
  const Outcome outcome = hosts.sync("app:1");
  CHECK(outcome.result == Result::added);
  CHECK(outcome.plan.layers_needed() == 2);
  hosts.check_same("app:1");
}

TEST_CASE("a basis that is damaged on its disk costs bytes, not the image") {
  TwoHosts hosts;
  hosts.destination.engine.add({"app:1"}, {tar_file("app", noise(300'000, 2)) + tar_end()});
  std::string program = noise(300'000, 2);
  program += "!";
  hosts.source.engine.add({"app:1"}, {tar_file("app", program) + tar_end()});
  hosts.destination.engine.damage_saved_layer = [](Bytes& layer) { layer[1000] ^= 1; };
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
}

TEST_CASE("signatures and contents far beyond pipes and windows pass each other") {
  // Every file changed in its middle: each costs a full signature one way and a delta the other, while the next
  // are being offered. With windows of 64 KiB each of the three streams is full most of the time.
  TwoHosts hosts;
  hosts.source.stream_window = hosts.destination.stream_window = 64 << 10;
  Bytes before, after;
  for (uint32_t i = 0; i < 400; ++i) {
    std::string content = noise(60'000, i);
    const std::string name = "f" + std::to_string(i);
    append(before, tar_file(name, content));
    content.replace(30'000, 20'000, noise(20'000, 1000 + i));
    append(after, tar_file(name, content));
  }
  hosts.destination.engine.add({"app:1"}, {before + tar_end()});
  hosts.source.engine.add({"app:1"}, {after + tar_end()});
  const Outcome outcome = hosts.sync("app:1");
  CHECK(outcome.result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes > 400 * 20'000);
}

TEST_CASE("where a basis has to be saved, a link that was fast gets needed layers whole") {
  TwoHosts hosts;
  const std::string program = noise(2'000'000, 2);
  hosts.destination.engine.add({"app:1"}, {kBase, tar_file("app", program) + tar_end()});
  hosts.source.engine.add({"app:1"}, {kBase, tar_file("app", program + "new") + tar_end()});
  Selection selection;
  selection.names = {Reference::parse("app:1")};
  const auto basis_by = [&](bool in_place, uint64_t bytes_per_second) {
    hosts.destination.engine.says_it_reads_in_place = in_place;
    selection.link.bytes_per_second = bytes_per_second;
    selection.dry_run = true;
    return hosts.run(selection).at(0).plan.basis.kind;
  };
  CHECK(basis_by(false, 0) == BasisKind::same_name);
  CHECK(basis_by(false, 12'500'000) == BasisKind::same_name);
  CHECK(basis_by(true, 125'000'000) == BasisKind::same_name);
  CHECK(basis_by(false, 125'000'000) == BasisKind::none);

  selection.dry_run = false;
  hosts.destination.engine.saves = 0;
  CHECK(hosts.run(selection).at(0).result == Result::updated);
  CHECK(hosts.destination.engine.saves == 0);
  CHECK(hosts.bytes > 2'000'000);
  hosts.check_same("app:1");
}

TEST_CASE("over a link that was fast layers travel as they come out of a save, whatever they hold") {
  TwoHosts hosts;
  hosts.source.engine.names_saved_layers = true;
  // Twice the same, and more than may be under way at once.
  const std::string same = noise(20'000'000, 3);
  hosts.source.engine.add({"app:1"}, {tar_file("b", same) + tar_end(), tar_file("c", same) + tar_end(), kBase});
  Selection selection;
  selection.names = {Reference::parse("app:1")};
  SUBCASE("and where it was not, or is not known, what is there twice travels once") {}
  SUBCASE("twice") { selection.link.bytes_per_second = 125'000'000; }
  CHECK(hosts.run(selection).at(0).result == Result::added);
  CHECK((hosts.bytes > 2 * same.size()) == (selection.link.bytes_per_second > 0));
  hosts.check_same("app:1");
}

TEST_CASE("a layer that is damaged while it passes leaves the destination as it was") {
  TwoHosts hosts;
  hosts.source.engine.names_saved_layers = true;
  hosts.source.engine.damage_saved_layer = [](Bytes& layer) { layer.back() ^= 1; };
  hosts.source.engine.add({"app:1"}, {tar_file("b", noise(20'000'000, 3)) + tar_end(), kBase});
  Selection selection;
  selection.names = {Reference::parse("app:1")};
  selection.link.bytes_per_second = 125'000'000;
  CHECK(hosts.run(selection).at(0).result == Result::failed);
  CHECK(hosts.destination.engine.ids().empty());
}

TEST_CASE("progress is told only where somebody looks at it") {
  TwoHosts hosts;
  hosts.source.engine.add({"app:1"}, {kBase});
  SUBCASE("nobody") {}
  SUBCASE("somebody") { hosts.progress = true; }
  CHECK(hosts.sync("app:1").result == Result::added);
  CHECK((hosts.reports > 0) == hosts.progress);
}

TEST_CASE("a report names every image of the source, and counts what has no name") {
  TwoHosts hosts;
  hosts.source.engine.add({"same"}, {kBase});
  hosts.destination.engine.add({"same"}, {kBase});
  hosts.source.engine.add({"changed"}, {kBase}, "2024-01-02T00:00:00Z", "A=2");
  hosts.destination.engine.add({"changed"}, {kBase}, "2024-01-01T00:00:00Z", "A=1");
  hosts.source.engine.add({"fresh:1", "fresh:2"}, {tar_file("a", "1") + tar_end()});
  hosts.destination.engine.add({"theirs"}, {tar_file("a", "2") + tar_end()});
  hosts.destination.engine.add({}, {tar_file("a", "3") + tar_end()});
  std::optional<Report> report;
  {
    Session session({hosts.source.serve_narrowly(), "source", "/tmp"},
                    {hosts.destination.serve_narrowly(), "destination", "/tmp"}, false);
    report = make_report(session);
  }
  std::string text;
  for (const ImagePlan& image : report->images)
    text += image.name.familiar() + " " + std::string(name_of(image.status)) + "\n";
  CHECK(text == "changed:latest need update\nfresh:1 new\nfresh:2 new\nsame:latest current\n");
  REQUIRE(report->only_there.size() == 1);
  CHECK(report->only_there[0].names[0].familiar() == "theirs:latest");
  CHECK(report->untagged_source == 0);
  CHECK(report->untagged_destination == 1);
  hosts.source.wait();
  hosts.destination.wait();
}

TEST_CASE("a second sync finds the layers' indexes in the cache, of what it read and of what it rebuilt") {
  const CacheScratch scratch;
  const LayerCache cache(scratch.path + "/layers");
  TwoHosts hosts;
  hosts.destination.cache_folder = scratch.path;
  std::string program = noise(300'000, 2);
  const auto build = [&] {
    // Known groups, contents that are asked for, sent, repeated and empty: a rebuilt layer has all kinds of pieces.
    Bytes layer = tar_folder("usr/") + tar_file("app", program) + tar_file("empty", "");
    for (uint32_t i = 0; i < 300; ++i) append(layer, tar_file("f" + std::to_string(i), noise(1000 + i % 700, i)));
    return layer + tar_file("twice", program) + tar_end();
  };
  const Bytes first = build();
  hosts.destination.engine.add({"app:1"}, {kBase, first});
  program.replace(100'000, 5, "12345");
  const Bytes second = build();
  hosts.source.engine.add({"app:1"}, {kBase, second});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(cache.look_at(Digest::of(first)) == index_layer(MemoryFile(first)));
  CHECK(cache.look_at(Digest::of(second)) == index_layer(MemoryFile(second)));

  program.replace(200'000, 5, "12345");
  hosts.source.engine.add({"app:1"}, {kBase, build()});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < 12'000);
}

TEST_CASE("an index that says what is not so costs a sync without basis, and is gone") {
  const CacheScratch scratch;
  const LayerCache cache(scratch.path + "/layers");
  TwoHosts hosts;
  const Bytes old = tar_file("app", noise(300'000, 2)) + tar_file("lib", noise(300'000, 3)) + tar_end();
  SUBCASE("at the destination") { hosts.destination.cache_folder = scratch.path; }
  SUBCASE("at the source") {
    hosts.source.cache_folder = scratch.path;
    hosts.source.engine.add({}, {kBase, old});
  }
  LayerIndex wrong = index_layer(MemoryFile(old));
  std::swap(wrong.files[0].hash, wrong.files[1].hash);
  cache.store(Digest::of(old), wrong);
  hosts.destination.engine.add({"app:1"}, {kBase, old});
  hosts.source.engine.add({"app:1"}, {kBase, tar_file("moved", noise(300'000, 3)) + tar_end()});
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes > 300'000);
  CHECK_FALSE(cache.look_at(Digest::of(old)).has_value());
}

namespace {

/// The destination has a model in an image that is no basis, and its index from a sync before; then the source's app
/// gets that model too.
struct ElsewhereHosts : TwoHosts {
  explicit ElsewhereHosts(size_t model_bytes = 3'000'000) : model(noise(model_bytes, 7)) {
    destination.cache_folder = scratch.path;
    layer = tar_file("model", model) + tar_file("second", noise(100'000, 8)) + tar_end();
    other = destination.engine.add({"other:1"}, {layer});
    LayerCache(scratch.path + "/layers").store(Digest::of(layer), index_layer(MemoryFile(layer)));
    destination.engine.add({"app:1"}, {kBase, tar_file("app", noise(10'000, 2)) + tar_end()});
    source.engine.add(
        {"app:1"}, {kBase,
                    tar_file("app", noise(10'000, 3)) + tar_file("data/model", model) + tar_file("data/again", model) +
                        tar_file("data/second", noise(100'000, 8)) + tar_end(),
                    tar_file("more", noise(50'000, 9)) + tar_file("copy", model) + tar_end()});
  }
  CacheScratch scratch;
  std::string model, other;
  Bytes layer;
};

}  // namespace

TEST_CASE("contents of another image of the destination do not travel") {
  ElsewhereHosts hosts;
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes < 70'000);
  CHECK(hosts.destination.engine.saves == 2);
}

TEST_CASE("another image is not read for a little") {
  ElsewhereHosts hosts(900'000);
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes > 900'000);
  CHECK(hosts.destination.engine.saves == 1);
}

TEST_CASE("a large image is not read for a small part of it") {
  ElsewhereHosts hosts;
  hosts.destination.engine.says_larger_by = 500'000'000;
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes > 3'000'000);
  CHECK(hosts.destination.engine.saves == 1);
}

TEST_CASE("what another image had is asked for after all") {
  ElsewhereHosts hosts;
  auto& destination = hosts.destination.engine;
  int saves = 2;
  SUBCASE("when it goes while syncing") {
    destination.before_save = [&, first = true]() mutable {
      if (!std::exchange(first, false)) destination.remove(hosts.other);
    };
  }
  SUBCASE("when it went before") {
    destination.remove(hosts.other);
    saves = 1;
  }
  SUBCASE("when its layer is damaged") {
    destination.damage_saved_layer = [&](Bytes& layer) {
      if (layer == hosts.layer) layer[1000] ^= 1;
    };
  }
  SUBCASE("when its index was wrong") {
    LayerIndex wrong = index_layer(MemoryFile(hosts.layer));
    ++wrong.contents[0].offset;
    LayerCache(hosts.scratch.path + "/layers").store(Digest::of(hosts.layer), wrong);
  }
  CHECK(hosts.sync("app:1").result == Result::updated);
  hosts.check_same("app:1");
  CHECK(hosts.bytes > 3'000'000);
  CHECK(hosts.bytes < 3'300'000);
  CHECK(destination.saves == saves);
}

TEST_CASE("images go between stores of either kind, both ways, and are current afterwards") {
  for (const auto& containerd : {std::pair(false, true), {true, false}, {true, true}}) {
    CAPTURE(containerd.first);
    CAPTURE(containerd.second);
    TwoHosts hosts;
    hosts.source.engine.containerd_store = containerd.first;
    hosts.destination.engine.containerd_store = containerd.second;
    const Bytes app = tar_file("app", noise(100'000, 2)) + tar_end();
    hosts.source.engine.add({"app:1"}, {kBase, app});
    CHECK(hosts.sync("app:1").result == Result::added);
    hosts.check_same_content("app:1");
    CHECK(hosts.sync("app:1").result == Result::current);

    hosts.source.engine.add({"app:1"}, {kBase, tar_file("app", noise(100'000, 2) + "more") + tar_end()},
                            "2024-02-02T00:00:00Z");
    const Outcome outcome = hosts.sync("app:1");
    CHECK(outcome.result == Result::updated);
    hosts.check_same_content("app:1");
    CHECK(hosts.destination.engine.layers_loaded == 1);
    CHECK(hosts.bytes < 20'000);
    CHECK(hosts.destination.engine.ids().size() == 2);
  }
}

TEST_CASE("a containerd store keeps the layers that it has in the form that it has") {
  TwoHosts hosts;
  hosts.destination.engine.containerd_store = true;
  hosts.destination.engine.add({"parent:1"}, {kBase});
  hosts.source.engine.add({"app:1"}, {kBase}, "2024-01-01T00:00:00Z", "CHANGED=1");
  CHECK(hosts.sync("app:1").result == Result::added);
  CHECK(hosts.destination.engine.layers_loaded == 0);
  hosts.check_same_content("app:1");
}

TEST_CASE("what a containerd store does not take in parts is loaded whole, and costs nothing on the wire") {
  TwoHosts hosts;
  hosts.destination.engine.containerd_store = true;
  hosts.destination.engine.add({"parent:1"}, {kBase});
  hosts.destination.engine.refuses_partial_loads = true;
  hosts.source.engine.add({"app:1"}, {kBase, tar_file("app", "new") + tar_end()});
  CHECK(hosts.sync("app:1").result == Result::added);
  CHECK(hosts.destination.engine.layers_loaded == 2);
  CHECK(hosts.bytes < 10'000);
  hosts.check_same_content("app:1");
  CHECK(hosts.destination.engine.ids().size() == 2);
}

TEST_CASE("a containerd store that refuses the whole, too, is left as it was") {
  TwoHosts hosts;
  hosts.destination.engine.containerd_store = true;
  const std::string parent = hosts.destination.engine.add({"parent:1"}, {kBase});
  hosts.destination.engine.before_load = [] { throw Error(ExitCode::engine, "not today"); };
  hosts.source.engine.add({"app:1"}, {kBase, tar_file("app", "new") + tar_end()});
  const Outcome outcome = hosts.sync("app:1");
  REQUIRE(outcome.error);
  CHECK(outcome.error->code() == ExitCode::engine);
  CHECK(hosts.destination.engine.ids() == std::vector{parent});
}

TEST_CASE("a config digest that a containerd store does not tell is known once the image was read or loaded") {
  const CacheScratch here, there;
  TwoHosts hosts;
  hosts.source.cache_folder = here.path;
  hosts.destination.cache_folder = there.path;
  hosts.source.engine.containerd_store = true;
  hosts.destination.engine.containerd_store = true;
  const std::string id = hosts.source.engine.add({"app:1"}, {kBase});
  CHECK_FALSE(hosts.sync("app:1").plan.source.identity.config);
  const Outcome outcome = hosts.sync("app:1");
  CHECK(outcome.result == Result::current);
  const std::optional<Digest> config = Digest::of(hosts.source.engine.config_of(id));
  CHECK(outcome.plan.source.identity.config == config);
  REQUIRE(outcome.plan.destination);
  CHECK(outcome.plan.destination->identity.config == config);
}
