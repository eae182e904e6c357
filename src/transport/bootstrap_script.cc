// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/bootstrap_script.h"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>
#include <cctype>

#include "base/error.h"

namespace docker_sync {

namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return c == '_' || std::isalnum(c) != 0; });
}

/// Sets the helper's name and size for the machine that the script runs on.
std::string choose_by_machine(std::span<const HelperImage> helpers) {
  std::string cases;
  for (const HelperImage& helper : helpers) {
    assert(is_word(helper.machine) && is_word(helper.hash));
    cases += fmt::format("{}) n=helper-{} s={} ;; ", helper.machine, helper.hash, helper.size);
  }
  return fmt::format("m=$(uname -m); case $m in {}*) echo; echo \"{}machine $m\"; exit 0 ;; esac; ", cases, kMarker);
}

// The places, best first. A home that does not exist is not made; a relative XDG_CACHE_HOME does not count (XDG says).
constexpr std::string_view kPlaces =
    "set -f; umask 077; u=$(id -u); "
    "set -- /var/tmp/docker-sync-$u /tmp/docker-sync-$u /dev/shm/docker-sync-$u; "
    "case $XDG_RUNTIME_DIR in /*) set -- \"$@\" \"$XDG_RUNTIME_DIR/docker-sync\" ;; esac; "
    "c=; case $HOME in /*) if [ -d \"$HOME\" ]; then c=$HOME/.cache; fi ;; esac; "
    "case $XDG_CACHE_HOME in /*) c=$XDG_CACHE_HOME ;; esac; "
    "if [ -n \"$c\" ]; then set -- \"$c/docker-sync\" \"$@\"; fi; ";

// ours: a directory, no link, of this user, that nobody else may write to. /tmp belongs to everybody.
// start: runs the helper in place $1 in our stead, if it is there whole and runs. touch: see sweep.
// sweep: what nobody has started for a month, and what a broken upload left.
constexpr std::string_view kFunctions =
    "ours() {{ case $(ls -ldn \"$1\" 2>/dev/null) in drwx?-?"
    "?-?*) [ -O \"$1\" ] ;; *) false ;; esac; }}; "
    "whole() {{ [ -f \"$1\" ] && [ $(wc -c < \"$1\") -eq $s ]; }}; "
    "start() {{ if ours \"$1\" && whole \"$1/$n\" && \"$1/$n\" --check < /dev/null > /dev/null 2>&1; then "
    "touch -c \"$1/$n\" 2>/dev/null; {} \"$1/$n\"{}; fi; }}; "
    "sweep() {{ find \"$1\" -name \"helper-*\" -mtime +30 -exec rm -f {{}} + ; "
    "find \"$1\" -name \".new-*\" -mtime +1 -exec rm -f {{}} + ; }} > /dev/null 2>&1; ";

// In place of exec: sudo is asked with --check first, since it would fail the same way and no one could tell from whom
// the end came. -H: what root writes must not lie in the user's home.
constexpr std::string_view kSudo =
    "if command -v sudo > /dev/null 2>&1; then :; else echo; echo \"{0}nosudo\"; exit 0; fi; "
    "x=$(sudo -n -H \"$1/$n\" --check < /dev/null 2>&1) || {{ echo; echo \"{0}sudo\" $x; exit 0; }}; "
    "exec sudo -n -H";

// The room is filled with zeros before the helper is asked for, so that a full disk or quota means the next place
// and not a failed upload. A temporary name has our process number; the helper appears whole or not at all.
constexpr std::string_view kReceive =
    "w=; e=; for d do "
    "x=$( {{ mkdir -p \"$d\" && {{ ours \"$d\" || {{ echo not private; false; }}; }} && "
    "head -c $s /dev/zero > \"$d/.new-$$\"; }} 2>&1 ); "
    "if ours \"$d\" && whole \"$d/.new-$$\"; then w=$d/.new-$$; break; fi; "
    "rm -f \"$d/.new-$$\" 2>/dev/null; e=\"$e $d: $x;\"; done; "
    "if [ -z \"$w\" ]; then echo; echo \"{0}nowhere\" $e; exit 0; fi; "
    "echo; echo \"{0}need $m\"; "
    "head -c $s > \"$w\"; "
    "if whole \"$w\"; then :; else rm -f \"$w\"; echo; echo \"{0}short\"; exit 0; fi; "
    "echo; echo \"{0}came\"; "
    "chmod 700 \"$w\"; ";

// A place may forbid to run what is in it (noexec): then the next one gets a copy.
constexpr std::string_view kInstall =
    "for d do mkdir -p \"$d\" 2>/dev/null; if ours \"$d\"; then "
    "t=$d/.new-$$-; ln \"$w\" \"$t\" 2>/dev/null || cp \"$w\" \"$t\" 2>/dev/null; "
    "if whole \"$t\" && chmod 700 \"$t\" && mv -f \"$t\" \"$d/$n\"; then "
    "if \"$d/$n\" --check < /dev/null > /dev/null 2>&1; then rm -f \"$w\"; sweep \"$d\"; start \"$d\"; fi; "
    "rm -f \"$d/$n\"; fi; rm -f \"$t\"; fi; done; "
    "rm -f \"$w\"; echo; echo \"{0}noexec\" \"$@\"";

}  // namespace

std::string quote_for_script(const std::string& argument) {
  const auto is_one_of = [](unsigned char c, std::string_view others) {
    return (c < 0x80 && std::isalnum(c) != 0) || others.find(static_cast<char>(c)) != std::string_view::npos;
  };
  const auto is_plain = [&](char c) { return is_one_of(static_cast<unsigned char>(c), "_@%+=:,./-"); };
  if (!argument.empty() && std::ranges::all_of(argument, is_plain)) return argument;
  if (argument.ends_with('\n') || argument.find('\0') != std::string::npos) {
    throw Error(ExitCode::usage, "'" + argument + "' cannot be handed to the helper");
  }
  // printf makes the bytes; one backslash before a digit means itself to every shell within single quotes.
  std::string octal;
  for (const char c : argument) {
    const auto byte = static_cast<unsigned char>(c);
    octal += is_one_of(byte, "_./") ? std::string(1, c) : fmt::format("\\{:03o}", byte);
  }
  return "\"$(printf \"" + octal + "\")\"";
}

std::string make_bootstrap_command(std::span<const HelperImage> helpers, const HelperCommand& command) {
  std::string quoted;
  for (const std::string& argument : command.arguments) quoted += " " + quote_for_script(argument);
  std::string script = choose_by_machine(helpers);
  script += kPlaces;
  const std::string exec = command.sudo ? fmt::format(fmt::runtime(kSudo), kMarker) : "exec";
  script += fmt::format(fmt::runtime(kFunctions), exec, quoted);
  script += "for d do start \"$d\"; done; ";
  script += fmt::format(fmt::runtime(kReceive), kMarker);
  script += fmt::format(fmt::runtime(kInstall), kMarker);
  assert(script.find_first_of("'!\n") == std::string::npos);
  return "exec sh -c '" + script + "'";
}

}  // namespace docker_sync
