# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A sync that fails or is stopped leaves tags and images as they were, and nothing else behind."""

import pytest

from hosts import Recipe, noise, wait_until
from world import INTERRUPT, KILL, TERMINATE, assert_refused, end_everywhere, scratch

BIG = noise(3_000_000, seed=1)
OLD = Recipe([{"app/program": noise(500_000, seed=2)}])
NEW = Recipe([{"app/program": BIG}])


@pytest.fixture
def update(way):
    """An old image at the destination, a new one at the source that takes seconds over a slow link."""
    OLD.build(way.destination, "app:1")
    way.new_id = NEW.build(way.source, "app:1")
    way.world.sync("user@server").check()  # the helper is there
    way.before = way.destination.state()
    way.scratch = scratch(way.world.laptop), scratch(way.world.server)
    return way


def assert_nothing_happened(way):
    end_everywhere(way.world)
    assert way.destination.state() == way.before
    assert (scratch(way.world.laptop), scratch(way.world.server)) == way.scratch
    way.world.link.shape(None)
    way.sync("app:1").check()  # and the next one works
    assert way.destination.image_id("app:1") == way.new_id


def test_kill_of_the_program(update):
    process = update.start_slowly("app:1")
    process.signal(KILL)
    process.wait()
    assert_nothing_happened(update)


def test_kill_of_the_helper(update):
    process = update.start_slowly("app:1")
    update.world.server.kill_all_of("docker-sync", KILL)
    update.world.link.shape(None)  # what is in the buffers need not crawl
    assert_refused(process.wait(), 3, "server")
    assert_nothing_happened(update)


@pytest.mark.parametrize("number, codes", [(INTERRUPT, [130]), (TERMINATE, [130, 143])], ids=["INT", "TERM"])
def test_interruption(update, number, codes):
    process = update.start_slowly("app:1")
    process.signal(number)
    assert process.wait(timeout_s=10).returncode in codes
    assert_nothing_happened(update)


def test_the_server_shuts_the_connection(update):
    process = update.start_slowly("app:1")
    update.world.sshd.kill_sessions()
    update.world.link.shape(None)
    assert_refused(process.wait(), 3, "server")
    assert_nothing_happened(update)


def test_the_engine_goes_down_meanwhile(update):
    process = update.start_slowly("app:1")
    update.destination.stop()
    update.world.link.shape(None)
    try:
        assert_refused(process.wait(timeout_s=120), 6)
    finally:
        update.destination.start()
    assert_nothing_happened(update)


@pytest.mark.parametrize("request_path", ["/images/load", "/tag"])
def test_the_engine_refuses_to_load_or_to_tag(update, request_path):
    def hook(method, path):
        return "no, not today" if method == "POST" and request_path in path else None

    with update.meddling(update.destination, hook) as (env, _):
        assert_refused(update.sync("app:1", env=env), 6, "no, not today")
    assert_nothing_happened(update)


def test_an_image_that_was_there_without_a_name_outlives_a_failure(update):
    """Loading it reports its ID like that of a new one; cleaning up must not take it for one."""
    update.sync("app:1").check()
    old_id, = update.destination.untagged()
    update.destination.docker("tag", old_id, "app:1")
    assert update.destination.untagged() == {update.new_id}
    update.before = update.destination.state()

    with update.meddling(update.destination, lambda method, path: "no" if "/tag" in path else None) as (env, _):
        assert update.sync("app:1", env=env).returncode == 6
    assert_nothing_happened(update)


def test_an_image_removed_while_syncing(update):
    def hook(method, path):
        if method == "GET" and path.split("?")[0].endswith("/get"):
            update.source.remove("app:1")

    with update.meddling(update.source, hook) as (env, proxy):
        assert_refused(update.sync("--layer-reader=save", "app:1", env=env), 7, "app:1")
    assert any("/get" in path for _, path in proxy.requests)
    end_everywhere(update.world)
    assert update.destination.state() == update.before


def test_common_layers_pruned_between_plan_and_load(way):
    """Once, the plan is made anew."""
    common = {"lib/common": noise(200_000, seed=3)}
    Recipe([common]).build(way.destination, "other:1")
    image_id = Recipe([common, {"app/program": b"new"}]).build(way.source, "app:1")
    pruned = []

    def hook(method, path):
        if method == "POST" and "/images/load" in path and not pruned:
            pruned.append(path)
            way.destination.remove("other:1")

    with way.meddling(way.destination, hook) as (env, _):
        way.sync("app:1", env=env).check()
    assert pruned
    assert way.destination.image_id("app:1") == image_id


@pytest.mark.parametrize("which", ["laptop", "server"])
def test_no_room_for_scratch(update, which):
    host = getattr(update.world, which)
    host.run(["sh", "-c", "mkdir -p /mnt/small && mount -t tmpfs -o size=1m,mode=1777 tmpfs /mnt/small"])
    option = "--tmpfolder=/mnt/small" if which == "laptop" else "--remote-tmpfolder=/mnt/small"
    try:
        assert_refused(update.sync(option, "--layer-reader=save", "app:1"), 10, which if which == "server" else "")
        assert not any(host.path("/mnt/small").iterdir())
    finally:
        end_everywhere(update.world)
        host.run(["umount", "/mnt/small"])
    assert_nothing_happened(update)


def test_the_other_images_are_synced_when_one_fails(way):
    image_id = OLD.build(way.source, "app:1")
    result = way.sync("missing:1", "app:1")
    assert_refused(result, 7, "missing:1")
    assert way.destination.image_id("app:1") == image_id


def test_a_dead_link_is_noticed_on_both_sides(world):
    """The plug is pulled; no end hears of it. The same over the built-in SSH and over a command."""
    NEW.build(world.there, "app:1")
    world.sync("user@server").check()
    before = world.here.state()
    world.link.shape("1mbit")
    sent = world.link.sent_by(world.server)
    syncs = [world.laptop.spawn(["docker-sync", *rsh, "user@server", "app:1"])
             for rsh in ([], ["--rsh", "ssh"])]
    wait_until(lambda: world.link.sent_by(world.server) - sent > 300_000, "both to be under way")
    world.link.cut()
    for process in syncs:
        assert_refused(process.wait(timeout_s=90), 3, "server")
    wait_until(lambda: not world.server.processes_of("docker-sync"), "the helpers to end", timeout_s=90)
    assert world.here.state() == before
