// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_config.h"

#include <algorithm>

#include "transport/ssh_pattern.h"

namespace docker_sync {

namespace {

constexpr int kMaxIncludeDepth = 16;  // as OpenSSH has it
constexpr std::string_view kBlank = " \t\r\f\v";

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// Splits as OpenSSH's argv_split() does, up to a comment; nothing if a quote is left open.
std::optional<std::vector<std::string>> split_arguments(std::string_view rest) {
  std::vector<std::string> arguments;
  size_t i = 0;
  while (true) {
    while (i < rest.size() && kBlank.find(rest[i]) != std::string_view::npos) ++i;
    if (i == rest.size() || rest[i] == '#') return arguments;
    std::string word;
    char quote = 0;
    for (; i < rest.size(); ++i) {
      const char c = rest[i], next = i + 1 < rest.size() ? rest[i + 1] : '\0';
      if (c == '\\' && (next == '\'' || next == '"' || next == '\\' || (quote == 0 && next == ' '))) {
        word += next;
        ++i;
      } else if (quote == 0 && (c == ' ' || c == '\t')) {
        break;
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (quote != 0 && c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    }
    if (quote != 0) return std::nullopt;
    arguments.push_back(std::move(word));
  }
}

/// One line as keyword and the rest, which an '=' may have parted.
struct Line {
  std::string keyword;
  std::string_view rest;
};

std::optional<Line> split_line(std::string_view line) {
  line = trim(line);
  if (line.empty() || line.front() == '#') return std::nullopt;
  const size_t end = std::min(line.find_first_of(" \t="), line.size());
  std::string_view rest = trim(line.substr(end));
  if (rest.starts_with('=')) rest = trim(rest.substr(1));
  std::string keyword = to_lower(line.substr(0, end));
  std::erase(keyword, '"');
  return Line{std::move(keyword), rest};
}

bool takes_whole_line(std::string_view keyword) {
  return keyword == "proxycommand" || keyword == "localcommand" || keyword == "remotecommand";
}

enum class Applies { no, yes, unknown };

Applies both(Applies a, Applies b) {
  if (a == Applies::no || b == Applies::no) return Applies::no;
  return a == Applies::unknown || b == Applies::unknown ? Applies::unknown : Applies::yes;
}

class Resolver {
 public:
  Resolver(const SshConfigQuery& query, const SshIncludeReader& read_include)
      : query_(query), read_include_(read_include) {}

  void read(const SshConfigText& file, Applies outer, int depth);
  SshConfig take() { return std::move(config_); }

 private:
  void take_setting(const Line& line, Applies applies, const std::string& where);
  Applies host(const std::vector<std::string>& patterns) const;
  Applies match(const std::vector<std::string>& arguments);
  Applies match_criterion(const std::string& criterion, const std::string& argument) const;
  void include(const SshConfigText& file, const std::vector<std::string>& patterns, Applies applies, int depth);
  void fail(const std::string& where, const std::string& why) {
    if (!config_.problem) config_.problem = where + ": " + why;
  }

  const SshConfigQuery& query_;
  const SshIncludeReader& read_include_;
  SshConfig config_;
};

void Resolver::read(const SshConfigText& file, Applies outer, int depth) {
  Applies block = Applies::yes;
  std::string_view rest = file.text;
  for (int number = 1; !rest.empty(); ++number) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const auto line = split_line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line) continue;
    const std::string where = file.path + " line " + std::to_string(number);
    const bool opens_block = line->keyword == "host" || line->keyword == "match";
    if (!opens_block && line->keyword != "include") {
      take_setting(*line, both(outer, block), where);
      continue;
    }
    const auto arguments = split_arguments(line->rest);
    if (!arguments || arguments->empty()) {
      fail(where, "'" + line->keyword + "' is not understood");
    } else if (line->keyword == "host") {
      block = host(*arguments);
    } else if (line->keyword == "match") {
      block = match(*arguments);
    } else {
      include(file, *arguments, both(outer, block), depth);
    }
  }
}

void Resolver::take_setting(const Line& line, Applies applies, const std::string& where) {
  if (applies == Applies::no) return;
  auto arguments = split_arguments(line.rest);
  if (takes_whole_line(line.keyword)) arguments = {std::string(line.rest)};
  if (!arguments || arguments->empty() || arguments->front().empty()) {
    fail(where, "'" + line.keyword + "' is not understood");
    return;
  }
  if (line.keyword == "ignoreunknown" && config_.ignore_unknown.empty()) {
    config_.ignore_unknown = split_commas(to_lower(arguments->front()));
  }
  config_.settings.push_back({line.keyword, std::move(*arguments), where, applies == Applies::yes});
}

Applies Resolver::host(const std::vector<std::string>& patterns) const {
  return matches_pattern_list(query_.host, patterns) ? Applies::yes : Applies::no;
}

Applies Resolver::match(const std::vector<std::string>& arguments) {
  Applies result = Applies::yes;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string criterion = to_lower(arguments[i]);
    const bool negated = criterion.starts_with('!');
    if (negated) criterion.erase(0, 1);
    if (criterion == "all") {
      if (negated) result = Applies::no;
      continue;
    }
    // These two ask about ssh's second reading of the files, after it has made the host's name canonical.
    if (criterion == "canonical" || criterion == "final") {
      result = both(result, Applies::unknown);
      continue;
    }
    std::string argument;
    if (const size_t equals = criterion.find('='); equals != std::string::npos) {
      argument = arguments[i].substr(equals + 1 + (negated ? 1 : 0));
      criterion.erase(equals);
    } else if (i + 1 < arguments.size()) {
      argument = arguments[++i];
    }
    Applies one = match_criterion(criterion, argument);
    if (negated && one != Applies::unknown) one = one == Applies::yes ? Applies::no : Applies::yes;
    result = both(result, one);
  }
  return result;
}

Applies Resolver::match_criterion(const std::string& criterion, const std::string& argument) const {
  std::string subject;
  if (criterion == "originalhost") {
    subject = query_.host;
  } else if (criterion == "host") {
    const std::string renamed = config_.value("hostname");
    if (renamed.find('%') != std::string::npos) return Applies::unknown;
    subject = renamed.empty() ? query_.host : renamed;
  } else if (criterion == "user") {
    subject = query_.user.empty() ? config_.value("user") : query_.user;
    if (subject.empty()) subject = query_.local_user;
  } else if (criterion == "localuser") {
    subject = query_.local_user;
  } else {
    return Applies::unknown;  // exec, localnetwork, tagged, and whatever comes
  }
  return matches_pattern_list(subject, split_commas(argument)) ? Applies::yes : Applies::no;
}

void Resolver::include(const SshConfigText& file, const std::vector<std::string>& patterns, Applies applies,
                       int depth) {
  if (applies == Applies::no) return;
  for (const std::string& pattern : patterns) {
    if (depth == kMaxIncludeDepth) return fail(file.path, "files include each other");
    if (pattern.find_first_of("%$") != std::string::npos) return fail(file.path, "Include " + pattern);
    for (const SshConfigText& included : read_include_(file, pattern)) read(included, applies, depth + 1);
  }
}

}  // namespace

const SshConfig::Setting* SshConfig::find(std::string_view keyword) const {
  const auto found = std::ranges::find(settings, keyword, &Setting::keyword);
  return found == settings.end() ? nullptr : &*found;
}

std::string SshConfig::value(std::string_view keyword) const {
  const Setting* setting = find(keyword);
  return setting == nullptr ? "" : setting->arguments.front();
}

SshConfig resolve_ssh_config(std::span<const SshConfigText> files, const SshConfigQuery& query,
                             const SshIncludeReader& read_include) {
  Resolver resolver(query, read_include);
  for (const SshConfigText& file : files) resolver.read(file, Applies::yes, 0);
  return resolver.take();
}

}  // namespace docker_sync
