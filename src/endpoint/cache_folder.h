// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The program's folder in the user's cache, and the little that is done with folders. <filesystem> was rejected: it
// would bring half a megabyte of locales into the helper.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/digest.h"

namespace docker_sync {

/// "$XDG_CACHE_HOME/docker-sync", else "~/.cache/docker-sync"; empty if there is neither: then nothing is kept.
[[nodiscard]] std::string default_cache_folder();

/// A folder in `cache`; empty if that is.
[[nodiscard]] std::string folder_in_cache(const std::string& cache, const std::string& name);

/// The name of the folder with the marks of what is being loaded into the engine at `address`; empty: the user's own.
/// Each engine has one, since an image that one of them lacks says nothing of another.
[[nodiscard]] std::string journal_name(const std::string& address);

/// That folder and those it lies in, closed to others where they are new. Who uses it sees whether it is there.
void make_folders(const std::string& path);

/// The digest whose hex a file is named by, if it is.
[[nodiscard]] std::optional<Digest> named_digest(const std::string& name);

/// A word that is kept under a name in a folder, as a symbolic link: it is there whole or not at all, and needs no
/// lock. Nothing where there is none, or something else, or one of more than 127 characters.
[[nodiscard]] std::optional<std::string> find_word(const std::string& folder, const std::string& name);

/// Keeps one, in place of what has that name. One of more than `most` makes all others be forgotten. Does not throw.
void keep_word(const std::string& folder, const std::string& name, const std::string& word, size_t most);

/// The names in a folder; none if it cannot be read.
[[nodiscard]] std::vector<std::string> files_in(const std::string& folder);

}  // namespace docker_sync
