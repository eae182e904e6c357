# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The image pairs, one for each class of change: an old version the destination has, and a new one the
source has; and what is asked of docker-sync for each.

Pairs are built once and kept as saved tarballs in a cache outside of the repository, since the large ones take
minutes and package mirrors.
"""

import dataclasses

from builder import CACHE, new_builder
from recipes import FAMILIES

BOTH, DESTINATION = "both ends", "destination"  # where the old version is
VARIANTS = [BOTH, DESTINATION]


@dataclasses.dataclass(frozen=True)
class Goal:
    """In a variant, a figure (ratios.py) that is to be at most `limit`."""
    variant: str
    figure: str
    limit: float


# With both versions at hand: better than zstd with both versions at hand.
BEATS_PATCH = Goal(BOTH, "patch", 1.0)
# Without: of what has a basis at all, well below rsync.
LEAN = Goal(DESTINATION, "lean", 0.6)


@dataclasses.dataclass(frozen=True)
class Pair:
    """`old` and `new` name versions of recipes.py. `image` is the name of the new version, and of the old one unless
    `old_image` says otherwise."""
    name: str
    old: str
    new: str
    image: str
    story: str
    goals: tuple = ()
    old_image: str = ""

    @property
    def old_name(self):
        return self.old_image or self.image

    @property
    def old_tarball(self):
        return CACHE / f"{self.old}.tar"

    @property
    def new_tarball(self):
        return CACHE / f"{self.new}.tar"


def at_most(figure, limit):
    return tuple(Goal(variant, figure, limit) for variant in VARIANTS)


PAIRS = {pair.name: pair for pair in [
    Pair("small", "small-1", "small-2", "small:latest", "a small image, one file of it edited"),
    Pair("unchanged", "django-2", "django-2", "django:latest", "nothing new"),
    Pair("django", "django-1", "django-2", "django:latest",
         "gettext added to the first of two apt-get layers", (BEATS_PATCH, LEAN)),
    Pair("no-cache", "django-2", "django-2-again", "django:latest",
         "rebuilt with --no-cache: only times differ", (LEAN, Goal(DESTINATION, "rsync", 0.05))),
    Pair("npm", "npm-1", "npm-2", "npm:latest", "npm install anew, with two dependencies bumped",
         (BEATS_PATCH, LEAN, Goal(DESTINATION, "rsync", 0.1))),
    Pair("npm-native", "npm-1", "npm-native", "npm:latest", "the same, one of the two with a native part of 130 MB",
         (BEATS_PATCH, LEAN)),
    Pair("node", "node-1", "node-2", "node:latest", "npm's tree on top of node and npm themselves, which stay"),
    Pair("small-edits", "tree-1", "tree-2", "tree:latest", "14,000 headers checked out anew, ten of them edited",
         (BEATS_PATCH, LEAN, Goal(DESTINATION, "rsync", 0.1))),
    Pair("touched", "tree-1", "tree-1-again", "tree:latest", "14,000 headers checked out anew",
         at_most("bytes", 100_000)),
    Pair("upgraded", "upgraded-1", "upgraded-2", "upgraded:latest",
         "the base and its packages from a Debian release to its security updates",
         (Goal(BOTH, "patch", 0.65), LEAN, Goal(DESTINATION, "rsync", 1.0))),
    Pair("relinked", "relinked-1", "relinked-2", "relinked:latest",
         "a large static binary, linked anew with some code before all other", (BEATS_PATCH, LEAN)),
    Pair("jars", "jars-1", "jars-2", "jars:latest", "an application's jars, each to a later version",
         (BEATS_PATCH, LEAN)),
    Pair("pkgcache", "pkgcache-1", "pkgcache-2", "pkgcache:latest", "681 bytes changed in 80 places of 39 MB",
         at_most("bytes", 120_000)),
    Pair("data", "data-1", "data-2", "data:latest", "600 MB of data, 200 values changed, 20 runs put in or taken out",
         (BEATS_PATCH, LEAN)),
    Pair("large", "large-1", "large-2", "large:latest", "the same with 4 GiB, for the memory that it takes"),
    Pair("common-parent", "parent-blog", "parent-shop", "shop:latest",
         "a new image; the destination has another one of the same parent", (BEATS_PATCH, LEAN),
         old_image="blog:latest"),
    Pair("unrelated", "small-1", "other-1", "other:latest", "a new image; the destination has nothing like it",
         old_image="small:latest"),
]}


def build_missing(pairs):
    """Make the tarballs that the pairs need and the cache lacks, whole families at a time."""
    missing = {version for pair in pairs for version in (pair.old, pair.new)
               if not (CACHE / f"{version}.tar").exists()}
    for name, (build, versions) in FAMILIES.items():
        if missing & set(versions):
            print(f"building {', '.join(versions)} ...", flush=True)
            CACHE.mkdir(parents=True, exist_ok=True)
            with new_builder() as builder:
                build(builder)
