#!/bin/sh
# Prints a header with the content hash of the helper, its name on every host.
# Usage: hash_header.sh HELPER
hash=$(sha256sum < "$1") || exit 1
printf '#define HELPER_HASH "%.32s"\n' "$hash"
