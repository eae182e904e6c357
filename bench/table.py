# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The output of bench/run: a line for each row as soon as it is measured."""

from output import Lines, link, megabytes

LEGEND = """\
MB. needed: layers that the destination has not · gzip: those as registries send them · patch: those by zstd -19
--long=31 --single-thread --patch-from, both versions at hand · N: what has no basis at all, by zstd -19 --long=31 ·
rsync, sync: on the link both ways, of rsync -z of tarballs and of docker-sync · s: seconds · mem: docker-sync's peak
anonymous memory at source/destination · /patch, /rsync: its bytes as part of theirs · lean: (sync - N) / (rsync - N)"""

COLUMNS = [("pair", -13), ("old at", -11), ("link", 4), ("needed", 6), ("gzip", 6), ("patch", 7), ("N", 7)]
OURS = [("sync", 7), ("s", 6), ("mem", 7), ("/patch", 6), ("/rsync", 6), ("lean", 6), ("asked", -18)]


class Table:
    """`others`: the methods that docker-sync is compared with."""

    def __init__(self, others):
        self._others = others
        between = [column for name in others for column in ((name, 7), ("s", 6))]
        self._lines = Lines([*COLUMNS, *between, *OURS], LEGEND)

    def add(self, row):
        offline, sync = row.offline, row.sync
        cells = [row.pair.name, row.variant, link(row.rate), megabytes(offline.needed),
                 megabytes(offline.needed_gzip), megabytes(offline.patch_from), megabytes(offline.no_basis)]
        for name in self._others:
            cells += bytes_and_seconds(row.others.get(name))
        cells += bytes_and_seconds(sync)
        cells.append(f"{sync.memory_source / 1e6:.0f}/{sync.memory_destination / 1e6:.0f}" if sync else "")
        cells += [ratio(row.figure(name)) for name in ("patch", "rsync", "lean")]
        cells.append(row.error or " ".join(map(verdict, row.verdicts())))
        self._lines.add(cells)


def bytes_and_seconds(measurement):
    return [megabytes(measurement.bytes), f"{measurement.seconds:.1f}"] if measurement else ["", ""]


def ratio(value):
    return "" if value is None else f"{value:.3f}"


def verdict(goal):
    figure, limit, reached = goal
    name = {"patch": "/patch", "rsync": "/rsync", "bytes": "sync", "memory": "mem"}.get(figure, figure)
    amount = f"{limit:g}" if limit < 1000 else f"{limit / 1e6:g}"
    return f"{name}≤{amount}{'✓' if reached else '✗'}"
