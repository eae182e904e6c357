# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What a method holds at each end while it runs, sampled: anonymous memory, and files that will not stay."""

import dataclasses
import os
import stat

from hosts.memory import anonymous_bytes
from hosts.sampler import Sampler
from hosts.unlinked import entries, unlinked_bytes

DISK_EVERY = 5  # samples of memory
SCRATCH = ["tmp", "var_tmp"]  # folders of a host's disk
ENGINE_SPOOLS = "var_lib_docker/tmp"


@dataclasses.dataclass
class Held:
    """Bytes. `memory` is of the method's own programs, unlinked files in memory included; `spool` what these have in
    temporary files, unlinked or not; `exported`, `imported`: what the engine has in its own, for a save and for a
    load."""
    memory: int = 0
    spool: int = 0
    exported: int = 0
    imported: int = 0

    def raise_to(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, max(getattr(self, field.name), getattr(other, field.name)))


class Watch(Sampler):
    """Context manager. `ends`: [(host, its HostGroups)]. `peak[host name]`; `cpu_seconds`: what the watching itself
    took."""

    def __init__(self, ends):
        super().__init__()
        self._ends = [End(host, groups) for host, groups in ends]
        self.peak = {host.name: Held() for host, _ in ends}

    def sample(self):
        for end in self._ends:
            self.peak[end.name].raise_to(end.sample(with_disk=self.samples % DISK_EVERY == 0))


class End:
    def __init__(self, host, groups):
        self.name, self._groups = host.name, groups
        self._scratch = [host.disk / folder for folder in SCRATCH]
        self._engine_spools = host.disk / ENGINE_SPOOLS
        self._before = sum(map(bytes_below, self._scratch))

    def sample(self, with_disk):
        # Python is this program itself, about to start another.
        pids = [pid for group in self._groups.ours for pid in group.pids() if "python" not in program(pid)]
        held = Held(memory=sum(map(anonymous_bytes, pids)))
        if with_disk:
            on_disk, in_memory = unlinked_bytes(pids)
            held.memory += in_memory
            held.spool = on_disk + max(0, sum(map(bytes_below, self._scratch)) - self._before)
            held.exported, held.imported = self._engine_bytes()
        return held

    def _engine_bytes(self):
        unlinked, _ = unlinked_bytes(self._groups.daemons.pids())
        exported = imported = 0
        for entry in entries(self._engine_spools):
            if entry.name.startswith("docker-import"):
                imported += bytes_below(entry.path)
            else:
                exported += bytes_below(entry.path) if entry.is_dir(follow_symlinks=False) else blocks(entry)
        return exported + unlinked, imported


def program(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""  # over


def bytes_below(folder):
    total = 0
    for entry in entries(folder):
        try:
            total += bytes_below(entry.path) if entry.is_dir(follow_symlinks=False) else blocks(entry)
        except OSError:
            continue  # removed
    return total


def blocks(entry):
    """Bytes that a regular file occupies."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return 0  # removed
    return status.st_blocks * 512 if stat.S_ISREG(status.st_mode) else 0
