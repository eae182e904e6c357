// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The helpers that the program carries within it.
#pragma once

#include <span>

#include "transport/bootstrap.h"

namespace docker_sync {

/// One for each machine type. The bytes live as long as the program.
[[nodiscard]] std::span<const HelperImage> embedded_helpers();

}  // namespace docker_sync
