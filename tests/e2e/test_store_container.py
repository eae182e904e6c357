# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Users who may use docker but are not root: the helper reads the engine's store from a throw-away container."""

import os
import time

import pytest

from hosts import Recipe, edited, noise, wait_until
from world import INTERRUPT, KILL, assert_refused, end_everywhere

DATA = noise(700_000, seed=1)
MODES = ["chmod 600 /app/secret", "chmod 700 /closed && chown -R 1234 /closed"]
SMALL = Recipe([{"app/program": DATA, "app/secret": b"of root alone\n", "closed/file": b"of another\n"}], commands=MODES)
NEWER = Recipe([{"app/program": edited(DATA), "app/secret": b"of root alone\n", "closed/file": b"of another\n"}],
               commands=MODES)
LARGE = Recipe([{"data": noise(70_000_000, seed=2)}])


@pytest.fixture
def user(world):
    """A user of the laptop who may use docker there and is not root."""
    world.laptop.add_user("somebody")
    yield "somebody"
    world.laptop.kill_all_of("docker-sync")


class Watch:
    """What an engine did from now on."""

    def __init__(self, engine):
        self.engine, self.since = engine, time.time()
        self.images = engine.image_ids()

    def containers(self):
        """How many were made."""
        made = self.engine.docker("events", "--since", f"{self.since:.9f}", "--until", f"{time.time():.9f}", "--filter",
                                  "type=container", "--filter", "event=create", "--format", "{{.ID}}")
        return len(made.split())


def left_at(engine):
    return (engine.docker("ps", "--all", "--quiet"), engine.docker("volume", "ls", "--quiet"),
            engine.docker("images", "--all", "--quiet", "--filter", "label=docker-sync.helper") +
            "".join(path.name for path in engine.host.path("/tmp").glob("docker-sync.*")))


def await_nothing_left(*engines):
    for engine in engines:
        wait_until(lambda engine=engine: left_at(engine) == ("", "", ""), f"{left_at(engine)} to go", 30)


def store_of(engine):
    """Everything that a store's files say of themselves, when they were read included."""
    return engine.host.run(["sh", "-c", "cd /var/lib/docker && find image/overlay2/layerdb image/overlay2/imagedb/content "
                            "overlay2 -type f -not -path '*/merged/*' -printf '%p %i %s %m %u %T@ %C@ %A@\\n' | sort"
                            ]).stdout.splitlines()


def test_a_pull_reads_the_store_over_there(world):
    image_id = SMALL.build(world.there, "app:1")
    watch = Watch(world.there)
    world.sync("--layer-reader", "store", "user@server", "app:1").check()
    assert world.here.image_id("app:1") == image_id
    assert watch.containers() == 1
    await_nothing_left(world.there)
    assert world.there.image_ids() == watch.images


def test_one_container_serves_all_images_of_a_run(world):
    """Which does not end before the last one was read."""
    ids = [recipe.build(world.there, name) for recipe, name in [(SMALL, "app:1"), (NEWER, "app:2")]]
    watch = Watch(world.there)
    world.sync("--layer-reader", "store", "user@server", "app:1", "app:2").check()
    assert [world.here.image_id(name) for name in ("app:1", "app:2")] == ids
    assert watch.containers() == 1
    await_nothing_left(world.there)


def test_changes_alone_travel_both_ways_and_nothing_is_written(world, user):
    """At the server the helper is not root; at the laptop the program is not."""
    SMALL.build(world.there, "app:1")
    world.sync("user@server", "app:1").check()
    image_id = NEWER.build(world.there, "app:1")
    before = store_of(world.there)
    here, there = Watch(world.here), Watch(world.there)
    result = world.laptop.run(["docker-sync", "-v", "-e", "ssh -i /root/.ssh/id_ed25519", "--layer-reader", "store",
                               "-s", "unix:///run/docker.sock", "-d", "oci:/home/somebody/images", "app:1"], user=user)
    assert "by a container of the helper" in result.stderr, result
    result = world.sync("--json", "--layer-reader", "store", "user@server", "app:1").check()
    assert world.here.image_id("app:1") == image_id
    assert here.containers() == 1 and there.containers() == 1
    await_nothing_left(world.here, world.there)
    assert store_of(world.there) == before


def test_a_large_image_pays_and_a_small_one_does_not(world, user):
    SMALL.build(world.here, "app:small")
    large_id = LARGE.build(world.here, "app:large")
    watch = Watch(world.here)

    def sync(*args):
        return world.laptop.run(["docker-sync", "-v", *args, "-d", "oci:/home/somebody/images"], user=user)

    assert "by a container" not in sync("app:small").stderr and watch.containers() == 0
    without = sync("--no-helper-container", "app:large")
    assert "by a container" not in without.stderr and watch.containers() == 0
    world.laptop.run(["rm", "-rf", "/home/somebody/images"])
    result = sync("app:large")
    assert "by a container of the helper" in result.stderr and watch.containers() == 1, result
    await_nothing_left(world.here)
    index = world.laptop.run(["docker-sync", "--json", "-s", "oci:/home/somebody/images", "-d", "local"], user=user)
    assert '"current"' in index.stdout, index
    assert world.here.image_id("app:large") == large_id


def test_where_no_container_is_wanted_there_is_none_over_there(world):
    image_id = LARGE.build(world.there, "app:1")
    watch = Watch(world.there)
    refused = world.sync("--no-helper-container", "--layer-reader", "store", "user@server", "app:1")
    assert_refused(refused, 6, "cannot be read in place", "--layer-reader auto")
    assert world.here.image_id("app:1") is None
    world.sync("--no-helper-container", "user@server", "app:1").check()
    assert world.here.image_id("app:1") == image_id
    assert watch.containers() == 0


def test_a_store_without_a_way_in_is_saved(world):
    """The daemon's runtime is missing."""
    image_id = LARGE.build(world.there, "app:1")
    world.server.run(["mount", "--bind", "/dev/null", "/usr/sbin/runc"])
    try:
        world.sync("user@server", "app:1").check()
    finally:
        world.server.run(["umount", "/usr/sbin/runc"])
    assert world.here.image_id("app:1") == image_id
    await_nothing_left(world.there)


def start_large(world):
    """A slow pull with the container running."""
    LARGE.build(world.there, "app:1")
    world.link.shape("8mbit")
    process = world.laptop.spawn(["docker-sync", "user@server", "app:1"])
    wait_until(lambda: world.there.docker("ps", "--quiet") or not process.running(), "the container")
    wait_until(lambda: world.link.sent_by(world.server) > 500_000 or not process.running(), "the sync")
    assert process.running(), process.wait()
    return process


def test_interrupted_nothing_is_left(world):
    process = start_large(world)
    try:
        process.signal(INTERRUPT)
        assert process.wait().returncode == 130
    finally:
        world.link.shape(None)
    end_everywhere(world)
    await_nothing_left(world.there)


def test_killed_it_leaves_nothing_that_runs(world):
    process = start_large(world)
    try:
        helpers = world.server.processes_of(".cache/docker-sync")
        assert helpers
        for pid in helpers:
            os.kill(pid, KILL)
        process.wait()
    finally:
        world.link.shape(None)
    wait_until(lambda: left_at(world.there)[0] == "", "the container to go", 30)


def test_a_report_starts_none(world, user):
    LARGE.build(world.here, "app:1")
    watch = Watch(world.here)
    for options in [], ["--dry-run", "app:1"]:
        told = world.laptop.run(["docker-sync", "-d", "oci:/home/somebody/images", *options], user=user)
        assert "app:1" in told.stdout
    assert watch.containers() == 0
