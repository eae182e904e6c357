# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The helper runs wherever it is sent: static, stripped, small, and nothing in it is of SSH or of the command line.

helper.py HELPER PROGRAM
"""

import pathlib
import struct
import subprocess
import sys

MAX_BYTES = 3_000_000
PT_DYNAMIC, PT_INTERP, SHT_SYMTAB = 2, 3, 2
# Words that libssh, TLS or a parser of options cannot do without.
FOREIGN = [b"libssh", b"DOCKER_CERT_PATH", b"tlsv1 alert", b"ssh-userauth", b"diffie-hellman", b"known_hosts", b"cxxopts"]


def tables_of(elf):
    """(types of program headers, types of section headers) of a 64-bit little-endian ELF file."""
    if elf[:6] != b"\x7fELF\x02\x01":
        sys.exit("not a 64-bit little-endian ELF file")
    segments, sections = struct.unpack_from("<QQ", elf, 32)
    segment_size, segment_count, section_size, section_count = struct.unpack_from("<HHHH", elf, 54)
    return ([struct.unpack_from("<I", elf, segments + i * segment_size)[0] for i in range(segment_count)],
            [struct.unpack_from("<I", elf, sections + i * section_size + 4)[0] for i in range(section_count)])


def main():
    helper, program = (pathlib.Path(argument).read_bytes() for argument in sys.argv[1:])
    segments, sections = tables_of(helper)
    faults = []
    if PT_INTERP in segments or PT_DYNAMIC in segments:
        faults.append("it is not static")
    if SHT_SYMTAB in sections:
        faults.append("it is not stripped")
    if len(helper) > MAX_BYTES:
        faults.append(f"it has {len(helper):,} bytes, more than {MAX_BYTES:,}")
    faults += [f"it has {word.decode()!r} in it" for word in FOREIGN if word in helper]
    if helper not in program:
        faults.append("the program does not carry this helper")
    # The words are worth something only if they are found where they must be.
    faults += [f"not even the program has {word.decode()!r}" for word in (b"known_hosts", b"cxxopts", b"DOCKER_CERT_PATH")
               if word not in program]
    check = subprocess.run([sys.argv[1], "--check"], env={}, stdin=subprocess.DEVNULL, capture_output=True)
    if check.returncode != 0 or check.stdout:
        faults.append(f"--check fails: {check}")
    print("\n".join(faults) or f"{len(helper):,} bytes")
    return 1 if faults else 0


sys.exit(main())
