// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/oci_directory.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "engine/saved_layers.h"
#include "image/archive_writer.h"
#include "outcome.h"
#include "tar_fixture.h"

using namespace docker_sync;
namespace fs = std::filesystem;

namespace {

const Bytes kBase = tar_file("base", std::string(3000, 'b')) + tar_end();
const Bytes kOld = tar_file("app", std::string(4000, 'o')) + tar_end();
const Bytes kNew = tar_file("app", std::string(5000, 'n')) + tar_end();

Bytes config_of(const std::vector<Bytes>& layers) {
  std::string diff_ids;
  for (const Bytes& layer : layers) diff_ids += (diff_ids.empty() ? "\"" : ",\"") + Digest::of(layer).text() + "\"";
  return bytes_of(R"({"os":"linux","architecture":"amd64","created":"2024-01-02T03:04:05Z","rootfs":{"diff_ids":[)" +
                  diff_ids + "]}}");
}

/// The archive of an image; layers that are in `left_out` are not in it.
Bytes archive_of(const std::vector<Bytes>& layers, const std::vector<Bytes>& left_out = {}) {
  std::vector<ArchiveMember> members;
  std::vector<Descriptor> descriptors;
  for (const Bytes& layer : layers) {
    descriptors.push_back({Digest::of(layer), layer.size()});
    if (std::find(left_out.begin(), left_out.end(), layer) != left_out.end()) continue;
    members.push_back(member_of_bytes(blob_path(Digest::of(layer)), layer));
  }
  for (ArchiveMember& member : metadata_members(config_of(layers), descriptors)) members.push_back(std::move(member));
  TarSource tar(std::move(members));
  MemorySink archive;
  copy(tar, archive);
  return archive.bytes();
}

class Directory {
 public:
  explicit Directory(StoreCompression compression = StoreCompression::none) : compression_(compression) {
    std::string name = "/tmp/docker-sync-oci-XXXXXX";
    parent_ = ::mkdtemp(name.data());
  }
  ~Directory() { fs::remove_all(parent_); }

  [[nodiscard]] OciDirectory open() const { return {path(), compression_}; }
  [[nodiscard]] std::string path() const { return parent_ + "/images"; }

  std::string load(const Bytes& archive) const {
    MemorySource source(archive);
    return open().load(source).at(0);
  }
  std::string add(const std::string& name, const std::vector<Bytes>& layers,
                  const std::vector<Bytes>& left_out = {}) const {
    const std::string id = load(archive_of(layers, left_out));
    open().tag(id, Reference::parse(name));
    return id;
  }
  [[nodiscard]] size_t blobs() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(path() + "/blobs/sha256")) count += entry.is_regular_file();
    return count;
  }
  [[nodiscard]] std::string index() const {
    std::ifstream file(path() + "/index.json");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::string ours() const {
    std::string names;
    for (const auto& entry : fs::directory_iterator(path() + "/.docker-sync")) {
      if (entry.path().extension() != ".lock") names += entry.path().filename().string() + " ";
    }
    return names;
  }

  /// The layers that come out of a save.
  [[nodiscard]] std::map<Digest, Bytes> layers_of(const std::string& id) const {
    OciDirectory engine = open();
    const auto image = engine.inspect(id);
    REQUIRE(image);
    std::map<Digest, Bytes> layers;
    WantedLayers wanted;
    wanted.layers = {image->identity.diff_ids.begin(), image->identity.diff_ids.end()};
    wanted.config = image->identity.config;
    wanted.on_layer = [&](const Digest& diff_id, std::unique_ptr<RandomAccess> tar) {
      layers[diff_id].resize(static_cast<size_t>(tar->size()));
      tar->read_at(0, layers[diff_id]);
    };
    bool config_came = false;
    wanted.on_config = [&](const Bytes&) { config_came = true; };
    const SpoolSpace space("/var/tmp");
    read_saved_layers(engine, {id}, space, wanted);
    CHECK(config_came);
    return layers;
  }

 private:
  std::string parent_;
  StoreCompression compression_;
};

}  // namespace

TEST_CASE("a folder that is new or empty is a directory of no images") {
  const Directory directory;
  CHECK(directory.open().list().empty());
  CHECK_FALSE(directory.open().inspect("app:1"));
  CHECK_FALSE(fs::exists(directory.path()));
  fs::create_directory(directory.path());
  CHECK(directory.open().list().empty());
  std::ofstream(directory.path() + "/letter.txt") << "Dear";
  CHECK(outcome([&] { (void)directory.open(); }) == ExitCode::engine);
}

TEST_CASE("an image that was loaded has its name when it is tagged, and comes out as it went in") {
  const Directory directory;
  const std::string id = directory.load(archive_of({kBase, kOld}));
  OciDirectory engine = directory.open();
  CHECK(id == Digest::of(config_of({kBase, kOld})).text());
  CHECK(engine.id_of_loaded(Digest::parse(id), {}) == id);
  REQUIRE(engine.inspect(id));
  CHECK(engine.inspect(id)->names.empty());
  engine.tag(id, Reference::parse("app:1"));
  const auto image = engine.inspect("app:1");
  REQUIRE(image);
  CHECK(image->id == id);
  CHECK(image->names == std::vector{Reference::parse("app:1")});
  CHECK(image->identity.diff_ids == std::vector{Digest::of(kBase), Digest::of(kOld)});
  CHECK(image->created == "2024-01-02T03:04:05Z");
  CHECK(engine.list().size() == 1);
  CHECK(engine.is_whole(id));
  CHECK(directory.layers_of(id) == std::map<Digest, Bytes>{{Digest::of(kBase), kBase}, {Digest::of(kOld), kOld}});
  CHECK(directory.ours().empty());
}

TEST_CASE("layers may be kept in zstd, and images with layers of either form share them") {
  const Directory directory(StoreCompression::zstd);
  const std::string id = directory.add("app:1", {kBase, kOld});
  CHECK(directory.layers_of(id) == std::map<Digest, Bytes>{{Digest::of(kBase), kBase}, {Digest::of(kOld), kOld}});
  CHECK(directory.open().inspect(id)->size < (kBase.size() + kOld.size()) / 4);
  CHECK_FALSE(fs::exists(directory.path() + "/" + blob_path(Digest::of(kBase))));
  const std::string other = directory.add("other:1", {kBase, kNew}, {kBase});
  CHECK(directory.layers_of(other) == std::map<Digest, Bytes>{{Digest::of(kBase), kBase}, {Digest::of(kNew), kNew}});
  CHECK(directory.blobs() == 3 + 2 + 2);
}

TEST_CASE("layers that any image here has may be left out of what is loaded, others may not") {
  const Directory directory;
  directory.add("app:1", {kBase, kOld});
  const std::string id = directory.add("app:2", {kOld, kNew, kBase}, {kBase, kOld});
  CHECK(directory.layers_of(id).size() == 3);
  const std::string before = directory.index();
  CHECK(outcome([&] {
          directory.load(archive_of({kBase, tar_file("x", "y")}, {tar_file("x", "y")}));
        }) == ExitCode::engine);
  CHECK(directory.index() == before);
}

TEST_CASE("an image that loses its last name is gone, with the blobs that nobody else has") {
  const Directory directory;
  const std::string old_id = directory.add("app:1", {kBase, kOld});
  const size_t blobs = directory.blobs();
  const std::string new_id = directory.add("app:1", {kBase, kNew}, {kBase});
  CHECK(directory.blobs() == blobs);
  CHECK_FALSE(directory.open().inspect(old_id));
  CHECK(directory.layers_of(new_id).size() == 2);
  directory.open().tag(new_id, Reference::parse("app:2"));
  CHECK(directory.open().inspect(new_id)->names.size() == 2);
  directory.add("app:1", {kBase, kOld}, {kBase});
  CHECK(directory.open().inspect(new_id)->names == std::vector{Reference::parse("app:2")});
}

TEST_CASE("blobs that are being read stay until nobody reads them") {
  const Directory directory;
  const std::string old_id = directory.add("app:1", {kBase, kOld});
  {
    OciDirectory engine = directory.open();
    const auto archive = engine.save({old_id});
    const size_t blobs = directory.blobs();
    directory.add("app:1", {kBase, kNew}, {kBase});
    CHECK(directory.blobs() > blobs);
    MemorySink all;
    copy(*archive, all);
    CHECK(std::search(all.bytes().begin(), all.bytes().end(), kOld.begin(), kOld.end()) != all.bytes().end());
  }
  const size_t with_garbage = directory.blobs();
  directory.add("other:1", {kBase});
  CHECK(directory.blobs() < with_garbage + 2);
  CHECK_FALSE(fs::exists(directory.path() + "/" + blob_path(Digest::of(kOld))));
}

TEST_CASE("an untagged image can be removed, and one that has a name cannot") {
  const Directory directory;
  const std::string id = directory.load(archive_of({kBase}));
  directory.open().remove_untagged(id);
  CHECK_FALSE(directory.open().inspect(id));
  CHECK(directory.blobs() == 0);
  const std::string named = directory.add("app:1", {kBase});
  directory.open().remove_untagged(named);
  CHECK(directory.open().inspect(named));
  directory.open().remove_untagged(Digest::of(kNew).text());
}

TEST_CASE("an archive that is cut short, or wrong, leaves nothing") {
  const Directory directory;
  directory.add("app:1", {kBase, kOld});
  const std::string index = directory.index();
  const size_t blobs = directory.blobs();
  const Bytes whole = archive_of({kBase, kNew});
  const auto check_refused = [&](const Bytes& archive) {
    CHECK(outcome([&] { directory.load(archive); }) != ExitCode::ok);
    CHECK(directory.index() == index);
    CHECK(directory.blobs() == blobs);
    CHECK(directory.ours().empty());
  };
  for (size_t size = 0; size + 1024 < whole.size(); size += 512)
    check_refused({whole.begin(), whole.begin() + static_cast<long>(size)});
  Bytes damaged = whole;
  damaged[kBase.size() / 2] ^= 1;
  check_refused(damaged);
}

TEST_CASE("what other programs wrote in the index stays, and is understood") {
  const Directory directory;
  const std::string id = directory.add("app:1", {kBase});
  std::string index = directory.index();
  const size_t at = index.find(R"("annotations")");
  REQUIRE(at != index.npos);
  index.insert(at, R"("artifactType":"theirs",)");
  index.replace(index.find(R"("io.containerd.image.name":"docker.io/library/app:1",)"), 53, "");
  index.replace(index.find(R"("app:1")"), 7, R"("1.0")");
  std::ofstream(directory.path() + "/index.json") << index;
  // A tag alone is that of what the folder is called.
  CHECK(directory.open().inspect(id)->names == std::vector{Reference::parse("images:1.0")});
  directory.open().tag(id, Reference::parse("app:2"));
  CHECK(directory.open().inspect(id)->names.size() == 2);
  CHECK(directory.index().find("theirs") != index.npos);
}

TEST_CASE("an index of several platforms is the image of this one") {
  const Directory directory;
  const std::string id = directory.add("app:1", {kBase}), other = directory.add("app:2", {kOld});
  OciStore store(directory.path());
  std::vector<Descriptor> manifests;
  for (const auto& entry : store.index().entries()) manifests.push_back(entry.blob);
  const auto entry = [](const Descriptor& blob, const std::string& platform) {
    return R"({"mediaType":")" + blob.media_type + R"(","digest":")" + blob.digest.text() + R"(","size":)" +
           std::to_string(blob.size) + R"(,"platform":)" + platform + "}";
  };
  const Bytes platforms =
      bytes_of(R"({"manifests":[)" + entry(manifests[1], R"({"os":"plan9","architecture":"mips"})") + "," +
               entry(manifests[0], R"({"os":"linux","architecture":"amd64"})") + "]}");
  NewFile file = store.new_blob();
  write_all(file.fd(), platforms);
  store.put_blob(std::move(file), Digest::of(platforms));
  store.update([&](OciIndex& index) {
    index.add({Digest::of(platforms), platforms.size(), "application/vnd.oci.image.index.v1+json"},
              Reference::parse("both:1"));
  });
#if defined(__x86_64__)
  REQUIRE(directory.open().inspect("both:1"));
  CHECK(directory.open().inspect("both:1")->id == id);
#endif
  CHECK(directory.open().list().size() == 2);
}

TEST_CASE("a layout may be opened while another one makes it") {
  for (int round = 0; round < 200; ++round) {
    const Directory directory;
    std::atomic<bool> made = false;
    std::thread maker([&] {
      (void)OciStore(directory.path()).new_blob();
      made = true;
    });
    const ExitCode opened = outcome([&] {
      while (!made) (void)directory.open();
    });
    maker.join();
    REQUIRE(opened == ExitCode::ok);
  }
}

TEST_CASE("what is made has the mode that the umask leaves") {
  const mode_t before = ::umask(027);
  const Directory directory;
  directory.add("app:1", {kBase});
  ::umask(before);
  for (const auto& entry : fs::recursive_directory_iterator(directory.path())) {
    CAPTURE(entry.path().string());
    CHECK(entry.status().permissions() == fs::perms(entry.is_directory() ? 0750 : 0640));
  }
}

TEST_CASE("writers at the same time lose nothing of each other") {
  const Directory directory;
  constexpr int kWriters = 4, kImages = 5;
  std::atomic<int> failures = 0;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kImages; ++i) {
        const std::string name = std::to_string(writer) + "-" + std::to_string(i);
        try {
          directory.add("app:" + name, {kBase, tar_file(name, name) + tar_end()});
          // Each also moves one name that all of them move.
          directory.add("latest", {kBase, tar_file("latest-" + name, name) + tar_end()});
        } catch (const std::exception&) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(failures == 0);
  OciDirectory engine = directory.open();
  CHECK(engine.list().size() == kWriters * kImages + 1);
  for (const ImageInfo& image : engine.list()) CHECK(directory.layers_of(image.id).size() == 2);
}
