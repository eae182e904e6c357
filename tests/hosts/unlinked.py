# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What processes have in files without a name: spools, which no folder shows."""

import os
import stat

from .sampler import Sampler

IN_MEMORY = ("/memfd:", "/dev/shm/", "/run/", "/dev/zero")


class SpoolWatch(Sampler):
    """Context manager. Samples what docker-sync's processes have in such files at each of the hosts while something
    runs: `peak[host name]`, in bytes on disk; `seen[host name]` counts the samples in which any of them was there."""

    def __init__(self, hosts):
        super().__init__()
        self._hosts = hosts
        self.peak, self.seen = ({host.name: 0 for host in hosts} for _ in range(2))

    def sample(self):
        for host in self._hosts:
            pids = host.processes_of("docker-sync")
            self.seen[host.name] += bool(pids)
            self.peak[host.name] = max(self.peak[host.name], unlinked_bytes(pids)[0])


def unlinked_bytes(pids):
    """(on disk, in memory) of the files without a name that processes have open."""
    found = {}
    for pid in pids:
        for entry in entries(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(entry.path)
                if target.endswith(" (deleted)"):  # spares the others a stat
                    status = os.stat(entry.path)
                    if stat.S_ISREG(status.st_mode):
                        found[status.st_dev, status.st_ino] = status.st_blocks * 512, target.startswith(IN_MEMORY)
            except OSError:
                continue  # closed
    return tuple(sum(size for size, in_memory in found.values() if in_memory == wanted) for wanted in (False, True))


def entries(folder):
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []  # removed, or over
