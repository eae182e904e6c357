# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Bounds that hold whatever the image: memory, scratch, bytes, time."""

import time

from hosts import Recipe, copy_images, edited, noise
from world import end_everywhere, scratch

MEGABYTE = 1_000_000


def test_memory_does_not_grow_with_the_image(way):
    """One file of 150 MB, and it has changed: on both sides 200 MB have to do, for all of the work."""
    old = noise(150 * MEGABYTE, seed=1)
    Recipe([{"app/large": old}]).build(way.destination, "app:1")
    Recipe([{"app/large": edited(old)}]).build(way.source, "app:1")
    with way.world.watch_memory() as memory:
        way.sync("app:1", timeout_s=120).check()
    assert memory.samples > 20
    assert all(0 < peak <= 200 * MEGABYTE for peak in memory.peak.values()), memory.peak


def test_what_cannot_be_compressed_costs_little_more_than_its_size(way):
    size = 20 * MEGABYTE
    Recipe([{"app/noise": noise(size, seed=2)}]).build(way.source, "app:1")
    way.world.sync("user@server").check()
    report = way.sync_json("app:1")
    assert report["sent"] + report["received"] < size * 1.02 + 65_536


def test_an_unchanged_image_takes_less_than_3_seconds(way):
    Recipe([{"app/noise": noise(30 * MEGABYTE, seed=3)}]).build(way.source, "app:1")
    copy_images(way.source, way.destination, "app:1")
    way.world.sync("user@server").check()
    before, started = sum(way.world.link.counts()), time.monotonic()
    way.sync("app:1").check()
    assert time.monotonic() - started < 3
    assert sum(way.world.link.counts()) - before < 100_000


def test_no_scratch_is_left(way):
    before = scratch(way.world.laptop), scratch(way.world.server)
    Recipe([{"app/noise": noise(5 * MEGABYTE, seed=4)}]).build(way.source, "app:1")
    way.sync("app:1").check()
    end_everywhere(way.world)
    assert (scratch(way.world.laptop), scratch(way.world.server)) == before


def test_scratch_goes_where_it_is_told(way):
    """The named folders are used: they are watched for the files that are open in them."""
    Recipe([{"app/noise": noise(3 * MEGABYTE, seed=5)}]).build(way.source, "app:1")
    for host in (way.world.laptop, way.world.server):
        host.run(["mkdir", "-p", "-m", "1777", "/var/tmp/here"])
    process = way.start_slowly("--tmpfolder=/var/tmp/here", "--layer-reader=save", "app:1")
    open_there = {host.name: host.open_files("/var/tmp/here") for host in (way.world.laptop, way.world.server)}
    process.kill()
    process.wait()
    assert open_there[way.source.host.name] and open_there[way.destination.host.name], open_there


def test_an_image_of_many_layers_needs_no_more_open_files_than_a_login_has(world):
    """Two for each layer of the basis, and those that are read just now."""
    layers = [{f"app/{number}/{name}": noise(20_000, seed=10 * number + name) for name in range(3)}
              for number in range(40)]
    Recipe(layers).build(world.there, "app:1")
    world.sync("user@server", "app:1").check()
    newer = Recipe([{"first": b"changed"}, *layers]).build(world.there, "app:1")
    result = world.laptop.run(["sh", "-c", "ulimit -Sn 60 && exec docker-sync --layer-reader store "
                               "-e 'ssh -i /root/.ssh/id_ed25519' root@server app:1"])
    assert result.returncode == 0, result
    assert world.here.image_id("app:1") == newer
