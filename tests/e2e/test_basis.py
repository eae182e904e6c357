# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What needed layers are, and what they are built from."""

from hosts import Recipe, edited, noise
from hosts.images import pack
from world import image_of

BIG = noise(400_000, seed=5)
BASE, TOOLS = {"lib/base": noise(300_000, seed=3)}, {"lib/tools": noise(300_000, seed=4)}
APP = {"app/program": BIG}
CHANGED = {"app/program": edited(BIG)}


def bytes_of(way, *args):
    way.world.sync("user@server").check()
    before = sum(way.world.link.counts())
    report = way.sync_json(*args)
    return report, sum(way.world.link.counts()) - before


def test_layers_after_the_longest_common_prefix_are_needed(way):
    Recipe([BASE, TOOLS]).build(way.destination, "other:1")
    Recipe([BASE, TOOLS, APP]).build(way.source, "app:1")
    report, _ = bytes_of(way, "app:1")
    assert (image_of(report, "app:1")["layers_needed"], image_of(report, "app:1")["layers"]) == (1, 4)


def test_layers_in_another_order_are_no_common_prefix_but_serve_as_basis(way):
    Recipe([TOOLS, BASE]).build(way.destination, "app:1")
    image_id = Recipe([BASE, TOOLS]).build(way.source, "app:1")
    _, count = bytes_of(way, "app:1")
    assert count < 60_000
    assert way.destination.image_id("app:1") == image_id


def test_the_basis_is_the_image_of_the_same_name_first(way):
    Recipe([BASE, APP]).build(way.destination, "app:1")
    Recipe([BASE, TOOLS, APP]).build(way.destination, "closer:1")
    Recipe([BASE, TOOLS, CHANGED]).build(way.source, "app:1")
    report, count = bytes_of(way, "app:1")
    assert image_of(report, "app:1")["basis"] == "app:1"
    assert image_of(report, "app:1")["layers_needed"] == 1  # the prefix is found in any image all the same
    assert count < 60_000


def test_else_the_image_with_the_highest_common_parent(way):
    Recipe([BASE]).build(way.destination, "lower:1")
    Recipe([BASE, TOOLS, APP]).build(way.destination, "higher:1")
    Recipe([BASE, TOOLS, CHANGED]).build(way.source, "app:1")
    report, count = bytes_of(way, "app:1")
    assert image_of(report, "app:1")["basis"] == "higher:1"
    assert count < 60_000


def test_a_dangling_image_counts_as_well(way):
    dangling = Recipe([BASE, TOOLS, APP]).build(way.destination, "app:0")
    Recipe([{"app/else": b"else"}]).build(way.destination, "app:0")
    assert dangling in way.destination.untagged()
    Recipe([BASE, TOOLS, CHANGED]).build(way.source, "new:1")
    report, count = bytes_of(way, "new:1")
    assert image_of(report, "new:1")["layers_needed"] == 1
    assert count < 60_000


def test_else_an_image_of_the_same_repository(way):
    """Nothing in common but the name and what is in the files."""
    way.destination.docker("image", "rm", "busybox:base")
    for engine, name in [(way.destination, "scratch:1"), (way.source, "scratch:2")]:
        engine.docker("import", "-", name, stdin=pack({"name": name.encode()}), text=False)
    Recipe([APP], base="scratch:1").build(way.destination, "app:1")
    Recipe([CHANGED], base="scratch:2").build(way.source, "app:2")
    report, count = bytes_of(way, "app:2")
    assert image_of(report, "app:2")["basis"] == "app:1"
    assert count < 60_000


def test_the_basis_and_the_layers_are_said(way):
    Recipe([BASE, TOOLS]).build(way.destination, "app:1")
    Recipe([BASE, {"lib/tools": b"none"}]).build(way.source, "app:1")
    line = next(line for line in way.sync("app:1").check().stdout.splitlines() if line.startswith("app:1"))
    assert "basis app:1" in line and "1 of 3 layers" in line


def test_without_any_basis_the_image_is_sent_whole(way):
    way.destination.docker("image", "rm", "busybox:base")
    image_id = Recipe([APP]).build(way.source, "app:1")
    report, _ = bytes_of(way, "app:1")
    assert image_of(report, "app:1")["basis"] is None
    assert way.destination.image_id("app:1") == image_id


def test_a_file_that_moved_is_found(way):
    Recipe([{"old/place": BIG}]).build(way.destination, "app:1")
    Recipe([{"new/home/of/it": BIG}]).build(way.source, "app:1")
    _, count = bytes_of(way, "app:1")
    assert count < 40_000


def test_a_rebuild_that_changed_nothing_but_time_sends_no_contents(way):
    Recipe([BASE, APP]).build(way.destination, "app:1")
    Recipe([BASE, APP], mtime=1_710_000_000).build(way.source, "app:1")
    report, count = bytes_of(way, "app:1")
    assert image_of(report, "app:1")["layers_needed"] == 2
    assert count < 40_000
