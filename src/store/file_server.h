// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// The files of a store for somebody who may not open them: the side that may. The other one is remote_files.h.
#pragma once

#include "store/file_link.h"

namespace docker_sync {

/// Answers until the link ends. Memory: file_limits::kBytes. Throws ExitCode::protocol on a question that may not be
/// asked, what the link throws, and no error of a file: those are answers.
void serve_files(FileLink& link);

}  // namespace docker_sync
