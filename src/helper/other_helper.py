# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Bring the build of another machine's helper up to date, and copy the helper from it if it has changed.

other_helper.py SOURCE_ROOT MACHINE:BUILD OUTPUT NINJA
"""

import json
import pathlib
import subprocess
import sys

HELPER = "src/helper/docker-sync-helper"


def main():
    source, output = map(pathlib.Path, (sys.argv[1], sys.argv[3]))
    build, ninja = pathlib.Path(sys.argv[2].partition(":")[2]), sys.argv[4]
    try:
        directories = json.loads((build / "meson-info/meson-info.json").read_text())["directories"]
    except OSError as error:
        sys.exit(f"{build} is no build of a helper: {error}")
    if pathlib.Path(directories["source"]).resolve() != source.resolve():
        sys.exit(f"{build} builds the helper of {directories['source']}, and this is {source}: "
                 "both ends must be of one source")
    made = subprocess.run([ninja, "-C", build, HELPER], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode != 0:
        sys.stdout.buffer.write(made.stdout)
        return made.returncode
    helper = (build / HELPER).read_bytes()
    # What is not written is not packed again.
    if not output.exists() or output.read_bytes() != helper:
        output.write_bytes(helper)
        output.chmod(0o755)
    return 0


sys.exit(main())
