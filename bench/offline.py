# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What a pair costs where no link is involved: the yardsticks that docker-sync is held against.

All are made by the stock gzip and zstd, from the tarballs, and kept.
"""

import contextlib
import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

from builder import CACHE
from kept import Kept

ZSTD = ["zstd", "-q", "-c", "-19", "--long=31"]


@dataclasses.dataclass
class Figures:
    """In bytes; None where a figure was not kept and not to be made.

    `needed`: the new image's layers that the old one has not, as they are. `needed_gzip`: those as a registry
    sends them. `patch_from`: those by a tool that has both versions at hand. `no_basis`: see
    write_without_basis.
    """
    layers: int
    needed: int
    needed_gzip: int | None
    patch_from: int | None
    no_basis: int | None


def figures(old, new, make=True):
    """Those of two tarballs. What is not kept is made, which takes some seconds for every MB."""
    kept = Kept(old, new)
    needed = new.needed_beside(old)
    get = kept.get_or_make if make else lambda name, _: kept.get(name)
    return Figures(
        layers=sum(layer.size for layer in new.layers),
        needed=sum(layer.size for layer in needed),
        needed_gzip=get("gzip -6", lambda: gzip_size(new, needed)),
        patch_from=get("zstd -19 --long=31 --patch-from", lambda: patch_size(old, new, needed)),
        no_basis=get("no basis, zstd -19 --long=31", lambda: no_basis_size(old, new, needed)))


def gzip_size(new, layers):
    """Each layer through gzip, as it is pushed."""
    total = 0
    for layer in layers:
        with counted(["gzip", "-6"]) as (sink, size), new.open(layer) as stream:
            shutil.copyfileobj(stream, sink, 1 << 20)
        total += size()
    return total


def patch_size(old, new, needed):
    """The needed layers' tars in one file, against all of the old image's in another."""
    if not needed:
        return 0
    with scratch() as before, scratch() as after:
        for tarball, layers, file in [(old, old.layers, before), (new, needed, after)]:
            for layer in layers:
                with tarball.open(layer) as stream:
                    shutil.copyfileobj(stream, file, 1 << 20)
            file.flush()
        # One thread: with more, zstd looks for long matches alone in the old version behind the first job.
        with counted([*ZSTD, "--single-thread", f"--patch-from={before.name}", after.name]) as (_, size):
            pass
        return size()


def no_basis_size(old, new, needed):
    with scratch() as file:
        write_without_basis(old, new, needed, file)
        file.flush()
        if not file.tell():
            return 0
        with counted([*ZSTD, file.name]) as (_, size):
            pass
        return size()


def write_without_basis(old, new, needed, file):
    """Write the contents that nobody can spare a receiver who has the old image.

    They are the contents of regular files in the needed layers for which no layer of the old image has
    a regular file of the same content, of the same path, of the same path once versions are stripped
    (without_versions), or of the same name once versions are stripped. Each content once, those of one
    file name extension together, then by path.

    The last of the rules is lenient, to our disadvantage: a new index.js counts as having a basis as soon as the
    old image has any index.js.
    """
    contents, paths, names = set(), set(), set()
    for path, stream in old.files(old.layers):
        contents.add(hashlib.file_digest(stream, "sha256").digest())
        paths.add(without_versions(path))
        names.add(without_versions(os.path.basename(path)))
    found = {}
    for path, stream in new.files(needed):
        if without_versions(path) in paths or without_versions(os.path.basename(path)) in names:
            continue
        content = stream.read()
        digest = hashlib.sha256(content).digest()
        if digest not in contents:
            contents.add(digest)
            found[path] = content
    for path in sorted(found, key=lambda path: (os.path.splitext(path)[1], path)):
        file.write(found[path])


def without_versions(path):
    """The path with # for every number, dotted or otherwise joined to more of them (1, 1.2.3, 2024-05-01), and for
    every word of eight or more hexadecimal digits that has a decimal one among them."""
    path = re.sub(r"(?<![0-9a-z])(?=[a-f]*[0-9])[0-9a-f]{8,}(?![0-9a-z])", "#", path)
    return re.sub(r"[0-9]+(?:[.+~_-][0-9]+)*", "#", path)


@contextlib.contextmanager
def counted(command):
    """Run a filter: (its standard input, a function that says how much came out once the context is left)."""
    size = None
    with tempfile.TemporaryFile() as complaints:  # zstd gives advice there, which -q does not stop
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints)
        counter = subprocess.Popen(["wc", "-c"], stdin=program.stdout, stdout=subprocess.PIPE, text=True)
        program.stdout.close()
        try:
            yield program.stdin, lambda: size
        except BaseException:
            program.kill()
            raise
        finally:
            program.stdin.close()
            size = int(counter.communicate()[0])
            status = program.wait()
        if status != 0:
            complaints.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed: {complaints.read().decode(errors='replace')}")


def scratch():
    return tempfile.NamedTemporaryFile(dir=CACHE, prefix="scratch-")
