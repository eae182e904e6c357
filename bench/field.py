# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Two hosts with an engine each and the link between them, and the state that a pair starts from there."""

import dataclasses
import time

from hosts import Engine, MemoryWatch, SshServer, home_of, introduce

USER = "user"


@dataclasses.dataclass(frozen=True)
class Users:
    """Who runs the methods here, and as whom they log in there. `user` is in the docker group."""
    here: str = "root"
    there: str = USER


@dataclasses.dataclass
class Measurement:
    """Bytes on the link each way, whole packets with SSH included; peaks of anonymous memory of the method's
    programs at either end."""
    to_there: int
    to_here: int
    seconds: float
    memory_source: int
    memory_destination: int
    said: str = ""  # what the tool itself says was sent and received

    @property
    def bytes(self):
        return self.to_there + self.to_here


class Field:
    """`here` is where the methods are run, `there` is reached by ssh; `push` moves images from here to there. `users`
    may be other ones from one method to the next."""

    def __init__(self, network, push, binary, users=Users()):
        here, there = network.add_host("laptop"), network.add_host("server")
        self.link = network.connect(here, there)
        self.here, self.there = (self._start_engine(host) for host in (here, there))
        for host in (here, there):
            host.add_user(USER)
        self.sshd = SshServer(there).start()
        for by in ("root", USER):
            introduce(here, self.sshd, ["root", USER], by=by)
        here.install(binary, "docker-sync")
        self.push, self.users = push, users
        self.source, self.destination = (self.here, self.there) if push else (self.there, self.here)
        self.pair = self.old_id = self.new_id = None

    def _start_engine(self, host):
        return Engine(host).start()

    @property
    def address(self):
        return f"{self.users.there}@server"

    def run(self, argv, **how):
        """Run to the end as who runs the methods; the Result."""
        return self.here.host.run(argv, user=self.users.here, **how)

    # State

    def lay_out(self, pair):
        """The old version at the destination, the new one at the source, and no other image."""
        self.pair = pair
        for engine, tarball in [(self.destination, pair.old_tarball), (self.source, pair.new_tarball)]:
            engine.remove_all()
            load(engine, tarball)
        self.old_id = self.destination.image_id(pair.old_name)
        self.new_id = self.source.image_id(pair.image)

    def give_source_the_old(self):
        """As a source has it that built both: the old version without a name, where the new one took that."""
        load(self.source, self.pair.old_tarball)
        self.source.docker("tag", self.new_id, self.pair.image)

    def take_back(self):
        """The destination as lay_out left it; SystemExit when the new image had not arrived."""
        arrived = self.destination.image_id(self.pair.image) == self.new_id
        if self.old_id != self.new_id:
            self.destination.remove_all(but=[self.old_id])
            self.destination.docker("tag", self.old_id, self.pair.old_name)
        if not arrived:
            raise RuntimeError(f"{self.pair.image} did not arrive")

    def forget(self):
        """Both hosts without what docker-sync keeps, but with the helper in its place."""
        for engine, user in [(self.here, self.users.here), (self.there, self.users.there)]:
            engine.host.run(["rm", "-rf", f"{home_of(user)}/.cache/docker-sync"])
        self.first_contact()

    def first_contact(self):
        self.run(["docker-sync", self.address], timeout_s=600)

    # Measuring

    def measure(self, work, programs):
        """Run work(), and watch the link and the memory of `programs`."""
        before = self.link.counts()
        started = time.monotonic()
        with MemoryWatch([self.here.host, self.there.host], programs) as memory:
            said = work()
        seconds = time.monotonic() - started
        after = self.link.counts()
        return Measurement(after[0] - before[0], after[1] - before[1], seconds,
                           memory.peak[self.source.host.name], memory.peak[self.destination.host.name], said or "")


def load(engine, tarball):
    with open(tarball, "rb") as file:
        engine.host.spawn(["docker", "load", "--quiet"], stdin=file).wait(900).check()
