# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The helper runs wherever it is sent: static, stripped, small, and nothing in it is of SSH or of the command line. The
program carries it compressed.

helper.py PROGRAM MACHINE HELPER COMPRESSED
"""

import pathlib
import platform
import shutil
import struct
import subprocess
import sys

MAX_BYTES = 3_000_000
ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
PT_DYNAMIC, PT_INTERP, SHT_SYMTAB = 2, 3, 2
# Words that libssh, TLS, a parser of options or libstdc++'s last words, with their demangler, cannot do without.
FOREIGN = [b"libssh", b"DOCKER_CERT_PATH", b"tlsv1 alert", b"ssh-userauth", b"diffie-hellman", b"known_hosts", b"cxxopts",
           b"terminate called after"]


def machine_of(elf):
    if elf[:6] != b"\x7fELF\x02\x01":
        sys.exit("not a 64-bit little-endian ELF file")
    return struct.unpack_from("<H", elf, 18)[0]


def tables_of(elf):
    """(types of program headers, types of section headers)"""
    segments, sections = struct.unpack_from("<QQ", elf, 32)
    segment_size, segment_count, section_size, section_count = struct.unpack_from("<HHHH", elf, 54)
    return ([struct.unpack_from("<I", elf, segments + i * segment_size)[0] for i in range(segment_count)],
            [struct.unpack_from("<I", elf, sections + i * section_size + 4)[0] for i in range(section_count)])


def faults_of_binary(machine, helper):
    segments, sections = tables_of(helper)
    if machine_of(helper) != ELF_MACHINES.get(machine):
        yield f"it is for machines of ELF type {machine_of(helper)}, not for {machine}"
    if PT_INTERP in segments or PT_DYNAMIC in segments:
        yield "it is not static"
    if SHT_SYMTAB in sections:
        yield "it is not stripped"
    if len(helper) > MAX_BYTES:
        yield f"it has {len(helper):,} bytes, more than {MAX_BYTES:,}"
    yield from (f"it has {word.decode()!r} in it" for word in FOREIGN if word in helper)


def faults_of_carrying(program, helper, compressed):
    if subprocess.run(["zstd", "-dc"], input=compressed, stdout=subprocess.PIPE, check=False).stdout != helper:
        yield "what the program carries does not decompress to it"
    if compressed not in program:
        yield "the program does not carry it"
    if helper in program:
        yield "the program carries it uncompressed"
    # The words are worth something only if they are found where they must be.
    yield from (f"not even the program has {word.decode()!r}" for word in (b"known_hosts", b"cxxopts", b"DOCKER_CERT_PATH")
                if word not in program)


def faults_of_running(machine, path):
    runner = []
    if machine != platform.machine():
        qemu = shutil.which(f"qemu-{machine}-static") or shutil.which(f"qemu-{machine}")
        if not qemu:
            yield f"no qemu-{machine}-static is there to run it"
            return
        runner = [qemu]
    check = subprocess.run([*runner, path, "--check"], env={}, stdin=subprocess.DEVNULL, capture_output=True)
    if check.returncode != 0 or check.stdout:
        yield f"--check fails: {check}"


def main():
    machine = sys.argv[2]
    program, helper, compressed = (pathlib.Path(sys.argv[i]).read_bytes() for i in (1, 3, 4))
    faults = [*faults_of_binary(machine, helper), *faults_of_carrying(program, helper, compressed),
              *faults_of_running(machine, sys.argv[3])]
    print("\n".join(faults) or f"{len(helper):,} bytes, {len(compressed):,} in the program of {len(program):,}")
    return 1 if faults else 0


sys.exit(main())
