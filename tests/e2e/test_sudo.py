# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""--sudo: for who may not use Docker, but may become root."""

import pytest

from hosts import Recipe
from world import CACHE, assert_refused, end_everywhere

APP = Recipe([{"app/data": b"one\n" * 100}])


@pytest.fixture
def plain(world):
    """A user of the server who may not use Docker."""
    yield world.new_user("plain", docker=False)
    world.server.path("/etc/sudoers.d/plain").unlink(missing_ok=True)


def allow(world, what="ALL"):
    world.server.write("/etc/sudoers.d/plain", f"plain ALL=(root) {what}\n", mode=0o440)


def test_a_user_who_may_become_root(world, plain):
    image_id = APP.build(world.there, "app:1")
    assert_refused(world.sync(plain, "app:1"), 6, "server", "/run/docker.sock")
    allow(world, "NOPASSWD: ALL")
    for _ in ("uploading", "cached"):
        world.sync("--sudo", plain, "app:1").check()
        assert world.here.image_id("app:1") == image_id
    image_id = Recipe([{"app/data": b"two\n" * 100}]).build(world.here, "app:1")
    world.sync("--sudo", "-p", plain, "app:1").check()
    assert world.there.image_id("app:1") == image_id


def test_the_helper_alone_may_be_allowed_and_leaves_nothing_of_root_in_the_home(world, plain):
    APP.build(world.there, "app:1")
    allow(world, f"NOPASSWD: /home/plain/{CACHE}/helper-*")
    world.sync("--sudo", plain, "app:1").check()
    end_everywhere(world)
    owners = {path.stat().st_uid for path in world.server.path("/home/plain").rglob("*")}
    assert owners == {world.server.path("/home/plain").stat().st_uid}


def test_a_sudo_that_wants_a_password(world, plain):
    allow(world)
    assert_refused(world.sync("--sudo", plain), 12, "plain@server", "a password is required", "NOPASSWD")


def test_a_host_without_sudo(world, plain):
    world.server.run(["mount", "--bind", "/dev/null", "/usr/bin/sudo"])
    try:
        assert_refused(world.sync("--sudo", plain), 12, "plain@server", "no sudo")
    finally:
        world.server.run(["umount", "/usr/bin/sudo"])
