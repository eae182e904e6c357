# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The bench's output: one table for each pair."""

COLUMNS = ["method", "to here", "to there", "both", "seconds", "memory here", "memory there",
           "says sent / received"]


def print_pair(pair, sizes, measurements, options):
    way = "push" if options.push else "pull"
    rate = "as fast as it goes" if options.rate == "none" else options.rate
    print(f"\n{pair.name}: {pair.story}  ({way}, link {rate})")
    print(f"  layers {megabytes(sizes.layers)}, needed {megabytes(sizes.needed)}, "
          f"those as a registry sends them {megabytes(sizes.needed_gzip)}")
    rows = [COLUMNS] + [
        [one.method, megabytes(one.to_here), megabytes(one.to_there), megabytes(one.to_here + one.to_there),
         f"{one.seconds:.1f}", megabytes(one.memory_here), megabytes(one.memory_there), one.said]
        for one in measurements]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip(), flush=True)


def megabytes(count):
    return f"{count / 1e6:.3f} MB" if count < 10e6 else f"{count / 1e6:.1f} MB"
