# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The output of bench/speed: the lines of a race as soon as it is run."""

from output import Lines, failure, link, megabytes
from table import ratio, verdict

LEGEND = """\
Pairs of figures are of source/destination. new: the layers that the destination has not, as a part of the image ·
rights: root on both hosts, of the docker group on both, of that group and with saves alone · n: rounds · s: wall
seconds · cpu: processor seconds of all programs but the daemons, engine: of dockerd and containerd · mem: peak
anonymous MB of all programs but the daemons · spool, export, import: peak MB in temporary files, of these programs,
and of the engine for a save and for a load · moved: MB on the link both ways, SSH included · seconds as a multiple,
/best: of the fastest other method, /rsync: of the saved tarballs by rsync, /floor: of what takes longer of its bytes
on the link and of `load`: docker load of an archive that is there already, with what is new and nothing else;
ssh+load: that archive by a pipe through ssh. s, cpu and moved are medians, the peaks those of all rounds. ≤best: no
slower than the others; floor and rsync are asked of the store's reader where half of the image is new or less, spool≤0
of it always: nothing in spool and export"""

COLUMNS = [("pair", -13), ("old at", -11), ("link", 4), ("new", 4), ("method", -10), ("rights", -6), ("n", 1), ("s", 6),
           ("cpu", 11), ("engine", 11), ("mem", 7), ("spool", 9), ("export", 9), ("import", 9), ("moved", 7),
           ("/best", 6), ("/rsync", 6), ("/floor", 6), ("asked", -18)]


class SpeedTable:
    def __init__(self):
        self._lines = Lines(COLUMNS, LEGEND)

    def add(self, race):
        head = [race.pair.name, race.variant, link(race.rate)]
        for cell in race.cells:
            self._lines.add([*head, f"{race.changed:.0%}", *cells_of(race, cell)])
        for cell in race.bounds:
            if cell.costs:
                self._lines.add([*head, "", cell.entrant.name, "", str(len(cell.costs)), f"{cell.seconds:.1f}"])


def cells_of(race, cell):
    names = [cell.entrant.name, cell.entrant.rights if cell.entrant.ours else "", str(len(cell.costs))]
    remarks = [cell.note, *map(failure, cell.errors)]
    cost = cell.cost
    if not cost:
        return [*names, *[""] * 11, " ".join(filter(None, remarks))]
    ends = (cost.source, cost.destination)
    ratios = race.ratios(cell)
    return [*names, f"{cost.seconds:.1f}",
            *("/".join(f"{getattr(end, name):.1f}" for end in ends) for name in ("cpu", "cpu_daemons")),
            *("/".join(peak(getattr(end, name)) for end in ends)
              for name in ("memory", "spool", "exported", "imported")),
            megabytes(cost.bytes), *(ratio(ratios.get(name)) for name in ("best", "rsync", "floor")),
            " ".join(filter(None, [*map(verdict, race.verdicts(cell)), *remarks]))]


def peak(count):
    """In MB; what is not nothing does not look like it."""
    return f"{count / 1e6:.0f}" if count >= 1e6 or not count else f"{count / 1e6:.2g}"
