# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What the bench's programs are told alike."""

import argparse
import pathlib

from pairs import VARIANTS

ROOT = pathlib.Path(__file__).resolve().parent.parent
VARIANT_NAMES = [variant.split()[0] for variant in VARIANTS]


def new_parser(description, variants, rates):
    """With the defaults of these."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=names(VARIANT_NAMES), default=variants,
                        help=f"where the old version is: {', '.join(VARIANT_NAMES)}; default: {','.join(variants)}")
    parser.add_argument("--push", action="store_true", help="push instead of pull")
    parser.add_argument("--rate", type=lambda text: text.split(","), default=rates,
                        help=f"speeds of the link each way, such as 10mbit,1gbit,none; default: {','.join(rates)}")
    parser.add_argument("--binary", default=str(ROOT / "build/src/docker-sync"), help="docker-sync to measure")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all figures there, too")
    return parser


def names(known):
    def split(text):
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"no such: {', '.join(unknown)} (of {', '.join(known)})")
        return chosen
    return split
