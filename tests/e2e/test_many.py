# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Several destinations at the same time."""

import json

from hosts import EngineProxy, Recipe, edited, noise, wait_until
from world import INTERRUPT, end_everywhere, image_of

BIG = noise(600_000, seed=1)
OLD = Recipe([{"app/program": BIG}])
NEW = Recipe([{"app/program": edited(BIG)}])
HUGE = Recipe([{"app/program": noise(6_000_000, seed=2)}])


def test_every_destination_gets_it_and_has_a_line(world, second, beside):
    OLD.build(world.there, "app:1")
    image_id = NEW.build(world.here, "app:1")
    result = world.sync("-d", "user@server", "-d", "user@second", "-d", f"unix://{beside.socket}", "app:1").check()
    for engine in (world.there, second, beside):
        assert engine.image_id("app:1") == image_id
    lines = [line for line in result.stdout.splitlines() if "app:1" in line]
    assert sorted(line.split(": ")[0] for line in lines) == sorted(
        ["user@server", "user@second", f"unix://{beside.socket}"])
    assert [line for line in lines if "user@server: app:1  updated  (basis app:1" in line], result
    assert result.stdout.count("bytes/sec") == 1


def test_the_image_is_saved_once_for_all(world, second, beside):
    image_id = OLD.build(world.here, "app:1")
    with EngineProxy(world.here, lambda method, path: None) as proxy:
        world.sync("--layer-reader=save", "-d", "user@server", "-d", "user@second", "-d", f"unix://{beside.socket}",
                   "app:1", env=proxy.environment).check()
    for engine in (world.there, second, beside):
        assert engine.image_id("app:1") == image_id
    assert len([path for _, path in proxy.requests if "/images/get" in path]) == 1


def test_from_another_host_to_several(world, second):
    image_id = OLD.build(world.there, "app:1")
    world.sync("-s", "user@server", "-d", "local", "-d", "user@second", "app:1").check()
    assert world.here.image_id("app:1") == second.image_id("app:1") == image_id


def test_push_takes_a_list(world, second):
    image_id = OLD.build(world.here, "app:1")
    world.sync("-p", "user@server,user@second", "app:1").check()
    assert world.there.image_id("app:1") == second.image_id("app:1") == image_id


def test_a_failing_destination_stops_no_other(world, second):
    image_id = OLD.build(world.here, "app:1")
    second.stop()
    try:
        result = world.sync("-d", "user@nowhere", "-d", "user@second", "-d", "user@server", "app:1")
    finally:
        second.start()
    assert result.returncode == 3, result
    assert world.there.image_id("app:1") == image_id
    assert "user@nowhere: failed" in result.stdout and "user@second: failed" in result.stdout
    errors = result.stderr.splitlines()
    assert len(errors) == 2 and any("nowhere" in line for line in errors), result
    assert any("user@second" in line and "docker.sock" in line for line in errors), result


def test_the_json_of_several(world, second):
    OLD.build(world.here, "app:1")
    result = world.sync("--json", "-p", "user@server,user@nowhere,user@second", "app:1")
    assert result.returncode == 3
    one, failed, other = json.loads(result.stdout)["destinations"]
    assert (one["destination"], other["destination"]) == ("user@server", "user@second")
    assert image_of(one, "app:1")["result"] == image_of(other, "app:1")["result"] == "new"
    assert failed["error"]["code"] == 3


def test_a_report_of_several(world, second):
    OLD.build(world.here, "app:1")
    lines = world.sync("-p", "user@server,user@second").check().stdout.splitlines()
    assert {"user@server:", "user@second:"} <= set(lines)
    assert len([line for line in lines if line.startswith("app:1")]) == 2


def test_interrupted_each_destination_is_as_it_was(world, second):
    HUGE.build(world.here, "app:1")
    before = world.there.state(), second.state()
    for link in (world.link, second.link):
        link.shape("4mbit")
    try:
        sent = second.link.sent_by(world.laptop)
        process = world.laptop.spawn(["docker-sync", "-p", "user@server,user@second", "app:1"])
        wait_until(lambda: second.link.sent_by(world.laptop) - sent > 4_000_000 or not process.running(), "both to be sent to")
        process.signal(INTERRUPT)
        result = process.wait()
    finally:
        second.link.shape(None)
    assert result.returncode == 130, result
    assert result.stderr.count("nothing was changed at") == 2, result
    end_everywhere(world)
    assert (world.there.state(), second.state()) == before
