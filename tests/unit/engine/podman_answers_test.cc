// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The texts are podman 4.3.1's own, shortened.
#include "engine/podman_answers.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "engine/docker_answers.h"

using namespace docker_sync;

namespace {

const std::string kConfig = R"({"architecture":"arm64","variant":"v8","os":"linux","created":"2024-01-02T03:04:05Z",)"
                            R"("config":{"Cmd":["x"],"Env":["A=b"],"Shell":["/bin/ash"]},)"
                            R"("rootfs":{"type":"layers","diff_ids":["sha256:)" +
                            std::string(64, 'b') + R"("]}})";
const std::string kId = Digest::of(as_bytes(kConfig)).text(), kHex = kId.substr(7);

/// As `podman image inspect` has it: without the config's Variant and Shell.
std::string described(const std::string& id = kHex, const std::string& driver = "overlay") {
  return R"({"Id":")" + id +
         R"(","Digest":"sha256:decf","RepoTags":["docker.io/library/mini:1","localhost/mini:2"],)"
         R"("RepoDigests":["docker.io/library/mini@sha256:decf"],"Parent":"","Created":"2024-01-02T03:04:05Z",)"
         R"("Config":{"Env":["A=b"],"Cmd":["x"]},"Version":"","Architecture":"arm64","Os":"linux","Size":22062,)"
         R"("GraphDriver":{"Name":")" +
         driver +
         R"(","Data":{"UpperDir":"/var/lib/x/overlay/b12f/diff"}},)"
         R"("RootFS":{"Type":"layers","Layers":["sha256:)" +
         std::string(64, 'b') +
         R"("]},"Labels":null,)"
         R"("History":[{"created_by":"l0"}],"NamesHistory":["docker.io/library/mini:1"]})";
}

PodmanStore store(const std::function<std::optional<std::string>(const std::string&)>& read) {
  return {read, [] { return std::string(); }};
}
const PodmanStore nothing = store([](const std::string&) { return std::nullopt; });

ExitCode code_of(const std::string& errors) {
  try {
    throw_podman_error("load the image", errors);
  } catch (const Error& error) {
    return error.code();
  }
}

}  // namespace

TEST_CASE("the version") {
  CHECK(parse_podman_version(R"({"Client":{"APIVersion":"4.3.1","Version":"4.3.1"}})") == "4.3.1");
  CHECK_THROWS_AS((void)parse_podman_version("{}"), Error);
  CHECK_THROWS_AS((void)parse_podman_version("cannot"), Error);
}

TEST_CASE("the list has full IDs, each once") {
  CHECK(parse_podman_ids(R"([{"Id":"a1","Names":["x"]},{"Id":"b2","RepoTags":null},{"Id":"a1"}])") ==
        std::vector<std::string>{"sha256:a1", "sha256:b2"});
  CHECK(parse_podman_ids("[]\n").empty());
}

TEST_CASE("an image is read, its ID being its config digest") {
  const auto images = parse_podman_images("[" + described() + "]", nothing);
  REQUIRE(images.size() == 1);
  const InspectedImage& image = images.front();
  CHECK(image.info.id == kId);
  CHECK(image.info.identity.config == Digest::parse(kId));
  REQUIRE(image.info.names.size() == 2);
  CHECK(image.info.names[0].familiar() == "mini:1");
  CHECK(image.info.names[1].full() == "localhost/mini:2");
  CHECK(image.info.identity.diff_ids == std::vector{Digest::parse("sha256:" + std::string(64, 'b'))});
  CHECK(image.info.created == "2024-01-02T03:04:05Z");
  CHECK(image.info.size == 22062);
  CHECK(image.has_tag);
  CHECK(image.has_digest);
}

TEST_CASE("what the description leaves out is taken from the config in the store") {
  std::string asked;
  const auto read = [&](const std::string& path) {
    asked = path;
    return std::optional(kConfig);
  };
  const auto images = parse_podman_images("[" + described() + "]", store(read));
  CHECK(asked.starts_with("/var/lib/x/overlay-images/" + kHex + "/=c2hhMjU2O"));
  // The same image in a containerd store, as Docker describes it.
  const InspectedImage docker = parse_image(
      R"({"Id":"sha256:decf","RepoTags":[],"Created":"2024-01-02T03:04:05Z","Architecture":"arm64","Variant":"v8",)"
      R"("Os":"linux","Config":{"Cmd":["x"],"Env":["A=b"],"Shell":["/bin/ash"],"Labels":null},)"
      R"("RootFS":{"Layers":["sha256:)" +
          std::string(64, 'b') + R"("]}})",
      StoreKind::containerd);
  CHECK(images.front().info.identity.same_as(docker.info.identity));
  // Without it they look different.
  CHECK_FALSE(
      parse_podman_images("[" + described() + "]", nothing).front().info.identity.same_as(docker.info.identity));
}

TEST_CASE("the config's path has the name that containers/storage gives the digest") {
  std::string asked;
  const std::string id = "1044d302c2d29f750155c18c5dc8629fd1c963bafefe3f75ec5793289c909b0f";
  (void)parse_podman_images("[" + described(id) + "]", store([&](const std::string& path) {
                              asked = path;
                              return std::optional(kConfig);  // that of another image: it is not believed
                            }));
  CHECK(asked == "/var/lib/x/overlay-images/" + id +
                     "/=c2hhMjU2OjEwNDRkMzAyYzJkMjlmNzUwMTU1YzE4YzVkYzg2MjlmZDFjOTYz"
                     "YmFmZWZlM2Y3NWVjNTc5MzI4OWM5MDliMGY=");
}

TEST_CASE("a config that is not that of the image, or is nowhere, is done without") {
  const auto plain = parse_podman_images("[" + described() + "]", nothing).front().info.identity.fingerprint;
  const auto other = [](const std::string&) { return std::optional<std::string>("{\"config\":{\"User\":\"me\"}}"); };
  CHECK(parse_podman_images("[" + described() + "]", store(other)).front().info.identity.fingerprint == plain);
}

TEST_CASE("where the description shows no folder, podman is asked for its own") {
  std::string asked;
  const PodmanStore vfs{[&](const std::string& path) {
                          asked = path;
                          return std::optional(kConfig);
                        },
                        [] { return std::string("/home/me/storage"); }};
  const auto images = parse_podman_images("[" + described(kHex, "vfs") + "]", vfs);
  CHECK(asked.starts_with("/home/me/storage/vfs-images/" + kHex + "/=c2hhMjU2O"));
  CHECK(images.front().info.identity.fingerprint.find("/bin/ash") != std::string::npos);
  asked.clear();
  (void)parse_podman_images("[" + described(kHex, "vfs") + "]", {vfs.read, [] { return std::string(); }});
  CHECK(asked.empty());
}

TEST_CASE("an image that is described twice, for itself and for a manifest list, comes once") {
  CHECK(parse_podman_images("[" + described() + "," + described() + "]", nothing).size() == 1);
  CHECK(parse_podman_images("[]", nothing).empty());
}

TEST_CASE("descriptions that are none are engine errors") {
  for (const char* text : {"", "[{}]", "[{\"Id\":1}]", "[{\"Id\":\"short\"}]", "{"}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)parse_podman_images(text, nothing), Error);
  }
}

TEST_CASE("what was loaded") {
  CHECK(parse_podman_loaded("Loaded image: sha256:1044\n") == std::vector<std::string>{"sha256:1044"});
  CHECK(parse_podman_loaded("Loaded image(s): a:1,b:1\nLoaded image: a:1") == std::vector<std::string>{"a:1", "b:1"});
  CHECK(parse_podman_loaded("Storing signatures\n").empty());
}

TEST_CASE("of a failed load the line of our form of archive is told") {
  const std::string begin =
      "Error: payload does not match any of the supported image formats:\n"
      " * oci: initializing source oci:/var/tmp/podman1:: open /var/tmp/podman1/index.json: not a directory\n";
  CHECK(podman_failure(
            begin +
            " * oci-archive: reading blob sha256:5f: open /var/tmp/oci2/blobs/sha256/5f: no such file or directory\n"
            " * docker-archive: Some layer tarfiles are missing in the tarball\n"
            " * dir: open /var/tmp/podman1/manifest.json: not a directory\n") ==
        "reading blob sha256:5f: open /var/tmp/oci2/blobs/sha256/5f: no such file or directory");
  CHECK(podman_failure(begin +
                       " * oci-archive: loading index: open /var/tmp/oci3/index.json: no such file or directory\n"
                       " * docker-archive: loading tar component manifest.json: file does not exist\n"
                       " * dir: open /var/tmp/podman1/manifest.json: not a directory\n") ==
        "loading tar component manifest.json: file does not exist");
}

TEST_CASE("of other failures the error is told, whatever else is logged") {
  CHECK(podman_failure("time=\"x\" level=warning msg=\"cgroups\"\nError: deadbeef: image not known\n") ==
        "deadbeef: image not known");
  CHECK(podman_failure("time=\"x\" level=error msg=\"cannot find UID/GID\"\n\n") ==
        "time=\"x\" level=error msg=\"cannot find UID/GID\"");
  CHECK(podman_failure("").empty());
}

TEST_CASE("the exit code follows podman's words") {
  CHECK(code_of("Error: deadbeef: image not known") == ExitCode::image);
  CHECK(code_of("Error: x: write /var/tmp/podman1: no space left on device") == ExitCode::disk);
  CHECK(code_of("Error: storing blob: disk quota exceeded") == ExitCode::disk);
  CHECK(code_of("") == ExitCode::engine);
}
