# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""All that is known of one pair in one variant at one rate, and what that says of the goals."""

import dataclasses

from field import Measurement
from offline import Figures
from pairs import Pair

MEMORY_LIMIT = 200_000_000  # at each end, whatever the pair


@dataclasses.dataclass
class Row:
    pair: Pair
    variant: str
    rate: str
    push: bool
    offline: Figures
    sync: Measurement | None = None
    others: dict = dataclasses.field(default_factory=dict)  # method -> Measurement
    error: str = ""

    def figure(self, name):
        """`bytes` on the link; `patch`, `rsync`: these as parts of what zstd --patch-from and rsync need; `lean`: as
        `rsync`, both without what has no basis. None where that was not measured or would mean nothing."""
        rsync, no_basis = self.others.get("rsync"), self.offline.no_basis
        ours = self.sync.bytes if self.sync else None
        if name == "bytes" or ours is None:
            return ours
        if name == "patch":
            return ours / self.offline.patch_from if self.offline.patch_from else None
        if name == "rsync":
            return ours / rsync.bytes if rsync else None
        if name == "lean":
            if not rsync or no_basis is None or rsync.bytes <= no_basis:
                return None
            return (ours - no_basis) / (rsync.bytes - no_basis)
        raise KeyError(name)

    def verdicts(self):
        """[(figure, limit, reached?)] of the pair's goals that could be measured, and of the memory's limit."""
        found = [(goal.figure, goal.limit, self.figure(goal.figure) <= goal.limit)
                 for goal in self.pair.goals
                 if goal.variant == self.variant and self.figure(goal.figure) is not None]
        if self.sync:
            peak = max(self.sync.memory_source, self.sync.memory_destination)
            if peak > MEMORY_LIMIT:
                found.append(("memory", MEMORY_LIMIT, False))
        return found

    def as_json(self):
        return {
            "pair": self.pair.name, "variant": self.variant, "rate": self.rate, "push": self.push,
            "offline": dataclasses.asdict(self.offline),
            "docker-sync": dataclasses.asdict(self.sync) if self.sync else None,
            **{name: dataclasses.asdict(one) for name, one in self.others.items()},
            "ratios": {name: self.figure(name) for name in ("patch", "rsync", "lean")},
            "goals": [{"figure": figure, "limit": limit, "reached": reached}
                      for figure, limit, reached in self.verdicts()],
            "error": self.error,
        }
