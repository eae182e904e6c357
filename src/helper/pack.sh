#!/bin/sh
# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
#
# Compresses helpers for the program to carry, and writes the table that embedded.cc is made of: of each its machine,
# where its compressed bytes are, and the size and hash of the helper itself. The hash is its name on every host.
# Usage: pack.sh ZSTD FOLDER {MACHINE HELPER}...
set -eu
zstd=$1 folder=$2
shift 2
table=
while [ $# -gt 0 ]; do
  "$zstd" -q -f -19 "$2" -o "$folder/$1.zst"
  hash=$(sha256sum < "$2") || exit 1
  table="${table}HELPER($1, \"$folder/$1.zst\", $(($(wc -c < "$2"))), \"$(printf %.32s "$hash")\")
"
  shift 2
done
printf %s "$table" > "$folder/helpers.inc"
