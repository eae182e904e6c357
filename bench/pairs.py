# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The image pairs: an old version the destination has, and a new one the source has.

Pairs are built once and kept as saved tarballs in a cache outside of the repository, since the large
ones take minutes and package mirrors.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import tarfile

import recipes
from hosts import Engine, Network

CACHE = pathlib.Path(os.environ.get("DOCKER_SYNC_CACHE")
                     or os.path.expanduser("~/.cache/docker-sync-bench"))


@dataclasses.dataclass(frozen=True)
class Pair:
    """`old` and `new` name recipes of recipes.py; `image` is the name that both versions carry."""
    name: str
    old: str
    new: str
    image: str
    story: str

    @property
    def old_tarball(self):
        return CACHE / f"{self.old}.tar"

    @property
    def new_tarball(self):
        return CACHE / f"{self.new}.tar"


PAIRS = {pair.name: pair for pair in [
    Pair("small", "small-1", "small-2", "small:latest", "a small image, one file of it edited"),
    Pair("django", "django-1", "django-2", "django:latest",
         "gettext added to the first of two apt-get layers"),
    Pair("unchanged", "django-2", "django-2", "django:latest", "nothing new"),
    Pair("no-cache", "django-2", "django-2-again", "django:latest",
         "rebuilt with --no-cache: only times differ"),
]}


def build_missing(pairs):
    """Make the tarballs that the pairs need and the cache lacks."""
    missing = {version for pair in pairs for version in (pair.old, pair.new)
               if not (CACHE / f"{version}.tar").exists()}
    if not missing:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with Network() as network:
        builder = network.add_host("builder", on_machine_network=True)
        engine = Engine(builder).start()
        for version in sorted(missing):
            print(f"building {version} ...", flush=True)
            image = recipes.build(engine, version)
            engine.docker("tag", image, version.split("-")[0] + ":latest")
            save(builder, version.split("-")[0] + ":latest", CACHE / f"{version}.tar")


def save(host, image, tarball):
    part = tarball.with_suffix(".part")
    with open(part, "wb") as file:
        host.spawn(["docker", "save", image], stdout=file, text=False).wait(600).check()
    part.rename(tarball)


@dataclasses.dataclass
class Sizes:
    """Bytes of the new image's layers, and of those that the destination needs, plain and as a registry
    sends them."""
    layers: int
    needed: int
    needed_gzip: int


def sizes(pair):
    """Measured once and kept beside the tarballs: gzip takes its time."""
    kept = CACHE / f"{pair.old}_{pair.new}.sizes"
    if not kept.exists():
        _, old = layer_files(pair.old_tarball)
        new_files, new = layer_files(pair.new_tarball)
        common = 0
        while common < min(len(old), len(new)) and old[common] == new[common]:
            common += 1
        needed = list(zip(new, new_files))[common:]
        with tarfile.open(pair.new_tarball) as archive:
            measured = Sizes(
                layers=sum(archive.getmember(path).size for path in new_files),
                needed=sum(archive.getmember(path).size for _, path in needed),
                needed_gzip=sum(gzip_size(archive.extractfile(path)) for _, path in needed))
        kept.write_text(json.dumps(dataclasses.asdict(measured)))
    return Sizes(**json.loads(kept.read_text()))


def layer_files(tarball):
    """(paths of the layers in the tarball, their diff_ids), base first."""
    with tarfile.open(tarball) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))[0]
        config = json.load(archive.extractfile(manifest["Config"]))
        real = []
        for path in manifest["Layers"]:
            member = archive.getmember(path)
            # A layer that occurs twice is a link the second time.
            real.append(os.path.normpath(os.path.join(os.path.dirname(path), member.linkname))
                        if member.issym() else path)
    return real, config["rootfs"]["diff_ids"]


def gzip_size(stream):
    compressor = subprocess.Popen(["gzip", "-6"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    counter = subprocess.Popen(["wc", "-c"], stdin=compressor.stdout, stdout=subprocess.PIPE)
    compressor.stdout.close()
    while block := stream.read(1 << 20):
        compressor.stdin.write(block)
    compressor.stdin.close()
    count = int(counter.communicate()[0])
    compressor.wait()
    return count
