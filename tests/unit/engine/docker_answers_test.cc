// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/docker_answers.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace docker_sync;

namespace {

const std::string kId = "sha256:bc5fa10577518911a37aa7e55404643429989485629a224c8e2da9ed5423ecb9";
const std::string kLayer = "sha256:3e20eb294191e56d3c8cf9c6aa4e20b7525a45a4de4e665ed6736791cb2d33ab";

/// One image, as Docker 20.10 and as Docker 28 show it: what of Config differs is not part of the image.
const std::string kOldShape = R"({"Id":")" + kId + R"(","RepoTags":["app:1","host:5000/app:1"],"RepoDigests":[],
  "Parent":"sha256:56d6","Created":"2026-11-23T04:33:26.344583323Z","Container":"11b91dc3",
  "ContainerConfig":{"Hostname":"vm"},"DockerVersion":"20.10.24",
  "Config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"ExposedPorts":{"80/tcp":{}},"Tty":false,
    "Env":["PATH=/bin","A=1","EMPTY="],"Cmd":["/bin/sh"],"Image":"sha256:56d6bf9e","Volumes":null,"WorkingDir":"",
    "Entrypoint":null,"OnBuild":null,"Labels":{"x":"<y>"}},
  "Architecture":"amd64","Os":"linux","Size":1982266,"VirtualSize":1982266,
  "RootFS":{"Type":"layers","Layers":[")" + kLayer + R"("]}})";
const std::string kNewShape = R"({"Id":"sha256:571d7d50571d7d50571d7d50571d7d50571d7d50571d7d50571d7d50571d7d50",
  "RepoTags":["app:1"],"RepoDigests":["app@sha256:571d"],"Created":"2026-11-23T04:33:26.344583323Z",
  "Config":{"Labels":{"x":"\u003cy\u003e"},"Cmd":["/bin/sh"],"ExposedPorts":{"80/tcp":{}},
    "Env":["PATH=/bin","A=1","EMPTY="]},
  "Architecture":"amd64","Variant":"","Os":"linux","Size":999,"Descriptor":{"mediaType":"x"},
  "RootFS":{"Type":"layers","Layers":[")" + kLayer + R"("]}})";

void replace(std::string& text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != text.npos);
  text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the API version is ours where the daemon speaks it, else the nearest it has") {
  const auto api = [](const std::string& newest, const std::string& oldest) {
    return parse_version(R"({"Version":"1","ApiVersion":")" + newest + R"(","MinAPIVersion":")" + oldest + "\"}").api;
  };
  CHECK(api("1.41", "1.12") == "1.41");  // 20.10
  CHECK(api("1.45", "1.24") == "1.41");  // 26.1
  CHECK(api("1.51", "1.24") == "1.41");  // 28.5
  CHECK(api("1.52", "1.44") == "1.44");  // 29
  CHECK(api("1.39", "1.12") == "1.39");  // 18.09
  CHECK(api("2.0", "1.50") == "1.50");
  CHECK(api("1.100", "1.9") == "1.41");
  CHECK(parse_version(R"({"Version":"1","ApiVersion":"1.41","Arch":"arm64"})").architecture == "arm64");
}

TEST_CASE("a version that is none is an engine error") {
  for (const char* text : {"", "{}", "[]", R"({"Version":"1","ApiVersion":"x"})",
                           R"({"Version":"1","ApiVersion":"1."})",
                           R"({"Version":"1","ApiVersion":"1.41/../x"})", R"({"Version":1,"ApiVersion":"1.41"})",
                           R"({"Version":"1","ApiVersion":"1.99999999999999999999"})"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS((void)parse_version(text), doctest::Contains("Docker's version"), Error);
  }
}

TEST_CASE("a containerd store is told by its driver-type") {
  const auto classic = parse_store(R"({"DockerRootDir":"/data","Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]]})");
  CHECK(classic.kind == StoreKind::classic);
  CHECK(classic.driver == "overlay2");
  CHECK(classic.root == "/data");
  const auto containerd = parse_store(
      R"({"Driver":"overlayfs","DriverStatus":[["a"],["driver-type","io.containerd.snapshotter.v1"]]})");
  CHECK(containerd.kind == StoreKind::containerd);
  CHECK(parse_store(R"({"DriverStatus":null})").kind == StoreKind::classic);
  CHECK_THROWS_AS((void)parse_store("nonsense"), Error);
}

TEST_CASE("of the list of images only the IDs are read") {
  CHECK(parse_image_ids("[]").empty());
  CHECK(parse_image_ids(R"([{"Containers":-1,"Id":"sha256:a","Labels":{"Id":"no","x":["Id"]},"RepoTags":null},
                            {"RepoTags":["x:1"],"Labels":null,"Id":"sha256:b"}])") ==
        std::vector<std::string>{"sha256:a", "sha256:b"});
  CHECK_THROWS_AS((void)parse_image_ids(R"([{"RepoTags":[]}])"), Error);
  CHECK_THROWS_AS((void)parse_image_ids(R"([{"Id":5}])"), Error);
  CHECK_THROWS_AS((void)parse_image_ids(R"([{"Id":"sha256:a"})"), Error);
}

TEST_CASE("an image is whole if it is listed, and not said to lack anything") {
  const std::string old_list = R"([{"Id":"sha256:a","RepoTags":null},{"Id":"sha256:b"}])";
  CHECK(lists_whole(old_list, "sha256:b"));
  CHECK_FALSE(lists_whole(old_list, "sha256:c"));
  CHECK_FALSE(lists_whole("[]", "sha256:a"));
  const auto list = [](const std::string& manifests) {
    return R"([{"Id":"sha256:x"},{"Id":"sha256:a","Manifests":)" + manifests + R"(,"Descriptor":{"Id":{"a":[[{}]]}}}])";
  };
  const std::string there = R"({"Kind":"image","Available":true,"ImageData":{"Platform":{"os":"linux"}}})";
  const std::string lost = R"({"Kind":"image","Available":false})";
  const std::string attestation = R"({"Kind":"attestation","Available":true})";
  CHECK(lists_whole(list("null"), "sha256:a"));
  CHECK(lists_whole(list("[" + attestation + "," + lost + "," + there + "]"), "sha256:a"));
  CHECK_FALSE(lists_whole(list("[" + lost + "," + attestation + "]"), "sha256:a"));
  CHECK_FALSE(lists_whole(list("[]"), "sha256:a"));
  CHECK_THROWS_AS((void)lists_whole(list("[{}]"), "sha256:a"), Error);
  CHECK_THROWS_AS((void)lists_whole("[{}]", "sha256:a"), Error);
}

TEST_CASE("only a daemon of API 1.48 or later tells what is available") {
  const auto tells = [](const std::string& api) {
    return parse_version(R"({"Version":"x","ApiVersion":")" + api + R"("})").tells_availability;
  };
  CHECK_FALSE(tells("1.41"));
  CHECK_FALSE(tells("1.47"));
  CHECK(tells("1.48"));
  CHECK(tells("1.51"));
}

TEST_CASE("the version is in what a daemon says of itself") {
  const std::string info = R"({"ServerVersion":"28.5.2","Architecture":"aarch64"})";
  const DockerVersion version = version_in_info(info, "1.51", "Docker/28.5.2 (linux)");
  CHECK(version.engine == "28.5.2");
  CHECK(version.api == "1.41");
  CHECK(version.architecture == "aarch64");
  CHECK(version.tells_availability);
  CHECK_FALSE(version.is_podman);
  CHECK_FALSE(version_in_info(info, "1.47", "").tells_availability);
  CHECK_FALSE(version_in_info(info, "", "").tells_availability);
  CHECK(version_in_info(info, "1.41", "Libpod/4.3.1 (linux)").is_podman);
  CHECK_THROWS_AS((void)version_in_info(info, "1.", ""), Error);
  CHECK_THROWS_AS((void)version_in_info("nonsense", "1.41", ""), Error);
  CHECK_THROWS_AS((void)version_in_info("{}", "1.41", ""), Error);
}

TEST_CASE("Podman's service is told from Docker") {
  const auto parse = [](const std::string& name) {
    return parse_version(R"({"Version":"4.3.1","ApiVersion":"1.41","Components":[{"Name":")" + name + R"("}]})");
  };
  CHECK(parse("Podman Engine").is_podman);
  CHECK_FALSE(parse("Engine").is_podman);
}

TEST_CASE("an image is read with its names, layers and identity") {
  const InspectedImage image = parse_image(kOldShape, StoreKind::classic);
  CHECK(image.info.id == kId);
  REQUIRE(image.info.names.size() == 2);
  CHECK(image.info.names[0] == Reference::parse("app:1"));
  CHECK(image.info.names[1] == Reference::parse("host:5000/app:1"));
  CHECK(image.info.identity.config == Digest::parse(kId));
  CHECK(image.info.identity.diff_ids == std::vector{Digest::parse(kLayer)});
  CHECK(image.info.created == "2026-11-23T04:33:26.344583323Z");
  CHECK(image.info.size == 1982266);
  CHECK(image.has_tag);
  CHECK_FALSE(image.has_digest);
}

TEST_CASE("the fingerprint has these bytes") {
  CHECK(parse_image(kOldShape, StoreKind::classic).info.identity.fingerprint ==
        R"({"Architecture":"amd64","Config":{"Cmd":["/bin/sh"],"Env":["PATH=/bin","A=1","EMPTY="],)"
        R"("ExposedPorts":{"80/tcp":{}},"Labels":{"x":"<y>"}},"Created":"2026-11-23T04:33:26.344583323Z",)"
        R"("Os":"linux"})");
}

TEST_CASE("old and new engines agree on one image, whatever their stores") {
  const Identity old_one = parse_image(kOldShape, StoreKind::classic).info.identity;
  const InspectedImage new_one = parse_image(kNewShape, StoreKind::containerd);
  CHECK_FALSE(new_one.info.identity.config.has_value());
  CHECK(new_one.has_digest);
  CHECK(new_one.info.identity.fingerprint == old_one.fingerprint);
  CHECK(new_one.info.identity.same_as(old_one));
}

TEST_CASE("what makes an image differ makes its fingerprint differ") {
  const std::string before = parse_image(kNewShape, StoreKind::containerd).info.identity.fingerprint;
  const std::pair<const char*, const char*> changes[] = {
      {"A=1", "A=2"}, {"/bin/sh", "/bin/ash"}, {"80/tcp", "81/tcp"}, {"amd64", "arm64"}, {"26.344", "27.344"},
      {R"("Variant":"")", R"("Variant":"v8")"}, {R"("Config":{)", R"("Config":{"User":"me",)"},
      {R"("Config":{)", R"("Config":{"Healthcheck":{"Test":["NONE"]},)"}, {"EMPTY=", ""}};
  for (const auto& change : changes) {
    CAPTURE(change.second);
    std::string changed = kNewShape;
    replace(changed, change.first, change.second);
    CHECK(parse_image(changed, StoreKind::containerd).info.identity.fingerprint != before);
  }
}

TEST_CASE("names that are none, or not names to us, are passed over") {
  std::string text = kOldShape;
  replace(text, R"(["app:1","host:5000/app:1"])", R"(["<none>:<none>"])");
  InspectedImage image = parse_image(text, StoreKind::classic);
  CHECK(image.info.names.empty());
  CHECK_FALSE(image.has_tag);

  replace(text, R"(["<none>:<none>"])", R"(["App:1"])");
  image = parse_image(text, StoreKind::classic);
  CHECK(image.info.names.empty());
  CHECK(image.has_tag);

  replace(text, R"(["App:1"])", "null");
  CHECK(parse_image(text, StoreKind::classic).info.names.empty());
}

TEST_CASE("a time that was not set is no time") {
  std::string text = kOldShape;
  replace(text, "2026-11-23T04:33:26.344583323Z", "0001-01-01T00:00:00Z");
  const ImageInfo zero = parse_image(text, StoreKind::classic).info;
  CHECK(zero.created.empty());
  replace(text, R"("Created":"0001-01-01T00:00:00Z",)", "");
  CHECK(parse_image(text, StoreKind::classic).info.identity.fingerprint == zero.identity.fingerprint);
}

TEST_CASE("an image whose layers the store has lost has none") {
  CHECK(parse_image(R"({"Id":"sha256:x","RootFS":{}})", StoreKind::containerd).info.identity.diff_ids.empty());
}

TEST_CASE("an image without sense is an engine error") {
  for (const char* text : {"", "{", "[]", "{}", R"({"Id":5})", R"({"Id":"sha256:short"})", R"({"Id":null})",
                           R"({"Id":"sha256:x","RootFS":{"Layers":["../../etc/passwd"]}})",
                           R"({"Id":"sha256:x","RootFS":{"Layers":[1]}})", R"({"Id":"sha256:x","RepoTags":[1]})"}) {
    CAPTURE(text);
    try {
      (void)parse_image(text, StoreKind::classic);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::engine);
    }
  }
}

TEST_CASE("every truncation of an image is an engine error") {
  for (size_t length = 0; length < kOldShape.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS((void)parse_image(kOldShape.substr(0, length), StoreKind::classic), Error);
  }
}

TEST_CASE("brackets without end are refused early") {
  CHECK_THROWS_WITH_AS((void)parse_image_ids(std::string(1 << 20, '[')), doctest::Contains("too deeply"), Error);
}

TEST_CASE("an error's message is its JSON message, or its text, never much") {
  CHECK(error_message(R"({"message":"no such image"})") == "no such image");
  CHECK(error_message("page not found\n") == "page not found\n");
  CHECK(error_message(R"({"message":5})") == R"({"message":5})");
  CHECK(error_message(std::string(1 << 20, 'x')).size() == 4096);
}
