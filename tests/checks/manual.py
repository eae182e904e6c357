# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The man page, --help and the code say the same: every option, every exit status.

manual.py PROGRAM SOURCE_ROOT
"""

import pathlib
import re
import shutil
import subprocess
import sys


def options_of_help(program):
    """{(short or None, long)} as --help lists them."""
    text = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    return {(short or None, long)
            for short, long in re.findall(r"^ +(?:-(\w), |    )--([\w-]+)", text, re.M)}


def options_of_page(page):
    """The same of the page: each `.It Fl` line names one option, or two that undo each other."""
    options = set()
    for line in re.findall(r"^\.It (Fl .*)$", page, re.M):
        flags = [flag.removeprefix(r"\&") for flag in re.findall(r"Fl (\S+)", line)]
        short = next((flag for flag in flags if not flag.startswith("-")), None)
        options |= {(short, flag[1:]) for flag in flags if flag.startswith("-")}
    return options


def exit_codes_of_code(header):
    enum = re.search(r"enum class ExitCode[^{]*\{(.*?)\};", header, re.S)[1]
    return {int(number) for number in re.findall(r"= (\d+),", enum)}


def exit_codes_of_page(page):
    section = re.search(r"^\.Sh EXIT STATUS\n(.*?)^\.Sh", page, re.S | re.M)[1]
    return {int(number) for number in re.findall(r"^\.It (\d+)$", section, re.M)}


def difference(what, page, other, where):
    faults = [f"{what} {item} is in the page and not in {where}" for item in sorted(page - other, key=str)]
    return faults + [f"{what} {item} is in {where} and not in the page" for item in sorted(other - page, key=str)]


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2])
    path = root / "man/docker-sync.1"
    page = path.read_text()
    help_options, codes = options_of_help(program), exit_codes_of_code((root / "src/base/error.h").read_text())
    faults = difference("option", options_of_page(page), help_options, "--help")
    faults += difference("exit status", exit_codes_of_page(page), codes, "src/base/error.h")
    if len(help_options) < 10 or len(codes) < 10:
        faults.append("hardly any option or exit status was found")
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(path)], capture_output=True, text=True)
        faults += lint.stdout.splitlines()
    print("\n".join(faults) or f"{len(help_options)} options and {len(codes)} exit statuses")
    return 1 if faults else 0


sys.exit(main())
