# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Podman at either end: root's at the laptop, at the server that of a user without rights."""

import itertools
import json

import pytest

from hosts import Podman, Recipe, edited, noise, wait_until
from world import KILL, Way, assert_refused, end_everywhere, image_of, scratch

BIG = noise(600_000, seed=1)
OLD = Recipe([{"lib/stable": noise(300_000, seed=2)}, {"app/program": BIG, "app/readme": b"one\n"}])
NEW = Recipe([OLD.layers[0], {"app/program": edited(BIG), "app/readme": b"two\n"}], mtime=1_700_000_100)
# The same layers in an order that no chain prefix covers.
TURNED = Recipe(OLD.layers[::-1])


class Pair(Way):
    """A direction, and which engine is asked for at each end."""

    def __init__(self, world, push, kinds):
        super().__init__(world, push)
        self.builder = self.source  # Docker, on the same host
        here, there = (world.podman_here, world.podman_there)
        podmans = (here, there) if push else (there, here)
        if kinds[0] == "podman":
            self.source = podmans[0]
        if kinds[1] == "podman":
            self.destination = podmans[1]
        local, remote = kinds if push else kinds[::-1]
        self.engines = [f"--engine={local}", f"--remote-engine={remote}"]

    @property
    def args(self):
        return [*super().args, *self.engines]

    def build(self, recipe, name):
        """An image that only the source has: podman takes over what docker built, ID and all."""
        image_id = recipe.build(self.builder, name)
        if self.source is not self.builder:
            self.source.take(self.builder, name)
            self.builder.remove(name)
        return image_id

    def bytes_of(self, name):
        report = self.sync_json(name)
        return report["sent"] + report["received"]


@pytest.fixture
def podmans(world):
    world.podman_here, world.podman_there = Podman(world.laptop), Podman(world.server, "user")
    for podman in (world.podman_here, world.podman_there):
        podman.remove_all()
    world.sync("user@server").check()  # the helper is there
    return world


def output_of(engine, name, *command):
    if isinstance(engine, Podman):
        return engine.run(name, *command)
    return engine.docker("run", "--rm", "--network", "none", name, *command)


PAIRS = [(kinds, push) for kinds, push in itertools.product(itertools.product(["docker", "podman"], repeat=2),
                                                            [False, True]) if kinds != ("docker", "docker")]


@pytest.fixture(params=PAIRS, ids=lambda param: f"{'-to-'.join(param[0])}-{'push' if param[1] else 'pull'}")
def ends(request, podmans):
    kinds, push = request.param
    return Pair(podmans, push, kinds)


@pytest.fixture
def to_podman(podmans):
    return Pair(podmans, False, ("docker", "podman"))


@pytest.fixture
def from_podman(podmans):
    return Pair(podmans, False, ("podman", "docker"))


def test_images_arrive_run_and_are_updated(ends):
    """The whole story: new, current, an update for what docker and docker pay, current again."""
    image_id = ends.build(OLD, "app:1")
    assert image_of(ends.sync_json("app:1"), "app:1")["result"] == "new"
    assert ends.destination.image_id("app:1") == image_id == ends.source.image_id("app:1")
    assert ends.destination.diff_ids("app:1") == ends.source.diff_ids("app:1")
    assert output_of(ends.destination, "app:1", "cat", "/app/readme") == "one"
    assert image_of(ends.sync_json("app:1"), "app:1")["result"] == "current"

    new_id = ends.build(NEW, "app:1")
    cost = ends.bytes_of("app:1")
    assert ends.destination.image_id("app:1") == new_id == ends.source.image_id("app:1")
    assert ends.destination.untagged() == {image_id}
    assert output_of(ends.destination, "app:1", "cat", "/app/readme") == "two"
    assert image_of(ends.sync_json("app:1"), "app:1")["result"] == "current"

    classic = Pair(ends.world, ends.push, ("docker", "docker"))
    classic.destination.remove_all(but=[classic.destination.image_id("busybox:base")])
    OLD.build(classic.source, "classic:1")
    classic.sync("classic:1").check()
    NEW.build(classic.source, "classic:1")
    assert cost <= 1.1 * classic.bytes_of("classic:1")


def test_layers_that_podman_has_in_any_place_are_not_loaded_again(to_podman):
    OLD.build(to_podman.source, "app:1")
    to_podman.sync("app:1").check()
    image_id = TURNED.build(to_podman.source, "turned:1")
    report = to_podman.sync_json("turned:1")
    assert image_of(report, "turned:1")["layers_needed"] == 0
    assert report["sent"] + report["received"] < 20_000
    assert to_podman.destination.image_id("turned:1") == image_id
    assert output_of(to_podman.destination, "turned:1", "cat", "/app/readme") == "one"


def test_what_root_has_at_the_server_is_not_what_a_user_has(podmans):
    rootful = Podman(podmans.server)
    rootful.remove_all()
    image_id = OLD.build(podmans.here, "app:1")
    podmans.sync("--push", "--remote-engine=podman", "root@server", "app:1").check()
    assert rootful.image_id("app:1") == image_id
    assert podmans.podman_there.image_id("app:1") is None


def test_a_directory_takes_from_podman_and_gives_to_it(podmans):
    podmans.podman_here.remove_all()
    image_id = OLD.build(podmans.here, "app:1")
    podmans.podman_here.take(podmans.here, "app:1")
    try:
        podmans.sync("-s", "podman", "-d", "oci:user@server:images", "app:1").check()
        result = podmans.sync("-s", "podman", "-d", "oci:user@server:images", "app:1").check()
        assert result.stdout.startswith("app:1  current")
        podmans.podman_here.remove_all()
        podmans.sync("-s", "oci:user@server:images", "-d", "podman", "app:1").check()
        podmans.sync("-s", "oci:user@server:images", "-d", "user@server", "--remote-engine=podman", "app:1").check()
        for podman in podmans.podman_here, podmans.podman_there:
            assert podman.image_id("app:1") == image_id
            assert podman.run("app:1", "cat", "/app/readme") == "one"
    finally:
        podmans.server.run(["rm", "-rf", "/home/user/images"])


# Names

def test_an_image_of_docker_has_its_full_name_in_podman(to_podman):
    OLD.build(to_podman.source, "app:1", "registry.example:5000/team/app:1", "localhost/own:1")
    to_podman.sync("--all").check()
    names = json.loads(to_podman.destination.podman("image", "inspect", "docker.io/library/app:1"))[0]["RepoTags"]
    assert set(names) == {"docker.io/library/app:1", "registry.example:5000/team/app:1", "localhost/own:1"}


def test_what_podman_built_keeps_its_name_in_docker(from_podman):
    image_id = from_podman.build(OLD, "localhost/own:1")
    from_podman.sync("localhost/own:1").check()
    assert from_podman.destination.image_id("localhost/own:1") == image_id


def test_a_short_name_is_what_podman_built_where_there_is_no_other(from_podman):
    own_id = from_podman.build(OLD, "localhost/app:1")
    report = from_podman.sync_json("app:1")
    assert image_of(report, "localhost/app:1")["result"] == "new"
    assert from_podman.destination.tags().get("localhost/app:1") == own_id
    assert_refused(from_podman.sync("docker.io/library/app:1"), 7, "app:1")

    official_id = from_podman.build(NEW, "app:1")
    from_podman.sync("app:1").check()
    assert from_podman.destination.image_id("app:1") == official_id
    assert from_podman.destination.image_id("localhost/app:1") == own_id


# Which engine

def test_with_both_engines_on_a_host_docker_is_meant_unless_podman_is_asked_for(podmans):
    image_id = OLD.build(podmans.there, "app:1")
    podmans.sync("user@server", "app:1").check()
    assert podmans.here.image_id("app:1") == image_id
    assert podmans.podman_here.image_id("app:1") is None
    docker_state = podmans.here.state()
    podmans.sync("--engine=podman", "user@server", "app:1").check()
    assert podmans.podman_here.image_id("app:1") == image_id
    assert podmans.here.state() == docker_state


def test_where_there_is_no_docker_podman_is_meant(podmans):
    image_id = OLD.build(podmans.here, "app:1")
    podmans.there.stop()
    dockerd = podmans.server.run(["sh", "-c", "command -v dockerd"]).stdout.strip()
    try:
        # One that is only stopped is meant all the same.
        assert_refused(podmans.sync("--push", "user@server", "app:1"), 6, "server", "docker", "--remote-engine")
        podmans.server.run(["mount", "--bind", "/dev/null", dockerd])
        podmans.sync("--push", "user@server", "app:1").check()
        assert_refused(podmans.sync("--remote-engine=docker", "user@server"), 6, "server", "docker")
    finally:
        podmans.server.run(["umount", dockerd], check=False)
        podmans.there.start()
    assert podmans.podman_there.image_id("app:1") == image_id


def test_podmans_service_in_the_place_of_docker_is_known_for_what_it_is(podmans):
    rootful = Podman(podmans.server)
    rootful.remove_all()
    image_id = OLD.build(podmans.here, "app:1")
    podmans.there.stop()
    service = podmans.server.spawn(["podman", "system", "service", "--time=0", "unix:///run/docker.sock"])
    try:
        podmans.server.wait_for_file("/run/docker.sock")
        podmans.sync("--push", "root@server", "app:1").check()
        assert rootful.image_id("app:1") == image_id
        assert_refused(podmans.sync("--remote-engine=docker", "root@server"), 6, "server", "Podman, not Docker")
    finally:
        service.signal(KILL)
        service.wait()
        podmans.server.run(["rm", "-f", "/run/docker.sock"])
        podmans.there.start()


def test_no_podman_there(podmans):
    """Its program is nowhere in PATH for who logs in with this shell."""
    podmans.server.write("/usr/local/bin/bare", "#!/bin/sh\nPATH=/usr/local/bare exec /bin/sh \"$@\"\n", mode=0o755)
    podmans.server.run(["sh", "-c", "mkdir -p /usr/local/bare && cd /bin && "
                        "for tool in sh cat head ls wc mkdir mv rm chmod uname ln id; do ln -sf /bin/$tool /usr/local/bare/; done"])
    user = podmans.new_user("bare", shell="/usr/local/bin/bare")
    assert_refused(podmans.sync("--remote-engine=podman", user), 6, "server", "podman", "installed")


# Failures

def test_a_sync_that_is_killed_leaves_podman_as_it_was(to_podman):
    OLD.build(to_podman.source, "app:1")
    to_podman.sync("app:1").check()
    before = to_podman.destination.state()
    left = scratch(to_podman.world.laptop)
    new_id = Recipe([{"app/program": noise(3_000_000, seed=3)}]).build(to_podman.source, "app:1")
    process = to_podman.start_slowly("app:1")
    process.signal(KILL)
    process.wait()
    end_everywhere(to_podman.world)
    wait_until(lambda: not to_podman.world.laptop.processes_of("podman"), "podman to end")
    assert to_podman.destination.state() == before
    assert scratch(to_podman.world.laptop) == left
    to_podman.world.link.shape(None)
    to_podman.sync("app:1").check()
    assert to_podman.destination.image_id("app:1") == new_id


def test_no_room_for_podman(to_podman):
    """It spools what it loads in /var/tmp."""
    laptop = to_podman.world.laptop
    image_id = OLD.build(to_podman.source, "app:1")
    before = to_podman.destination.state()
    laptop.run(["mount", "-t", "tmpfs", "-o", "size=200k,mode=1777", "tmpfs", "/var/tmp"])
    try:
        result = to_podman.sync("--tmpfolder=/tmp", "app:1")
        assert_refused(result, 10, "Podman", "no space left")
        assert to_podman.destination.state() == before
    finally:
        laptop.run(["umount", "/var/tmp"])
    to_podman.sync("app:1").check()
    assert to_podman.destination.image_id("app:1") == image_id


def test_a_podman_that_does_not_tag_leaves_no_image_behind(to_podman):
    """A podman of our own before the real one: it passes all on but tags."""
    laptop = to_podman.world.laptop
    image_id = OLD.build(to_podman.source, "app:1")
    before = to_podman.destination.state()
    laptop.write("/usr/local/bin/podman", "#!/bin/sh\n"
                 "[ \"$1\" = tag ] && { echo 'Error: no, not today' >&2; exit 125; }\nexec /usr/bin/podman \"$@\"\n",
                 mode=0o755)
    try:
        assert_refused(to_podman.sync("app:1"), 6, "no, not today")
        assert to_podman.destination.state() == before
    finally:
        laptop.run(["rm", "/usr/local/bin/podman"])
    to_podman.sync("app:1").check()
    assert to_podman.destination.image_id("app:1") == image_id


def test_layers_that_go_before_the_load_are_sent_after_all(to_podman):
    laptop = to_podman.world.laptop
    OLD.build(to_podman.source, "other:1")
    to_podman.sync("other:1").check()
    image_id = NEW.build(to_podman.source, "app:1")
    laptop.write("/usr/local/bin/podman", "#!/bin/sh\n"
                 "[ \"$1\" = load ] && [ ! -e /tmp/removed ] && touch /tmp/removed && "
                 "/usr/bin/podman rmi --force docker.io/library/other:1 >/dev/null\nexec /usr/bin/podman \"$@\"\n",
                 mode=0o755)
    try:
        to_podman.sync("app:1").check()
        assert laptop.path("/tmp/removed").exists()
    finally:
        laptop.run(["rm", "-f", "/usr/local/bin/podman", "/tmp/removed"])
    assert to_podman.destination.image_id("app:1") == image_id
    assert output_of(to_podman.destination, "app:1", "cat", "/app/readme") == "two"
