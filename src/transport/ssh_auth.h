// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Proves to the host who the user is: GSSAPI, keys and the agent, then what has to be typed. Done here step by step,
// since libssh's own ssh_userauth_publickey_auto() neither says which key wants a passphrase nor stops asking.
#pragma once

#include "transport/prompter.h"
#include "transport/ssh_link.h"

namespace docker_sync {

/// Returns when the host has let the user in. A named key that opens without a passphrase goes before the agent, the
/// others after it. Throws ExitCode::authentication when all that could be tried was, or the host hung up.
void authenticate(SshLink& link, const SshSettings& settings, Prompter& prompter);

}  // namespace docker_sync
