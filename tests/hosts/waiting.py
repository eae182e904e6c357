# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Waiting for a condition, never for an amount of time."""

import time


def wait_until(condition, what, timeout_s=30.0, poll_s=0.01):
    """Return the first true value of condition(); TimeoutError naming `what` when it stays false."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: still not so after {timeout_s:.0f} s")
        time.sleep(poll_s)
