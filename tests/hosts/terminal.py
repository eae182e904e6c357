# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A command on a pseudo-terminal: what it shows is read, and what a person would type is sent."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from .process import CommandFailed, only_child


class Terminal:
    def __init__(self, command_line, argv, rows=24, columns=100):
        self.argv, self.output = argv, ""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)

        self.popen = subprocess.Popen(command_line, stdin=slave, stdout=slave, stderr=slave,
                                      preexec_fn=take_terminal)
        os.close(slave)

    @property
    def pid(self):
        return only_child(self.popen.pid)

    def send(self, text):
        os.write(self._master, text.encode())

    def expect(self, pattern, timeout_s=30):
        """Read until `pattern` has been shown; what came since the last expect stays in `output`."""
        deadline = time.monotonic() + timeout_s
        start = getattr(self, "_seen", 0)
        while True:
            found = re.search(pattern, self.output[start:])
            if found:
                self._seen = start + found.end()
                return found
            if not self._read(deadline - time.monotonic()):
                raise CommandFailed(f"{self.argv}: {pattern!r} was not shown in\n{self.output[start:]}")

    def wait(self, timeout_s=60):
        """Exit status, once everything that was shown has been read."""
        deadline = time.monotonic() + timeout_s
        while self._read(deadline - time.monotonic()):
            pass
        try:
            return self.popen.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.close()
            raise CommandFailed(f"{self.argv} did not end; it showed\n{self.output}") from None

    def close(self):
        """End the command if it runs still."""
        pid = self.pid
        if pid and self.popen.poll() is None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.popen.wait(timeout=10)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self, timeout_s):
        if self._master < 0 or not select.select([self._master], [], [], max(0, timeout_s))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: the last one on the terminal has left
            return False
        self.output += data.decode(errors="replace")
        return bool(data)
