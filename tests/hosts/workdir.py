# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The directory that holds the hosts' disks.

It goes when its owner closes it. Where the owner was killed instead, the lock it held is free, and the
next WorkDir to be made sweeps it: an owner that lives is never touched.
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile

PREFIX = "docker-sync-hosts-"


class WorkDir:
    def __init__(self, parent=None):
        parent = pathlib.Path(parent or os.environ.get("TMPDIR") or "/var/tmp").resolve()
        self._sweep(parent)
        while not self._make(parent):
            pass  # another that was made just now has swept it before it was locked

    def close(self):
        remove_tree(self.path)
        self._lock.close()

    def _make(self, parent):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self.path.chmod(0o711)  # users of the hosts reach their homes through it
        self._lock = open(self.path / "lock", "w", encoding="ascii")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return (self.path / "lock").exists()

    @staticmethod
    def _sweep(parent):
        for left in parent.glob(PREFIX + "*"):
            try:
                with open(left / "lock", "r+", encoding="ascii") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove_tree(left)
            except OSError:
                continue  # its owner lives, or is just making it


def remove_tree(path):
    """Remove a tree with a daemon's data root in it; rm copes with the depth and the odd modes there."""
    subprocess.run(["rm", "-rf", "--one-file-system", str(path)], check=False)
    shutil.rmtree(path, ignore_errors=True)
