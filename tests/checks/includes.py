# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Rooms include, and libraries are used, as docs/architecture.md says.

includes.py SOURCE_ROOT
"""

import pathlib
import re
import sys

# The header by which a library is recognised.
LIBRARIES = {"libssh": r"<libssh/", "cxxopts": r"<cxxopts\.hpp>", "Boost": r"<boost/",
             "libarchive": r"<archive(_entry)?\.h>", "nlohmann-json": r"<nlohmann/", "zlib": r"<zlib\.h>",
             "zstd": r"<zstd\.h>", "nettle": r"<nettle/", "xxHash": r"<xxhash\.h>",
             "OpenSSL": r"<openssl/"}


def allowed_by(page):
    """({room: rooms it may include}, {room: libraries it may use}) of the page's table of rooms."""
    rooms, libraries = {}, {}
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not re.fullmatch(r"`src/\w+/`", cells[0]) or len(cells) != 4:
            continue
        room = cells[0].strip("`").split("/")[1]
        rooms[room] = {word for word in re.findall(r"\w+", cells[1])} | {room, "base"}
        libraries[room] = {name for name in LIBRARIES if re.search(rf"\b{re.escape(name)}\b", cells[2])}
    return rooms, libraries


def main():
    root = pathlib.Path(sys.argv[1])
    rooms, libraries = allowed_by(root / "docs/architecture.md")
    folders = {folder.name for folder in (root / "src").iterdir() if folder.is_dir()}
    faults = [f"docs/architecture.md: the rooms of its table and of src/ differ by {folders ^ rooms.keys()}"] * (
        folders != rooms.keys())
    seen = set()
    for path in sorted((root / "src").glob("*/*")):
        if path.suffix not in (".h", ".cc") or path.parent.name not in rooms:
            continue
        room = path.parent.name
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{path.relative_to(root)}:{number}"
            if found := re.match(r'\s*#\s*include "(\w+)/', line):
                seen.add((room, found[1]))
                if found[1] not in rooms[room]:
                    faults.append(f"{where}: {room} may not include {found[1]}")
            elif (found := re.match(r'\s*#\s*include "([^"]+)"', line)) and (path.parent / found[1]).exists():
                faults.append(f"{where}: a header is included by its room and name")
            elif re.match(r"\s*#\s*include <", line):
                for name, pattern in LIBRARIES.items():
                    if re.search(pattern, line) and name not in libraries[room]:
                        faults.append(f"{where}: {room} may not use {name}")
    # A test that sees nothing proves nothing.
    if len(seen) < len(rooms):
        faults.append("hardly any include was found: is this the source tree?")
    print("\n".join(faults) or f"{len(seen)} arrows between {len(rooms)} rooms, none points back")
    return 1 if faults else 0


sys.exit(main())
