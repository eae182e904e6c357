// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/path_key.h"

#include <doctest/doctest.h>

using namespace docker_sync;

TEST_CASE("versions are taken out of a name") {
  CHECK(without_versions("libfoo-1.2.so.3") == "libfoo-#.so.#");
  CHECK(without_versions("libicudata.so.72.1") == "libicudata.so.#");
  CHECK(without_versions("app-1.0.jar") == "app-#.jar");
  CHECK(without_versions("app-1.10.2.jar") == "app-#.jar");
  CHECK(without_versions("1.2.3") == "#");
  CHECK(without_versions("python3.11") == "python#");
  CHECK(without_versions("requests-2.31.0.dist-info") == "requests-#.dist-info");
  CHECK(without_versions("gettext_0.21-12_amd64.deb") == "gettext_#_amd#.deb");
  CHECK(without_versions("views.cpython-311.pyc") == "views.cpython-#.pyc");
  CHECK(without_versions("") == "");
  CHECK(without_versions("...") == "...");
}

TEST_CASE("content hashes are taken out of a name, words are not") {
  CHECK(without_versions("main.8f3a2b.js") == "main.#.js");
  CHECK(without_versions("vendor-D41D8CD98F00B204.css") == "vendor-#.css");
  CHECK(without_versions("index-B9x3KaZ7.js") == "index-#.js");
  CHECK(without_versions("facade.so") == "facade.so");
  CHECK(without_versions("deadbeef") == "deadbeef");
  CHECK(without_versions("Utf8Encoder.class") == "Utf#Encoder.class");
  CHECK(without_versions("stdio.h") == "stdio.h");
}

TEST_CASE("however a tar writes it, a path is one path") {
  const PathKey key = path_key("usr/lib/libpq.so.5.15");
  for (const char* path : {"/usr/lib/libpq.so.5.15", "./usr/lib/libpq.so.5.15", "usr//lib/./libpq.so.5.15"}) {
    CHECK(path_key(path).path == key.path);
    CHECK(path_key(path).stripped == key.stripped);
    CHECK(path_key(path).folders == key.folders);
  }
  CHECK(path_key("usr/libl/ibpq.so.5.15").path != key.path);
}

TEST_CASE("an upgrade changes the path and not what is left without versions") {
  const PathKey old_key = path_key("opt/app/1.2.3/lib/app-1.2.3.jar"),
                new_key = path_key("opt/app/1.3.0/lib/app-1.3.0.jar");
  CHECK(old_key.path != new_key.path);
  CHECK(old_key.stripped == new_key.stripped);
  CHECK(old_key.name == new_key.name);
}

TEST_CASE("folders are those that tell what a file belongs to") {
  const auto folders = path_key("lib/python3/django/admin/views.pyc").folders;
  CHECK(path_key("opt/django/admin/__pycache__/views.pyc").folders == folders);
  CHECK(path_key("opt/flask/admin/views.pyc").folders[0] == folders[0]);
  CHECK(path_key("opt/flask/admin/views.pyc").folders[1] != folders[1]);
  CHECK(path_key("views.pyc").folders == std::array<uint16_t, 2>{});
}

TEST_CASE("a path of nothing has a key, too") {
  CHECK(path_key("").folders == std::array<uint16_t, 2>{});
  CHECK(path_key("///").path == path_key("").path);
  CHECK(naming("/") == Naming::nameless);
}

TEST_CASE("names that every package has are generic, hashes are no names") {
  for (const char* path : {"a/__init__.py", "a/index.js", "a/package.json", "a/README", "a/README.md", "a/control",
                           "a/changelog.Debian.gz", "a/LICENSE.txt", "a/x.dist-info/METADATA"}) {
    CAPTURE(path);
    CHECK(naming(path) == Naming::generic);
  }
  for (const char* path : {"a/8f3a2b91.js", "a/1.2.3", "a/12"}) {
    CAPTURE(path);
    CHECK(naming(path) == Naming::nameless);
  }
  for (const char* path : {"a/libpq.so.5", "a/main.8f3a2b.js2x", "a/.bashrc", "a/é"}) {
    CAPTURE(path);
    CHECK(naming(path) != Naming::nameless);
  }
  CHECK(naming("a/libpq.so.5") == Naming::distinctive);
}
