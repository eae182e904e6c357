// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/tls_stream.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>

#include <future>

#include "tls_server.h"

using namespace docker_sync;
using namespace docker_sync::test;
using Wait = EngineStream::Wait;

namespace {

const Certificates& certificates() {
  ::signal(SIGPIPE, SIG_IGN);  // as the program does
  static const Certificates all;
  return all;
}

TlsSettings trusting(const std::string& authority) { return {certificates().path(authority), "", "", true}; }

void send(EngineStream& stream, std::string_view text) {
  for (ByteView rest = as_bytes(text); !rest.empty();) {
    if (const auto count = stream.write_some(rest)) {
      rest = rest.subspan(*count);
    } else {
      (void)stream.wait(Wait::writing, std::nullopt);
    }
  }
}

/// Up to a line break, or the end.
std::string read_line(EngineStream& stream) {
  std::string line;
  Bytes block(1000);
  while (line.find('\n') == line.npos) {
    const auto count = stream.read_some(block);
    if (!count) {
      REQUIRE(stream.wait(Wait::reading, std::chrono::seconds(10)));
    } else if (*count == 0) {
      return line + "<end>";
    } else {
      line.append(as_text(ByteView(block).first(*count)));
    }
  }
  return line;
}

template <class Work>
ExitCode code_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK_FALSE(error.remedy().empty());
    return error.code();
  }
  return ExitCode::ok;
}

}  // namespace

TEST_CASE("bytes go both ways, more than one record of them") {
  const TlsServer server(certificates());
  const auto stream = server.connect(trusting("ca.pem"));
  send(*stream, "olleh\n");
  CHECK(read_line(*stream) == "hello\n");
  send(*stream, std::string(12'000, 'x') + "\n");
  CHECK(read_line(*stream) == std::string(12'000, 'x') + "\n");
}

TEST_CASE("nothing there is not the end, and closing wakes who waits") {
  const TlsServer server(certificates());
  const auto stream = server.connect(trusting("ca.pem"));
  Bytes block(10);
  while (stream->wait(Wait::reading, std::chrono::milliseconds(100))) CHECK_FALSE(stream->read_some(block).has_value());
  CHECK_FALSE(stream->read_some(block).has_value());
  auto line = std::async(std::launch::async, [&] { return read_line(*stream); });
  stream->close();
  CHECK(line.get() == "<end>");
}

TEST_CASE("a certificate must come from the named authority, for the named host") {
  const TlsServer server(certificates());
  CHECK(code_of([&] { (void)server.connect(trusting("other.pem")); }) == ExitCode::host_key);
  CHECK(code_of([&] { (void)server.connect(trusting("ca.pem"), "elsewhere"); }) == ExitCode::host_key);
  CHECK(code_of([&] { (void)server.connect(trusting("ca.pem"), "127.0.0.1"); }) == ExitCode::host_key);
  CHECK(code_of([&] { (void)server.connect({}, "localhost"); }) == ExitCode::host_key);
  CHECK(code_of([&] { (void)server.connect({"", "", "", false}, "elsewhere"); }) == ExitCode::ok);
}

TEST_CASE("a server that wants to know us gets our certificate, or says no") {
  const TlsServer server(certificates(),
                         {"-Verify", "1", "-verify_return_error", "-CAfile", certificates().path("ca.pem")});
  const auto talk = [&](const std::string& certificate) {
    TlsSettings settings = trusting("ca.pem");
    if (!certificate.empty()) {
      settings.certificate = certificates().path(certificate + ".pem");
      settings.key = certificates().path(certificate + ".key");
    }
    return read_line(*[&] {
      auto stream = server.connect(settings);
      send(*stream, "olleh\n");
      return stream;
    }());
  };
  CHECK(talk("client") == "hello\n");
  CHECK(code_of([&] { (void)talk(""); }) == ExitCode::authentication);
  CHECK(code_of([&] { (void)talk("other"); }) == ExitCode::authentication);
}

TEST_CASE("files that cannot be used are named") {
  const TlsServer server(certificates());
  const std::string good = certificates().path("client.pem"), key = certificates().path("client.key");
  for (const TlsSettings& settings :
       {trusting("none.pem"), trusting("ca.key"), TlsSettings{"", good, "", false}, TlsSettings{"", "", key, false},
        TlsSettings{"", good, certificates().path("ca.key"), false}, TlsSettings{"", key, key, false}}) {
    CHECK(code_of([&] { (void)server.connect(settings); }) == ExitCode::usage);
  }
}

TEST_CASE("who does not speak TLS, or hangs up, is told from who is not trusted") {
  for (const char* words : {"HTTP/1.0 400 Bad Request\r\n\r\n", ""}) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    Fd ours(ends[0]), theirs(ends[1]);
    write_all(theirs, as_bytes(words));
    ::shutdown(theirs.get(), SHUT_WR);
    CHECK(code_of([&] { (void)connect_tls(std::move(ours), "h", {}, std::chrono::seconds(10)); }) ==
          ExitCode::connection);
  }
}
