# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Any two ends: which engines an address leads to, and what this host does between two others."""

import hashlib
import json

import pytest

from hosts import Recipe, edited, noise
from world import assert_refused, image_of

BIG = noise(600_000, seed=1)
OLD = Recipe([{"app/program": BIG}])
NEW = Recipe([{"app/program": edited(BIG)}])


def write_context(host, name, endpoint, home="/root"):
    """A docker context, as `docker context create` writes it; its key in the store."""
    key = hashlib.sha256(name.encode()).hexdigest()
    host.write(f"{home}/.docker/contexts/meta/{key}/meta.json", json.dumps(
        {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": endpoint, "SkipTLSVerify": False}}}))
    return key


# Two others

def test_a_third_host_relays(world, second):
    image_id = OLD.build(world.there, "app:1")
    report = json.loads(world.sync("--json", "-s", "user@server", "-d", "user@second", "app:1").check().stdout)
    assert (report["direction"], report["source"], report["destination"]) == ("between", "user@server", "user@second")
    assert image_of(report, "app:1")["result"] == "new"
    assert second.image_id("app:1") == image_id
    assert world.here.image_id("app:1") is None


def test_what_is_relayed_is_a_difference_too(world, second):
    OLD.build(second, "app:1")
    image_id = NEW.build(world.there, "app:1")
    world.sync("-s", "user@server", "-d", "user@second").check()  # the helpers' uploads are not at issue
    before = sum(world.link.counts()) + sum(second.link.counts())
    world.sync("-s", "user@server", "-d", "user@second", "app:1").check()
    assert sum(world.link.counts()) + sum(second.link.counts()) - before < 160_000
    assert second.image_id("app:1") == image_id


def test_between_two_others_a_report_has_neither_here_nor_there(world, second):
    OLD.build(world.there, "app:1")
    result = world.sync("-s", "user@server", "-d", "user@second").check()
    assert result.stdout.splitlines()[0].split() == ["IMAGE", "STATUS", "NEWER", "SOURCE", "DESTINATION"]
    assert "app:1" in result.stdout


def test_a_failure_there_names_the_host_that_has_it(world, second):
    OLD.build(world.there, "app:1")
    assert_refused(world.sync("-s", "user@server", "-d", "user@second", "none:1"), 7, "user@server", "none:1")
    second.stop()
    try:
        assert_refused(world.sync("-s", "user@server", "-d", "user@second", "app:1"), 6, "user@second")
    finally:
        second.start()


# Sockets

@pytest.mark.parametrize("address", ["ssh://user@server/run/docker.sock", "sshunix://user@server:/run/docker.sock"])
def test_a_socket_at_a_host(world, address):
    image_id = OLD.build(world.there, "app:1")
    world.sync("-s", address, "app:1").check()
    assert world.here.image_id("app:1") == image_id
    wrong = address.replace("docker.sock", "other.sock")
    assert_refused(world.sync("-s", wrong, "app:1"), 6, "user@server", "/run/other.sock")


def test_a_second_engine_of_this_host(world, beside):
    image_id = OLD.build(world.here, "app:1")
    result = world.sync("-d", f"unix://{beside.socket}", "app:1").check()
    assert "app:1  new" in result.stdout
    assert beside.image_id("app:1") == image_id
    image_id = NEW.build(beside, "app:1")
    world.sync("-s", f"unix://{beside.socket}", "app:1").check()
    assert world.here.image_id("app:1") == image_id


# Contexts and DOCKER_HOST

def test_a_context_that_is_a_socket(world, beside):
    image_id = OLD.build(beside, "app:1")
    write_context(world.laptop, "beside", f"unix://{beside.socket}")
    world.sync("-s", "context:beside", "app:1").check()
    assert world.here.image_id("app:1") == image_id


def test_a_context_that_is_a_host(world):
    image_id = OLD.build(world.here, "app:1")
    write_context(world.laptop, "far", "ssh://user@server")
    world.sync("-d", "context:far", "app:1").check()
    assert world.there.image_id("app:1") == image_id


def test_a_context_that_does_not_exist(world):
    assert_refused(world.sync("-s", "context:none", "app:1"), 6, "'none'", "docker context ls")


def test_the_current_context_is_what_local_means(world, beside):
    image_id = OLD.build(world.there, "app:1")
    write_context(world.laptop, "beside", f"unix://{beside.socket}")
    world.laptop.write("/root/.docker/config.json", '{"currentContext": "beside"}')
    world.sync("user@server", "app:1").check()
    assert beside.image_id("app:1") == image_id
    assert world.here.image_id("app:1") is None


def test_docker_host_is_what_local_means_even_if_it_is_another_host(world, second):
    image_id = OLD.build(world.there, "app:1")
    world.sync("user@server", "app:1", env={"DOCKER_HOST": "ssh://user@second"}).check()
    assert second.image_id("app:1") == image_id
    assert world.here.image_id("app:1") is None


def test_a_docker_host_that_is_no_place(world):
    assert_refused(world.sync("user@server", env={"DOCKER_HOST": "npipe:////./pipe/docker"}), 2, "DOCKER_HOST", "npipe")


# Names

def test_names_of_one_image_travel_once(way):
    image_id = OLD.build(way.source, "app:1", "app:2", "other:1")
    report = way.sync_json("app:1", "app:2")
    images = [image_of(report, name) for name in ("app:1", "app:2")]
    assert [image["result"] for image in images] == ["new", "new"]
    assert images[0]["layer_bytes"] > 0 and images[1]["layer_bytes"] == 0
    assert {name: found for name, found in way.destination.tags().items() if name != "busybox:base"} == {
        "app:1": image_id, "app:2": image_id}
