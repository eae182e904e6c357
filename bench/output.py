# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""How figures are kept and shown: JSON files that are whole at any time, and tables that grow by a line."""

import json

ERROR_WIDTH = 160


def write_json(path, figures):
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(figures, indent=2) + "\n")
    part.rename(path)


class Lines:
    """A table whose lines are printed as soon as they are known, hence columns of fixed widths: (name, width),
    negative where the cells begin at the left. Legend and head come with the first line."""

    def __init__(self, columns, legend):
        self._columns, self._legend, self._begun = columns, legend, False

    def add(self, cells):
        if not self._begun:
            print(self._legend + "\n")
            self._begun = True
            self.add([name for name, _ in self._columns])
        fields = [cell.ljust(-width) if width < 0 else cell.rjust(width)
                  for cell, (_, width) in zip(cells, self._columns)]
        print("  ".join(fields).rstrip(), flush=True)


def megabytes(count):
    if count is None:
        return ""
    return f"{count / 1e6:.3f}" if count < 10e6 else f"{count / 1e6:.1f}"


def link(rate):
    return rate.replace("mbit", "M").replace("gbit", "G")


def failure(error):
    """The end of an error, which says most; the JSON file has all of it."""
    return "failed: " + (error if len(error) <= ERROR_WIDTH else f"…{error[-ERROR_WIDTH:]}")
