# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Several hosts on one machine, for the end-to-end tests, the demo and the bench.

A host is a set of Linux namespaces with its own network, mounts, processes, /etc, sshd and dockerd.
Virtual machines would be closer to life, but need minutes and a hypervisor where these need a second.
"""

from .certificates import Authority
from .delay import DelayingRelay
from .engine import Engine, copy_images
from .engine_proxy import EngineProxy
from .engine_roots import DOCKER20, DOCKER26, DOCKER26_CONTAINERD, DOCKER28, DOCKER28_CONTAINERD, EngineKind
from .host import Host, home_of
from .images import Recipe, edited, import_busybox, noise
from .link import Link
from .memory import MemoryWatch
from .network import Network
from .other_machine import ELF_MACHINE, OTHER, OtherMachineRoot
from .podman import Podman
from .process import CommandFailed, Process, Result
from .ssh_server import SshServer, introduce, make_key
from .terminal import Terminal
from .unlinked import SpoolWatch
from .waiting import wait_until
from .workdir import WorkDir

__all__ = [
    "DOCKER20", "DOCKER26", "DOCKER26_CONTAINERD", "DOCKER28", "DOCKER28_CONTAINERD", "ELF_MACHINE", "OTHER",
    "Authority", "CommandFailed", "DelayingRelay", "Engine", "EngineKind", "EngineProxy", "Host", "Link", "MemoryWatch",
    "Network", "OtherMachineRoot", "Podman", "Process", "Recipe", "Result", "SpoolWatch", "SshServer", "Terminal",
    "WorkDir", "copy_images", "edited", "home_of", "import_busybox", "introduce", "make_key", "noise", "wait_until",
]
