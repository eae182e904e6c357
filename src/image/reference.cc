// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "image/reference.h"

#include <algorithm>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr std::string_view kDefaultDomain = "docker.io";
constexpr std::string_view kLegacyDomain = "index.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::string_view kDefaultTag = "latest";
constexpr size_t kMaxPath = 255;
constexpr size_t kMaxTag = 128;
constexpr size_t kIdDigits = 64;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_alphanumeric(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }

template <typename Predicate>
bool all(std::string_view text, Predicate predicate) {
  return !text.empty() && std::all_of(text.begin(), text.end(), predicate);
}

/// Calls `check` for each part between separators; true if it holds for all.
template <typename Check>
bool each_part(std::string_view text, char separator, Check check) {
  for (;;) {
    const size_t end = text.find(separator);
    if (!check(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

/// Letters and digits with hyphens inside, joined by dots; or an IPv6 address in brackets; then perhaps a port.
bool is_domain(std::string_view domain) {
  const size_t bracket = domain.starts_with('[') ? domain.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const size_t colon = domain.find(':', bracket);
  if (colon != std::string_view::npos && !all(domain.substr(colon + 1), is_digit)) return false;
  const std::string_view host = domain.substr(0, colon);
  if (host.starts_with('[')) {
    return host.ends_with(']') && all(host.substr(1, host.size() - 2), [](char c) { return is_hex(c) || c == ':'; });
  }
  return each_part(host, '.', [](std::string_view part) {
    return all(part, [](char c) { return is_alphanumeric(c) || c == '-'; }) && part.front() != '-' &&
           part.back() != '-';
  });
}

/// Lower-case letters and digits; between them one '.', one or two '_', or any number of '-'.
bool is_path_component(std::string_view part) {
  const auto is_plain = [](char c) { return is_lower(c) || is_digit(c); };
  if (part.empty() || !is_plain(part.front()) || !is_plain(part.back())) return false;
  for (size_t i = 0; i < part.size();) {
    const size_t end = std::min(part.size(), part.find_first_not_of(part[i], i));
    const size_t run = is_plain(part[i]) ? 1 : end - i;
    const bool allowed =
        is_plain(part[i]) || part[i] == '-' || (part[i] == '.' && run == 1) || (part[i] == '_' && run <= 2);
    // One separator may not follow another of a different kind.
    if (!allowed || (!is_plain(part[i]) && !is_plain(part[i + run]))) return false;
    i += run;
  }
  return true;
}

bool is_tag(std::string_view tag) {
  return tag.size() <= kMaxTag && !tag.starts_with('.') && !tag.starts_with('-') &&
         all(tag, [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

[[noreturn]] void refuse(std::string_view text, const std::string& why, const std::string& remedy) {
  constexpr size_t kQuoted = 300;
  throw Error(ExitCode::usage, "\"" + std::string(text.substr(0, kQuoted)) + "\" is not an image name: " + why, remedy);
}

void refuse_ids(std::string_view text) {
  if (text.find('@') != std::string_view::npos) {
    refuse(text, "it has a digest, and images are synced by tag", "write NAME:TAG");
  }
  std::string_view digits = text;
  if (digits.starts_with("sha256:")) digits.remove_prefix(7);
  if (digits.size() == kIdDigits && all(digits, is_hex)) {
    refuse(text, "it is an image ID, and images are synced by tag", "write NAME:TAG, or tag the image first");
  }
}

/// Whether the part before the first slash is a registry. "app/web" is a path; what has a dot, a port or upper case
/// cannot be one.
bool looks_like_domain(std::string_view first) {
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
         std::any_of(first.begin(), first.end(), is_upper);
}

void check_path(std::string_view text, std::string_view path) {
  if (path.empty()) refuse(text, "the name is empty", "write [REGISTRY[:PORT]/]NAME[:TAG]");
  if (path.size() > kMaxPath) refuse(text, "the name is longer than 255 characters", "");
  if (std::any_of(path.begin(), path.end(), is_upper)) {
    refuse(text, "the name has upper-case letters", "write it in lower case");
  }
  if (!each_part(path, '/', is_path_component)) {
    refuse(text, "each part of the name must be letters and digits with single separators between them",
           "write [REGISTRY[:PORT]/]NAME[:TAG]");
  }
}

}  // namespace

Reference Reference::parse(std::string_view text) {
  if (text.empty()) refuse(text, "it is empty", "write [REGISTRY[:PORT]/]NAME[:TAG]");
  refuse_ids(text);

  Reference reference;
  std::string_view rest = text;
  if (const size_t slash = text.find('/');
      slash != std::string_view::npos && looks_like_domain(text.substr(0, slash))) {
    reference.domain_ = text.substr(0, slash);
    rest = text.substr(slash + 1);
    if (!is_domain(reference.domain_)) {
      refuse(text, "\"" + reference.domain_ + "\" is not a registry", "write REGISTRY[:PORT]/NAME[:TAG]");
    }
  }
  if (reference.domain_.empty() || reference.domain_ == kLegacyDomain) reference.domain_ = kDefaultDomain;

  const size_t colon = rest.find(':');
  reference.tag_ = colon == std::string_view::npos ? kDefaultTag : rest.substr(colon + 1);
  const std::string_view path = rest.substr(0, colon);
  check_path(text, path);
  if (!is_tag(reference.tag_)) {
    refuse(text, "the tag must be 1 to 128 letters, digits, '_', '.' or '-', not beginning with '.' or '-'",
           "write NAME:TAG");
  }
  const bool official = reference.domain_ == kDefaultDomain && path.find('/') == std::string_view::npos;
  reference.path_ = std::string(official ? kOfficialPrefix : "") + std::string(path);
  return reference;
}

std::string Reference::repository() const {
  if (domain_ != kDefaultDomain) return domain_ + "/" + path_;
  const std::string_view path = path_;
  const bool official = path.starts_with(kOfficialPrefix) && path.find('/', kOfficialPrefix.size()) == path.npos;
  return std::string(official ? path.substr(kOfficialPrefix.size()) : path);
}

std::string Reference::familiar() const { return repository() + ":" + tag_; }

Reference Reference::on_localhost() const {
  Reference local = *this;
  local.domain_ = "localhost";
  if (domain_ == kDefaultDomain && path_.starts_with(kOfficialPrefix))
    local.path_ = path_.substr(kOfficialPrefix.size());
  return local;
}

bool names_registry(std::string_view text) {
  const size_t slash = text.find('/');
  return slash != text.npos && looks_like_domain(text.substr(0, slash));
}

std::string Reference::full() const { return domain_ + "/" + path_ + ":" + tag_; }

}  // namespace docker_sync
