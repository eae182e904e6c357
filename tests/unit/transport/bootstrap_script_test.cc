// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/bootstrap_script.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "local_shell.h"
#include "ssh_server.h"

using namespace docker_sync;
using namespace docker_sync::test;

TEST_CASE("the command is one line that csh, fish and sh read alike") {
  const HelperImage helper{"x86_64", {}, 1, "abc"};
  for (const bool sudo : {false, true}) {
    const std::string command =
        make_bootstrap_command({&helper, 1}, {{"--tmpfolder", "it's !a\n\\ \"b\" $c`d`"}, sudo});
    REQUIRE(command.starts_with("exec sh -c '"));
    REQUIRE(command.ends_with("'"));
    const std::string script = command.substr(12, command.size() - 13);
    CHECK(script.find_first_of("'!\n") == std::string::npos);
    CHECK(script.find("\\\\") == std::string::npos);
  }
}

TEST_CASE("any argument comes through sh as it was") {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  for (const std::string& argument :
       {std::string("plain/path-1.2"), std::string(""), std::string("a b"), std::string("-n %s"),
        std::string("it's !x"), std::string("$HOME `id` \"q\" \\"), std::string("a\n\nb"), all}) {
    CAPTURE(argument);
    for (const std::string shell : {"sh", "bash"}) {
      ProcessChannel channel({shell, "-c", "printf %s " + quote_for_script(argument)});
      CHECK(read_all(channel) == argument);
    }
  }
  CHECK(quote_for_script("/var/tmp") == "/var/tmp");
}

TEST_CASE("an argument that no shell could hand on is refused") {
  CHECK_THROWS_AS((void)quote_for_script("a\n"), Error);
  CHECK_THROWS_AS((void)quote_for_script(std::string("a\0b", 3)), Error);
}
