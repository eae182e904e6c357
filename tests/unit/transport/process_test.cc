// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/process.h"

#include <doctest/doctest.h>

#include <future>

#include "ssh_server.h"

using namespace docker_sync;
using namespace docker_sync::test;
using namespace std::chrono_literals;

using Words = std::vector<std::string>;

TEST_CASE("a remote shell command is split as rsync splits it") {
  CHECK(split_rsh("ssh") == Words{"ssh"});
  CHECK(split_rsh("  ssh  -J jump ") == Words{"ssh", "-J", "jump"});
  CHECK(split_rsh("ssh -o 'ProxyCommand nc %h %p'") == Words{"ssh", "-o", "ProxyCommand nc %h %p"});
  CHECK(split_rsh("ssh -o\"User a b\"c") == Words{"ssh", "-oUser a bc"});
  CHECK(split_rsh("x 'it''s' \"a\"\"b\" \"'\" ''") == Words{"x", "it's", "a\"b", "'", ""});
  CHECK(split_rsh("a\\ b") == Words{"a\\", "b"});
  for (const std::string text : {"", "   ", "ssh 'a", "ssh \"a'", "x 'a''"}) {
    CAPTURE(text);
    CHECK(thrown_by([&] { static_cast<void>(split_rsh(text)); }) == ExitCode::usage);
  }
}

TEST_CASE("what ssh says when it fails tells the kind") {
  const auto kind = [](const std::string& words) { return classify_ssh_exit(255, words)->code(); };
  CHECK(kind("me@server: Permission denied (publickey).\r\n") == ExitCode::authentication);
  CHECK(kind("Received disconnect: Too many authentication failures") == ExitCode::authentication);
  CHECK(kind("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.") ==
        ExitCode::host_key);
  CHECK(kind("Host key verification failed.\r\n") == ExitCode::host_key);
  CHECK(kind("ssh: Could not resolve hostname x: Name or service not known") == ExitCode::connection);
  CHECK(kind("ssh: connect to host x port 22: Connection refused") == ExitCode::connection);
  CHECK(kind("ssh: connect to host x port 22: No route to host") == ExitCode::connection);
  CHECK(kind("") == ExitCode::connection);
  CHECK_FALSE(classify_ssh_exit(0, "Permission denied"));
  CHECK_FALSE(classify_ssh_exit(127, "sh: not found"));
}

TEST_CASE("the command gets user, port and host as ssh takes them") {
  const auto arguments = [](const HostSpec& host) {
    const auto channel = ProcessShell({"sh", "-c", "printf '<%s>' \"$@\"", "x"}, host).run("exec sh -c 'x y'");
    return read_all(*channel);
  };
  CHECK(arguments({"", "server", {}}) == "<server><exec sh -c 'x y'>");
  CHECK(arguments({"me", "::1", 2222}) == "<-l><me><-p><2222><::1><exec sh -c 'x y'>");
}

TEST_CASE("both directions may be full at once, and standard error too") {
  ProcessChannel channel({"sh", "-c", "head -c 1000000 /dev/zero >&2; cat; head -c 1000000 /dev/zero >&2"});
  const Bytes block(1 << 20, 'x');
  auto writer = std::async(std::launch::async, [&] {
    for (int i = 0; i < 16; ++i) channel.write(block);
    channel.finish_writing();
  });
  CHECK(read_all(channel).size() == 16 * block.size());
  writer.get();
  CHECK(channel.traffic().sent == 16 * block.size());
  CHECK(channel.traffic().received == 16 * block.size());
  CHECK(channel.diagnostics().size() == TextTail::kMaxBytes);
}

TEST_CASE("close() wakes a reader and a writer") {
  ProcessChannel channel({"sleep", "100"});
  auto reader = std::async(std::launch::async, [&] {
    uint8_t byte = 0;
    return channel.read({&byte, 1}, 60s);
  });
  auto writer = std::async(std::launch::async, [&] { channel.write(Bytes(10 << 20)); });
  channel.close();
  CHECK(reader.get() == 0);
  CHECK(thrown_by([&] { writer.get(); }) == ExitCode::connection);
  CHECK(thrown_by([&] { channel.write(as_bytes("x")); }) == ExitCode::connection);
}

TEST_CASE("silence is an error of the connection") {
  ProcessChannel channel({"sleep", "100"});
  uint8_t byte = 0;
  CHECK(thrown_by([&] { static_cast<void>(channel.read({&byte, 1}, 20ms)); }) == ExitCode::connection);
}

TEST_CASE("a command that does not exist is bad usage") {
  CHECK(thrown_by([] { ProcessChannel channel({"/nonexistent/ssh"}); }) == ExitCode::usage);
}

TEST_CASE("an end in order is no error, ssh's is, whether or not its standard error stays open") {
  ProcessChannel good({"sh", "-c", "echo Permission denied >&2; echo out"});
  CHECK(read_all(good) == "out\n");
  std::string text;
  for (const std::string more : {"", "sleep 100 >/dev/null & "}) {
    ProcessChannel bad({"sh", "-c", more + "echo 'me@x: Permission denied (publickey).' >&2; exit 255"});
    CHECK(thrown_by([&] { read_all(bad); }, &text) == ExitCode::authentication);
    CHECK(text.find("me@x: Permission denied (publickey).") != std::string::npos);
  }
}

TEST_CASE("the real ssh is told of files that are not its own" * doctest::skip(!have_sshd())) {
  const SshServer server;
  const auto run = [&](const SshFiles& files) {
    const auto channel = ProcessShell(system_ssh_command(files, {}), server.host()).run("echo out; echo err >&2");
    const std::string out = read_all(*channel);
    return out + channel->diagnostics();
  };
  CHECK(run(server.files()) == "out\nerr\n");

  SshFiles stranger = server.files();
  stranger.identities.clear();
  put_file(server.home(".ssh/config"), "IdentitiesOnly yes\nIdentityFile none\n");
  CHECK(thrown_by([&] { run(stranger); }) == ExitCode::authentication);
  put_file(server.files().user_known_hosts, "");
  put_file(server.home(".ssh/config"), "BatchMode yes\n");
  CHECK(thrown_by([&] { run(server.files()); }) == ExitCode::host_key);
}
