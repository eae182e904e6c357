// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/config.h"

#include <doctest/doctest.h>

using namespace docker_sync;

namespace {

const std::string kA = Digest::of(as_bytes("a")).text(), kB = Digest::of(as_bytes("b")).text();

std::string text_of(const Bytes& bytes) { return std::string(as_text(bytes)); }

template <typename Parse>
ExitCode failure(Parse parse) {
  try {
    (void)parse();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

}  // namespace

TEST_CASE("a config tells its layers and its platform, whatever else it has") {
  const std::string json =
      R"({"architecture":"amd64","config":{"Env":["PATH=/bin"],"os":"not this one","rootfs":1},"created":
    "2024-05-01T10:00:00.5Z","history":[{"created_by":"x"}],"os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
      kA + "\",\"" + kB + R"("]}})";
  const ImageConfig config = parse_config(as_bytes(json), ExitCode::engine);
  CHECK(config.os == "linux");
  CHECK(config.architecture == "amd64");
  CHECK(config.created == "2024-05-01T10:00:00.5Z");
  REQUIRE(config.diff_ids.size() == 2);
  CHECK(config.diff_ids[0].text() == kA);
  CHECK(config.diff_ids[1].text() == kB);
}

TEST_CASE("a config may lack all but its layers") {
  for (const char* json :
       {R"({"rootfs":{"diff_ids":[]}})", R"({"rootfs":{"diff_ids":null},"os":null})", R"({"rootfs":{}})"}) {
    const ImageConfig config = parse_config(as_bytes(json), ExitCode::engine);
    CHECK(config.diff_ids.empty());
    CHECK(config.os == "");
    CHECK(config.created == "");
  }
}

TEST_CASE("what is no config is blamed on whoever gave it") {
  for (const std::string& json :
       {std::string(), std::string("{"), std::string("null"), std::string("[]"), std::string("{}"), std::string("7"),
        std::string(R"({"rootfs":[]})"), std::string(R"({"rootfs":{"diff_ids":{}}})"),
        std::string(R"({"rootfs":{"diff_ids":[1]}})"), std::string(R"({"rootfs":{"diff_ids":["sha256:1"]}})"),
        std::string(R"({"rootfs":{},"os":1})"), std::string("{\"rootfs\":{},\"os\":\"\xff\"}"),
        std::string(R"({"rootfs":{}} x)")}) {
    CAPTURE(json);
    CHECK(failure([&] { return parse_config(as_bytes(json), ExitCode::engine); }) == ExitCode::engine);
    CHECK(failure([&] { return parse_config(as_bytes(json), ExitCode::protocol); }) == ExitCode::protocol);
  }
}

TEST_CASE("configs without measure are refused or cost nothing") {
  CHECK(failure([] { return parse_config(Bytes(kMaxMetadata + 1, ' '), ExitCode::protocol); }) == ExitCode::protocol);
  CHECK(failure([] { return parse_config(Bytes(kMaxMetadata, '['), ExitCode::protocol); }) == ExitCode::protocol);
  std::string many = R"({"rootfs":{"diff_ids":[")" + kA + "\"";
  for (size_t i = 1; i < kMaxLayers; ++i) many += ",\"" + kA + "\"";
  CHECK(parse_config(as_bytes(many + "]}}"), ExitCode::protocol).diff_ids.size() == kMaxLayers);
  CHECK(failure([&] { return parse_config(as_bytes(many + ",\"" + kA + "\"]}}"), ExitCode::protocol); }) ==
        ExitCode::protocol);
  const std::string deep = R"({"config":)" + std::string(100000, '[') + std::string(100000, ']') + R"(,"rootfs":{}})";
  CHECK_NOTHROW((void)parse_config(as_bytes(deep), ExitCode::protocol));
}

TEST_CASE("every truncation of a config is refused") {
  const std::string json = R"({"os":"linux","rootfs":{"diff_ids":[")" + kA + R"("]}})";
  for (size_t size = 0; size < json.size(); ++size) {
    CHECK(failure([&] { return parse_config(as_bytes(json).first(size), ExitCode::protocol); }) == ExitCode::protocol);
  }
}

TEST_CASE("manifest.json of docker 20.10 and of 25 and later are read") {
  const std::string old_text =
      R"([{"Config":"c.json","RepoTags":["a:1","b:2"],"Layers":["x/layer.tar","y/layer.tar"]},)"
      R"({"Config":"d.json","RepoTags":null,"Layers":null}])";
  const auto old = parse_manifest_json(as_bytes(old_text), ExitCode::engine);
  REQUIRE(old.size() == 2);
  CHECK(old[0].config == "c.json");
  CHECK(old[0].repo_tags == std::vector<std::string>{"a:1", "b:2"});
  CHECK(old[0].layers == std::vector<std::string>{"x/layer.tar", "y/layer.tar"});
  CHECK(old[1].repo_tags.empty());
  CHECK(old[1].layers.empty());
  const std::string recent_text =
      R"([{"Config":"blobs/sha256/c","RepoTags":["a:1"],"Layers":["blobs/sha256/x"],)"
      R"("LayerSources":{"sha256:x":{"mediaType":"m","size":5,"digest":"sha256:x"}}}])";
  const auto recent = parse_manifest_json(as_bytes(recent_text), ExitCode::engine);
  REQUIRE(recent.size() == 1);
  CHECK(recent[0].layers == std::vector<std::string>{"blobs/sha256/x"});
}

TEST_CASE("what is no manifest.json is refused") {
  for (const char* json : {"", "{}", "null", "[1]", "[{}]", R"([{"Config":1}])", R"([{"Config":null}])",
                           R"([{"Config":"c","Layers":"x"}])", R"([{"Config":"c","Layers":[null]}])",
                           R"([{"Config":"c","RepoTags":[1]}])"}) {
    CAPTURE(json);
    CHECK(failure([&] { return parse_manifest_json(as_bytes(json), ExitCode::engine); }) == ExitCode::engine);
  }
}

TEST_CASE("a manifest is read with its layers as they are stored, in OCI's and in Docker's media types") {
  const std::string json = R"({"mediaType":"m","schemaVersion":2,"config":{"digest":")" + kB +
                           R"(","size":2},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip",)"
                           R"("digest":")" +
                           kA + R"(","size":1099511627776,"annotations":{"a":"b"}},{"digest":")" + kB +
                           R"(","size":0}],"annotations":{"layers":[1]}})";
  const auto manifest = find_manifest(as_bytes(json));
  REQUIRE(manifest);
  CHECK(manifest->config.text() == kB);
  REQUIRE(manifest->layers.size() == 2);
  CHECK(manifest->layers[0].digest.text() == kA);
  CHECK(manifest->layers[0].size == uint64_t{1} << 40);
  CHECK(manifest->layers[0].media_type == "application/vnd.docker.image.rootfs.diff.tar.gzip");
  CHECK(manifest->layers[1].size == 0);
  const auto own = find_manifest(oci_manifest(as_bytes("{}"), manifest->layers));
  REQUIRE(own);
  CHECK(own->config == Digest::of(as_bytes("{}")));
  for (size_t size = 0; size < json.size(); ++size) CHECK_FALSE(find_manifest(as_bytes(json).first(size)));
}

TEST_CASE("a blob that is something else is no manifest, and no config") {
  for (const char* json :
       {"", "{}", "[]", "null", R"({"layers":[]})", R"({"config":{},"layers":[]})",
        R"({"manifests":[{"digest":"x","size":1}]})", R"({"config":{"digest":"sha256:x","size":1},"layers":[]})"}) {
    CAPTURE(json);
    CHECK_FALSE(find_manifest(as_bytes(json)));
    CHECK_FALSE(find_config(as_bytes(json)));
  }
  for (const std::string& layers :
       std::vector<std::string>{"null", "{}", "[1]", R"([{"digest":")" + kA + R"(","size":-1}])",
                                R"([{"digest":")" + kA + R"(","size":"1"}])", R"([{"size":1}])"}) {
    CAPTURE(layers);
    CHECK_FALSE(find_manifest(as_bytes(R"({"config":{"digest":")" + kB + R"(","size":2},"layers":)" + layers + "}")));
  }
  CHECK(find_config(as_bytes(R"({"rootfs":{"diff_ids":[]}})")));
}

TEST_CASE("a blob's path and its digest lead to each other") {
  CHECK(blob_at(blob_path(Digest::parse(kA))) == Digest::parse(kA));
  for (const char* path : {"", "blobs/sha256/", "blobs/sha256/abc", "blobs/sha512/x", "layer.tar"}) {
    CHECK_FALSE(blob_at(path));
  }
}

TEST_CASE("the metadata is written byte for byte as docker writes it") {
  const std::string config = "{}";
  const std::vector<Descriptor> layers = {
      {Digest::parse(kA), 1024}, {Digest::parse(kB), uint64_t{1} << 40, "application/vnd.oci.image.layer.v1.tar+gzip"}};
  const Bytes manifest = oci_manifest(as_bytes(config), layers);
  CHECK(text_of(manifest) ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
        R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
            Digest::of(as_bytes(config)).text() +
            R"(","size":2},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" + kA +
            R"(","size":1024},{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" + kB +
            R"(","size":1099511627776}]})");
  CHECK(text_of(docker_manifest(std::vector{SavedItem{Digest::parse(kB), layers}})) ==
        R"([{"Config":"blobs/sha256/)" + kB.substr(7) + R"(","RepoTags":null,"Layers":["blobs/sha256/)" + kA.substr(7) +
            R"(","blobs/sha256/)" + kB.substr(7) + R"("]}])");
  CHECK(text_of(oci_index(manifest)) ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)"
        R"("manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
            Digest::of(manifest).text() + R"(","size":)" + std::to_string(manifest.size()) + "}]}");
  CHECK(text_of(oci_layout()) == R"({"imageLayoutVersion":"1.0.0"})");
  CHECK(parse_manifest_json(docker_manifest(std::vector{SavedItem{Digest::parse(kB), layers}}), ExitCode::engine)[0]
            .layers.size() == 2);
}

TEST_CASE("a media type that is no text does no harm") {
  const std::vector<Descriptor> layers = {{Digest::parse(kA), 1, "\xff\"\n"}};
  CHECK_NOTHROW((void)oci_manifest({}, layers));
}
