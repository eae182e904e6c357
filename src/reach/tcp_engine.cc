// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/tcp_engine.h"

#include "base/error.h"
#include "transport/tcp.h"

namespace docker_sync {

namespace {

constexpr uint16_t kPlainPort = 2375, kTlsPort = 2376;
constexpr std::chrono::seconds kTimeout(20);

std::string certificate_folder(const Surroundings& host) {
  if (const std::string named = host.variable("DOCKER_CERT_PATH"); !named.empty()) return named;
  if (const std::string named = host.variable("DOCKER_CONFIG"); !named.empty()) return named;
  return host.variable("HOME") + "/.docker";
}

std::string if_there(const std::string& path, const Surroundings& host) { return host.file(path) ? path : ""; }

class CountedStream : public EngineStream {
 public:
  CountedStream(std::unique_ptr<EngineStream> below, std::shared_ptr<NetworkCount> count)
      : below_(std::move(below)), count_(std::move(count)) {}

  std::optional<size_t> read_some(MutableBytes out) override {
    const auto count = below_->read_some(out);
    count_->received += count.value_or(0);
    return count;
  }
  std::optional<size_t> write_some(ByteView bytes) override {
    const auto count = below_->write_some(bytes);
    count_->sent += count.value_or(0);
    return count;
  }
  bool wait(Wait what, std::optional<std::chrono::milliseconds> timeout) override {
    return below_->wait(what, timeout);
  }
  void finish_writing() override { below_->finish_writing(); }
  void close() noexcept override { below_->close(); }

 private:
  std::unique_ptr<EngineStream> below_;
  std::shared_ptr<NetworkCount> count_;
};

}  // namespace

std::optional<TlsSettings> tls_settings(const TlsOptions& options, const Surroundings& host) {
  if (!options.given() && host.variable("DOCKER_TLS_VERIFY").empty()) return std::nullopt;
  const std::string folder = certificate_folder(host);
  const auto named = [](const std::string& path, const std::string& otherwise) {
    return path.empty() ? otherwise : path;
  };
  return TlsSettings{named(options.ca, folder + "/ca.pem"),
                     named(options.certificate, if_there(folder + "/cert.pem", host)),
                     named(options.key, if_there(folder + "/key.pem", host)), true};
}

std::optional<TlsSettings> tls_settings(const DockerPlace& context, const TlsOptions& options,
                                        const Surroundings& host) {
  if (context.tls_folder.empty() && !context.skip_verification) {
    return options.given() ? tls_settings(options, host) : std::nullopt;
  }
  const auto file = [&](const char* name) {
    return context.tls_folder.empty() ? "" : if_there(context.tls_folder + name, host);
  };
  return TlsSettings{file("/ca.pem"), file("/cert.pem"), file("/key.pem"), !context.skip_verification};
}

std::unique_ptr<EngineStream> TcpDaemon::connect() const {
  Fd socket;
  try {
    socket = connect_tcp(address.host, address.port.value_or(tls ? kTlsPort : kPlainPort), "", kTimeout);
  } catch (const Error& error) {
    throw Error(error.code(), error.failure(), "does dockerd listen there, on that port, and no firewall forbid it?");
  }
  auto stream =
      tls ? connect_tls(std::move(socket), address.host, *tls, kTimeout) : make_socket_stream(std::move(socket));
  return std::make_unique<CountedStream>(std::move(stream), count);
}

}  // namespace docker_sync
