# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Docker's classic store as its files are: for tests that look whether anybody touches them, or spoil them."""

import contextlib
import hashlib
import os


class GraphStore:
    def __init__(self, engine):
        about = engine.get("/info")
        self._engine, self._driver = engine, about["Driver"]
        self.root = engine.host.path(about["DockerRootDir"])

    def _about(self, name, number):
        """What is told of an image's layer, base first."""
        chain = None
        for diff_id in self._engine.diff_ids(name)[:number + 1]:
            chain = diff_id if chain is None else "sha256:" + hashlib.sha256(f"{chain} {diff_id}".encode()).hexdigest()
        return self.root / f"image/{self._driver}/layerdb" / chain.replace(":", "/")

    def tar_split(self, name, number):
        return self._about(name, number) / "tar-split.json.gz"

    def file(self, name, number, path):
        """A file of that layer."""
        folder = (self._about(name, number) / "cache-id").read_text()
        return self.root / self._driver / folder / "diff" / path

    def state(self):
        """All that a reader could change: {path: mode, size and times} of what makes up images. Times of last access
        are those of files: a folder's change whenever anybody lists it."""
        found = {}
        for part in (f"image/{self._driver}", self._driver):
            for folder, folders, files in os.walk(self.root / part):
                for name in [".", *folders, *files]:
                    path = os.path.join(folder, name)
                    status = os.lstat(path)
                    found[path] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
                                   status.st_atime_ns if name in files else None)
        return found


# Ways to spoil a file: each is called with its path.

def removed(path):
    path.unlink()


def truncated(path):
    os.truncate(path, path.stat().st_size // 2)


def altered(path):
    """Other bytes in its middle; size and time stay."""
    status, content = path.stat(), bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle:middle + 64] = bytes(byte ^ 0x55 for byte in content[middle:middle + 64])
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextlib.contextmanager
def spoiled(path, how):
    """That file of a store, behind its engine's back; in the end it is as it was."""
    kept, status = path.read_bytes(), path.stat()
    how(path)
    try:
        yield
    finally:
        path.write_bytes(kept)
        path.chmod(status.st_mode & 0o7777)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
