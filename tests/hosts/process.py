# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""One command that runs inside a host."""

import os
import signal
import subprocess

from .waiting import wait_until


class CommandFailed(AssertionError):
    """A command that had to succeed did not. Shows what it said, since that is what a reader needs."""


class Result:
    def __init__(self, argv, returncode, stdout, stderr):
        self.argv, self.returncode, self.stdout, self.stderr = argv, returncode, stdout, stderr

    def __repr__(self):
        return (f"$ {' '.join(map(str, self.argv))}\nexit {self.returncode}\n"
                f"stdout: {tail(self.stdout)}\nstderr: {tail(self.stderr)}")

    def check(self):
        if self.returncode != 0:
            raise CommandFailed(repr(self))
        return self


def tail(text, limit=4000):
    return text if text is None or len(text) <= limit else "..." + str(text[-limit:])


class Process:
    """A started command. The local process is nsenter, which waits for the real one: `pid` is the latter."""

    def __init__(self, argv, popen, text):
        self.argv, self.popen, self._text = argv, popen, text
        self._pid = None

    @property
    def stdin(self):
        return self.popen.stdin

    @property
    def stdout(self):
        return self.popen.stdout

    @property
    def pid(self):
        """Process ID as seen from outside the host."""
        if self._pid is None:
            self._pid = wait_until(lambda: only_child(self.popen.pid) or self.popen.poll() is not None,
                                   f"{self.argv[0]} to start")
            if self._pid is True:
                raise ProcessLookupError(f"{self.argv[0]} is over")
        return self._pid

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        try:
            self.signal(signal.SIGKILL)
        except ProcessLookupError:
            pass

    def running(self):
        return self.popen.poll() is None

    def wait(self, timeout_s=60, stdin=None):
        """Result once the command is over; one that takes longer is killed and is a CommandFailed."""
        try:
            out, err = self.popen.communicate(input=stdin, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            try:
                out, err = self.popen.communicate(timeout=5)
            except subprocess.TimeoutExpired:  # a grandchild holds the pipes
                out, err = "", ""
            raise CommandFailed("took more than %d s:\n%r" % (
                timeout_s, Result(self.argv, "none", out, err))) from None
        return Result(self.argv, self.popen.returncode, out, err)


def only_child(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:
        return None
    return int(children[0]) if children else None
