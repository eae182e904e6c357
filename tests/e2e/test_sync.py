# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Syncing images, both ways."""

import re

import pytest

from hosts import Recipe, copy_images, edited, noise
from world import assert_refused, image_of

BIG = noise(600_000, seed=1)
OLD = Recipe([{"app/program": BIG, "app/readme": b"one\n"}])
NEW = Recipe([{"app/program": edited(BIG), "app/readme": b"two\n"}], mtime=1_700_000_100)


def test_a_new_image_arrives_whole(way):
    image_id = OLD.build(way.source, "app:1")
    assert image_of(way.sync_json("app:1"), "app:1")["result"] == "new"
    assert way.destination.image_id("app:1") == image_id
    assert way.destination.docker("run", "--rm", "--network", "none", "app:1", "cat", "/app/readme") == "one"


def test_an_update_keeps_the_config_digest_and_leaves_the_old_image_untagged(way):
    old_id = OLD.build(way.destination, "app:1")
    new_id = NEW.build(way.source, "app:1")
    report = way.sync_json("app:1")
    assert image_of(report, "app:1")["result"] == "updated"
    assert image_of(report, "app:1")["config_digest"] == new_id
    assert way.destination.image_id("app:1") == new_id == way.source.image_id("app:1")
    assert way.destination.untagged() == {old_id}


def test_only_the_difference_is_sent(way):
    OLD.build(way.destination, "app:1")
    NEW.build(way.source, "app:1")
    way.world.sync("user@server").check()  # the helper's upload is not at issue
    before = way.world.link.counts()
    way.sync("app:1").check()
    after = way.world.link.counts()
    assert sum(after) - sum(before) < 80_000


def test_an_image_that_is_current_costs_next_to_nothing(way):
    OLD.build(way.source, "app:1")
    copy_images(way.source, way.destination, "app:1")
    way.world.sync("user@server").check()
    before, state = way.world.link.counts(), way.destination.state()
    report = way.sync_json("app:1")
    assert image_of(report, "app:1")["result"] == "current"
    assert sum(way.world.link.counts()) - sum(before) < 30_000
    assert way.destination.state() == state


def test_a_change_of_the_configuration_alone_needs_no_layer(way):
    OLD.build(way.destination, "app:1")
    image_id = Recipe(OLD.layers, env={"GREETING": "hello"}).build(way.source, "app:1")
    assert image_of(way.sync_json("app:1"), "app:1")["layers_needed"] == 0
    assert way.destination.image_id("app:1") == image_id


def test_several_images_share_one_run_and_a_common_layer_travels_once(way):
    common, changes = {"lib/common": noise(400_000, seed=2)}, [b"one", b"two", b"three"]
    ids = {f"app:{number}": Recipe([common, {"app/data": data}]).build(way.source, f"app:{number}")
           for number, data in enumerate(changes)}
    way.world.sync("user@server").check()
    before = way.world.link.counts()
    way.sync(*ids).check()
    assert sum(way.world.link.counts()) - sum(before) < 550_000
    assert {name: way.destination.image_id(name) for name in ids} == ids


def test_two_names_of_one_image_both_arrive(way):
    image_id = OLD.build(way.source, "app:1", "app:stable")
    way.sync("app:1", "app:stable").check()
    assert way.destination.image_id("app:1") == way.destination.image_id("app:stable") == image_id


# What -a, -u and -n choose

@pytest.fixture
def mixture(way):
    """An image of each kind: current, to be updated, new, and one that is newer at the destination."""
    OLD.build(way.source, "current:1")
    copy_images(way.source, way.destination, "current:1")
    OLD.build(way.destination, "update:1")
    NEW.build(way.source, "update:1")
    NEW.build(way.source, "new:1")
    OLD.build(way.source, "newer:1")
    Recipe([{"app/data": b"later"}]).build(way.destination, "newer:1")
    return way


def arrived(way):
    return {name for name in ("update:1", "new:1", "newer:1")
            if way.destination.image_id(name) == way.source.image_id(name)}


@pytest.mark.parametrize("option, expected", [
    ("--all", {"update:1", "new:1"}), ("-a", {"update:1", "new:1"}),
    ("--update", {"update:1"}), ("-u", {"update:1"}),
    ("--new", {"new:1"}), ("-n", {"new:1"}),
])
def test_all_update_and_new_choose_by_status(mixture, option, expected):
    mixture.sync(option).check()
    assert arrived(mixture) == expected


def test_an_image_that_is_newer_at_the_destination_is_left_alone_and_said_so(mixture):
    result = mixture.sync("--all").check()
    lines = [line for line in (result.stdout + result.stderr).splitlines() if line.startswith("newer:1 ")]
    assert len(lines) == 1 and "is newer" in lines[0] and "--force" in lines[0], result


def test_force_overwrites_what_is_newer(mixture):
    mixture.sync("--all", "--force").check()
    assert arrived(mixture) == {"update:1", "new:1", "newer:1"}


def test_a_named_image_is_synced_though_it_is_newer_at_the_destination(mixture):
    mixture.sync("newer:1").check()
    assert arrived(mixture) == {"newer:1"}


def test_named_images_join_those_an_option_chooses(mixture):
    mixture.sync("--new", "newer:1").check()
    assert arrived(mixture) == {"new:1", "newer:1"}


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(mixture):
    states = mixture.source.state(), mixture.destination.state()
    result = mixture.sync("--all", "--dry-run").check()
    assert "update:1" in result.stdout and "new:1" in result.stdout
    assert (mixture.source.state(), mixture.destination.state()) == states
    assert re.search(r"\d", result.stdout)  # an estimate of the bytes


# Names

def test_a_name_without_a_tag_means_latest(way):
    image_id = OLD.build(way.source, "redis:latest", "redis:7")
    way.sync("redis").check()
    assert way.destination.image_id("redis:latest") == image_id
    assert way.destination.image_id("redis:7") is None


@pytest.mark.parametrize("name", [
    "registry.example:5000/team/app:1", "registry.example:5000/app", "localhost/app:1", "team/app:1.0-rc_2",
])
def test_names_with_a_registry_or_a_path(way, name):
    image_id = OLD.build(way.source, name)
    way.sync(name).check()
    assert way.destination.image_id(name) == image_id


def test_the_long_form_of_a_name_is_the_same_name(way):
    image_id = OLD.build(way.source, "app:1")
    way.sync("docker.io/library/app:1").check()
    assert way.destination.image_id("app:1") == image_id


@pytest.mark.parametrize("name", ["app@sha256:" + "0" * 64, "app:1@sha256:" + "0" * 64])
def test_a_digest_is_refused_with_a_clear_word(way, name):
    assert_refused(way.sync(name), 2, "digest")


@pytest.mark.parametrize("name", ["App:1", "app:", "app::1", "/app", "app:1/2:", "sha256:" + "0" * 64, ""])
def test_what_is_no_name_is_refused(world, name):
    assert world.sync("user@server", name).returncode == 2


# What is said at the end

def test_the_last_lines_are_what_users_of_rsync_know(way):
    OLD.build(way.source, "app:1")
    output = way.sync("app:1").check().stdout
    assert re.search(r"^sent [\d,.]+ bytes  received [\d,.]+ bytes  [\d,.]+ bytes/sec$", output, re.M)
    assert re.search(r"^total size is [\d,.]+  speedup is [\d,.]+$", output, re.M)


def test_bytes_said_are_bytes_on_the_link(way):
    OLD.build(way.source, "app:1")
    way.world.sync("user@server").check()
    before = way.world.link.counts()
    report = way.sync_json("app:1")
    counted = sum(way.world.link.counts()) - sum(before)
    # ssh, TCP and the packets' own headers come on top of what the tool counts.
    assert report["sent"] + report["received"] <= counted < (report["sent"] + report["received"]) * 1.1 + 20_000
    assert report["helper_uploaded"] == 0


def test_files_as_bare_as_they_come(way):
    """Empty files, odd names, and large ones of nothing but zeros."""
    image_id = Recipe([{"app/empty": b"", "app/" + "n" * 200: b"long", "app/spaced name": b"x",
                        "app/\u00fcmlaut": b"y", "app/zeros": bytes(5_000_000)}]).build(way.source, "app:1")
    way.sync("app:1").check()
    assert way.destination.image_id("app:1") == image_id
