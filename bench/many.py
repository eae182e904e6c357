# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Hosts that hold many images: an archive of small ones, for docker load."""

import hashlib
import io
import json
import tarfile

from hosts.images import pack


def write_many(path, count, side):
    """Half of the images are the same on every side, a quarter has the same names with other content, and the last
    quarter other names."""
    with tarfile.open(path, "w") as archive:
        manifest = []
        for number in range(count):
            mark = "" if number < count // 2 else side
            name = f"many-{number}" if number < count * 3 // 4 else f"many-{side}-{number}"
            layer = pack({f"file-{number}": f"{number} {mark}\n".encode()})
            diff_id = hashlib.sha256(layer).hexdigest()
            config = json.dumps({
                "architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z", "config": {},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
                "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "bench"}]}).encode()
            config_name = f"{hashlib.sha256(config).hexdigest()}.json"
            add(archive, f"{diff_id}/layer.tar", layer)
            add(archive, config_name, config)
            manifest.append({"Config": config_name, "RepoTags": [f"{name}:latest"],
                             "Layers": [f"{diff_id}/layer.tar"]})
        add(archive, "manifest.json", json.dumps(manifest).encode())


def add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
