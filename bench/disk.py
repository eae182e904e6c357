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

from hosts.workdir import WorkDir

CLONE_NEWNS = 0x20000  # sched.h
PART_OF_FREE_SPACE = 0.9


class Disk:
    """Context manager for the folder that it is mounted on, to be left when the hosts are gone. The mount is seen by this
    process and its children alone; of one that was killed, the next WorkDir removes what is left.
    """

    def __enter__(self):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "no mount namespace of its own; the bench needs root")
        run("mount", "--make-rprivate", "/")
        self._workdir = WorkDir()
        image, self._folder = self._workdir.path / "image", self._workdir.path / "disk"
        self._folder.mkdir()
        image.touch()
        os.truncate(image, int(shutil.disk_usage(image).free * PART_OF_FREE_SPACE))
        # Nothing is left to be written behind the measured programs' backs.
        run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
        run("mount", "-o", "loop", image, self._folder)
        return self._folder

    def __exit__(self, *_):
        run("umount", self._folder)
        self._workdir.close()


def run(*command):
    subprocess.run(command, check=True)
