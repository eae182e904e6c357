// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_config.h"

#include <doctest/doctest.h>

#include <map>

using namespace docker_sync;

namespace {

std::map<std::string, std::string> included_files;

std::vector<SshConfigText> read_included(const SshConfigText& including, const std::string& pattern) {
  const auto found = included_files.find(pattern);
  if (found == included_files.end()) return {};
  return {{pattern, found->second, including.system}};
}

SshConfig resolve(const std::string& text, const std::string& host = "server", const std::string& user = "") {
  const SshConfigText file{"config", text, false};
  return resolve_ssh_config({&file, 1}, {host, user, "me"}, read_included);
}

}  // namespace

TEST_CASE("the first value of a keyword counts") {
  const SshConfig config = resolve("Port 1\nPort 2\nHost server\n  Port 3\n");
  CHECK(config.value("port") == "1");
  CHECK(config.value("user").empty());
  CHECK(config.find("user") == nullptr);
  CHECK(config.find("port")->where == "config line 1");
}

TEST_CASE("the user's file goes before the system's") {
  const SshConfigText files[] = {{"user", "User a\n", false}, {"system", "User b\nPort 5\n", true}};
  const SshConfig config = resolve_ssh_config(files, {"server", "", "me"}, read_included);
  CHECK(config.value("user") == "a");
  CHECK(config.value("port") == "5");
}

TEST_CASE("Host takes patterns, several of them, and negation") {
  const std::string text = "Host *.example.org !secret.example.org\n  User a\nHost b? c\n  User b\nHost *\n  User z\n";
  CHECK(resolve(text, "www.example.org").value("user") == "a");
  CHECK(resolve(text, "secret.example.org").value("user") == "z");
  CHECK(resolve(text, "b1").value("user") == "b");
  CHECK(resolve(text, "b12").value("user") == "z");
  CHECK(resolve(text, "c").value("user") == "b");
}

TEST_CASE("a negated pattern alone matches nothing") {
  CHECK(resolve("Host !other\n  User a\n", "server").value("user").empty());
}

TEST_CASE("Host goes on matching what the user wrote after HostName has changed it") {
  const SshConfig config =
      resolve("Host server\n  HostName 10.0.0.1\nHost server\n  User a\nHost 10.0.0.1\n  Port 9\n");
  CHECK(config.value("user") == "a");
  CHECK(config.value("port").empty());
}

TEST_CASE("keywords have any case, an equals sign, quotes and comments") {
  const SshConfig config = resolve(
      "# comment\n\n  PORT=1\nuser = \"a b\" # the user\r\nIdentityFile \"/my keys/id\" \nIdentityFile='~/x'\n"
      "HostName   a\\ b\n");
  CHECK(config.value("port") == "1");
  CHECK(config.value("user") == "a b");
  CHECK(config.value("identityfile") == "/my keys/id");
  CHECK(config.value("hostname") == "a b");
  CHECK_FALSE(config.problem);
}

TEST_CASE("a command is the whole rest of its line") {
  CHECK(resolve("ProxyCommand=nc  -x 'a # b' %h %p\n").value("proxycommand") == "nc  -x 'a # b' %h %p");
}

TEST_CASE("Match knows all, host, originalhost, user and localuser, with lists and negation") {
  CHECK(resolve("Match all\n User a\n").value("user") == "a");
  CHECK(resolve("Match host other\n User a\n").value("user").empty());
  CHECK(resolve("Match host oth*,serv*\n User a\n").value("user") == "a");
  CHECK(resolve("Match host *,!server\n User a\n").value("user").empty());
  CHECK(resolve("Match !host other\n User a\n").value("user") == "a");
  CHECK(resolve("Match host=server\n User a\n").value("user") == "a");
  CHECK(resolve("Match localuser me user you\n Port 1\n", "server", "you").value("port") == "1");
  CHECK(resolve("Match localuser me user you\n Port 1\n", "server", "him").value("port").empty());
  CHECK(resolve("User you\nMatch user you\n Port 1\n").value("port") == "1");
  CHECK(resolve("Match user me\n Port 1\n").value("port") == "1");
  CHECK(resolve("HostName x\nMatch host x originalhost server\n Port 1\n").value("port") == "1");
}

TEST_CASE("what only ssh can decide is uncertain, unless the rest says no") {
  for (const std::string criterion :
       {"exec true", "final", "canonical", "localnetwork 10.0.0.0/8", "tagged x", "newer thing"}) {
    CAPTURE(criterion);
    const std::string text = std::string(criterion) + "\n User a\nHost *\n Port 1\n";
    const SshConfig config = resolve("Match " + text);
    REQUIRE(config.find("user") != nullptr);
    CHECK_FALSE(config.find("user")->certain);
    CHECK(config.find("port")->certain);
    CHECK(resolve("Match host other " + text).find("user") == nullptr);
  }
}

TEST_CASE("Include reads where the block applies, and its Host lines end with the file") {
  included_files = {{"extra", "Host server\n User a\nHost other\n User b\n"}};
  const SshConfig config = resolve("Include extra missing\nPort 1\n");
  CHECK(config.value("user") == "a");
  CHECK(config.value("port") == "1");
  CHECK(config.find("user")->where == "extra line 2");
  CHECK(resolve("Host other\nInclude extra\n").find("user") == nullptr);
  CHECK_FALSE(resolve("Match exec x\nInclude extra\n").find("user")->certain);
}

TEST_CASE("files that include each other, and includes that we cannot expand, are a problem") {
  included_files = {{"self", "Include self\n"}};
  CHECK(resolve("Include self\n").problem);
  CHECK(resolve("Include /etc/${NAME}\n").problem);
  CHECK(resolve("Include /etc/%h\n").problem);
}

TEST_CASE("a line that ssh would not understand is a problem where it applies") {
  CHECK(resolve("User\n").problem);
  CHECK(resolve("User \"a\n").problem);
  CHECK(resolve("Host\n").problem);
  CHECK(resolve("Match\n").problem);
  CHECK_FALSE(resolve("Host other\nUser\n").problem);
}
