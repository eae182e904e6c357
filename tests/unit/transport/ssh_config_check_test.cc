// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_config_check.h"

#include <doctest/doctest.h>

#include <utility>

using namespace docker_sync;

namespace {

std::optional<std::string> reason(const std::string& text, const std::string& host = "server") {
  const SshConfigText file{"config", text, false};
  return needs_system_ssh({&file, 1}, {host, "", "me"}, [](const SshConfigText&, const std::string&) {
    return std::vector<SshConfigText>{{"included", "IdentitiesOnly yes\n", false}};
  });
}

}  // namespace

TEST_CASE("each keyword that libssh drops calls for the system's ssh, but not with the value it has anyway") {
  const std::pair<const char*, const char*> keywords[] = {
      {"AddressFamily inet6", "AddressFamily any"},
      {"BindInterface eth0", nullptr},
      {"CanonicalizeHostname yes", "CanonicalizeHostname no"},
      {"CertificateFile ~/.ssh/id-cert.pub", "CertificateFile none"},
      {"CheckHostIP yes", "CheckHostIP no"},
      {"ConnectionAttempts 3", "ConnectionAttempts 1"},
      {"ControlMaster auto", "ControlMaster no"},
      {"ControlPath ~/.ssh/%C", "ControlPath none"},
      {"GSSAPIKeyExchange yes", "GSSAPIKeyExchange no"},
      {"GSSAPITrustDns yes", "GSSAPITrustDns no"},
      {"HostbasedAuthentication yes", "HostbasedAuthentication no"},
      {"HostKeyAlias other", nullptr},
      {"IdentitiesOnly yes", "IdentitiesOnly no"},
      {"IdentityAgent none", "IdentityAgent ~/agent.sock"},
      {"IdentityAgent SSH_AUTH_SOCK", nullptr},
      {"IdentityAgent $AGENT", nullptr},
      {"KbdInteractiveDevices pam", nullptr},
      {"KnownHostsCommand /bin/keys", "KnownHostsCommand none"},
      {"NoHostAuthenticationForLocalhost yes", "NoHostAuthenticationForLocalhost no"},
      {"PKCS11Provider /lib/p11.so", "PKCS11Provider none"},
      {"PreferredAuthentications password", nullptr},
      {"ProxyUseFdpass yes", "ProxyUseFdpass no"},
      {"RekeyLimit 1G", "RekeyLimit default"},
      {"RequiredRSASize 2048", nullptr},
      {"RevokedHostKeys /etc/revoked", "RevokedHostKeys none"},
      {"SecurityKeyProvider /lib/sk.so", "SecurityKeyProvider internal"},
      {"SendEnv DOCKER_HOST", "SendEnv LANG LC_*"},
      {"ServerAliveCountMax 2", nullptr},
      {"ServerAliveInterval 30", "ServerAliveInterval 0"},
      {"SetEnv A=b", nullptr},
      {"StrictHostKeyChecking accept-new", "StrictHostKeyChecking ask"},
      {"StrictHostKeyChecking no", "StrictHostKeyChecking yes"},
      {"StrictHostKeyChecking off", nullptr},
      {"Tag x", nullptr},
      {"TCPKeepAlive no", "TCPKeepAlive yes"},
      {"UserKnownHostsFile ~/a ~/b", "UserKnownHostsFile ~/a"},
      {"UserKnownHostsFile none", "UserKnownHostsFile %d/a"},
      {"UserKnownHostsFile ~/%k", nullptr},
      {"GlobalKnownHostsFile /a /b", "GlobalKnownHostsFile /a"},
      {"VerifyHostKeyDNS ask", "VerifyHostKeyDNS no"},
  };
  for (const auto& pair : keywords) {
    const std::string dropped = pair.first, harmless = pair.second != nullptr ? pair.second : "";
    CAPTURE(dropped);
    const std::string keyword = dropped.substr(0, dropped.find(' ')), where = " (config line 3)";
    const auto why = reason("User me\nHost ser*\n  " + dropped + "\n");
    REQUIRE(why);
    CHECK(why->ends_with(where));
    CHECK(why->size() == keyword.size() + where.size());
    CHECK_FALSE(reason("Host other\n  " + dropped + "\n"));
    CHECK(reason(keyword + "=" + dropped.substr(keyword.size() + 1) + "\n"));
    if (harmless.empty()) continue;
    CAPTURE(harmless);
    CHECK_FALSE(reason(harmless + "\n"));
    // The first counts, but of what is sent all does.
    if (keyword != "SendEnv") CHECK_FALSE(reason(harmless + "\n" + dropped + "\n"));
  }
}

TEST_CASE("changes to libssh's own lists of algorithms are not known to it, lists are") {
  for (const std::string keyword :
       {"Ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms"}) {
    for (const char* change : {"+", "-", "^"}) CHECK(reason(std::string(keyword) + " " + change + "x\n"));
    CHECK_FALSE(reason(std::string(keyword) + " x,y\n"));
  }
}

TEST_CASE("tokens and variables that only ssh expands call for it") {
  CHECK(reason("IdentityFile ~/.ssh/%C\n"));
  CHECK(reason("IdentityFile ${HOME}/key\n"));
  CHECK(reason("HostName %n\n"));
  CHECK(reason("ProxyCommand nc %h %p %C\n"));
  CHECK(reason("IdentityFile /a%\n"));
  CHECK_FALSE(reason("IdentityFile ~/%r@%h-%p-%u-%%\nHostName %h.example.org\nProxyCommand nc %h %p\n"));
}

TEST_CASE("what is honoured or concerns only terminals and forwardings does not") {
  CHECK_FALSE(reason(
      "Host *\n  User a\n  Port 22\n  HostName x\n  IdentityFile ~/.ssh/k\n  ProxyJump a,b\n  Compression yes\n"
      "  ConnectTimeout 5\n  HashKnownHosts yes\n  GSSAPIAuthentication yes\n  BatchMode yes\n  LogLevel DEBUG\n"
      "  NumberOfPasswordPrompts 1\n  ForwardAgent yes\n  ForwardX11 yes\n  LocalForward 1 a:2\n  RequestTTY no\n"
      "  AddKeysToAgent yes\n  UpdateHostKeys yes\n  VisualHostKey yes\n  Tunnel yes\n  PermitLocalCommand yes\n"
      "  LocalCommand echo \"x\n  PubkeyAuthentication yes\n  PasswordAuthentication no\n  BindAddress 127.0.0.1\n"));
}

TEST_CASE("a keyword that nobody knows goes to ssh, which will name it, unless the file says to ignore it") {
  CHECK(reason("UseKeychain yes\n"));
  CHECK_FALSE(reason("IgnoreUnknown AddKeys*,UseKeychain\nUseKeychain yes\n"));
}

TEST_CASE("what an Include brings counts") { CHECK(reason("Include x\n") == "IdentitiesOnly (included line 1)"); }

TEST_CASE("under a Match that only ssh can decide, any keyword that matters calls for it") {
  CHECK(reason("Match exec true\n User a\n"));
  CHECK(reason("Match final\n IdentitiesOnly yes\n"));
  CHECK_FALSE(reason("Match exec true\n ForwardAgent yes\n"));
  CHECK_FALSE(reason("Match host other exec true\n User a\n"));
  CHECK(reason("Match host server\n HostKeyAlias x\n"));
  CHECK_FALSE(reason("Match host other\n HostKeyAlias x\n"));
}

TEST_CASE("what ssh itself would not understand is left to it") { CHECK(reason("User \"a\n")); }

TEST_CASE("a host that known_hosts marks is found by name, pattern and port") {
  const auto marker = [](const std::string& text, uint16_t port = 22) {
    return find_known_hosts_marker("plain ssh-ed25519 AAAA\n" + text, "file", "Server", port);
  };
  CHECK(marker("@revoked server ssh-ed25519 AAAA\n") == "@revoked (file line 2)");
  CHECK(marker("  @cert-authority *.org,ser* ssh-ed25519 AAAA\n") == "@cert-authority (file line 2)");
  CHECK(marker("@cert-authority *,!server ssh-ed25519 AAAA\n") == std::nullopt);
  CHECK(marker("@revoked other ssh-ed25519 AAAA\n") == std::nullopt);
  CHECK(marker("server ssh-ed25519 AAAA @revoked\n") == std::nullopt);
  CHECK(marker("@revoked [server]:2222 ssh-ed25519 AAAA\n") == std::nullopt);
  CHECK(marker("@revoked [server]:2222 ssh-ed25519 AAAA", 2222));
  CHECK(marker("@revoked server ssh-ed25519 AAAA\n", 2222) == std::nullopt);
  CHECK(marker("@revoked |1|c2FsdA==|aGFzaA== ssh-ed25519 AAAA\n"));
}
