# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Control groups: whose processor time it was. They count what sampling misses, programs of a few milliseconds, and
keep what was counted of programs that are over.

Of each host: `daemons` (dockerd, containerd and what those start), `containers` (what runs in these), and `programs`
(all else: methods, sshd). Either version of the kernel's interface will do; no controller has to be enabled.
"""

import os
import pathlib
import re

from hosts import wait_until

TOP = pathlib.Path("/sys/fs/cgroup")
ROOT = TOP / "cpuacct" if (TOP / "cpuacct").exists() else TOP
PREFIX = "docker-sync-bench-"


class ControlGroups:
    """Context manager, to be left when the hosts are gone."""

    def __init__(self):
        self._name = f"{PREFIX}{os.getpid()}"

    def __enter__(self):
        for left in TOP.glob(f"*/{PREFIX}*") if ROOT != TOP else TOP.glob(f"{PREFIX}*"):
            if not os.path.exists(f"/proc/{left.name.removeprefix(PREFIX)}"):
                remove(left)
        return self

    def __exit__(self, *_):
        # Engines make groups for their containers in every hierarchy.
        for top in [TOP, *(folder for folder in TOP.iterdir() if folder.is_dir())]:
            if (top / self._name).exists():
                wait_until(lambda: remove(top / self._name), f"the processes in {top / self._name} to end")

    def of(self, host):
        return HostGroups(f"{self._name}/{host.name}")


class HostGroups:
    def __init__(self, name):
        self.container_parent = f"/{name}/containers"  # for dockerd's --cgroup-parent
        self.daemons, self.programs, self.containers = (
            Group(ROOT / name / part) for part in ("daemons", "programs", "containers"))

    @property
    def ours(self):
        """What is no daemon; a helper may run in a container."""
        return [self.programs, self.containers]


class Group:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)

    def take(self, pids):
        for pid in pids:
            (self.folder / "cgroup.procs").write_text(str(pid))

    def pids(self):
        """Those below this group as well."""
        found = []
        for folder, _, _ in os.walk(self.folder):
            try:
                found += map(int, pathlib.Path(folder, "cgroup.procs").read_text().split())
            except OSError:
                continue  # a container that has just ended
        return found

    def cpu_seconds(self):
        if (self.folder / "cpuacct.usage").exists():
            return int((self.folder / "cpuacct.usage").read_text()) / 1e9
        return int(re.search(r"usage_usec (\d+)", (self.folder / "cpu.stat").read_text())[1]) / 1e6


def remove(folder):
    """Whether it is gone: a group with processes in it stays."""
    for inner, _, _ in os.walk(folder, topdown=False):
        try:
            os.rmdir(inner)
        except OSError:
            return False
    return True
