# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A throw-away dockerd that builds the bench's images and saves them as tarballs.

It has this machine's network, for the package mirrors, and lives for one family of images: what a family
leaves behind (stages, toolchains) is gone before the next one needs the disk.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess

from hosts import Engine, Network, import_busybox
from hosts.images import pack

CACHE = pathlib.Path(os.environ.get("DOCKER_SYNC_CACHE")
                     or os.path.expanduser("~/.cache/docker-sync-bench"))
BUILD_TIMEOUT_S = 3600


class Builder:
    def __init__(self, host, engine):
        self.host, self.engine = host, engine

    def debian(self, suite):
        """Make sure that the image debian:SUITE is there: a minimal system, its suite the only source."""
        rootfs = CACHE / f"debian-{suite}.rootfs.tar"
        if not rootfs.exists():
            print(f"  debootstrap {suite} ...", flush=True)
            self._debootstrap(suite, rootfs)
        with open(rootfs, "rb") as file:
            self.host.spawn(["docker", "import", "-", f"debian:{suite}"], stdin=file).wait(600).check()

    def busybox(self):
        import_busybox(self.engine)

    def image(self, tag, dockerfile, files=None):
        """`docker build` of a Dockerfile with `files` ({path: bytes}, or a folder) beside it. Never from the
        build cache: that takes a COPY of the same bytes with other times for the same."""
        command = ["docker", "build", "--quiet", "--no-cache", "--network", "host", "--tag", tag]
        environment = {"DOCKER_BUILDKIT": "0"}
        if isinstance(files, pathlib.Path):
            (files / "Dockerfile").write_text(dockerfile)
            self.host.run([*command, self.inside(files)], env=environment, timeout_s=BUILD_TIMEOUT_S)
            return
        context = pack({**(files or {}), "Dockerfile": dockerfile.encode()})
        self.host.run([*command, "-"], stdin=context, text=False, env=environment, timeout_s=BUILD_TIMEOUT_S)

    @contextlib.contextmanager
    def folder(self):
        """A folder for a build's context that is too large for memory."""
        path = self.host.disk / "var_tmp/context"
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path)

    def inside(self, path):
        """How the host itself names a file on its disks."""
        disk, *rest = path.relative_to(self.host.disk).parts
        return pathlib.PurePosixPath("/", disk.replace("_", "/"), *rest)

    def flatten(self, image, tag):
        """One layer out of all of an image's, as an image that was not built upon another."""
        container = self.engine.docker("create", image, "true")
        self.host.run(["bash", "-c", f"docker export {container} | docker import - {tag}"], timeout_s=600)
        self.engine.docker("rm", container)

    def save(self, version, image, name):
        """Keep `image` as the tarball of `version`, under the name that it is to have when it is loaded."""
        self.engine.docker("tag", image, name)
        part = CACHE / f"{version}.part"
        with open(part, "wb") as file:
            self.host.spawn(["docker", "save", name], stdout=file, text=False).wait(900).check()
        part.rename(CACHE / f"{version}.tar")

    def mirror(self, suite):
        return mirror(self.host.path("/etc/apt"), suite)

    def _debootstrap(self, suite, rootfs):
        root = "/var/tmp/base"
        self.host.run(["debootstrap", "--variant=minbase", suite, root, self.mirror("bookworm")],
                      timeout_s=1800)
        self.host.run(["sh", "-c", f"rm -rf {root}/var/cache/apt/archives/*.deb {root}/var/lib/apt/lists/*"])
        CACHE.mkdir(parents=True, exist_ok=True)
        part = rootfs.with_suffix(".part")
        subprocess.run(["tar", "-C", str(self.host.path(root)), "--numeric-owner", "-cf", str(part), "."],
                       check=True)
        part.rename(rootfs)
        self.host.run(["rm", "-rf", "--one-file-system", root])


@contextlib.contextmanager
def new_builder():
    with Network() as network:
        host = network.add_host("builder", on_machine_network=True)
        yield Builder(host, Engine(host).start())


def mirror(apt, suite):
    """The mirror that the apt configuration in `apt` takes a suite from."""
    sources = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for source in sources:
        if not source.is_file():
            continue
        for stanza in re.split(r"\n\s*\n", source.read_text(errors="replace")):
            one_line = re.search(rf"^deb\s+(?:\[[^]]*\]\s+)?(https?://\S+)\s+{suite}\s.*\bmain\b",
                                 stanza, re.M)
            uri = re.search(r"^URIs:\s*(https?://\S+)", stanza, re.M | re.I)
            suites = re.search(r"^Suites:\s*(.*)", stanza, re.M | re.I)
            if one_line:
                return one_line.group(1)
            if uri and suites and suite in suites.group(1).split():
                return uri.group(1)
    raise SystemExit(f"no mirror of {suite} is configured in this machine's apt")
