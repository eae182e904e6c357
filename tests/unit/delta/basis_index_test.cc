// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/basis_index.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <future>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"

using namespace docker_sync;

namespace {

ContentHash hash_of(const std::string& text) { return content_hash(as_bytes(text)); }

/// An index whose files lie at 1, 2, 3 ... so that tests can tell which one was found.
class Basis {
 public:
  Basis& file(uint32_t layer, const std::string& path, uint64_t size) {
    ++count_;
    index_.add(layer, count_, size, path, hash_of(path + std::to_string(count_)));
    return *this;
  }
  /// The number of the file found, or 0.
  uint64_t similar(const std::string& path, uint64_t size) {
    if (!sealed_) index_.seal();
    sealed_ = true;
    const auto found = index_.find_similar(path, size);
    return found ? found->offset : 0;
  }

 private:
  BasisIndex index_;
  uint64_t count_ = 0;
  bool sealed_ = false;
};

}  // namespace

TEST_CASE("a content is found by hash and size") {
  BasisIndex index;
  index.add(3, 512, 10, "a", hash_of("a"));
  index.add(65'535, (uint64_t{1} << 48) - 1, 20, "b", hash_of("b"));
  index.add(1, 2048, 0, "empty", hash_of(""));
  index.seal();
  CHECK(index.find(hash_of("a"), 10) == BasisFile{3, 512, 10});
  CHECK(index.find(hash_of("b"), 20) == BasisFile{65'535, (uint64_t{1} << 48) - 1, 20});
  CHECK(index.find(hash_of(""), 0) == BasisFile{1, 2048, 0});
  CHECK(index.find(hash_of("a"), 11) == std::nullopt);
  CHECK(index.find(hash_of("c"), 10) == std::nullopt);
}

TEST_CASE("an empty index finds nothing") {
  BasisIndex index;
  index.seal();
  CHECK(index.find(hash_of("a"), 1) == std::nullopt);
  CHECK(index.find_similar("a", 1) == std::nullopt);
}

TEST_CASE("what does not fit the index is refused") {
  BasisIndex index;
  CHECK_THROWS_AS(index.add(65'536, 0, 1, "a", {}), Error);
  CHECK_THROWS_AS(index.add(0, uint64_t{1} << 48, 1, "a", {}), Error);
  CHECK(index.size() == 0);
}

TEST_CASE("of one path in several layers the closest in size is taken, then the topmost") {
  Basis basis;
  basis.file(0, "var/lib/dpkg/status", 100'000)
      .file(1, "var/lib/dpkg/status", 180'000)
      .file(2, "./var/lib/dpkg/status", 190'000);
  CHECK(basis.similar("var/lib/dpkg/status", 181'000) == 2);
  CHECK(basis.similar("var/lib/dpkg/status", 189'000) == 3);
  CHECK(basis.similar("var/lib/dpkg/status", 500'000) == 3);
  CHECK(basis.similar("var/lib/dpkg/status", 50'000) == 1);
  Basis same;
  same.file(0, "a/x.pyc", 1000).file(2, "a/x.pyc", 1000).file(1, "a/x.pyc", 1000);
  CHECK(same.similar("a/x.pyc", 1000) == 2);
  CHECK(same.similar("a/x.pyc", 900) == 2);
  CHECK(same.similar("a/x.pyc", 1100) == 2);
}

TEST_CASE("among many files the same path is found as by looking at each") {
  std::mt19937 random(3);
  BasisIndex index;
  std::vector<std::pair<std::string, BasisFile>> files;
  for (uint32_t i = 0; i < 2000; ++i) {
    const std::string path = "opt/" + std::string(random() % 40 + 1, 'a') + "/file";
    const BasisFile file{i / 100, i * 512, 1000 + random() % 50};
    index.add(file.layer, file.offset, file.size, path, hash_of(std::to_string(i)));
    files.emplace_back(path, file);
  }
  index.seal();
  for (int round = 0; round < 2000; ++round) {
    const std::string path = "opt/" + std::string(random() % 42 + 1, 'a') + "/file";
    const uint64_t size = 990 + random() % 70;
    const auto distance = [&](const BasisFile& file) { return file.size > size ? file.size - size : size - file.size; };
    std::optional<BasisFile> best;
    for (const auto& [other, file] : files) {
      if (other != path) continue;
      // Of two as close, one smaller and one larger, the topmost.
      if (!best || distance(file) < distance(*best) ||
          (distance(file) == distance(*best) && file.layer >= best->layer)) {
        best = file;
      }
    }
    if (best) CHECK(index.find_similar(path, size) == best);
  }
}

TEST_CASE("the same path comes before a closer size elsewhere") {
  Basis basis;
  basis.file(0, "usr/lib/libfoo.so.3", 5000).file(0, "usr/lib/libfoo.so.4", 9000);
  CHECK(basis.similar("usr/lib/libfoo.so.3", 9000) == 1);
}

TEST_CASE("an upgraded name finds the old version") {
  Basis basis;
  basis.file(0, "usr/lib/libfoo-1.2.so.3", 5000)
      .file(0, "opt/jars/app-1.0.jar", 5000)
      .file(0, "srv/static/main.8f3a2b.js", 5000)
      .file(0, "usr/lib/python3.11/site-packages/requests-2.31.0.dist-info/RECORD", 5000)
      .file(0, "usr/lib/x/1.2.3/data.bin", 5000);
  CHECK(basis.similar("usr/lib/libfoo-1.3.so.4", 5100) == 1);
  CHECK(basis.similar("opt/jars/app-1.1.jar", 5100) == 2);
  CHECK(basis.similar("srv/static/main.77c01d.js", 5100) == 3);
  CHECK(basis.similar("usr/lib/python3.12/site-packages/requests-2.32.0.dist-info/RECORD", 5100) == 4);
  CHECK(basis.similar("usr/lib/x/1.3.0/data.bin", 5100) == 5);
}

TEST_CASE("a moved file is found by its name, in the most similar folder") {
  Basis basis;
  basis.file(0, "opt/old/alpha/engine.so", 5000)
      .file(0, "opt/old/beta/engine.so", 9000)
      .file(0, "opt/old/gamma/engine.so", 5100);
  CHECK(basis.similar("srv/new/beta/engine.so", 5100) == 2);
  CHECK(basis.similar("srv/new/delta/engine.so", 5090) == 3);
  CHECK(basis.similar("srv/new/delta/motor.so", 5090) == 0);
}

TEST_CASE("a stranger of the same name must at least be near in size") {
  Basis basis;
  basis.file(0, "opt/alpha/engine.so", 5000);
  CHECK(basis.similar("srv/beta/engine.so", 9000) == 1);
  CHECK(basis.similar("srv/beta/engine.so", 11'000) == 0);
  CHECK(basis.similar("srv/alpha/engine.so", 11'000) == 1);
}

TEST_CASE("a generic name is found only in the same folder") {
  Basis basis;
  basis.file(0, "usr/lib/python3/dist-packages/yaml/__init__.py", 5000)
      .file(0, "srv/node_modules/left-pad/package.json", 5000)
      .file(0, "usr/share/doc/curl/changelog.Debian.gz", 5000)
      .file(0, "usr/lib/python3/dist-packages/yaml/__pycache__/__init__.cpython-311.pyc", 5000);
  CHECK(basis.similar("usr/lib/python3/dist-packages/toml/__init__.py", 5000) == 0);
  CHECK(basis.similar("opt/venv/yaml/__init__.py", 5000) == 1);
  CHECK(basis.similar("srv/node_modules/right-pad/package.json", 5000) == 0);
  CHECK(basis.similar("usr/share/doc/wget/changelog.Debian.gz", 5000) == 0);
  CHECK(basis.similar("usr/lib/python3/dist-packages/toml/__pycache__/__init__.cpython-311.pyc", 5000) == 0);
  CHECK(basis.similar("opt/venv/yaml/__pycache__/__init__.cpython-312.pyc", 5000) == 4);
}

TEST_CASE("a name that many files have says nothing without its folder") {
  Basis basis;
  for (int i = 0; i < 17; ++i) basis.file(0, std::string("opt/p") + static_cast<char>('a' + i) + "/logo.bin", 5000);
  CHECK(basis.similar("opt/pz/logo.bin", 5000) == 0);
  CHECK(basis.similar("srv/pc/logo.bin", 5000) == 3);
}

TEST_CASE("a hash for a name is found only at its own path") {
  Basis basis;
  basis.file(0, "srv/chunks/8f3a2b91.js", 5000);
  CHECK(basis.similar("srv/chunks/8f3a2b91.js", 5000) == 1);
  CHECK(basis.similar("srv/chunks/77c01d22.js", 5000) == 0);
}

TEST_CASE("a file ten times larger or smaller is no basis") {
  Basis basis;
  basis.file(0, "a/model.bin", 10'000).file(0, "b/empty", 0);
  CHECK(basis.similar("a/model.bin", 100'000) == 1);
  CHECK(basis.similar("a/model.bin", 110'000) == 0);
  CHECK(basis.similar("a/model.bin", 1000) == 1);
  CHECK(basis.similar("a/model.bin", 900) == 0);
  CHECK(basis.similar("a/model.bin", 0) == 0);
  CHECK(basis.similar("a/model.bin", UINT64_MAX) == 0);
  CHECK(basis.similar("b/empty", 1000) == 0);
  // One that is hopeless at the same path does not hide a better one elsewhere.
  Basis moved;
  moved.file(0, "a/model.bin", 10).file(0, "old/a/model.bin", 9000);
  CHECK(moved.similar("a/model.bin", 10'000) == 2);
}

TEST_CASE("a file takes at most 64 bytes, and of a hundred thousand with one name only some are compared") {
  constexpr size_t kFiles = 100'000;
  const auto before = mallinfo2();
  BasisIndex index;
  for (size_t i = 0; i < kFiles; ++i) {
    index.add(0, i, i, "opt/data/" + std::to_string(i) + "/some-rather-long-name-of-a-file.bin",
              hash_of(std::to_string(i)));
  }
  index.seal();
  const auto after = mallinfo2();
  CHECK(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd <= 64 * kFiles + 4096);
  // Without bounds on the candidates these would be 10^10 comparisons, beyond any test's time.
  size_t found = 0;
  for (size_t i = 1000; i < kFiles; ++i) {
    found += index.find_similar("srv/elsewhere/some-rather-long-name-of-a-file.bin", i).has_value();
  }
  CHECK(found == 0);
}

TEST_CASE("threads look up side by side") {
  BasisIndex index;
  for (uint64_t i = 0; i < 1000; ++i) {
    index.add(0, i, 1000 + i, "d/file-" + std::string(i % 26, 'x'), hash_of(std::to_string(i)));
  }
  index.seal();
  const auto look = [&] {
    size_t found = 0;
    for (uint64_t i = 0; i < 1000; ++i) found += index.find(hash_of(std::to_string(i)), 1000 + i)->offset == i;
    return found;
  };
  auto other = std::async(std::launch::async, look);
  CHECK(look() == 1000);
  CHECK(other.get() == 1000);
}
