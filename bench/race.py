# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""One pair in one variant at one speed of the link: all entrants, round by round, and what that says of the goals."""

import dataclasses

from cost import Cost, typical
from entrants import READY_ARCHIVE, Entrant, load_ready, move_ready
from pairs import BOTH, Pair
from partial import write_partial
from tarball import Tarball

HOPELESS = 3.0  # times the fastest other method: slower ones are not the ones to beat
UNITS = {"kbit": 1e3, "mbit": 1e6, "gbit": 1e9}


@dataclasses.dataclass
class Cell:
    entrant: Entrant
    costs: list = dataclasses.field(default_factory=list)
    errors: list = dataclasses.field(default_factory=list)
    note: str = ""  # why there are fewer rounds than asked for

    @property
    def cost(self):
        return typical(self.costs) if self.costs else None

    @property
    def seconds(self):
        return self.cost.seconds if self.costs else None


class Race:
    def __init__(self, pair: Pair, variant, rate, entrants):
        self.pair, self.variant, self.rate = pair, variant, rate
        self.bytes_per_s = rate_in_bytes(rate)
        old, new = Tarball(pair.old_tarball), Tarball(pair.new_tarball)
        self.image_bytes = sum(layer.size for layer in new.layers)
        self.needed_bytes = sum(layer.size for layer in new.needed_beside(old))
        self.changed = self.needed_bytes / self.image_bytes
        self.cells = [Cell(entrant) for entrant in entrants]
        self._ready = Cell(Entrant("load", "root", other=load_ready))
        self.bounds = [self._ready, Cell(Entrant("ssh+load", "root", other=move_ready))]

    # Running

    def run(self, field, rounds, all_rounds):
        field.link.shape(None if self.rate == "none" else self.rate)
        archives = [engine.host.path(READY_ARCHIVE) for engine in (field.source, field.destination)]
        for archive in archives:
            write_partial(Tarball(self.pair.old_tarball), Tarball(self.pair.new_tarball), archive)
        try:
            for number in range(rounds):
                # There and back, so that nobody is always the one after the same other.
                for cell in self._order(number):
                    if (number == 0 or cell.costs) and (all_rounds or not self._hopeless(cell, number)):
                        self._measure(field, cell)
        finally:
            for archive in archives:
                archive.unlink()

    def _order(self, number):
        cells = [*self.cells, *self.bounds]
        return cells if number % 2 == 0 else cells[::-1]

    def _hopeless(self, cell, number):
        rivals = [other.costs[0].seconds for other in self.cells if not other.entrant.ours and other.costs]
        if cell.entrant.ours or cell is self._ready or not rivals:
            return False
        as_they_are = {"plain": self.image_bytes, "ssh+load": self.needed_bytes}
        least = as_they_are.get(cell.entrant.method, 0) / self.bytes_per_s if self.bytes_per_s else 0
        if number == 0 and least > HOPELESS * min(rivals):
            cell.note = f"not run: {least:.0f} s for its bytes alone"
            return True
        if number > 0 and cell.costs[0].seconds > HOPELESS * min(rivals):
            cell.note = "far behind: one round"
            return True
        return False

    def _measure(self, field, cell):
        try:
            cost = cell.entrant.run(field)
            field.take_back()
            cell.costs.append(cost)
        except Exception as error:  # one that fails leaves the others worth having
            cell.errors.append(" ".join(str(error).split()))
            field.lay_out(self.pair)
            if self.variant == BOTH:
                field.give_source_the_old()

    # Judging

    def to_best(self, cell):
        """Its seconds as a multiple of those of the fastest other method; likewise below."""
        rivals = [other.seconds for other in self.cells if not other.entrant.ours and other.costs]
        return cell.seconds / min(rivals) if rivals else None

    def to_ancestor(self, cell):
        ancestor = next((other.seconds for other in self.cells if other.entrant.method == "rsync"), None)
        return cell.seconds / ancestor if ancestor else None

    def to_floor(self, cell):
        """Of what its bytes need on the link, or the engine to load what is new, whichever is more."""
        on_link = max(cell.cost.forward, cell.cost.back) / self.bytes_per_s if self.bytes_per_s else 0
        return cell.seconds / max(on_link, self._ready.seconds) if self._ready.costs else None

    def ratios(self, cell):
        """{name: figure}, without those that could not be measured."""
        if not cell.entrant.ours or not cell.costs:
            return {}
        found = {"best": self.to_best(cell), "rsync": self.to_ancestor(cell), "floor": self.to_floor(cell)}
        return {name: figure for name, figure in found.items() if figure is not None}

    def verdicts(self, cell):
        """[(figure, limit, reached?)] of the goals that are asked of it."""
        ratios, limits = self.ratios(cell), {"best": 1.0}
        from_store = cell.entrant.ours and cell.entrant.method == "store"
        if from_store and 0 < self.changed <= 0.5:
            limits["floor"] = 1.3
            if not self.bytes_per_s or self.bytes_per_s >= rate_in_bytes("100mbit"):
                limits["rsync"] = 0.5
        found = [(name, limit, ratios[name] <= limit) for name, limit in limits.items() if name in ratios]
        if from_store and cell.costs:
            ends = (cell.cost.source, cell.cost.destination)
            found.append(("spool", 0, not any(end.spool or end.exported for end in ends)))
        return found

    def as_json(self):
        return {
            "pair": self.pair.name, "variant": self.variant, "rate": self.rate,
            "image": self.image_bytes, "changed": self.changed,
            "cells": [self._cell_as_json(cell) for cell in [*self.cells, *self.bounds]],
        }

    def _cell_as_json(self, cell):
        return {
            "method": cell.entrant.name, "rights": cell.entrant.rights,
            "rounds": [dataclasses.asdict(cost) for cost in cell.costs],
            "typical": dataclasses.asdict(cell.cost) if cell.costs else None,
            "ratios": self.ratios(cell),
            "goals": [{"figure": figure, "limit": limit, "reached": reached}
                      for figure, limit, reached in self.verdicts(cell)],
            "errors": cell.errors, "note": cell.note,
        }


def rate_in_bytes(rate):
    """A second; None where there is no limit."""
    if rate == "none":
        return None
    number = rate.rstrip("abcdefghijklmnopqrstuvwxyz")
    return float(number) * UNITS[rate[len(number):]] / 8
