// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "reach/reach.h"

#include "base/error.h"
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

Reached reach_socket(const Address& address) {
  EngineOptions engine;
  if (address.kind == Kind::socket) engine.address = "unix://" + address.path;
  ServeOptions options{[engine] { return open_engine(engine); }, {}};
  options.journal = journal_name(engine.address);
  Reached reached;
  reached.local = std::make_unique<LocalEndpoint>(std::move(options));
  reached.channel = reached.local->take_channel();
  reached.host = address.display();
  return reached;
}

Reached reach_by_ssh(const Address& address, const ReachOptions& options) {
  ConnectOptions connection{options.rsh, options.files, options.prompter, options.helpers, {{}, options.sudo}};
  if (!address.path.empty()) connection.helper.arguments = {"--engine", "unix://" + address.path};
  StartedHelper started = connect(*address.host, connection);
  Reached reached;
  reached.channel = std::move(started.channel);
  reached.host = address.display();
  reached.helper_uploaded = started.uploaded_bytes;
  reached.in_process = false;
  return reached;
}

}  // namespace

void Reached::settle() {
  if (local) local->wait();
}

Address resolve(const Address& address, const Surroundings& host) {
  if (address.kind != Kind::local && address.kind != Kind::context) return address;
  const bool named = address.kind == Kind::context;
  const DockerPlace place = find_docker(named ? "context:" + address.context : "", host);
  Address found = parse_place(place);
  // The user's own engine keeps its name, wherever its socket is.
  return found.kind == Kind::socket && !named ? address : found;
}

Reached reach(const Address& address, const ReachOptions& options) {
  const Address place = resolve(address, host_surroundings());
  switch (place.kind) {
    case Kind::local:
    case Kind::socket: return reach_socket(place);
    case Kind::ssh: return reach_by_ssh(place, options);
    default: break;
  }
  throw Error(ExitCode::usage, place.display() + " is not supported yet", "name a Docker host");
}

}  // namespace docker_sync
