// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// From an address to an endpoint that answers: threads of this program where the engine can be used from here, a helper
// started over SSH, or in a container of a daemon on TCP, where not. What a context or DOCKER_HOST says is followed
// first, so `local` may well be far away.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/channel.h"
#include "engine/docker_socket.h"
#include "image/layer_blob.h"
#include "reach/address.h"
#include "reach/container_helper.h"
#include "reach/shared_engine.h"
#include "reach/tcp_engine.h"
#include "sync/local_endpoint.h"
#include "transport/connect.h"
#include "wire/message.h"

namespace docker_sync {

/// Makes an engine into one that several endpoints share.
using ShareEngine = std::function<std::shared_ptr<SharedEngine>(std::function<std::unique_ptr<Engine>()> open)>;

struct ReachOptions {
  std::string rsh;    ///< as ConnectOptions has it
  bool sudo = false;  ///< the helper of an SSH host runs as root
  SshFiles files;
  Prompter* prompter = nullptr;
  std::span<const HelperImage> helpers;
  TlsOptions tls;
  /// A daemon on TCP gets a helper, else its endpoint is in this process; a store that an endpoint may not read is read
  /// by a container.
  bool containers = true;
  std::string remote_tmpfolder;       ///< for that helper's container
  std::string engine, remote_engine;  ///< of this host and of SSH hosts: as open_engine() takes it, empty: any
  StoreCompression store_compression = StoreCompression::none;  ///< of image directories
  ShareEngine share;  ///< an engine whose endpoint is in this process; null: it is nobody else's
};

/// An endpoint, ready to be spoken to.
struct Reached {
  std::unique_ptr<Channel> channel;
  std::string host;              ///< how messages name it
  uint64_t helper_uploaded = 0;  ///< bytes
  LinkRate upload_rate;          ///< of the network then; not known where nothing was uploaded, or not by SSH
  bool in_process = true;        ///< it is this program; its scratch is here, and its channel crosses no network
  /// Set where it is this program and the engine is elsewhere: then every byte of an image that is read crosses the
  /// network, and no basis is worth that.
  std::shared_ptr<const NetworkCount> far_engine;
  std::unique_ptr<LocalEndpoint> local;
  std::unique_ptr<HelperContainer> container;

  /// After the channel was closed: waits until what was not committed is undone, and nothing of a helper is left that
  /// should not be.
  void settle();
};

/// Where an address leads.
struct Place {
  Address address;                 ///< an ssh host, a socket, a TCP daemon; `local` for the usual socket
  std::optional<TlsSettings> tls;  ///< tcp
};

/// Asks contexts and the environment. `local` and contexts that lead nowhere but to the usual socket stay `local`.
/// Throws ExitCode::engine for a context that does not exist, ExitCode::usage for an address in one that cannot be
/// meant.
[[nodiscard]] Place resolve(const Address& address, const TlsOptions& tls, const Surroundings& host);

/// Throws what connect() throws. An engine of this host is not
/// opened yet: the endpoint says in its first answer what is wrong with it.
[[nodiscard]] Reached reach(const Address& address, const ReachOptions& options);

}  // namespace docker_sync
