# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Daemons that are reached over TCP, with TLS and without."""

import json

import pytest

from hosts import Recipe, edited, noise, wait_until
from test_endpoints import write_context
from world import INTERRUPT, assert_refused, image_of

BIG = noise(600_000, seed=1)
OLD = Recipe([{"app/program": BIG}, {"app/readme": b"one\n"}])
NEW = Recipe([{"app/program": edited(BIG)}])
TLS = "tcp://second:2376"


@pytest.fixture
def certificates(world, second):
    """What the laptop has of the second server's authority."""
    folder = second.authority.admit(world.laptop, "/root/certificates")
    yield folder
    world.laptop.run(["rm", "-rf", folder])


@pytest.fixture
def trusted(certificates):
    """The environment of somebody who uses docker like that."""
    return {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": certificates}


def options(folder):
    return ["--tlsverify", f"--tlscacert={folder}/ca.pem", f"--tlscert={folder}/cert.pem",
            f"--tlskey={folder}/key.pem"]


def test_both_ways_by_the_environment(world, second, trusted):
    image_id = OLD.build(world.here, "app:1")
    world.sync("-d", TLS, "app:1", env=trusted).check()
    assert second.image_id("app:1") == image_id
    image_id = NEW.build(second, "app:1")
    report = json.loads(world.sync("--json", "-s", TLS, "app:1", env=trusted).check().stdout)
    assert image_of(report, "app:1")["result"] == "updated"
    assert world.here.image_id("app:1") == image_id


def test_by_options(world, second, certificates):
    image_id = OLD.build(second, "app:1")
    world.sync(*options(certificates), "-s", TLS, "app:1").check()
    assert world.here.image_id("app:1") == image_id


def test_by_docker_host(world, second, trusted):
    image_id = OLD.build(world.there, "app:1")
    world.sync("user@server", "app:1", env={**trusted, "DOCKER_HOST": TLS}).check()
    assert second.image_id("app:1") == image_id
    assert world.here.image_id("app:1") is None


def test_by_a_context_with_its_own_files(world, second):
    key = write_context(world.laptop, "tls", TLS)
    second.authority.admit(world.laptop, f"/root/.docker/contexts/tls/{key}/docker")
    image_id = OLD.build(second, "app:1")
    world.sync("-s", "context:tls", "app:1").check()
    assert world.here.image_id("app:1") == image_id


def test_only_missing_layers_travel(world, second, trusted):
    OLD.build(second, "app:1")
    world.sync("-s", TLS, "app:1", env=trusted).check()
    image_id = Recipe([{"app/more": b"more\n"}], base="app:1").build(world.here, "app:2")
    before = second.link.sent_by(world.laptop)
    report = json.loads(world.sync("--json", "-d", TLS, "app:2", "--dry-run", env=trusted).check().stdout)
    assert image_of(report, "app:2")["layers_needed"] == 1
    world.sync("-d", TLS, "app:2", env=trusted).check()
    assert second.image_id("app:2") == image_id
    assert report["sent"] < 100_000 and second.link.sent_by(world.laptop) - before < 3_500_000


def test_without_tls(world, beside):
    image_id = OLD.build(beside, "app:1")
    report = json.loads(world.sync("--json", "-s", "tcp://127.0.0.1:2375", "app:1").check().stdout)
    assert world.here.image_id("app:1") == image_id
    assert report["received"] > 600_000  # its helper is refused: see below
    assert world.sync("-s", "tcp://127.0.0.1", "app:1").check().stdout.startswith("app:1  current")


# Refusals

def test_a_daemon_whose_authority_is_not_ours(world, second, certificates):
    world.laptop.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority",
                      "-keyout", "/dev/null", "-out", f"{certificates}/ca.pem"])
    assert_refused(world.sync(*options(certificates), "-s", TLS), 5, "second", "not trusted", "--tlscacert")


def test_a_daemon_that_wants_to_know_us(world, second, certificates):
    assert_refused(world.sync("--tlsverify", f"--tlscacert={certificates}/ca.pem", "-s", TLS), 4, "second", "--tlscert")


def test_files_that_are_not_there(world, second):
    assert_refused(world.sync("--tlsverify", "-s", TLS), 2, "/root/.docker/ca.pem", "DOCKER_CERT_PATH")


def test_tls_where_there_is_none_and_none_where_it_is(world, second, beside, certificates):
    assert_refused(world.sync(*options(certificates), "-s", "tcp://127.0.0.1:2375"), 3, "127.0.0.1", "TLS")
    assert_refused(world.sync("-s", TLS), 3, "second", "--tlsverify")


def test_nobody_there(world, second):
    assert_refused(world.sync("-s", "tcp://second:9"), 3, "tcp://second:9", "dockerd")
    assert_refused(world.sync("-s", "tcp://nowhere:2376"), 3, "tcp://nowhere:2376", "nowhere")


# The helper in a container

def left_at(engine):
    """Containers and volumes, of which a sync leaves none."""
    return engine.docker("ps", "--all", "--quiet"), engine.docker("volume", "ls", "--quiet")


def test_the_difference_alone_travels_by_a_helper_that_is_gone_afterwards(world, second, trusted):
    old_id = OLD.build(second, "app:1")
    image_id = NEW.build(world.here, "app:1")
    result = world.sync("-v", "-d", TLS, "app:1", env=trusted).check()
    assert "helper installed on tcp://second:2376" in result.stdout and "(basis app:1" in result.stdout, result
    assert second.image_id("app:1") == image_id
    assert second.untagged() == {old_id}
    assert left_at(second) == ("", "")
    back = NEW.build(second, "app:1")
    report = json.loads(world.sync("--json", "-s", TLS, "app:1", env=trusted).check().stdout)
    assert world.here.image_id("app:1") == back
    assert report["sent"] + report["received"] < 100_000 < report["helper_uploaded"]
    assert left_at(second) == ("", "")


def test_all_images_are_synced_but_not_the_helper_s_own(world, second, trusted):
    OLD.build(second, "app:1", "app:2")
    report = json.loads(world.sync("--json", "-a", "-s", TLS, env=trusted).check().stdout)
    assert {image["name"] for image in report["images"]} == {"app:1", "app:2", "busybox:base"}
    assert world.here.untagged() == set()


def test_a_report_runs_nothing_there(world, second, trusted):
    state = second.state()
    report = json.loads(world.sync("--json", "-s", TLS, env=trusted).check().stdout)
    assert report["helper_uploaded"] == 0 and report["untagged"] == {"here": 0, "there": 0}
    assert second.state() == state


def test_where_no_container_runs_only_missing_layers_are_loaded(world, second, trusted):
    """The daemon's runtime is missing."""
    OLD.build(second, "app:1")
    world.sync("-s", TLS, "app:1", env=trusted).check()
    image_id = Recipe([{"app/more": b"more\n"}], base="app:1").build(world.here, "app:2")
    second.host.run(["mount", "--bind", "/dev/null", "/usr/sbin/runc"])
    before = second.link.sent_by(world.laptop)
    try:
        result = world.sync("-d", TLS, "app:2", env=trusted).check()
    finally:
        second.host.run(["umount", "/usr/sbin/runc"])
    assert "without a helper there" in result.stderr, result
    assert "1 of 4 layers needed" in result.stdout, result
    assert second.image_id("app:2") == image_id
    assert second.link.sent_by(world.laptop) - before < 3_500_000
    assert second.untagged() == set() and left_at(second) == ("", "")


def test_a_socket_of_another_daemon_is_not_mistaken_for_ours(world, beside):
    """/var/run/docker.sock of the laptop is not where tcp://127.0.0.1:2375 leads."""
    image_id = OLD.build(beside, "app:1")
    result = world.sync("-d", "tcp://127.0.0.1:2375", "busybox:base").check()
    assert "current" in result.stdout
    result = world.sync("-s", "tcp://127.0.0.1:2375", "-d", "local", "app:1").check()
    assert "another engine" in result.stderr and "without a helper there" in result.stderr, result
    assert world.here.image_id("app:1") == image_id
    assert beside.untagged() == set() and left_at(beside) == ("", "")


def test_interrupted_it_leaves_nothing_there(world, second, trusted):
    NEW.build(second, "app:1")
    Recipe([{"app/program": noise(3_000_000, seed=3)}]).build(world.here, "app:1")
    state = second.state()
    second.link.shape("8mbit")
    try:
        sent = second.link.sent_by(world.laptop)
        process = world.laptop.spawn(["docker-sync", "-d", TLS, "app:1"], env=trusted)
        wait_until(lambda: second.link.sent_by(world.laptop) - sent > 3_500_000 or not process.running(), "the sync")
        process.signal(INTERRUPT)
        result = process.wait()
    finally:
        second.link.shape(None)
    assert result.returncode == 130 and "nothing was changed" in result.stderr, result
    assert second.state() == state
    assert left_at(second) == ("", "")


def test_killed_it_leaves_an_image_without_a_name_and_nothing_that_runs(world, second, trusted):
    Recipe([{"app/program": noise(3_000_000, seed=3)}]).build(world.here, "app:1")
    second.link.shape("8mbit")
    try:
        sent = second.link.sent_by(world.laptop)
        process = world.laptop.spawn(["docker-sync", "-d", TLS, "app:1"], env=trusted)
        wait_until(lambda: second.link.sent_by(world.laptop) - sent > 3_500_000 or not process.running(), "the sync")
        process.kill()
        process.wait()
    finally:
        second.link.shape(None)
    wait_until(lambda: left_at(second) == ("", ""), "the helper's container to go")
    assert second.image_id("app:1") is None and len(second.untagged()) == 1
