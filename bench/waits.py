# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""How long docker-sync keeps somebody waiting where hardly a byte has to move: each beside a bare `ssh ... true`, turn
by turn, at a link of full speed."""

import dataclasses
import statistics
import tempfile
import time

from entrants import RIGHTS
from field import load
from hosts import DelayingRelay, introduce
from many import write_many
from output import failure
from pairs import PAIRS

IMAGES = 200
DELAY_S = 0.1  # each way
FAR_PORT = 2222


@dataclasses.dataclass
class Wait:
    """`rounds`: {what was timed: seconds of each round}. `figure` of `unit` is to be at most `limit`; without it,
    `error` says why."""
    what: str
    method: str
    rights: str
    rounds: dict = dataclasses.field(default_factory=dict)
    figure: float | None = None
    limit: float = 0.0
    unit: str = ""
    error: str = ""

    @property
    def reached(self):
        return self.figure is not None and self.figure <= self.limit

    def as_json(self):
        return dataclasses.asdict(self) | {"reached": self.reached}

    def line(self):
        head = f"{self.what:<9}  {self.method:<10}  {self.rights:<5}"
        if self.error:
            return f"{head}  {failure(self.error)}"
        medians = ", ".join(f"{name} {statistics.median(times):.2f} s" for name, times in self.rounds.items())
        return f"{head}  {self.figure:6.2f} {self.unit}  ≤{self.limit:g}{'✓' if self.reached else '✗'}  ({medians})"


def unchanged(field, entrant, rounds):
    """Beyond ssh: a sync of an image that is current."""
    name = field.pair.image
    return beyond_ssh("unchanged", field, entrant, rounds, [*direction(field), field.address, name], limit=1.0)


def lay_out_unchanged(field):
    field.lay_out(PAIRS["unchanged"])


def report(field, entrant, rounds):
    """Beyond ssh: what is where, of many images."""
    return beyond_ssh("report", field, entrant, rounds, ["--report", field.address], limit=2.0)


def lay_out_report(field):
    for engine, side in [(field.here, "here"), (field.there, "there")]:
        engine.remove_all()
        with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
            write_many(archive.name, IMAGES, side)
            load(engine, archive.name)


def latency(field, entrant, rounds):
    """Round trips of a small sync, those of ssh's own handshake not counted."""
    far = f"ssh://{field.address}:{FAR_PORT}"
    commands = {"ssh": ssh(field), "ssh far": ssh(field, "-p", str(FAR_PORT)),
                "sync": sync(entrant, *direction(field), field.address, field.pair.image),
                "sync far": sync(entrant, *direction(field), far, field.pair.image)}

    def before(name):
        if name.startswith("sync"):
            field.forget()

    def after(name):
        if name.startswith("sync"):
            field.take_back()

    with DelayingRelay(field.there.host, FAR_PORT, field.sshd.port, DELAY_S):
        times = turn_by_turn(field, commands, rounds, before, after)
    median = {name: statistics.median(seconds) for name, seconds in times.items()}
    trips = (median["sync far"] - median["sync"] - (median["ssh far"] - median["ssh"])) / (2 * DELAY_S)
    return Wait("latency", entrant.name, entrant.rights, times, trips, 6, "round trips")


def lay_out_latency(field):
    field.lay_out(PAIRS["small"])
    for users in set(RIGHTS.values()):
        introduce(field.here.host, field.sshd, [users.there], by=users.here, port=FAR_PORT)


WAITS = {"unchanged": (lay_out_unchanged, unchanged), "report": (lay_out_report, report),
         "latency": (lay_out_latency, latency)}
PAIRS_OF_WAITS = {"unchanged": ["unchanged"], "report": [], "latency": ["small"]}


def run_wait(name, field, entrants, rounds):
    """A Wait for each entrant, as soon as it is there."""
    lay_out, measure = WAITS[name]
    field.link.shape(None)
    lay_out(field)
    for entrant in entrants:
        field.users = RIGHTS[entrant.rights]
        try:
            field.forget()
            yield measure(field, entrant, rounds)
        except Exception as error:  # one that fails leaves the others worth having
            yield Wait(name, entrant.name, entrant.rights, error=" ".join(str(error).split()))
            lay_out(field)


def beyond_ssh(what, field, entrant, rounds, arguments, limit):
    times = turn_by_turn(field, {"ssh": ssh(field), "sync": sync(entrant, *arguments)}, rounds)
    figure = statistics.median(times["sync"]) - statistics.median(times["ssh"])
    return Wait(what, entrant.name, entrant.rights, times, figure, limit, "s beyond ssh")


def turn_by_turn(field, commands, rounds, before=lambda name: None, after=lambda name: None):
    """{name: seconds of each round}"""
    times = {name: [] for name in commands}
    for number in range(rounds):
        for name in list(commands) if number % 2 == 0 else reversed(commands):
            before(name)
            started = time.monotonic()
            field.run(commands[name], timeout_s=600)
            times[name].append(time.monotonic() - started)
            after(name)
    return times


def sync(entrant, *arguments):
    return ["docker-sync", *entrant.options, *arguments]


def ssh(field, *options):
    return ["ssh", *options, field.address, "true"]


def direction(field):
    return ["--push"] if field.push else []
