// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_settings.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "scratch.h"

using namespace docker_sync;
using namespace docker_sync::test;

namespace {

SshSettings settings_of(const std::string& text, const HostSpec& host = {"", "server", {}}) {
  const SshConfigText file{"config", text, false};
  const SshConfig config = resolve_ssh_config({&file, 1}, {host.host, host.user, "me"},
                                              [](const auto&, const auto&) { return std::vector<SshConfigText>(); });
  return make_ssh_settings(host, config, SshFiles::under("/home/me"), "me");
}

}  // namespace

TEST_CASE("without a configuration ssh's defaults hold") {
  const SshSettings settings = settings_of("");
  CHECK(settings.host == "server");
  CHECK(settings.user == "me");
  CHECK(settings.port == 22);
  CHECK(settings.proxy_command.empty());
  CHECK(settings.user_known_hosts == "/home/me/.ssh/known_hosts");
  CHECK(settings.may_ask_about_host_keys);
  CHECK_FALSE(settings.identities_are_named);
  CHECK(settings.identity_files.front() == "/home/me/.ssh/id_rsa");
  CHECK(settings.password_tries == 3);
}

TEST_CASE("the command line goes before the configuration") {
  const std::string text = "User a\nPort 1\n";
  CHECK(settings_of(text).user == "a");
  CHECK(settings_of(text).port == 1);
  CHECK(settings_of(text, {"you", "server", 2}).user == "you");
  CHECK(settings_of(text, {"you", "server", 2}).port == 2);
}

TEST_CASE("names and paths are filled in") {
  const SshSettings settings = settings_of(
      "HostName %h.example.org\nUser a\nPort 7\nIdentityFile ~/keys/%n-%r\nIdentityFile %d/%h-%p-%u-%%\n"
      "IdentityFile ~/keys/%n-%r\nUserKnownHostsFile ~/kh\nProxyCommand nc %h %p %n %r %%\nIdentityAgent ~/agent\n");
  CHECK(settings.host == "server.example.org");
  CHECK(settings.identities_are_named);
  CHECK(settings.identity_files ==
        std::vector<std::string>{"/home/me/keys/server-a", "/home/me/server.example.org-7-me-%"});
  CHECK(settings.user_known_hosts == "/home/me/kh");
  CHECK(settings.agent_socket == "/home/me/agent");
  CHECK(settings.proxy_command == "nc server.example.org 7 server a %");
}

TEST_CASE("IdentityFile none means no key files") {
  const SshSettings settings = settings_of("IdentityFile none\n");
  CHECK(settings.identities_are_named);
  CHECK(settings.identity_files.empty());
}

TEST_CASE("of ProxyCommand and ProxyJump the first counts, and none is none") {
  CHECK(settings_of("ProxyCommand none\nProxyJump a\n").proxy_command.empty());
  CHECK(settings_of("ProxyCommand x\nProxyJump a\n").proxy_command == "x");
  CHECK(settings_of("ProxyJump none\nProxyCommand x\n").proxy_command.empty());
  CHECK(
      settings_of("HostName fe80::1\nProxyJump u@a:5\n").proxy_command.ends_with(" -l 'u' -p 5 -W '[fe80::1]:22' 'a'"));
}

TEST_CASE("ProxyJump goes by ssh through all of its hosts") {
  SshFiles files = SshFiles::under("/home/me");
  files.as_ssh_has_them = true;
  CHECK(make_jump_command("a", "server", 22, files) == "ssh -W '[server]:22' 'a'");
  CHECK(make_jump_command("x@a,ssh://b:1,c", "server", 2222, files) ==
        "ssh -J 'x@a,ssh://b:1' -W '[server]:2222' 'c'");
  files.as_ssh_has_them = false;
  CHECK(make_jump_command("a", "server", 22, files) == "ssh -F '/home/me/.ssh/config' -W '[server]:22' 'a'");
  CHECK_THROWS_AS((void)make_jump_command("-oProxyCommand=x", "server", 22, files), Error);
  CHECK_THROWS_AS((void)make_jump_command("a;x,b", "server", 22, files), Error);
}

TEST_CASE("switches and numbers are read, and nonsense is refused") {
  const SshSettings settings = settings_of(
      "StrictHostKeyChecking yes\nHashKnownHosts yes\nBatchMode yes\nNumberOfPasswordPrompts 1\nConnectTimeout 5\n"
      "PubkeyAuthentication no\nPasswordAuthentication no\nChallengeResponseAuthentication no\nCompression yes\n"
      "GSSAPIAuthentication yes\nCiphers x,y\nBindAddress 127.0.0.1\n");
  CHECK_FALSE(settings.may_ask_about_host_keys);
  CHECK(settings.hash_known_hosts);
  CHECK_FALSE(settings.may_ask);
  CHECK(settings.password_tries == 1);
  CHECK(settings.connect_timeout == std::chrono::seconds(5));
  CHECK_FALSE(settings.use_public_keys);
  CHECK_FALSE(settings.use_passwords);
  CHECK_FALSE(settings.use_keyboard_interactive);
  CHECK(settings.compression);
  CHECK(settings.use_gssapi);
  CHECK(settings.bind_address == "127.0.0.1");
  CHECK(settings.algorithms == std::vector<std::pair<std::string, std::string>>{{"ciphers", "x,y"}});
  for (const std::string text :
       {"Port 0\n", "Port x\n", "Port 65536\n", "ConnectTimeout -1\n", "HostName -x\n", "HostName a;b\n"}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)settings_of(text), Error);
  }
}

TEST_CASE("configuration files are read from the home, with what they include") {
  const ScratchFolder home;
  put_file(home / ".ssh/config", "Include conf.d/*\nInclude ~/more /nonexistent/*\nUser last\n");
  put_file(home / ".ssh/conf.d/1", "Port 1\n");
  put_file(home / ".ssh/conf.d/2", "Port 2\nHostName x\n");
  put_file(home / "more", "User more\n");
  const SshFiles files = SshFiles::under(home.path());
  const SshConfig config =
      resolve_ssh_config(read_ssh_config_files(files), {"server", "", "me"}, make_include_reader(files));
  CHECK(config.value("port") == "1");
  CHECK(config.value("hostname") == "x");
  CHECK(config.value("user") == "more");
  CHECK(read_ssh_config_files(SshFiles::under(home / "nowhere")).empty());
}
