# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The least that any method has to have a classic engine load: an archive of the layers that it has not."""

import json
import tarfile

from many import add


def write_partial(old, new, path):
    """From the tarballs of two versions. Layers are left out as far as both images agree from the base on: what comes
    behind the first difference is another chain, which the engine does not look for by its layers."""
    common = 0
    for one, other in zip(old.layers, new.layers):
        if one.diff_id != other.diff_id:
            break
        common += 1
    with tarfile.open(new.path) as whole, tarfile.open(path, "w") as part:
        manifest = json.load(whole.extractfile("manifest.json"))[0]
        manifest["Layers"] = ["absent"] * common + [layer.member for layer in new.layers[common:]]
        add(part, "manifest.json", json.dumps([manifest]).encode())
        for name in dict.fromkeys([manifest["Config"], *manifest["Layers"][common:]]):
            part.addfile(whole.getmember(name), whole.extractfile(name))
