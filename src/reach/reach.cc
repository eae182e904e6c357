// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/reach.h"

#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "engine/docker.h"
#include "engine/open.h"

namespace docker_sync {

namespace {

using Kind = Address::Kind;

Address parse_place(const DockerPlace& place) {
  try {
    Address address = Address::parse(place.url);
    // Only what docker understands: there a bare word is no host.
    const bool known = place.url.find("://") != std::string::npos &&
                       (address.kind == Kind::ssh || address.kind == Kind::socket || address.kind == Kind::tcp);
    if (known) return address;
  } catch (const Error&) {
    // Said below, with who named it.
  }
  throw Error(ExitCode::usage, place.origin + " is '" + place.url + "', which is no place of an engine",
              "docker takes unix:///path, ssh://user@host and tcp://host:port");
}

/// In this process. `engine_address`: what tells this engine from others.
Reached serve_here(const Address& address, const std::string& engine_address,
                   std::function<std::unique_ptr<Engine>()> open, const ShareEngine& share) {
  if (share) open = [shared = share(std::move(open))] { return shared->engine(); };
  ServeOptions options{std::move(open), {}};
  options.journal = journal_name(engine_address);
  Reached reached;
  reached.local = std::make_unique<LocalEndpoint>(std::move(options));
  reached.channel = reached.local->take_channel();
  reached.host = address.display();
  return reached;
}

Reached reach_socket(const Address& address, const ReachOptions& options) {
  EngineOptions engine;
  engine.address = address.kind == Kind::socket ? "unix://" + address.path : options.engine;
  if (options.containers) {
    engine.find_helper = [helpers = options.helpers](const std::string& architecture) {
      return helper_for(architecture, helpers);
    };
  }
  return serve_here(
      address, engine.address, [engine] { return open_engine(engine); }, options.share);
}

std::unique_ptr<Engine> open_far_engine(const TcpDaemon& daemon) {
  try {
    auto engine = std::make_unique<DockerEngine>([daemon] { return daemon.connect(); });
    verbose(engine->description() + " at tcp://" + daemon.address.display());
    return engine;
  } catch (const Error& error) {
    if (daemon.tls || error.failure().find("HTTP request to an HTTPS server") == std::string::npos) throw;
    throw Error(ExitCode::connection, "it speaks nothing but TLS", "use --tlsverify, or DOCKER_TLS_VERIFY");
  }
}

/// Whether there is a daemon, but none that runs a helper for us.
bool speaks_against_containers(ExitCode code) {
  return code == ExitCode::helper || code == ExitCode::engine || code == ExitCode::image || code == ExitCode::disk ||
         code == ExitCode::protocol;
}

Reached reach_container(const Place& place, const TcpDaemon& daemon, const ReachOptions& options) {
  (void)open_far_engine(daemon);  // What is wrong with the daemon itself is not said of containers.
  Reached reached;
  reached.container = start_container_helper([daemon] { return daemon.connect(); }, place.address.display(),
                                             options.helpers, options.remote_tmpfolder);
  reached.channel = reached.container->take_channel();
  reached.host = place.address.display();
  reached.helper_uploaded = reached.container->uploaded_bytes();
  reached.in_process = false;
  return reached;
}

Reached reach_by_tcp(const Place& place, const ReachOptions& options) {
  const TcpDaemon daemon{*place.address.host, place.tls};
  if (options.containers) {
    try {
      return reach_container(place, daemon, options);
    } catch (Error& error) {
      error.on_host(place.address.display());
      if (!speaks_against_containers(error.code())) throw;
      warn(std::string(error.what()) + "; without a helper there, needed layers travel whole");
    }
  }
  Reached reached = serve_here(
      place.address, place.address.display(), [daemon] { return open_far_engine(daemon); }, options.share);
  reached.far_engine = daemon.count;
  return reached;
}

/// `engine`: the helper's arguments that name one; none for the usual one.
Reached reach_by_ssh(const Address& address, std::vector<std::string> engine, const ReachOptions& options) {
  if (!options.containers) engine.insert(engine.end(), {"--helper-container", "no"});
  ConnectOptions connection{
      options.rsh, options.files, options.prompter, options.helpers, {std::move(engine), options.sudo}};
  StartedHelper started = connect(*address.host, connection);
  Reached reached;
  reached.channel = std::move(started.channel);
  reached.host = address.display();
  reached.helper_uploaded = started.uploaded_bytes;
  reached.upload_rate.bytes_per_second = started.upload_rate;
  reached.in_process = false;
  return reached;
}

Reached reach_engine_by_ssh(const Address& address, const ReachOptions& options) {
  const std::string engine = address.path.empty() ? options.remote_engine : "unix://" + address.path;
  return reach_by_ssh(
      address, engine.empty() ? std::vector<std::string>() : std::vector<std::string>{"--engine", engine}, options);
}

Reached reach_directory(const Address& address, const ReachOptions& options) {
  if (address.host) {
    std::vector<std::string> engine = {"--engine", "oci:" + address.path};
    if (options.store_compression == StoreCompression::zstd)
      engine.insert(engine.end(), {"--store-compression", "zstd"});
    return reach_by_ssh(address, std::move(engine), options);
  }
  // One name for it, whatever folder a later run begins in.
  const EngineOptions engine{"oci:" + std::filesystem::absolute(address.path).string(), options.store_compression};
  return serve_here(
      address, engine.address, [engine] { return open_engine(engine); }, options.share);
}

Reached reach_podman(const Address& address, const ShareEngine& share) {
  return serve_here(
      address, kPodman,
      [] {
        return open_engine({kPodman, {}});
      },
      share);
}

}  // namespace

void Reached::settle() {
  if (local) local->wait();
  if (container) container->remove();
}

Place resolve(const Address& address, const TlsOptions& tls, const Surroundings& host) {
  if (address.kind != Kind::local && address.kind != Kind::context) return {address, tls_settings(tls, host)};
  const bool named = address.kind == Kind::context;
  const DockerPlace found = find_docker(named ? "context:" + address.context : "", host);
  const Address place = parse_place(found);
  // The user's own engine keeps its name, wherever its socket is.
  if (place.kind == Kind::socket && !named) return {address, std::nullopt};
  return {place, found.is_context ? tls_settings(found, tls, host) : tls_settings(tls, host)};
}

Reached reach(const Address& address, const ReachOptions& options) {
  // Podman is of this host whatever docker's configuration says.
  const bool is_podman = address.kind == Kind::podman || (address.kind == Kind::local && options.engine == kPodman);
  if (is_podman) return reach_podman(address, options.share);
  const Place place = resolve(address, options.tls, host_surroundings());
  switch (place.address.kind) {
    case Kind::local:
    case Kind::socket:
      return reach_socket(place.address, options);
    case Kind::ssh:
      return reach_engine_by_ssh(place.address, options);
    case Kind::oci:
      return reach_directory(place.address, options);
    case Kind::tcp:
      return reach_by_tcp(place, options);
    default:
      break;
  }
  throw Error(ExitCode::internal, place.address.display() + " leads nowhere");
}

}  // namespace docker_sync
