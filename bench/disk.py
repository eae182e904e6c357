# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The file system that the hosts' disks are on: ext4 with a journal, as servers have it, whatever this machine has.

Without a journal ext4 passes over each inode that was freed in the last minutes when it looks for a free one, so that
images which are removed between two rounds make the next `docker load` take half as long again.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile

CLONE_NEWNS = 0x20000  # sched.h
PART_OF_FREE_SPACE = 0.9


class Disk:
    """Context manager for the folder that it is mounted on, to be left when the hosts are gone. It is mounted in a mount
    namespace of this process and lies in a file without a name, so that an empty folder is all that stays if this
    process is killed.
    """

    def __enter__(self):
        parent = os.environ.get("TMPDIR") or "/var/tmp"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "no mount namespace of its own; the bench needs root")
        run("mount", "--make-rprivate", "/")
        self._folder = tempfile.mkdtemp(prefix="docker-sync-disk-", dir=parent)
        with tempfile.NamedTemporaryFile(dir=parent) as file:
            file.truncate(int(shutil.disk_usage(parent).free * PART_OF_FREE_SPACE))
            # Nothing is left to be written behind the measured programs' backs.
            run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", file.name)
            run("mount", "-o", "loop", file.name, self._folder)
        return self._folder

    def __exit__(self, *_):
        run("umount", self._folder)
        os.rmdir(self._folder)


def run(*command):
    subprocess.run(command, check=True)
