// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Whoever can be asked: a person at a terminal, or nobody. An interface, so that this room knows no terminal and
// tests can answer.
#pragma once

#include <optional>
#include <string>

namespace docker_sync {

class Prompter {
 public:
  virtual ~Prompter() = default;
  /// Whether there is anybody to ask. Where not, nothing below is called.
  [[nodiscard]] virtual bool interactive() const = 0;
  /// A password or passphrase, not shown while it is typed; nothing if the person gives up.
  [[nodiscard]] virtual std::optional<std::string> secret(const std::string& prompt) = 0;
  /// A question of several lines, answered yes or no.
  [[nodiscard]] virtual bool confirm(const std::string& question) = 0;
};

/// Nobody.
class NoPrompter : public Prompter {
 public:
  [[nodiscard]] bool interactive() const override { return false; }
  [[nodiscard]] std::optional<std::string> secret(const std::string&) override { return std::nullopt; }
  [[nodiscard]] bool confirm(const std::string&) override { return false; }
};

}  // namespace docker_sync
