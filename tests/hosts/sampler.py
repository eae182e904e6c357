# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Something looked at again and again while something else runs."""

import threading
import time

PERIOD_S = 0.02


class Sampler:
    """Context manager: calls sample() in a thread of its own. `samples` counts; `cpu_seconds` is what that took."""

    def __init__(self):
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_over, daemon=True)
        self.samples, self.cpu_seconds = 0, 0.0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def sample(self):
        raise NotImplementedError

    def _sample_until_over(self):
        while not self._over.wait(PERIOD_S):
            self.sample()
            self.samples += 1
        self.cpu_seconds = time.thread_time()
