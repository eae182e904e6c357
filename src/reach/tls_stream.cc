// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>

#include "base/error.h"

namespace docker_sync {

namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)>;
using TlsSession = std::unique_ptr<SSL, decltype(&::SSL_free)>;

std::string reason_of(unsigned long error) {
  const char* reason = ::ERR_reason_error_string(error);
  return reason != nullptr ? reason : "unknown error";
}

[[noreturn]] void refuse_file(const std::string& path) {
  throw Error(ExitCode::usage, "cannot use " + path + " for TLS: " + reason_of(::ERR_peek_last_error()),
              "see DOCKER_CERT_PATH, --tlscacert, --tlscert and --tlskey");
}

Context make_context(const TlsSettings& settings) {
  Context context(::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free);
  if (!context) throw Error(ExitCode::internal, "OpenSSL does not start");
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // An end without farewell is an end: HTTP knows itself whether an answer is whole.
  ::SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::ERR_clear_error();
  if (settings.verify) {
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (settings.ca.empty()) {
      ::SSL_CTX_set_default_verify_paths(context.get());
    } else if (::SSL_CTX_load_verify_locations(context.get(), settings.ca.c_str(), nullptr) != 1) {
      refuse_file(settings.ca);
    }
  }
  if (settings.certificate.empty() && settings.key.empty()) return context;
  if (settings.certificate.empty() || settings.key.empty()) {
    throw Error(ExitCode::usage, "a TLS certificate needs its key, and a key its certificate",
                "name both with --tlscert and --tlskey, or put both into DOCKER_CERT_PATH");
  }
  if (::SSL_CTX_use_certificate_chain_file(context.get(), settings.certificate.c_str()) != 1) {
    refuse_file(settings.certificate);
  }
  if (::SSL_CTX_use_PrivateKey_file(context.get(), settings.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse_file(settings.key);
  }
  return context;
}

void expect_host(SSL* session, const std::string& host) {
  if (::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), host.c_str()) == 1) return;
  ::SSL_set1_host(session, host.c_str());
  // What SSL_set_tlsext_host_name() is, without its C cast.
  ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
}

/// What the error that OpenSSL has queued means. Alerts are the daemon's words about us.
[[noreturn]] void throw_tls(SSL* session) {
  const unsigned long error = ::ERR_peek_error();
  const std::string reason = reason_of(error);
  switch (ERR_GET_REASON(error)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      throw Error(ExitCode::host_key,
                  std::string("its certificate is not trusted: ") +
                      ::X509_verify_cert_error_string(::SSL_get_verify_result(session)),
                  "name its authority's certificate with --tlscacert, or DOCKER_CERT_PATH");
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      throw Error(ExitCode::authentication, "the daemon does not accept our certificate: " + reason,
                  "name one that it trusts with --tlscert and --tlskey, or DOCKER_CERT_PATH");
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      throw Error(ExitCode::connection, "it does not speak TLS", "leave out --tlsverify and DOCKER_TLS_VERIFY");
    default:
      throw Error(ExitCode::connection, "TLS failed: " + reason, "see the daemon's log");
  }
}

class TlsStream : public EngineStream {
 public:
  TlsStream(Fd socket, const std::string& host, const TlsSettings& settings)
      : socket_(std::move(socket)), context_(make_context(settings)), session_(::SSL_new(context_.get()), &::SSL_free) {
    if (!session_) throw Error(ExitCode::internal, "OpenSSL has no session");
    set_nonblocking(socket_);
    if (settings.verify) expect_host(session_.get(), host);
    ::SSL_set_fd(session_.get(), socket_.get());
  }

  void shake_hands(std::chrono::milliseconds timeout) {
    while (true) {
      ::ERR_clear_error();
      const int result = ::SSL_connect(session_.get());
      if (result == 1) return;
      const int error = ::SSL_get_error(session_.get(), result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        if (error == SSL_ERROR_SSL) throw_tls(session_.get());
        throw Error(ExitCode::connection, "it ended the connection instead of speaking TLS", "is TLS on at that port?");
      }
      pollfd ready{socket_.get(), static_cast<short>(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
      if (!wait_for({&ready, 1}, timeout)) {
        throw Error(ExitCode::connection, "no answer to the TLS greeting in time", "is TLS on at that port?");
      }
    }
  }

  std::optional<size_t> read_some(MutableBytes out) override {
    const std::lock_guard lock(mutex_);
    size_t count = 0;
    ::ERR_clear_error();
    const int result = ::SSL_read_ex(session_.get(), out.data(), out.size(), &count);
    if (result == 1) return count;
    return has_ended(result, reading_waits_for_) ? std::optional<size_t>(0) : std::nullopt;
  }

  std::optional<size_t> write_some(ByteView bytes) override {
    const std::lock_guard lock(mutex_);
    size_t count = 0;
    ::ERR_clear_error();
    const int result = ::SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count);
    if (result == 1) return count;
    if (has_ended(result, writing_waits_for_)) throw EngineGone();
    return std::nullopt;
  }

  bool wait(Wait what, std::optional<std::chrono::milliseconds> timeout) override {
    pollfd ready{socket_.get(), 0, 0};
    if (what != Wait::writing) {
      const std::lock_guard lock(mutex_);
      if (::SSL_pending(session_.get()) > 0) return true;
      ready.events = static_cast<short>(ready.events | reading_waits_for_);
    }
    if (what != Wait::reading) ready.events = static_cast<short>(ready.events | writing_waits_for_);
    return wait_for({&ready, 1}, timeout);
  }

  void finish_writing() override {
    const std::lock_guard lock(mutex_);
    ::SSL_shutdown(session_.get());
  }
  void close() noexcept override { ::shutdown(socket_.get(), SHUT_RDWR); }

 private:
  /// After a call that did nothing: whether that is for good. If not, `waits_for` is what to poll for.
  bool has_ended(int result, std::atomic<short>& waits_for) {
    switch (::SSL_get_error(session_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        waits_for = POLLIN;
        return false;
      case SSL_ERROR_WANT_WRITE:
        waits_for = POLLOUT;
        return false;
      case SSL_ERROR_SSL:
        throw_tls(session_.get());
      default:
        return true;
    }
  }

  Fd socket_;
  Context context_;
  TlsSession session_;
  std::mutex mutex_;  ///< guards session_: one thread may read while another one writes
  std::atomic<short> reading_waits_for_ = POLLIN, writing_waits_for_ = POLLOUT;
};

}  // namespace

std::unique_ptr<EngineStream> connect_tls(Fd socket, const std::string& host, const TlsSettings& settings,
                                          std::chrono::milliseconds timeout) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), host, settings);
  stream->shake_hands(timeout);
  return stream;
}

}  // namespace docker_sync
