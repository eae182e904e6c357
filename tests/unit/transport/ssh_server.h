// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// A real sshd on 127.0.0.1 with keys and configuration of its own, and a home for the client that trusts it.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "base/error.h"
#include "scratch.h"
#include "transport/host_spec.h"
#include "transport/prompter.h"
#include "transport/ssh.h"
#include "transport/ssh_files.h"
#include "transport/ssh_settings.h"

namespace docker_sync::test {

inline bool have_sshd() { return ::access("/usr/sbin/sshd", X_OK) == 0; }

inline void make_key(const std::string& path, const std::string& passphrase = "", const std::string& type = "ed25519") {
  REQUIRE(run({"ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path}) == 0);
}

inline uint16_t find_free_port() {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

/// Answers from a list, and remembers what was asked.
class ScriptedPrompter : public Prompter {
 public:
  std::vector<std::string> secrets;
  bool says_yes = false;
  std::vector<std::string> asked;

  [[nodiscard]] bool interactive() const override { return true; }
  [[nodiscard]] std::optional<std::string> secret(const std::string& prompt) override {
    asked.push_back(prompt);
    if (secrets.empty()) return std::nullopt;
    std::string first = secrets.front();
    secrets.erase(secrets.begin());
    return first;
  }
  [[nodiscard]] bool confirm(const std::string& question) override {
    asked.push_back(question);
    return says_yes;
  }
};

class SshServer {
 public:
  explicit SshServer(const std::string& more_configuration = "") : port_(find_free_port()) {
    make_key(server_ / "host_key");
    std::filesystem::create_directories(client_ / ".ssh");
    make_key(client_ / ".ssh/id_ed25519");
    authorize(client_ / ".ssh/id_ed25519.pub");
    trust();
    put_file(server_ / "sshd_config",
             "ListenAddress 127.0.0.1\nPort " + std::to_string(port_) + "\nHostKey " + (server_ / "host_key") +
                 "\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n"
                 "KbdInteractiveAuthentication no\nAuthorizedKeysFile " + (server_ / "authorized_keys") + "\n" +
                 more_configuration);
    if (::getuid() == 0) ::mkdir("/run/sshd", 0755);
    start();
  }
  ~SshServer() {
    process_->signal(SIGTERM);
    process_->wait();
  }

  void authorize(const std::string& public_key) {
    std::ofstream(server_ / "authorized_keys", std::ios::app) << get_file(public_key);
  }
  [[nodiscard]] std::string known_hosts_line() const {
    const std::string key = get_file(server_ / "host_key.pub");
    return "[127.0.0.1]:" + std::to_string(port_) + " " + key;
  }
  void trust() const { put_file(files().user_known_hosts, known_hosts_line()); }

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] SshFiles files() const { return SshFiles::under(client_.path()); }
  [[nodiscard]] std::string home(const std::string& name) const { return client_ / name; }
  [[nodiscard]] HostSpec host() const { return HostSpec{"", "127.0.0.1", port_}; }

  /// As connect() would make them.
  [[nodiscard]] SshSettings settings() const {
    const SshConfig config = resolve_ssh_config(read_ssh_config_files(files()), {"127.0.0.1", "", local_user_name()},
                                                make_include_reader(files()));
    return make_ssh_settings(host(), config, files(), local_user_name());
  }
  [[nodiscard]] std::unique_ptr<Channel> run(const std::string& command) const {
    NoPrompter nobody;
    return SshShell(settings(), nobody).run(command);
  }

 private:
  void start() {
    process_ = std::make_unique<Subprocess>(
        std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", server_ / "sshd_config"},
        Subprocess::Streams{.input = false, .output = false, .error = true});
    std::string said;
    uint8_t bytes[1024];
    while (said.find("Server listening") == std::string::npos) {
      const size_t count = read_some(process_->error, bytes).value();
      if (count == 0) FAIL("sshd did not start: " << said);
      said.append(as_text(ByteView(bytes).first(count)));
    }
  }

  ScratchFolder server_, client_;
  uint16_t port_;
  ScopedVariable no_agent_{"SSH_AUTH_SOCK", nullptr};
  std::unique_ptr<Subprocess> process_;
};

/// The code of the Error that `action` throws, and its text in `text`.
template <typename Action>
ExitCode thrown_by(Action action, std::string* text = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (text != nullptr) *text = error.what();
    return error.code();
  }
  return ExitCode::ok;
}

inline std::string read_all(Channel& channel) {
  std::string all;
  uint8_t bytes[4096];
  while (const size_t count = channel.read(bytes, std::chrono::seconds(30))) {
    all.append(as_text(ByteView(bytes).first(count)));
  }
  return all;
}

}  // namespace docker_sync::test
