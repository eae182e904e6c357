# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Small images, made without a network: busybox as the base, and layers of files given as bytes."""

import dataclasses
import io
import pathlib
import random
import tarfile

BUSYBOX = "/bin/busybox"
BASE = "busybox:base"
APPLETS = ["sh", "ls", "cat", "echo", "sleep", "touch", "mkdir", "rm", "true", "date", "head", "sha256sum"]


def import_busybox(engine, name=BASE):
    """`docker import` of the static busybox; the same layer every time, another image ID each time."""
    with open(BUSYBOX, "rb") as program:
        files = {"bin/busybox": program.read(), "etc/passwd": b"root:x:0:0:root:/:/bin/sh\n"}
    archive = pack(files, links={f"bin/{applet}": "busybox" for applet in APPLETS}, programs={"bin/busybox"})
    engine.docker("import", "-", name, stdin=archive, text=False)
    return name


@dataclasses.dataclass
class Recipe:
    """An image: one layer for each of `layers`, which map paths to bytes.

    `mtime` is that of every file: two recipes that differ in it alone are "rebuilt, and nothing changed".
    """
    layers: list
    base: str = BASE
    env: dict = dataclasses.field(default_factory=dict)
    commands: list = dataclasses.field(default_factory=list)  # a RUN each, after the layers
    mtime: int = 1_700_000_000

    def build(self, engine, *names):
        """Build anew at the engine, and tag; the image ID."""
        lines, context = [f"FROM {self.base}"], {}
        for number, files in enumerate(self.layers):
            lines.append(f"COPY layer{number}/ /")
            for path, content in files.items():
                context[f"layer{number}/{path.lstrip('/')}"] = content
        lines += [f"RUN {command}" for command in self.commands]
        lines += [f"ENV {key}={value}" for key, value in self.env.items()]
        context["Dockerfile"] = ("\n".join(lines) + "\n").encode()
        tags = [argument for name in names for argument in ("--tag", name)]
        engine.docker("build", "--no-cache", "--network", "none", *tags, "-",
                      stdin=pack(context, mtime=self.mtime), text=False)
        return engine.image_id(names[0])


def noise(size, seed):
    """Bytes that do not compress, the same for the same seed."""
    return random.Random(seed).randbytes(size)


def edited(content, *, every=100_000, length=16, seed=1):
    """The content with a few bytes changed here and there, as a new build changes a binary."""
    changed, dice = bytearray(content), random.Random(seed)
    for start in range(0, max(1, len(content) - length), every):
        changed[start:start + length] = dice.randbytes(length)
    return bytes(changed)


def pack(files, *, mtime=1_700_000_000, links=None, programs=()):
    """A tar archive with these contents and nothing that depends on when or where it is made."""
    buffer = io.BytesIO()
    folders = {str(parent) for path in files for parent in pathlib.PurePosixPath(path).parents} - {"."}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folders):
            entry = tarfile.TarInfo(path)
            entry.type, entry.mtime, entry.mode = tarfile.DIRTYPE, mtime, 0o755
            archive.addfile(entry)
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(content), mtime, 0o755 if path in programs else 0o644
            archive.addfile(entry, io.BytesIO(content))
        for path, target in sorted((links or {}).items()):
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.mtime = tarfile.SYMTYPE, target, mtime
            archive.addfile(entry)
    return buffer.getvalue()
