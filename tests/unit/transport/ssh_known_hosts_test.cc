// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_known_hosts.h"

#include <doctest/doctest.h>

#include <array>

#include "ssh_server.h"

using namespace docker_sync;
using namespace docker_sync::test;

namespace {

void check(const SshSettings& settings, Prompter& prompter) {
  const SshLink link(settings);
  check_host_key(link, settings, prompter);
}

}  // namespace

TEST_CASE("a host name is hashed as ssh does it") {
  std::array<uint8_t, 20> salt;
  for (size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<uint8_t>(i);
  const std::string hashed = hash_host_name("[127.0.0.1]:2222", salt);
  CHECK(hashed == "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|zKYaAqmSav3Qxr2sffNqWFIcbe4=");
  // The judge is ssh-keygen itself.
  const ScratchFolder folder;
  make_key(folder / "key");
  put_file(folder / "known_hosts", hashed + " " + get_file(folder / "key.pub"));
  CHECK(run({"ssh-keygen", "-q", "-f", folder / "known_hosts", "-F", "[127.0.0.1]:2222"}) == 0);
  CHECK(run({"ssh-keygen", "-q", "-f", folder / "known_hosts", "-F", "other"}) != 0);
}

TEST_SUITE("known hosts" * doctest::skip(!have_sshd())) {
  TEST_CASE("a known host is no question, in the user's file or in the system's") {
    const SshServer server;
    ScriptedPrompter prompter;
    check(server.settings(), prompter);
    SshSettings settings = server.settings();
    std::swap(settings.user_known_hosts, settings.global_known_hosts);
    settings.user_known_hosts = server.home("none");
    check(settings, prompter);
    CHECK(prompter.asked.empty());
  }

  TEST_CASE("an unknown host is refused where nobody can be asked, or may be") {
    const SshServer server;
    put_file(server.files().user_known_hosts, "other.example.org " + get_file(server.home(".ssh/id_ed25519.pub")));
    NoPrompter nobody;
    ScriptedPrompter somebody;
    somebody.says_yes = true;
    std::string text;
    CHECK(thrown_by([&] { check(server.settings(), nobody); }, &text) == ExitCode::host_key);
    CHECK(text.find("SHA256:") != std::string::npos);
    CHECK(text.find(server.files().user_known_hosts) != std::string::npos);
    SshSettings settings = server.settings();
    settings.may_ask_about_host_keys = false;
    CHECK(thrown_by([&] { check(settings, somebody); }) == ExitCode::host_key);
    settings = server.settings();
    settings.may_ask = false;
    CHECK(thrown_by([&] { check(settings, somebody); }) == ExitCode::host_key);
    CHECK(somebody.asked.empty());
  }

  TEST_CASE("an unknown host is asked about, and remembered only on yes") {
    const SshServer server;
    std::filesystem::remove_all(server.home(".ssh"));
    ScriptedPrompter prompter;
    CHECK(thrown_by([&] { check(server.settings(), prompter); }) == ExitCode::host_key);
    REQUIRE(prompter.asked.size() == 1);
    CHECK(prompter.asked[0].find("127.0.0.1") != std::string::npos);
    CHECK(prompter.asked[0].find("fingerprint is SHA256:") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(server.files().user_known_hosts));

    prompter.says_yes = true;
    check(server.settings(), prompter);
    check(server.settings(), prompter);
    CHECK(prompter.asked.size() == 2);
    const std::string line = server.known_hosts_line();
    CHECK(get_file(server.files().user_known_hosts) == line.substr(0, line.rfind(' ')) + "\n");
    CHECK(std::filesystem::status(server.home(".ssh")).permissions() == std::filesystem::perms::owner_all);
  }

  TEST_CASE("a key is added on a line of its own, its name hashed where the user wants that") {
    const SshServer server;
    put_file(server.files().user_known_hosts, "# no line end");
    ScriptedPrompter prompter;
    prompter.says_yes = true;
    SshSettings settings = server.settings();
    settings.hash_known_hosts = true;
    check(settings, prompter);
    check(settings, prompter);
    CHECK(prompter.asked.size() == 1);
    const std::string text = get_file(settings.user_known_hosts);
    CHECK(text.starts_with("# no line end\n|1|"));
    CHECK(text.find("127.0.0.1") == std::string::npos);
  }

  TEST_CASE("a key that cannot be remembered is still accepted") {
    const SshServer server;
    ScriptedPrompter prompter;
    prompter.says_yes = true;
    SshSettings settings = server.settings();
    settings.user_known_hosts = "/proc/nowhere/known_hosts";
    check(settings, prompter);
  }

  TEST_CASE("a changed key is refused, whoever might say yes, and the remedy works") {
    const SshServer server;
    std::string line = server.known_hosts_line();
    const std::string other_key = get_file(server.home(".ssh/id_ed25519.pub"));
    put_file(server.files().user_known_hosts, line.substr(0, line.find(' ') + 1) + other_key);
    ScriptedPrompter prompter;
    prompter.says_yes = true;
    std::string text;
    CHECK(thrown_by([&] { check(server.settings(), prompter); }, &text) == ExitCode::host_key);
    CHECK(prompter.asked.empty());
    const size_t remedy = text.find("ssh-keygen -f ");
    REQUIRE(remedy != std::string::npos);
    REQUIRE(run({"sh", "-c", text.substr(remedy) + " > /dev/null 2>&1"}) == 0);
    check(server.settings(), prompter);
    CHECK(prompter.asked.size() == 1);
  }

  TEST_CASE("a key of another type than the known one is refused") {
    const SshServer server;
    make_key(server.home("ecdsa"), "", "ecdsa");
    std::string line = server.known_hosts_line();
    put_file(server.files().user_known_hosts, line.substr(0, line.find(' ') + 1) + get_file(server.home("ecdsa.pub")));
    ScriptedPrompter prompter;
    prompter.says_yes = true;
    CHECK(thrown_by([&] { check(server.settings(), prompter); }) == ExitCode::host_key);
  }
}
