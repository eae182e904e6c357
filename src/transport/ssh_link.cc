// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_link.h"

#ifdef __aarch64__
#include <sys/auxv.h>
#endif

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "transport/tcp.h"

namespace docker_sync {

namespace {

/// Which options of libssh one keyword of ssh_config sets.
struct KeywordOptions {
  std::string_view keyword;
  ssh_options_e first, second;
};
constexpr KeywordOptions kKeywordOptions[] = {
    {"ciphers", SSH_OPTIONS_CIPHERS_C_S, SSH_OPTIONS_CIPHERS_S_C},
    {"macs", SSH_OPTIONS_HMAC_C_S, SSH_OPTIONS_HMAC_S_C},
    {"kexalgorithms", SSH_OPTIONS_KEY_EXCHANGE, SSH_OPTIONS_KEY_EXCHANGE},
    {"hostkeyalgorithms", SSH_OPTIONS_HOSTKEYS, SSH_OPTIONS_HOSTKEYS},
    {"pubkeyacceptedalgorithms", SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES},
    {"pubkeyacceptedkeytypes", SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES},
    {"gssapiserveridentity", SSH_OPTIONS_GSSAPI_SERVER_IDENTITY, SSH_OPTIONS_GSSAPI_SERVER_IDENTITY},
    {"gssapiclientidentity", SSH_OPTIONS_GSSAPI_CLIENT_IDENTITY, SSH_OPTIONS_GSSAPI_CLIENT_IDENTITY},
};

/// libssh's own order, but for ChaCha20, which comes first there: with instructions for AES, AES-GCM takes OpenSSH some
/// 60 % of that time, and libssh as long.
constexpr const char* kCiphersWithAesInstructions =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr";

/// Of this machine: nearly always the other one then has them, too.
bool has_aes_instructions() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("aes") != 0;
#elif defined(__aarch64__)
  return (::getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
  return false;
#endif
}

/// What a TCP segment carries at least on a way where nothing is narrower than Ethernet.
constexpr uint64_t kFullSegment = 1400;

void set(ssh_session session, ssh_options_e option, const void* value, std::string_view name) {
  if (ssh_options_set(session, option, value) == SSH_OK) return;
  const std::string why = printable(ssh_get_error(session), 300);
  throw Error(ExitCode::usage, "this " + std::string(name) + (why.empty() ? "" : " (" + why + ")"));
}

void set_options(ssh_session session, const SshSettings& settings) {
  const int no = 0;
  const unsigned port = settings.port;
  const long timeout = static_cast<long>(settings.connect_timeout.count() / 1000);
  set(session, SSH_OPTIONS_PROCESS_CONFIG, &no, "option");
  set(session, SSH_OPTIONS_HOST, settings.host.c_str(), "host name");
  set(session, SSH_OPTIONS_PORT, &port, "port");
  set(session, SSH_OPTIONS_USER, settings.user.c_str(), "user name");
  set(session, SSH_OPTIONS_TIMEOUT, &timeout, "timeout");
  // Without these, libssh would look in the places of its own choice.
  set(session, SSH_OPTIONS_KNOWNHOSTS, settings.user_known_hosts.c_str(), "path of known hosts");
  const std::string& global = settings.global_known_hosts;
  set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, global.empty() ? "/dev/null" : global.c_str(), "path of known hosts");
  if (!settings.agent_socket.empty()) {
    set(session, SSH_OPTIONS_IDENTITY_AGENT, settings.agent_socket.c_str(), "path of an agent");
  }
  if (settings.compression) set(session, SSH_OPTIONS_COMPRESSION, "yes", "compression");
  if (has_aes_instructions()) {
    set(session, SSH_OPTIONS_CIPHERS_C_S, kCiphersWithAesInstructions, "order of ciphers");
    set(session, SSH_OPTIONS_CIPHERS_S_C, kCiphersWithAesInstructions, "order of ciphers");
  }
  for (const auto& [keyword, value] : settings.algorithms) {
    for (const KeywordOptions& options : kKeywordOptions) {
      if (options.keyword != keyword) continue;
      set(session, options.first, value.c_str(), keyword);
      if (options.second != options.first) set(session, options.second, value.c_str(), keyword);
    }
  }
}

std::unique_ptr<Subprocess> start_proxy(const std::string& command) {
  const char* shell = std::getenv("SHELL");
  const std::string program = shell != nullptr && *shell == '/' ? shell : "/bin/sh";
  return std::make_unique<Subprocess>(std::vector<std::string>{program, "-c", "exec " + command},
                                      Subprocess::Streams{.input = true, .output = true, .socket = true});
}

}  // namespace

SshSessionHandle make_ssh_session(const SshSettings& settings) {
  SshSessionHandle session(ssh_new());
  if (!session) throw Error(ExitCode::internal, "libssh cannot be used");
  set_options(session.get(), settings);
  return session;
}

SshLink::SshLink(const SshSettings& settings) : session_(make_ssh_session(settings)) {
  ssh_set_counters(session_.get(), &counter_, nullptr);
  Fd fd;
  if (settings.proxy_command.empty()) {
    fd = connect_tcp(settings.host, settings.port, settings.bind_address, settings.connect_timeout);
  } else {
    proxy_ = start_proxy(settings.proxy_command);
    fd = std::move(proxy_->input);
  }
  set_nonblocking(fd);
  const socket_t number = fd.get();
  set(session_.get(), SSH_OPTIONS_FD, &number, "socket");
  static_cast<void>(fd.release());  // ssh_connect() owns it from here on, whether it succeeds or not
  if (ssh_connect(session_.get()) != SSH_OK) {
    throw Error(ExitCode::connection, "the SSH connection was not made: " + failure(),
                proxy_ ? "does the ProxyCommand or ProxyJump work with ssh?" : "is this an SSH server?");
  }
}

void SshLink::acknowledge_little() {
  const uint64_t count = counter_.in_bytes - std::exchange(received_before_wait_, counter_.in_bytes);
  // More is not kept back, and one acknowledgement for two segments will do.
  if (count > 0 && count < kFullSegment && !proxy_) acknowledge(ssh_get_fd(session_.get()));
}

bool SshLink::wait_for_host(std::chrono::milliseconds patience) {
  if (!is_connected()) return false;
  acknowledge_little();
  const bool wants_to_write = (ssh_get_poll_flags(session_.get()) & SSH_WRITE_PENDING) != 0;
  pollfd ready{ssh_get_fd(session_.get()), static_cast<short>(wants_to_write ? POLLIN | POLLOUT : POLLIN), 0};
  return wait_for({&ready, 1}, patience);
}

std::optional<std::chrono::nanoseconds> SshLink::round_trip() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (proxy_ || ::getsockopt(ssh_get_fd(session_.get()), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  const bool has_least = size >= offsetof(tcp_info, tcpi_min_rtt) + sizeof info.tcpi_min_rtt;
  return std::chrono::microseconds(has_least ? info.tcpi_min_rtt : info.tcpi_rtt);
}

std::optional<uint64_t> SshLink::taken() const {
  int waiting = 0;  // sent and not acknowledged, or not even sent
  if (proxy_ || ::ioctl(ssh_get_fd(session_.get()), SIOCOUTQ, &waiting) != 0) return std::nullopt;
  return counter_.out_bytes - std::min<uint64_t>(counter_.out_bytes, static_cast<uint64_t>(std::max(waiting, 0)));
}

std::string SshLink::failure() const {
  const std::string text = printable(ssh_get_error(session_.get()), 300);
  return text.empty() ? "the other side hung up" : text;
}

}  // namespace docker_sync
