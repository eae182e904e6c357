# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Hosts and the cables between them, as one thing that is set up and taken down."""

import signal
import sys

from .host import Host
from .link import Link
from .workdir import WorkDir


class Network:
    """Use as a context manager. SIGTERM and SIGHUP take it down as an exception would."""

    def __init__(self, parent=None):
        self.workdir = WorkDir(parent)
        self.hosts, self.links = {}, []

    def add_host(self, name, **how):
        """`how` is for Host."""
        self.hosts[name] = Host(name, self.workdir.path / name, **how)
        return self.hosts[name]

    def connect(self, one, other):
        self.links.append(Link(one, other, len(self.links) + 1))
        return self.links[-1]

    def close(self):
        for host in self.hosts.values():
            host.close()
        self.workdir.close()

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: sys.exit(128 + received))
        return self

    def __exit__(self, *_):
        self.close()
