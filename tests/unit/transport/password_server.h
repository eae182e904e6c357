// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// An SSH server that wants passwords, and answers to questions: sshd would need accounts and PAM for that.
#pragma once

#include <libssh/server.h>

#include <thread>

#include "ssh_server.h"

namespace docker_sync::test {

/// Lets one client in who knows the password "right", or the two answers "red" and "blue", or both if it is told so.
class PasswordServer {
 public:
  struct Wants {
    bool password = false, answers = false;
  };

  explicit PasswordServer(Wants wants) : wants_(wants), port_(find_free_port()), bind_(ssh_bind_new()) {
    make_key(folder_ / "host_key");
    const std::string key = folder_ / "host_key";
    const unsigned port = port_;
    const bool no = false;
    ssh_bind_options_set(bind_, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no);
    ssh_bind_options_set(bind_, SSH_BIND_OPTIONS_BINDADDR, "127.0.0.1");
    ssh_bind_options_set(bind_, SSH_BIND_OPTIONS_BINDPORT, &port);
    ssh_bind_options_set(bind_, SSH_BIND_OPTIONS_HOSTKEY, key.c_str());
    REQUIRE(ssh_bind_listen(bind_) == SSH_OK);
    thread_ = std::thread([this] { serve(); });
  }
  ~PasswordServer() {
    thread_.join();
    ssh_bind_free(bind_);
  }

  [[nodiscard]] SshSettings settings() const {
    SshSettings settings;
    settings.host = "127.0.0.1";
    settings.port = port_;
    settings.user = "me";
    settings.connect_timeout = std::chrono::seconds(30);
    settings.user_known_hosts = folder_ / "known_hosts";
    return settings;
  }

 private:
  void serve() {
    const SshSessionHandle session(ssh_new());
    if (ssh_bind_accept(bind_, session.get()) != SSH_OK || ssh_handle_key_exchange(session.get()) != SSH_OK) return;
    ssh_set_auth_methods(session.get(), methods());
    while (ssh_message message = ssh_message_get(session.get())) {
      if (ssh_message_type(message) == SSH_REQUEST_AUTH) {
        answer(session.get(), message);
      } else {
        ssh_message_reply_default(message);
      }
      ssh_message_free(message);
    }
  }

  [[nodiscard]] int methods() const {
    return (wants_.password ? SSH_AUTH_METHOD_PASSWORD : 0) | (wants_.answers ? SSH_AUTH_METHOD_INTERACTIVE : 0);
  }

  void answer(ssh_session session, ssh_message message) {
    bool right = false;
    if (ssh_message_subtype(message) == SSH_AUTH_METHOD_PASSWORD && wants_.password) {
      // libssh would have this in a callback, whose like for questions it does not have.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
      right = std::string("right") == ssh_message_auth_password(message);
#pragma GCC diagnostic pop
      if (right) wants_.password = false;
    } else if (ssh_message_subtype(message) == SSH_AUTH_METHOD_INTERACTIVE && wants_.answers) {
      if (ssh_message_auth_kbdint_is_response(message) == 0) {
        const char* prompts[] = {"First colour\x1b[2J:", "Second colour:"};
        char echo[] = {1, 0};
        ssh_message_auth_interactive_request(message, "Colours", "Name two", 2, prompts, echo);
        return;
      }
      right = ssh_userauth_kbdint_getnanswers(session) == 2 &&
              std::string("red") == ssh_userauth_kbdint_getanswer(session, 0) &&
              std::string("blue") == ssh_userauth_kbdint_getanswer(session, 1);
      if (right) wants_.answers = false;
    }
    ssh_message_auth_set_methods(message, methods());
    if (right) {
      ssh_message_auth_reply_success(message, methods() != 0 ? 1 : 0);
    } else {
      ssh_message_reply_default(message);
    }
  }

  Wants wants_;
  ScratchFolder folder_;
  uint16_t port_;
  ssh_bind bind_;
  std::thread thread_;
};

}  // namespace docker_sync::test
