# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The engines that a host may have, and the root folders that those of other Debian releases live in.

A root is made once by debootstrap and kept in the user's cache; hosts mount it read-only, so that any number of them
share it. Containers of an engine's own releases were rejected: they need an engine to begin with, and a network at
every start.
"""

import dataclasses
import fcntl
import os
import pathlib
import re
import shutil
import subprocess

DEFAULT_MIRROR = "http://deb.debian.org/debian"
PACKAGES = ["docker.io", "ca-certificates", "iptables"]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclasses.dataclass(frozen=True)
class EngineKind:
    """An engine as tests ask for it. `suite`: the Debian release it comes from; None: this machine's own."""
    name: str
    suite: str | None = None
    containerd_store: bool = False

    @property
    def root(self):
        """The folder to start it in, made when it is first asked for; None: this machine's."""
        return self.suite and root_of(self.suite)

    @property
    def settings(self):
        """Its daemon.json."""
        return {"features": {"containerd-snapshotter": True}} if self.containerd_store else {}


DOCKER20 = EngineKind("docker20")
DOCKER26 = EngineKind("docker26", "trixie")
DOCKER26_CONTAINERD = EngineKind("docker26-containerd", "trixie", True)
DOCKER28 = EngineKind("docker28", "sid")
DOCKER28_CONTAINERD = EngineKind("docker28-containerd", "sid", True)


def root_of(suite):
    """The root folder of a Debian release with Docker in it; debootstrap takes some minutes the first time."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "docker-sync-tests"
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / suite
    with open(cache / f"{suite}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            unfinished = cache / f"{suite}.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            subprocess.run(["debootstrap", "--variant=minbase", f"--keyring={KEYRING}",
                            f"--include={','.join(PACKAGES)}", suite, unfinished, mirror()],
                           check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            shutil.rmtree(unfinished / "var/cache/apt", ignore_errors=True)
            (unfinished / "var/lib/docker").mkdir(exist_ok=True)  # a host's disk goes there
            unfinished.rename(root)
    return root


def mirror(folder="/etc/apt"):
    """The Debian mirror that this machine's apt uses."""
    folder = pathlib.Path(folder)
    sources = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for source in filter(pathlib.Path.is_file, sources):
        for line in source.read_text(errors="replace").splitlines():
            found = re.match(r"(?:deb\s+(?:\[[^]]*\]\s+)?|URIs:\s*)(https?://\S+/debian)/?(?:\s|$)", line)
            if found:
                return found[1]
    return DEFAULT_MIRROR
