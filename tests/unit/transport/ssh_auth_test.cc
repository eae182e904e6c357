// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_auth.h"

#include <doctest/doctest.h>

#include "password_server.h"
#include "ssh_server.h"

using namespace docker_sync;
using namespace docker_sync::test;

namespace {

void log_in(const SshSettings& settings, Prompter& prompter) {
  SshLink link(settings);
  authenticate(link, settings, prompter);
}

/// The client's key has the passphrase "open sesame", and the host knows it.
void use_locked_key(SshServer& server, bool public_half = true) {
  std::filesystem::remove(server.home(".ssh/id_ed25519"));
  std::filesystem::remove(server.home(".ssh/id_ed25519.pub"));
  make_key(server.home(".ssh/id_ed25519"), "open sesame");
  server.authorize(server.home(".ssh/id_ed25519.pub"));
  if (!public_half) std::filesystem::remove(server.home(".ssh/id_ed25519.pub"));
}

}  // namespace

TEST_SUITE("authentication" * doctest::skip(!have_sshd())) {
  TEST_CASE("a key without a passphrase opens without a word") {
    const SshServer server;
    ScriptedPrompter prompter;
    log_in(server.settings(), prompter);
    CHECK(prompter.asked.empty());
  }

  TEST_CASE("keys of all usual types, and without the public half, open") {
    for (const std::string type : {"rsa", "ecdsa", "ed25519"}) {
      CAPTURE(type);
      SshServer server;
      make_key(server.home("key"), "", type);
      server.authorize(server.home("key.pub"));
      SshSettings settings = server.settings();
      settings.identity_files = {server.home("key")};
      settings.identities_are_named = true;
      NoPrompter nobody;
      log_in(settings, nobody);
      std::filesystem::remove(server.home("key.pub"));
      log_in(settings, nobody);
    }
  }

  TEST_CASE("a wrong key is an error of authentication that names user and methods") {
    const SshServer server;
    std::filesystem::remove(server.home(".ssh/id_ed25519"));
    make_key(server.home(".ssh/id_ecdsa"), "", "ecdsa");
    NoPrompter nobody;
    std::string text;
    CHECK(thrown_by([&] { log_in(server.settings(), nobody); }, &text) == ExitCode::authentication);
    CHECK(text.find("permission denied for user " + local_user_name() + " (publickey)") != std::string::npos);
    CHECK(text.find("ssh-add") != std::string::npos);
  }

  TEST_CASE("a key file that is garbage or missing is passed over") {
    const SshServer server;
    SshSettings settings = server.settings();
    put_file(server.home("garbage"), "garbage");
    settings.identity_files.insert(settings.identity_files.begin(), {server.home("garbage"), server.home("missing")});
    NoPrompter nobody;
    log_in(settings, nobody);
  }

  TEST_CASE("a key that others may read is not used, as ssh does not") {
    const SshServer server;
    std::filesystem::permissions(server.home(".ssh/id_ed25519"), std::filesystem::perms{0644});
    NoPrompter nobody;
    CHECK(thrown_by([&] { log_in(server.settings(), nobody); }) == ExitCode::authentication);
  }

  TEST_CASE("a passphrase is asked for, three times at most") {
    for (const bool public_half : {true, false}) {
      CAPTURE(public_half);
      SshServer server;
      use_locked_key(server, public_half);
      ScriptedPrompter prompter;
      prompter.secrets = {"wrong", "open sesame"};
      log_in(server.settings(), prompter);
      CHECK(prompter.asked.size() == 2);
      CHECK(prompter.asked[0] == "Enter passphrase for key '" + server.home(".ssh/id_ed25519") + "': ");

      ScriptedPrompter stubborn;
      stubborn.secrets = {"a", "b", "c", "d"};
      CHECK(thrown_by([&] { log_in(server.settings(), stubborn); }) == ExitCode::authentication);
      CHECK(stubborn.asked.size() == 3);
    }
  }

  TEST_CASE("who gives no passphrase is asked once; without a terminal nobody is, and the remedy says so") {
    SshServer server;
    use_locked_key(server);
    ScriptedPrompter silent;
    CHECK(thrown_by([&] { log_in(server.settings(), silent); }) == ExitCode::authentication);
    CHECK(silent.asked.size() == 1);
    NoPrompter nobody;
    std::string text;
    CHECK(thrown_by([&] { log_in(server.settings(), nobody); }, &text) == ExitCode::authentication);
    CHECK(text.find(server.home(".ssh/id_ed25519") + " has a passphrase") != std::string::npos);
    SshSettings settings = server.settings();
    settings.may_ask = false;
    ScriptedPrompter prompter;
    CHECK(thrown_by([&] { log_in(settings, prompter); }) == ExitCode::authentication);
    CHECK(prompter.asked.empty());
  }

  TEST_CASE("no passphrase is asked for a key that the host does not take") {
    SshServer server;
    make_key(server.home(".ssh/id_ecdsa"), "secret", "ecdsa");
    std::filesystem::remove(server.home(".ssh/id_ed25519"));
    ScriptedPrompter prompter;
    CHECK(thrown_by([&] { log_in(server.settings(), prompter); }) == ExitCode::authentication);
    CHECK(prompter.asked.empty());
  }

  TEST_CASE("an agent opens what the files do not, and is asked where IdentityAgent says") {
    SshServer server;
    const std::string socket = server.home("agent");
    Subprocess agent({"ssh-agent", "-D", "-a", socket}, {.output = true});
    uint8_t bytes[256];
    REQUIRE(read_some(agent.output, bytes).value() > 0);
    {
      const ScopedVariable variable("SSH_AUTH_SOCK", socket.c_str());
      REQUIRE(run({"ssh-add", "-q", server.home(".ssh/id_ed25519")}) == 0);
      std::filesystem::remove(server.home(".ssh/id_ed25519"));
      NoPrompter nobody;
      log_in(server.settings(), nobody);
    }
    SshSettings settings = server.settings();
    NoPrompter nobody;
    CHECK(thrown_by([&] { log_in(settings, nobody); }) == ExitCode::authentication);
    settings.agent_socket = socket;
    log_in(settings, nobody);
    agent.signal(SIGTERM);
  }

#ifndef __SANITIZE_ADDRESS__  // libssh 0.10 leaks a name there
  TEST_CASE("without a Kerberos ticket GSSAPI is passed over") {
    const SshServer server("GSSAPIAuthentication yes\n");
    SshSettings settings = server.settings();
    settings.use_gssapi = true;
    NoPrompter nobody;
    log_in(settings, nobody);
  }
#endif

  TEST_CASE("too many keys end in an error of authentication") {
    const SshServer server("MaxAuthTries 2\n");
    SshSettings settings = server.settings();
    settings.identity_files.clear();
    for (const std::string name : {"a", "b", "c"}) {
      make_key(server.home(name));
      settings.identity_files.push_back(server.home(name));
    }
    NoPrompter nobody;
    std::string text;
    CHECK(thrown_by([&] { log_in(settings, nobody); }, &text) == ExitCode::authentication);
    CHECK(text.find("Too many authentication failures") != std::string::npos);
  }
}

TEST_CASE("a password is asked for as often as allowed") {
  ScriptedPrompter prompter;
  prompter.secrets = {"wrong", "right"};
  log_in(PasswordServer({.password = true}).settings(), prompter);
  CHECK(prompter.asked == std::vector<std::string>(2, "me@127.0.0.1's password: "));

  for (const int tries : {1, 3}) {
    ScriptedPrompter stubborn;
    stubborn.secrets = std::vector<std::string>(5, "wrong");
    const PasswordServer server({.password = true});
    SshSettings settings = server.settings();
    settings.password_tries = tries;
    std::string text;
    CHECK(thrown_by([&] { log_in(settings, stubborn); }, &text) == ExitCode::authentication);
    CHECK(static_cast<int>(stubborn.asked.size()) == tries);
    CHECK(text.find("(password)") != std::string::npos);
  }
}

TEST_CASE("nobody is asked for a password who cannot be, or does not want to be") {
  NoPrompter nobody;
  CHECK(thrown_by([&] { log_in(PasswordServer({.password = true}).settings(), nobody); }) == ExitCode::authentication);
  ScriptedPrompter prompter;
  const PasswordServer server({.password = true});
  SshSettings settings = server.settings();
  settings.use_passwords = false;
  CHECK(thrown_by([&] { log_in(settings, prompter); }) == ExitCode::authentication);
  CHECK(prompter.asked.empty());
}

TEST_CASE("the host's own questions are put, without what a terminal would obey") {
  ScriptedPrompter prompter;
  prompter.secrets = {"red", "green", "red", "blue"};
  log_in(PasswordServer({.answers = true}).settings(), prompter);
  REQUIRE(prompter.asked.size() == 4);
  CHECK(prompter.asked[0] == "Colours: Name two\n(me@127.0.0.1) First colour [2J: ");
  CHECK(prompter.asked[1] == "(me@127.0.0.1) Second colour: ");
}

TEST_CASE("a host may want more than one proof") {
  ScriptedPrompter prompter;
  prompter.secrets = {"red", "blue", "right"};
  log_in(PasswordServer({.password = true, .answers = true}).settings(), prompter);
  CHECK(prompter.asked.size() == 3);
}
