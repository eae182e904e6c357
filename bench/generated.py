# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Bytes and small programs that go into the bench's images; the same on every machine."""

import random

MIB = 1 << 20

# Changes 681 bytes in 80 places of the file that it is given, as a rebuilt pkgcache.bin has changed
# times and identifiers. Perl is in every Debian image.
EDIT_PKGCACHE = rb"""
use strict; use warnings;
open(my $file, '+<', $ARGV[0]) or die; binmode $file;
my $size = -s $file; my $seed = 20240229; my $changed = 0;
for my $place (0 .. 79) {
  $seed = ($seed * 1103515245 + 12345) % 2147483648;
  my $length = $place < 41 ? 9 : 8;
  my $start = int($seed / 2147483648 * ($size / 80 - 64)) + $place * int($size / 80);
  seek($file, $start, 0); read($file, my $bytes, $length) == $length or die;
  substr($bytes, $_, 1) = chr(ord(substr($bytes, $_, 1)) ^ (1 + ($seed >> 8) % 255)) for 0 .. $length - 1;
  seek($file, $start, 0); print $file $bytes; $changed += $length;
}
close($file) or die; $changed == 681 or die;
"""

# A program that links most of a compiler; -DFILTER gives it code that stands before all the rest of it.
COMPILER = rb"""
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Tooling/Tooling.h>
#include <llvm/Support/TargetSelect.h>
#include <iostream>
#ifdef FILTER
#include <regex>
static bool wanted(const std::string& code) {
  return std::regex_search(code, std::regex("(int|void)\\s+[a-z_]+\\s*\\(", std::regex::icase));
}
#else
static bool wanted(const std::string& code) { return !code.empty(); }
#endif
int main(int argc, char** argv) {
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmParsers();
  llvm::InitializeAllAsmPrinters();
  const std::string code = argc > 1 ? argv[1] : "int main() {}";
  if (!wanted(code)) return 2;
  return clang::tooling::runToolOnCode(std::make_unique<clang::EmitObjAction>(), code) ? 0 : 1;
}
"""


def write_data(path, edited, size):
    """A table of `size` bytes: lines of text and short binary columns, which compress to about half.

    `edited` has 200 single values replaced and 20 runs of 1 to 8 KiB put in or taken out, all over it.
    """
    edits = plan_edits(size) if edited else []
    with open(path, "wb") as file:
        offset = 0
        for block in data_blocks(size):
            end = offset + len(block)
            while edits and edits[0][0] < end:
                at, removed, inserted = edits.pop(0)
                cut = at - offset
                block = block[:cut] + inserted + block[cut + removed:]
                # Later edits of this block are found by offsets of the unedited file.
                offset += removed - len(inserted)
            file.write(block)
            offset = end


def data_blocks(size, block_rows=4096):
    dice, written, row = random.Random(600), 0, 0
    words = ["".join(dice.choices("etaoinshrdlucmfwypvbgkqjxz", range(26, 0, -1), k=dice.randint(2, 10)))
             for _ in range(3000)]
    while written < size:
        noise = dice.randbytes(20 * block_rows)
        picks = dice.choices(words, k=4 * block_rows)
        lines = []
        for each in range(block_rows):
            row += 1
            text = f"{row:09d}\t17{row % 86400:08d}\t{' '.join(picks[4 * each:4 * each + 4])}\t"
            lines.append(text.encode() + noise[20 * each:20 * each + 20] + b"\n")
        block = b"".join(lines)[:size - written]
        written += len(block)
        yield block


def plan_edits(size):
    """[(offset in the unedited file, bytes taken out, bytes put in)] by offset, none near another."""
    dice = random.Random(220)
    places = sorted(dice.sample(range(1, size // (16 * 1024) - 1), 220))
    runs = set(dice.sample(places, 20))
    edits = []
    for number, place in enumerate(places):
        at = place * 16 * 1024
        if place not in runs:
            length = dice.randint(4, 24)
            edits.append((at, length, dice.randbytes(length)))
        elif number % 2:
            edits.append((at, dice.randint(1024, 8192), b""))
        else:
            edits.append((at, 0, dice.randbytes(dice.randint(1024, 8192))))
    return edits
