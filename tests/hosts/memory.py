# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Peak anonymous memory of programs on several hosts, sampled while something runs.

VmHWM would need no sampling, but counts mapped files; what a program took for itself is RssAnon.
"""

import os

from .sampler import Sampler


class MemoryWatch(Sampler):
    """Context manager. `words`: parts of the executables' paths. `peak[host name]` is in bytes."""

    def __init__(self, hosts, words=("docker-sync",)):
        super().__init__()
        self._hosts = {host.pid_namespace: host.name for host in hosts}
        self._words = words
        self._known = {}  # pid -> host name, None for processes elsewhere
        self.peak = {host.name: 0 for host in hosts}

    def sample(self):
        sums = dict.fromkeys(self.peak, 0)
        pids = {int(entry) for entry in os.listdir("/proc") if entry.isdigit()}
        for pid in self._known.keys() - pids:
            del self._known[pid]
        for pid in pids:
            host = self._host_of(pid)
            if host:
                sums[host] += anonymous_bytes(pid)
        for host, total in sums.items():
            self.peak[host] = max(self.peak[host], total)

    def _host_of(self, pid):
        """Name of the host where the process is a watched program. Its namespace is for life, its program
        may change: sshd's child becomes a shell, and that the helper."""
        try:
            if pid not in self._known:
                self._known[pid] = self._hosts.get(os.readlink(f"/proc/{pid}/ns/pid"))
            host = self._known[pid]
            program = os.readlink(f"/proc/{pid}/exe") if host else ""
        except OSError:  # a kernel thread, or over already
            return None
        return host if any(word in program for word in self._words) else None


def anonymous_bytes(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
