# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Who takes part: docker-sync with each reader of layers and each user's rights, and the methods beside it."""

import dataclasses
import subprocess
from collections.abc import Callable

from field import USER, Users
from methods import OTHERS, TIMEOUT_S, docker_sync, pipe_through_ssh

READERS = ["auto", "store", "save"]
# What whoever is in the docker group may do besides saving is to run a container that sees the store.
RIGHTS = {"root": Users("root", "root"), "group": Users(USER, USER), "save": Users(USER, USER)}
FASTEST_FIRST = ["rsync", "save", "plain"]
READY_ARCHIVE = "/var/tmp/ready.tar"


@dataclasses.dataclass(frozen=True)
class Entrant:
    """`method`: of docker-sync its reader, else the name of the method. `options` are docker-sync's."""
    method: str
    rights: str
    options: tuple | None = None
    other: Callable | None = None

    @property
    def ours(self):
        return self.options is not None

    @property
    def name(self):
        return f"sync {self.method}" if self.ours else self.method

    def run(self, field):
        """Its cost; the destination is then to be taken back."""
        field.users = RIGHTS[self.rights]
        return docker_sync(field, self.options) if self.ours else self.other(field)


def sync_entrants(rights, readers):
    found = []
    for right in rights:
        for reader in ["save"] if right == "save" else readers:
            # The default is not said, so that a program without the option can be measured.
            options = () if reader == "auto" else ("--layer-reader", reader)
            found.append(Entrant(reader, right, options + (("--no-helper-container",) if right == "save" else ())))
    return found


def other_entrants(rights, names):
    """Whoever runs these, they do the same."""
    return [Entrant(name, rights[0], other=OTHERS[name]) for name in FASTEST_FIRST if name in names]


def load_ready(field):
    """`docker load` of an archive that is there already and holds only what the destination has not."""
    return field.measure(lambda: field.destination.host.run(["docker", "load", "--quiet", "--input", READY_ARCHIVE],
                                                            timeout_s=TIMEOUT_S).stdout)


def move_ready(field):
    """The same from the source, where that archive is ready, too: what a pipe takes that knows what is needed."""
    return field.measure(lambda: pipe_through_ssh(field, f"cat {READY_ARCHIVE}", "docker load --quiet"))


def missing_options(binary, entrants):
    """Options of entrants that this docker-sync does not know."""
    text = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
    wanted = {word for entrant in entrants for word in entrant.options or () if word.startswith("--")}
    return sorted(word for word in wanted if word not in text)
