# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A tarball as docker save makes it: its layers, and the files in them."""

import contextlib
import dataclasses
import json
import os
import tarfile


@dataclasses.dataclass(frozen=True)
class Layer:
    diff_id: str
    member: str  # where it is in the tarball
    size: int


class Tarball:
    """`digest` is that of the image's configuration, which fixes all layers. `layers` has the base first."""

    def __init__(self, path):
        self.path = path
        with tarfile.open(path) as archive:
            manifest = json.load(archive.extractfile("manifest.json"))[0]
            config = archive.extractfile(manifest["Config"]).read()
            self.digest = os.path.basename(manifest["Config"]).removesuffix(".json")
            self.layers = [self._layer(archive, *pair) for pair in
                           zip(json.loads(config)["rootfs"]["diff_ids"], manifest["Layers"])]

    @staticmethod
    def _layer(archive, diff_id, path):
        member = archive.getmember(path)
        if member.issym():  # of a layer that occurs twice, the second time
            path = os.path.normpath(os.path.join(os.path.dirname(path), member.linkname))
            member = archive.getmember(path)
        return Layer(diff_id, path, member.size)

    def needed_beside(self, other):
        """The layers, each once, that `other` has not: what a registry would send to who has `other`."""
        there = {layer.diff_id for layer in other.layers}
        return list({layer.diff_id: layer for layer in self.layers if layer.diff_id not in there}.values())

    @contextlib.contextmanager
    def open(self, layer):
        """The layer's own tar, as a file to read."""
        with tarfile.open(self.path) as archive:
            yield archive.extractfile(layer.member)

    def files(self, layers):
        """(path, file to read now) of every regular file that has content, layer by layer, in tar order."""
        for layer in layers:
            with self.open(layer) as stream, tarfile.open(fileobj=stream) as inner:
                for member in inner:
                    if member.isreg() and member.size:
                        yield os.path.normpath(member.name), inner.extractfile(member)
