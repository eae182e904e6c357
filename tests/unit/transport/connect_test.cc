// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/connect.h"

#include <doctest/doctest.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/compression.h"
#include "ssh_server.h"
#include "wire/frame.h"

using namespace docker_sync;
using namespace docker_sync::test;

namespace {

const std::string kHelper =
    "#!/bin/sh\ncase $1 in --check) exit 0 ;; esac\nprintf \"\\000dsync1\\n\"\nexec cat\n" + std::string(100'000, '#');

struct Client {
  explicit Client(SshServer& server) : server_(server) {
    utsname names{};
    ::uname(&names);
    helper = {names.machine, packed_helper, kHelper.size(), "0123"};
    options.files = server.files();
    options.helpers = {&helper, 1};
    options.prompter = &prompter;
  }
  /// What the helper says to "x", with how much was uploaded.
  std::pair<std::string, uint64_t> connect_and_talk() {
    StartedHelper started = connect(server_.host(), options);
    started.channel->write(as_bytes("x"));
    started.channel->finish_writing();
    return {read_all(*started.channel), started.uploaded_bytes};
  }

  const Bytes packed_helper = zstd_compress(as_bytes(kHelper), 1);
  HelperImage helper;
  ConnectOptions options;
  ScriptedPrompter prompter;

 private:
  SshServer& server_;
};

const std::string kAnswer = std::string(as_text(kMagic)) + "x";

/// Whether the built-in SSH does for the server's host with this configuration.
std::string reason(SshServer& server, const std::string& config) {
  put_file(server.home(".ssh/config"), config);
  return find_reason_for_system_ssh(server.host(), server.files()).value_or("");
}

}  // namespace

TEST_SUITE("connect" * doctest::skip(!have_sshd())) {
  TEST_CASE("the built-in SSH, the system's ssh and --rsh all start the helper, uploaded once") {
    // Of this process alone: another run of these tests may be under way.
    const std::string cache = "/dev/shm/transport-test-" + std::to_string(::getpid());
    SshServer server("SetEnv XDG_CACHE_HOME=" + cache + "\n");
    Client client(server);
    CHECK(client.connect_and_talk() == std::pair(kAnswer, uint64_t{kHelper.size()}));
    CHECK(client.connect_and_talk() == std::pair(kAnswer, uint64_t{0}));

    CHECK(reason(server, "IdentitiesOnly yes\n").starts_with("IdentitiesOnly ("));
    CHECK(client.connect_and_talk() == std::pair(kAnswer, uint64_t{0}));

    client.options.rsh = "ssh -F '" + server.home(".ssh/config") + "' -i '" + server.home(".ssh/id_ed25519") +
                         "' -o 'UserKnownHostsFile " + server.files().user_known_hosts + "'";
    CHECK(client.connect_and_talk() == std::pair(kAnswer, uint64_t{0}));
    CHECK(client.prompter.asked.empty());
    std::filesystem::remove_all(cache);
  }

  TEST_CASE("an alias of the configuration is followed") {
    SshServer server;
    put_file(server.home(".ssh/config"),
             "Host alias\n  HostName 127.0.0.1\n  Port " + std::to_string(server.port()) + "\n");
    ConnectOptions options;
    options.files = server.files();
    const auto channel = open_shell(HostSpec::parse("alias"), options)->run("echo here");
    CHECK(read_all(*channel) == "here\n");
  }

  TEST_CASE("a jump host is reached by ssh") {
    SshServer server;
    const std::string port = std::to_string(server.port());
    put_file(server.home(".ssh/config"), "Host far\n  HostName 127.0.0.1\n  ProxyJump 127.0.0.1:" + port +
                                             "\nHost *\n  Port " + port + "\n  IdentityFile " +
                                             server.home(".ssh/id_ed25519") + "\n  UserKnownHostsFile " +
                                             server.files().user_known_hosts + "\n");
    ConnectOptions options;
    options.files = server.files();
    const auto channel = open_shell(HostSpec::parse("far"), options)->run("echo here");
    CHECK(read_all(*channel) == "here\n");
  }

  TEST_CASE("errors name the host") {
    SshServer server;
    Client client(server);
    std::string text;
    std::filesystem::remove(server.home(".ssh/id_ed25519"));
    CHECK(thrown_by([&] { client.connect_and_talk(); }, &text) == ExitCode::authentication);
    CHECK(text.starts_with("127.0.0.1:" + std::to_string(server.port()) + ": permission denied"));
    const HostSpec unknown = HostSpec::parse("no-such-host.invalid");
    CHECK(thrown_by([&] { static_cast<void>(connect(unknown, client.options)); }, &text) == ExitCode::connection);
    CHECK(text.starts_with("no-such-host.invalid: unknown host"));
    client.options.rsh = "/nonexistent/ssh";
    CHECK(thrown_by([&] { client.connect_and_talk(); }) == ExitCode::usage);
  }

  TEST_CASE("what the system's ssh complains of is an error of the same kind") {
    SshServer server;
    put_file(server.home(".ssh/config"), "IdentitiesOnly yes\nBatchMode yes\n");
    Client client(server);
    put_file(server.files().user_known_hosts, "");
    CHECK(thrown_by([&] { client.connect_and_talk(); }) == ExitCode::host_key);
    server.trust();
    std::filesystem::remove(server.home(".ssh/id_ed25519"));
    CHECK(thrown_by([&] { client.connect_and_talk(); }) == ExitCode::authentication);
  }

  TEST_CASE("marks in known_hosts, certificates, and what libssh refuses call for the system's ssh") {
    SshServer server;
    CHECK(reason(server, "").empty());
    CHECK(reason(server, "Ciphers no-such-cipher\n").find("ciphers") != std::string::npos);
    CHECK(reason(server, "HostName under_score\n").find("host name") != std::string::npos);
    put_file(server.home(".ssh/id_ed25519-cert.pub"), "x");
    CHECK(reason(server, "").find("id_ed25519-cert.pub") != std::string::npos);
    std::filesystem::remove(server.home(".ssh/id_ed25519-cert.pub"));
    put_file(server.files().user_known_hosts + "2", server.known_hosts_line());
    CHECK(reason(server, "").find("known_hosts2") != std::string::npos);
    std::filesystem::remove(server.files().user_known_hosts + "2");
    put_file(server.files().user_known_hosts, "@revoked " + server.known_hosts_line());
    CHECK(reason(server, "").starts_with("@revoked"));
    Client client(server);
    CHECK(thrown_by([&] { client.connect_and_talk(); }) == ExitCode::host_key);
  }

  TEST_CASE("where the system's ssh is needed and missing, that is said") {
    SshServer server;
    put_file(server.home(".ssh/config"), "IdentitiesOnly yes\n");
    Client client(server);
    const ScopedVariable path("PATH", "/nonexistent");
    std::string text;
    CHECK(thrown_by([&] { client.connect_and_talk(); }, &text) == ExitCode::connection);
    CHECK(text.find("IdentitiesOnly") != std::string::npos);
    CHECK(text.find("OpenSSH") != std::string::npos);
  }
}
