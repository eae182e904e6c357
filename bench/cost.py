# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What a method costs: a field that measures time, processor time, memory, disk and bytes."""

import dataclasses
import os
import statistics
import time

from field import Field
from hosts import Engine, home_of
from watch import Held, Watch, bytes_below


@dataclasses.dataclass
class EndCost(Held):
    """Of one end. Seconds of processor time: `cpu` of all but the daemons, `cpu_daemons` of these. `cache`: bytes that
    the method leaves in the user's cache beyond those it found."""
    cpu: float = 0.0
    cpu_daemons: float = 0.0
    cache: int = 0


@dataclasses.dataclass
class Cost:
    """Bytes on the link by direction, whole packets with SSH included. `watching`: processor seconds of the sampling,
    which are in nobody's account but slow everybody down."""
    seconds: float
    forward: int  # from the source to the destination
    back: int
    source: EndCost
    destination: EndCost
    watching: float = 0.0
    said: str = ""

    @property
    def bytes(self):
        return self.forward + self.back


class CostField(Field):
    def __init__(self, network, control_groups, push, binary):
        self._control_groups, self._groups = control_groups, {}
        super().__init__(network, push, binary)

    def _start_engine(self, host):
        groups = self._groups[host.name] = self._control_groups.of(host)
        engine = Engine(host, options=["--cgroup-parent", groups.container_parent]).start()
        groups.daemons.take([*host.processes_of("dockerd"), *host.processes_of("containerd")])
        host.control_group = groups.programs.folder
        return engine

    def measure(self, work, programs=()):
        """Run work(); the Cost. Whatever it starts is watched: `programs` is for another field."""
        os.sync()  # what the one before has left to be written shall not slow this one
        before = {name: self._counts(name) for name in self._groups}
        link_before = self.link.counts()
        with Watch([(engine.host, self._groups[engine.host.name]) for engine in (self.here, self.there)]) as watch:
            started = time.monotonic()
            said = work()
            seconds = time.monotonic() - started
            ends = {}
            for name, held in watch.peak.items():
                grown = [after - then for after, then in zip(self._counts(name), before[name])]
                ends[name] = EndCost(**dataclasses.asdict(held), cpu=grown[0], cpu_daemons=grown[1], cache=grown[2])
        bytes_each_way = [after - then for after, then in zip(self.link.counts(), link_before)]
        forward, back = bytes_each_way if self.push else reversed(bytes_each_way)
        return Cost(seconds, forward, back, ends[self.source.host.name], ends[self.destination.host.name],
                    watch.cpu_seconds, said or "")

    def _counts(self, name):
        engine, user = (self.here, self.users.here) if name == self.here.host.name else (self.there, self.users.there)
        groups = self._groups[name]
        return (sum(group.cpu_seconds() for group in groups.ours), groups.daemons.cpu_seconds(),
                bytes_below(engine.host.path(f"{home_of(user)}/.cache/docker-sync")))


def typical(costs):
    """One cost for all rounds: the median of what adds up, the most of what must not be exceeded."""
    def of(get):
        return statistics.median(get(cost) for cost in costs)

    def end(side):
        sides = [getattr(cost, side) for cost in costs]
        return EndCost(cpu=statistics.median(one.cpu for one in sides),
                       cpu_daemons=statistics.median(one.cpu_daemons for one in sides),
                       cache=max(one.cache for one in sides),
                       **{field.name: max(getattr(one, field.name) for one in sides)
                          for field in dataclasses.fields(Held)})

    return Cost(of(lambda cost: cost.seconds), of(lambda cost: cost.forward), of(lambda cost: cost.back),
                end("source"), end("destination"), of(lambda cost: cost.watching))
