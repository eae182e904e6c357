# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""How fast a link was, and what follows from it where an engine would have to save the basis."""

import fcntl
import json
import os

import pytest

from hosts import Recipe, edited, noise
from world import CACHE, Way

LINKS = f"/root/{CACHE}/links"
PROGRAM = noise(12_000_000, seed=1)
OLD = Recipe([{"lib/stable": noise(300_000, seed=2)}, {"app/program": PROGRAM}])
NEW = Recipe([OLD.layers[0], {"app/program": edited(PROGRAM)}], mtime=1_700_000_100)
SAVE = "--layer-reader=save"


def room_of_pipe(path):
    if not os.readlink(path).startswith("pipe:"):
        return None
    with open(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as pipe:
        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)


@pytest.fixture
def links(world):
    """The folder of known links, which are none."""
    world.laptop.run(["rm", "-rf", LINKS])
    yield world.laptop.path(LINKS)
    world.laptop.run(["rm", "-rf", LINKS])
    world.laptop.write(LINKS, "")


@pytest.fixture(params=["pull", "push"])
def way(request, world, links):
    """Over a link that was fast."""
    way = Way(world, push=request.param == "push")
    OLD.build(way.source, "seen:1")
    way.sync(SAVE, "seen:1").check()
    entries = list(links.iterdir())
    assert entries
    for entry in entries:
        entry.unlink()
        os.symlink("100000000", entry)
    OLD.build(way.destination, "app:1")
    NEW.build(way.source, "app:1")
    return way


def test_a_helper_that_is_uploaded_measures_the_link(world, links):
    world.link.shape("40mbit")
    world.sync("--report", world.new_user("measured")).check()
    entry, = links.iterdir()
    assert 2_500_000 < int(os.readlink(entry)) < 7_000_000


def test_a_server_and_the_helper_need_not_take_turns(world):
    Recipe([{"app/program": PROGRAM}]).build(world.there, "app:1")
    world.sync("--report", "user@server").check()  # the helper is there
    process = Way(world, push=False).start_slowly("app:1")
    helper, = world.server.processes_of("docker-sync")
    rooms = [room_of_pipe(f"/proc/{helper}/fd/{fd}") for fd in os.listdir(f"/proc/{helper}/fd")]
    process.kill()
    process.wait()
    world.link.shape(None)
    assert 1 << 20 in rooms, rooms


def test_over_a_fast_link_needed_layers_travel_whole_rather_than_a_basis_is_saved(way):
    answer = way.sync_json(SAVE, "app:1")
    assert answer["sent"] + answer["received"] > len(PROGRAM)
    assert way.destination.image_id("app:1") == way.source.image_id("app:1")


def test_where_the_basis_is_read_in_place_a_fast_link_changes_nothing(way):
    way.login = "root"
    answer = way.sync_json("--layer-reader=store", "app:1")
    assert answer["sent"] + answer["received"] < len(PROGRAM) / 4
    assert way.destination.image_id("app:1") == way.source.image_id("app:1")


def test_a_link_that_is_no_longer_fast_gets_little_before_the_basis_is_used_after_all(way, links):
    way.world.link.shape("10mbit")
    result = way.sync("--json", "--verbose", SAVE, "app:1").check()
    assert "the link is slower than it was" in result.stderr
    answer = json.loads(result.stdout)
    assert answer["sent"] + answer["received"] < len(PROGRAM) / 2
    assert way.destination.image_id("app:1") == way.source.image_id("app:1")
    assert any(int(os.readlink(entry)) < 5_000_000 for entry in links.iterdir())
