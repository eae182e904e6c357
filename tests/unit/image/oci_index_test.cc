// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/oci_index.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "tar_fixture.h"

using namespace docker_sync;

namespace {

const Descriptor kOne{Digest::of(bytes_of("one")), 3, kManifestMediaType};
const Descriptor kTwo{Digest::of(bytes_of("two")), 3, kManifestMediaType};
const Reference kName = Reference::parse("app:1");

OciIndex parsed(const std::string& json) { return {bytes_of(json), "shop"}; }

std::string entry(const std::string& more) {
  return R"({"manifests":[{"digest":")" + kOne.digest.text() + R"(","size":3)" + more + "}]}";
}

std::optional<Reference> name_in(const std::string& annotations) {
  return parsed(entry(R"(,"annotations":)" + annotations)).entries().at(0).name;
}

}  // namespace

TEST_CASE("a name is in the annotations, whole or as a tag of what the folder is called") {
  CHECK(name_in(R"({"io.containerd.image.name":"docker.io/library/app:1"})") == kName);
  CHECK(name_in(R"({"io.containerd.image.name":"app:1","org.opencontainers.image.ref.name":"2"})") == kName);
  CHECK(name_in(R"({"org.opencontainers.image.ref.name":"app:1"})") == kName);
  CHECK(name_in(R"({"org.opencontainers.image.ref.name":"host:5000/app"})") ==
        Reference::parse("host:5000/app:latest"));
  CHECK(name_in(R"({"org.opencontainers.image.ref.name":"2.0"})") == Reference::parse("shop:2.0"));
  CHECK_FALSE(name_in(R"({"org.opencontainers.image.ref.name":"No Name"})"));
  CHECK_FALSE(name_in("{}"));
  CHECK_FALSE(name_in("7"));
  CHECK_FALSE(parsed(entry("")).entries().at(0).name);
}

TEST_CASE("a name moves from one manifest to another, and one without another name is gone then") {
  OciIndex index;
  index.add(kOne);
  index.add(kOne);
  CHECK(index.entries().size() == 1);
  index.add(kOne, kName);
  CHECK(index.entries().size() == 1);
  index.add(kOne, Reference::parse("app:2"));
  CHECK(index.entries().size() == 2);
  index.add(kTwo);
  index.add(kTwo, kName);
  REQUIRE(index.entries().size() == 2);
  CHECK(index.entries()[0].name == Reference::parse("app:2"));
  CHECK(index.entries()[0].blob.digest == kOne.digest);
  CHECK(index.entries()[1].blob.digest == kTwo.digest);
  index.remove_unnamed(kTwo.digest);
  CHECK(index.entries().size() == 2);
}

TEST_CASE("an index is the same after it was written and read") {
  OciIndex index;
  index.add(kOne, kName);
  const OciIndex again(index.json(), {});
  CHECK(again.json() == index.json());
  CHECK(std::string(as_text(index.json())) ==
        R"({"manifests":[{"annotations":{"io.containerd.image.name":"docker.io/library/app:1",)"
        R"("org.opencontainers.image.ref.name":"app:1"},"digest":")" +
            kOne.digest.text() +
            R"(","mediaType":"application/vnd.oci.image.manifest.v1+json","size":3}],)"
            R"("mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2})");
}

TEST_CASE("platforms tell attestations from images") {
  CHECK(parsed(entry(R"(,"platform":{"os":"linux","architecture":"amd64"})")).entries()[0].platform == "linux/amd64");
  CHECK(parsed(entry("")).entries()[0].platform.empty());
}

TEST_CASE("of an index's platforms this machine's is the first, and attestations are none") {
  const auto one = [](const Descriptor& blob, const std::string& os, const std::string& architecture) {
    return R"({"digest":")" + blob.digest.text() + R"(","size":3,"platform":{"os":")" + os + R"(","architecture":")" +
           architecture + R"("}})";
  };
#ifdef __x86_64__
  const std::string own = "amd64", other = "arm64";
#else
  const std::string own = "arm64", other = "amd64";
#endif
  const auto platforms = parsed(R"({"manifests":[)" + one(kOne, "linux", other) + "," +
                                one(kOne, "unknown", "unknown") + "," + one(kTwo, "linux", own) + "]}")
                             .platforms();
  REQUIRE(platforms.size() == 2);
  CHECK(platforms[0].blob.digest == kTwo.digest);
  CHECK(platforms[1].platform == "linux/" + other);
}

TEST_CASE("what is no index is an engine error") {
  for (const std::string text :
       {"", "7", "[]", "{", R"({"manifests":7})", R"({"manifests":[7]})", R"({"manifests":[{"size":3}]})",
        R"({"manifests":[{"digest":"sha256:0","size":3}]})"}) {
    CAPTURE(text);
    try {
      (void)parsed(text);
      FAIL("it was taken");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::engine);
    }
  }
  CHECK_THROWS_AS(parsed(R"({"manifests":[],"a":)" + std::string(100, '[') + std::string(100, ']') + "}"), Error);
  CHECK(parsed(R"({"manifests":null})").entries().empty());
}
