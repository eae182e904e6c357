// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/path_key.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <vector>

#include "base/hash.h"

namespace docker_sync {

namespace {

constexpr size_t kShortestHexHash = 6, kShortestMixedHash = 8;

// Names that packages of every kind use, up to the first dot and in lower case.
constexpr std::string_view kGenericStems[] = {
    "__init__", "__main__", "authors",    "changelog", "changes",   "cmakelists", "config",    "control", "copying",
    "copyright", "data",    "entry_points", "index",   "init",      "installer",  "licence",   "license", "main",
    "makefile", "manifest", "md5sums",    "messages",  "metadata",  "mod",        "module",    "notice",  "package",
    "pom",      "readme",   "record",     "setup",     "test",      "top_level",  "types",     "utils",   "wheel"};

// Folders that lie between a file and the folder that tells what it belongs to.
constexpr std::string_view kPassingFolders[] = {"__pycache__", "LC_MESSAGES", "dist", "lib", "src"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_word(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// "8f3a2b" and "BpK3x9aZ", which bundlers put into names; not "facade", "Utf8Encoder" or "deb12u1".
bool is_hash(std::string_view word) {
  const bool any_digit = std::any_of(word.begin(), word.end(), is_digit);
  if (word.size() >= kShortestHexHash && any_digit && std::all_of(word.begin(), word.end(), is_hex)) return true;
  size_t numbers = 0;
  for (size_t i = 0; i < word.size(); ++i) numbers += is_digit(word[i]) && (i == 0 || !is_digit(word[i - 1]));
  return word.size() >= kShortestMixedHash && numbers >= 2 && std::any_of(word.begin(), word.end(), is_lower) &&
         std::any_of(word.begin(), word.end(), is_upper);
}

/// Appends '#', so that "1", "1.2" and "1.2-3" all become one.
void put_placeholder(std::string& text) {
  const size_t size = text.size();
  if (size >= 1 && text[size - 1] == '#') return;
  if (size >= 2 && text[size - 2] == '#' && !is_word(text[size - 1])) {
    text.pop_back();
  } else {
    text += '#';
  }
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> components;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (const auto component = path.substr(0, end); !component.empty() && component != ".") {
      components.push_back(component);
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return components;
}

uint32_t hash32(std::string_view text) {
  const ContentHash hash = content_hash(as_bytes(text));
  uint32_t value;
  std::memcpy(&value, hash.bytes.data(), sizeof value);
  return value;
}

bool is_passing(std::string_view folder) {
  return std::find(std::begin(kPassingFolders), std::end(kPassingFolders), folder) != std::end(kPassingFolders);
}

}  // namespace

std::string without_versions(std::string_view component) {
  std::string text;
  for (size_t i = 0; i < component.size();) {
    size_t end = i;
    while (end < component.size() && is_word(component[end])) ++end;
    if (end == i) {
      text += component[i++];
      continue;
    }
    const std::string_view word = component.substr(i, end - i);
    if (is_hash(word)) {
      put_placeholder(text);
    } else {
      for (const char c : word) {
        if (is_digit(c)) {
          put_placeholder(text);
        } else {
          text += c;
        }
      }
    }
    i = end;
  }
  return text;
}

PathKey path_key(std::string_view path) {
  PathKey key;
  std::string whole, stripped, name;
  const auto components = split(path);
  for (const std::string_view component : components) {
    name = without_versions(component);
    (whole += '/') += component;
    (stripped += '/') += name;
  }
  key.path = hash32(whole);
  key.stripped = hash32(stripped);
  key.name = hash32(name);
  size_t found = 0;
  for (size_t i = components.size(); i-- > 1 && found < key.folders.size();) {
    if (is_passing(components[i - 1])) continue;
    key.folders[found++] = static_cast<uint16_t>(hash32(without_versions(components[i - 1])) | 1);
  }
  return key;
}

Naming naming(std::string_view path) {
  const auto components = split(path);
  if (components.empty()) return Naming::nameless;
  std::string stem = without_versions(components.back());
  stem.resize(std::min(stem.find('.', 1), stem.size()));
  if (stem.find('#') != stem.npos && stem.find_first_not_of("#-_+~,= ") == stem.npos) return Naming::nameless;
  for (char& c : stem) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool generic = std::find(std::begin(kGenericStems), std::end(kGenericStems), stem) != std::end(kGenericStems);
  return generic ? Naming::generic : Naming::distinctive;
}

}  // namespace docker_sync
