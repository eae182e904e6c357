// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_link.h"

#include <doctest/doctest.h>

#include "ssh_server.h"

using namespace docker_sync;
using namespace docker_sync::test;

namespace {

/// That both ways are encrypted with.
std::string cipher(const SshSettings& settings) {
  const SshLink link(settings);
  const std::string in = ssh_get_cipher_in(link.session());
  CHECK(in == ssh_get_cipher_out(link.session()));
  return in;
}

#ifdef __x86_64__
bool has_aes_instructions() { return __builtin_cpu_supports("aes") != 0; }
#else
bool has_aes_instructions() { return false; }
#endif

}  // namespace

TEST_SUITE("SSH connections" * doctest::skip(!have_sshd())) {
  TEST_CASE("AES is what is asked for first where the machine has instructions for it" *
            doctest::skip(!has_aes_instructions())) {
    const SshServer server;
    CHECK(cipher(server.settings()) == "aes128-gcm@openssh.com");
  }

  TEST_CASE("the server and the user's configuration have the last word on ciphers") {
    const SshServer only_chacha("Ciphers chacha20-poly1305@openssh.com\n");
    CHECK(cipher(only_chacha.settings()) == "chacha20-poly1305@openssh.com");
    const SshServer server;
    SshSettings settings = server.settings();
    settings.algorithms.emplace_back("ciphers", "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com");
    CHECK(cipher(settings) == "chacha20-poly1305@openssh.com");
  }
}
