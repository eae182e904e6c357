# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The helper at the remote host: how it gets there, starts under any login shell, and what it leaves."""

import json

import pytest

from hosts import Recipe, wait_until
from world import CACHE, assert_refused, end_everywhere

APP = Recipe([{"app/data": b"one\n" * 100}])


def pull(world, user):
    image_id = APP.build(world.there, "app:1")
    result = world.sync("--json", user, "app:1")
    return result, world.here.image_id("app:1") == image_id


def test_it_is_uploaded_once(world):
    user = world.new_user("fresh")
    first = json.loads(world.sync("--json", user).check().stdout)
    helpers = world.cached_helpers("fresh")
    assert len(helpers) == 1
    before = sum(world.link.counts())
    world.sync(user).check()
    assert sum(world.link.counts()) - before < 30_000
    assert world.cached_helpers("fresh") == helpers
    assert first.get("helper_uploaded", 0) <= 3_000_000


def test_its_upload_is_told_apart_and_is_at_most_3_megabytes(world):
    user = world.new_user("fresh")
    APP.build(world.there, "app:1")
    first = json.loads(world.sync("--json", user, "app:1").check().stdout)
    assert 100_000 < first["helper_uploaded"] < 3_000_000
    APP.build(world.there, "app:1")
    second = json.loads(world.sync("--json", user, "app:1").check().stdout)
    assert second["helper_uploaded"] == 0


def test_it_leaves_nothing_but_its_cache(world):
    user = world.new_user("fresh")
    home = world.server.path("/home/fresh")
    before = {path for path in home.rglob("*")}
    assert pull(world, user)[1]
    end_everywhere(world)
    left = {path.relative_to(home) for path in set(home.rglob("*")) - before}
    assert {str(path).split("/")[0] for path in left} == {".cache"}
    assert all(str(path) == ".cache" or str(path).startswith(CACHE) for path in left)


def test_its_cache_is_for_its_user_alone(world):
    world.sync(world.new_user("fresh")).check()
    assert world.server.path(f"/home/fresh/{CACHE}").stat().st_mode & 0o077 == 0


def test_a_damaged_one_is_replaced(world):
    user = world.new_user("fresh")
    world.sync(user).check()
    end_everywhere(world)  # what runs cannot be written to
    name, = world.cached_helpers("fresh")
    path = world.server.path(f"/home/fresh/{CACHE}/{name}")
    content = path.read_bytes()[:5000]

    def damage():
        """The kernel may still hold what has just ended."""
        try:
            return path.write_bytes(content) > 0
        except OSError:
            return False

    wait_until(damage, "the helper to be writable")
    assert pull(world, user)[1]


def test_where_its_folder_may_not_execute_the_next_place_is_taken(world):
    user = world.new_user("fresh")
    world.server.run(["sh", "-c", "mkdir -p /home/fresh/.cache && mount -t tmpfs -o noexec tmpfs "
                      "/home/fresh/.cache && chown fresh: /home/fresh/.cache"])
    try:
        result, arrived = pull(world, user)
        assert arrived, result
        end_everywhere(world)
    finally:
        world.server.run(["umount", "/home/fresh/.cache"])


def test_where_the_home_is_not_writable_the_next_place_is_taken(world):
    user = world.new_user("fresh")
    world.server.run(["mount", "--bind", "-o", "ro", "/home/fresh", "/home/fresh"])
    try:
        result, arrived = pull(world, user)
        assert arrived, result
        end_everywhere(world)
    finally:
        world.server.run(["umount", "/home/fresh"])


def test_where_nothing_may_execute_that_is_said(world):
    user = world.new_user("fresh")
    places = ["/home/fresh/.cache", "/tmp", "/var/tmp", "/run", "/dev/shm"]
    world.server.path("/home/fresh/.cache").mkdir(exist_ok=True)
    for place in places:
        world.server.run(["sh", "-c", f"mount --bind {place} {place} && mount -o remount,bind,noexec {place}"])
    world.server.run(["chown", "fresh:", "/home/fresh/.cache"])
    try:
        assert_refused(world.sync(user), 11, "server", "/dev/shm")
    finally:
        for place in reversed(places):
            world.server.run(["umount", "--lazy", place])


SHELLS = ["/bin/bash", "/bin/sh", "/bin/csh", "/usr/bin/fish", "/usr/local/bin/ash"]


@pytest.fixture
def ash(world):
    """The shell of busybox, as on Alpine."""
    link = world.server.path("/usr/local/bin/ash")
    if not link.is_symlink():
        link.symlink_to("/bin/busybox")


@pytest.mark.usefixtures("ash")
@pytest.mark.parametrize("shell", SHELLS)
def test_login_shells(world, shell):
    user = world.new_user("fresh", shell=shell)
    for _ in ("uploading", "cached"):
        result, arrived = pull(world, user)
        assert arrived, result


STARTUP_FILES = {"/bin/bash": ".bashrc", "/bin/csh": ".cshrc", "/usr/bin/fish": ".config/fish/config.fish"}


@pytest.mark.parametrize("shell", STARTUP_FILES)
def test_a_login_shell_that_prints_a_banner(world, shell):
    user = world.new_user("fresh", shell=shell)
    world.server.write(f"/home/fresh/{STARTUP_FILES[shell]}", "echo 'Welcome to the server!'\n" * 10)
    world.server.run(["chown", "-R", "fresh:", "/home/fresh"])
    for _ in ("uploading", "cached"):
        result, arrived = pull(world, user)
        assert arrived, result


def test_a_login_shell_that_only_talks_is_quoted(world):
    user = world.new_user("fresh", shell="/usr/sbin/nologin")
    assert_refused(world.sync(user), 11, "server", "not available")


def test_a_login_shell_that_talks_without_end(world):
    user = world.new_user("fresh", shell="/usr/bin/yes")
    assert_refused(world.sync(user, timeout_s=60), 11, "server")


def test_a_home_with_an_odd_name(world):
    user = world.new_user("fresh")
    world.server.run(["usermod", "--move-home", "--home", "/home/it's $HOME; \"no\"", "fresh"])
    try:
        result, arrived = pull(world, user)
        assert arrived, result
    finally:
        world.server.run(["usermod", "--move-home", "--home", "/home/fresh", "fresh"])
