# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Figures of a pair that are slow to make and do not depend on the program under test.

They stand in a JSON file beside the tarballs, named by the digests of both images, so that another build of
a pair never finds those of the one before.
"""

import json

from builder import CACHE
from output import write_json


class Kept:
    def __init__(self, old, new):
        self._path = CACHE / f"{old.digest[:16]}-{new.digest[:16]}.json"

    def get(self, name):
        return self._read().get(name)

    def put(self, name, figure):
        write_json(self._path, self._read() | {name: figure})
        return figure

    def get_or_make(self, name, make):
        figure = self.get(name)
        return self.put(name, make()) if figure is None else figure

    def _read(self):
        return json.loads(self._path.read_text()) if self._path.exists() else {}
