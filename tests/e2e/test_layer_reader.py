# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Layers read where the engine keeps them, and what happens where that cannot be."""

import contextlib
import json

import pytest

from hosts import Engine, Podman, Recipe, SpoolWatch, edited, introduce, noise
from hosts.graph_store import GraphStore, altered, removed, spoiled, truncated
from hosts.images import BUSYBOX, pack
from world import CACHE, Way, assert_refused, end_everywhere, image_of, scratch, stage_again

BIG = noise(3_000_000, seed=1)
OLD = Recipe([{"lib/stable": noise(300_000, seed=2)}, {"app/program": BIG, "app/readme": b"one\n"}])
NEW = Recipe([OLD.layers[0], {"app/program": edited(BIG), "app/readme": b"two\n"}], mtime=1_700_000_100)
NEXT = Recipe([OLD.layers[0], {"app/program": edited(BIG, seed=7), "app/readme": b"six\n"}], mtime=1_700_000_200)
APP = 2  # the number of the layer with the program
STORE = "--layer-reader=store"


class WatchedWay(Way):
    def saves(self, *args, **how):
        """({source or destination: images that its engine was asked to save}, how the sync went)"""
        with contextlib.ExitStack() as stack:
            environment, proxies = {}, {}
            for end, engine in ("source", self.source), ("destination", self.destination):
                variables, proxies[end] = stack.enter_context(self.meddling(engine, lambda method, path: None))
                environment.update(variables)
            result = self.sync(*args, env=environment, **how)
        assert all(proxy.requests for proxy in proxies.values())
        return {end: [path for _, path in proxy.requests if path.split("?")[0].endswith("/images/get")]
                for end, proxy in proxies.items()}, result


class RootWay(WatchedWay):
    """Root at both ends: who may read stores."""
    login = "root"


@pytest.fixture
def forgetful(world):
    """What earlier tests have left in the caches says nothing."""
    for host in world.laptop, world.server:
        host.run(["rm", "-rf", f"/root/{CACHE}/layers"])
    return world


@pytest.fixture(params=["pull", "push"])
def ends(request, forgetful):
    return RootWay(forgetful, push=request.param == "push")


@pytest.fixture
def pull(forgetful):
    return RootWay(forgetful, push=False)


def run(engine, *command, name="app:1"):
    if isinstance(engine, Podman):
        return engine.run(name, *command)
    return engine.docker("run", "--rm", "--network", "none", name, *command)


def assert_arrived(way, image_id, readme, name="app:1"):
    assert way.destination.image_id(name) == image_id
    assert way.destination.diff_ids(name) == way.source.diff_ids(name)
    assert run(way.destination, "cat", "/app/readme", name=name) == readme


# Docker's classic store

@pytest.mark.parametrize("reader", ["store", "save"])
def test_an_image_and_its_update_arrive_run_and_are_current(ends, reader):
    """However they are read; and an engine is asked to save what is not read in its store, and only that."""
    option = f"--layer-reader={reader}"
    image_id = OLD.build(ends.source, "app:1")
    first, result = ends.saves(option, "app:1")
    assert "new" in result.check().stdout
    assert_arrived(ends, image_id, "one")

    image_id = NEW.build(ends.source, "app:1")
    second, result = ends.saves(option, "app:1")
    assert "updated" in result.check().stdout
    assert_arrived(ends, image_id, "two")
    assert image_of(ends.sync_json(option, "app:1"), "app:1")["result"] == "current"

    if reader == "store":
        assert not any([*first.values(), *second.values()])
    else:
        assert first["source"] and second["source"] and second["destination"]


def test_what_root_may_read_is_read_unasked(ends):
    OLD.build(ends.destination, "app:1")
    image_id = NEW.build(ends.source, "app:1")
    saves, result = ends.saves("app:1")
    result.check()
    assert saves == {"source": [], "destination": []}
    assert_arrived(ends, image_id, "two")


@pytest.mark.parametrize("push", [False, True])
def test_who_may_not_read_the_store_has_small_images_saved(forgetful, push):
    """user@server is in the group docker; what is not worth a container is saved there, and only there."""
    way = WatchedWay(forgetful, push=push)
    OLD.build(way.destination, "app:1")
    image_id = NEW.build(way.source, "app:1")
    saves, result = way.saves("app:1")
    result.check()
    assert_arrived(way, image_id, "two")
    there, here = ("destination", "source") if push else ("source", "destination")
    assert saves[there] and not saves[here]


def test_an_image_without_layers_travels(ends):
    """Docker itself cannot save that."""
    ends.source.docker("build", "--tag", "void:1", "-", text=False,
                       stdin=pack({"Dockerfile": b"FROM scratch\nENV A=1\nCMD [\"/none\"]\n"}))
    ends.sync(STORE, "void:1").check()
    assert ends.destination.image_id("void:1") == ends.source.image_id("void:1")


def test_several_destinations_share_a_store(world, second):
    introduce(world.laptop, second.sshd, ["root"])
    image_id = OLD.build(world.here, "app:1")
    world.sync("-p", STORE, "root@server,root@second", "app:1").check()
    assert world.there.image_id("app:1") == second.image_id("app:1") == image_id


def test_nothing_of_a_store_is_written(ends):
    """Neither names nor modes nor times, those of last access included."""
    OLD.build(ends.destination, "app:1")
    OLD.build(ends.source, "app:1")
    NEW.build(ends.source, "app:1")
    ends.sync().check()  # who is asked about an image looks it up, and notes when it did so first
    store = GraphStore(ends.source)
    before = store.state()
    assert any(path.endswith("app/program") for path in before)
    ends.sync(STORE, "app:1").check()
    after = store.state()
    assert {path: before.get(path) for path in after if after[path] != before.get(path)} == {}
    assert after.keys() == before.keys()
    ends.source.docker("save", "app:1", text=False)
    assert store.state() != before  # such a reader would have been seen


@pytest.mark.parametrize("reader", ["store", "save"])
def test_the_source_spools_nothing_of_what_it_reads_in_place(ends, reader):
    OLD.build(ends.destination, "app:1")
    OLD.build(ends.source, "app:1")
    changed = Recipe([OLD.layers[0], {"app/program": edited(BIG), "app/more": noise(200_000, seed=9)}])
    image_id = changed.build(ends.source, "app:1")
    ends.sync(STORE, "busybox:base").check()  # the helper is there
    host = ends.source.host
    before = scratch(host)
    with SpoolWatch([host]) as watch:
        process = ends.start_slowly(f"--layer-reader={reader}", "app:1", rate="1mbit", after_bytes=50_000)
        named = scratch(host)
        process.wait().check()
    assert watch.seen[host.name] > 10
    assert named == before
    assert ends.destination.image_id("app:1") == image_id
    if reader == "store":
        assert watch.peak[host.name] == 0
    else:
        assert watch.peak[host.name] >= len(BIG)


@contextlib.contextmanager
def full_folder(*hosts):
    """A folder in which nothing can be written, at each of them."""
    for host in hosts:
        host.run(["sh", "-c", "mkdir -p /mnt/full && mount -t tmpfs -o size=4k,mode=1777 tmpfs /mnt/full && "
                              "head -c 4096 /dev/zero > /mnt/full/filler"])
    try:
        yield "/mnt/full"
    finally:
        for host in hosts:
            host.run(["umount", "/mnt/full"])


def test_what_is_read_in_place_and_loaded_as_it_comes_needs_no_disk(ends):
    """More than there is memory for passes through, in one file and in many, and some of it is needed twice."""
    OLD.build(ends.destination, "app:1")
    files = {f"app/noise-{number}": noise(4_000_000, seed=20 + number) for number in range(40)}
    # The program takes a second round, and holds up its layer.
    changed = Recipe([OLD.layers[0], {"app/program": edited(BIG), "app/readme": b"two\n"}, files,
                      {"app/copy": files["app/noise-0"], "app/large": noise(120_000_000, seed=99)}], mtime=1_700_000_100)
    image_id = changed.build(ends.source, "app:1")
    ends.sync(STORE, "busybox:base").check()  # the helper is there
    ends.world.link.shape("500mbit")
    with full_folder(ends.source.host, ends.destination.host) as folder:
        ends.sync(STORE, f"--tmpfolder={folder}", f"--remote-tmpfolder={folder}", "app:1").check()
        end_everywhere(ends.world)
    assert ends.destination.image_id("app:1") == image_id


@pytest.mark.parametrize("reader", ["store", "save"])
def test_a_large_file_that_an_image_has_twice_is_sent_once(ends, reader):
    """It is sent while it is read; that another one is equal is only known later."""
    large, other = noise(12_000_000, seed=5), noise(12_000_000, seed=6)
    twice = Recipe([{"app/a": large, "app/readme": b"two\n"}, {"app/b": other}, {"app/c": large, "app/d": other}])
    image_id = twice.build(ends.source, "app:1")
    ends.sync("busybox:base").check()  # the helper is there
    report = ends.sync_json(f"--layer-reader={reader}", "app:1")
    assert report["sent"] + report["received"] < 1.05 * (len(large) + len(other))
    assert_arrived(ends, image_id, "two")


# Stores that are not as they were

SPOILS = [removed, truncated, altered]


@pytest.mark.parametrize("how", SPOILS)
def test_a_layer_that_is_damaged_at_the_source_never_arrives(ends, how):
    """The engine itself cannot give it out either, and says so."""
    OLD.build(ends.destination, "app:1")
    image_id = NEW.build(ends.source, "app:1")
    before = ends.destination.state()
    with spoiled(GraphStore(ends.source).file("app:1", APP, "app/program"), how):
        saves, result = ends.saves("app:1")
        own_words = ends.source.host.run(["docker", "save", "--output", "/root/saved", "app:1"], check=False).stderr
    assert saves["source"]
    assert result.returncode == 6, result
    said = own_words.strip().rpartition(": ")[2]  # the last cause of all that docker lists
    assert said and said in result.stderr, (own_words, result)
    assert ends.destination.state() == before
    ends.sync("app:1").check()
    assert_arrived(ends, image_id, "two")


@pytest.fixture(params=["known", "unknown"])
def before_and_after(request, pull):
    """An old version at both ends and a new one at the source. Where the old one is known, what is where in it is in
    the user's cache at both ends, and need not be read again."""
    OLD.build(pull.destination, "app:1")
    OLD.build(pull.source, "app:0")
    pull.new_id = NEW.build(pull.source, "app:1")
    if request.param == "known":
        Recipe([OLD.layers[0], {"app/program": BIG + b"else"}]).build(pull.source, "else:1")
        pull.destination.docker("tag", "app:1", "else:1")
        pull.sync("else:1").check()
        pull.destination.remove("else:1")
    return pull


@pytest.mark.parametrize("how", SPOILS)
@pytest.mark.parametrize("end", ["source", "destination"])
def test_an_old_version_that_is_damaged_does_no_harm(before_and_after, end, how):
    """It is only what contents are compared with. Nor does it when it is whole again."""
    way = before_and_after
    store, name = (GraphStore(way.source), "app:0") if end == "source" else (GraphStore(way.destination), "app:1")
    with spoiled(store.file(name, APP, "app/program"), how):
        way.sync("app:1").check()
        assert_arrived(way, way.new_id, "two")
    assert_clean_next(way)


def overwritten(path):
    path.write_bytes(b"none\n")


@pytest.mark.parametrize("how", [removed, overwritten])
@pytest.mark.parametrize("end", ["source", "destination"])
def test_an_old_version_without_its_tar_split_does_no_harm(pull, end, how):
    """Neither in its store nor by its engine is it to be had then."""
    OLD.build(pull.destination, "app:1")
    OLD.build(pull.source, "app:0")
    image_id = NEW.build(pull.source, "app:1")
    store, name = (GraphStore(pull.source), "app:0") if end == "source" else (GraphStore(pull.destination), "app:1")
    with spoiled(store.tar_split(name, APP), how):
        pull.sync("app:1").check()
        assert_arrived(pull, image_id, "two")
    assert_clean_next(pull)


def assert_clean_next(way):
    """The next sync from the old version, which is whole again, knows nothing of the damage."""
    for engine in (way.source, way.destination):
        engine.remove("app:1", "app:0", *engine.untagged())
        OLD.build(engine, "app:1")
    image_id = NEXT.build(way.source, "app:1")
    result = way.sync("--json", "app:1").check()
    assert result.stderr == ""
    assert json.loads(result.stdout)["sent"] + json.loads(result.stdout)["received"] < 100_000
    assert_arrived(way, image_id, "six")


# Images that go while they are read: the files of their stores go at once.

def test_an_image_that_is_removed_at_the_source_is_missed(ends):
    OLD.build(ends.destination, "app:1")
    Recipe([{f"app/{number}": noise(500_000, seed=number) for number in range(20, 40)}]).build(ends.source, "app:1")
    before = ends.destination.state()
    ends.sync().check()  # the helper is there
    process = ends.start_slowly("app:1")
    ends.source.remove("app:1")
    ends.world.link.shape(None)
    result = process.wait()
    assert_refused(result, 7, "app:1", "removed while syncing")
    assert ends.destination.state() == before


def test_a_basis_that_is_removed_is_done_without(ends):
    files = {f"app/{number}": noise(500_000, seed=number) for number in range(20, 30)}
    Recipe([files]).build(ends.destination, "app:1")
    changed = {**{path: edited(content) for path, content in files.items()}, "app/new": noise(400_000, seed=30)}
    # What is new comes first, so that the basis goes before any of it is read for the load.
    image_id = Recipe([{"app/1": noise(400_000, seed=31), **changed}]).build(ends.source, "app:1")
    ends.sync().check()
    sent = ends.world.link.sent_by(ends.source.host)
    process = ends.start_slowly("app:1", after_bytes=50_000)
    ends.destination.remove("app:1")
    ends.world.link.shape(None)
    process.wait().check()
    assert ends.world.link.sent_by(ends.source.host) - sent > 1_500_000  # with a basis it is half of that
    assert ends.destination.image_id("app:1") == image_id


# Other layouts

@pytest.fixture(scope="session")
def engine_with_vfs(stage):
    return Engine(stage.server, name="vfs", options=["--storage-driver=vfs"]).start()


def test_the_vfs_driver_keeps_all_files_of_an_image_together(world, engine_with_vfs):
    address = f"ssh://root@server{engine_with_vfs.socket}"
    stage_again(world, engine_with_vfs)
    for recipe, readme in (OLD, "one"), (NEW, "two"):
        image_id = recipe.build(world.here, "app:1")
        world.sync(STORE, "-d", address, "app:1").check()
        assert engine_with_vfs.image_id("app:1") == image_id
        assert run(engine_with_vfs, "cat", "/app/readme") == readme
    world.here.remove("app:1", *world.here.untagged())
    world.sync(STORE, "-s", address, "app:1").check()
    assert world.here.image_id("app:1") == image_id
    assert run(world.here, "cat", "/app/readme") == "two"


def test_a_driver_that_nobody_knows_is_left_to_its_engine(ends):
    """At the end that is said to have it; the other one is read in place all the same."""
    image_id = OLD.build(ends.source, "app:1")
    other = {**ends.source.get("/info"), "Driver": "btrfs"}

    def hook(_, path):
        return other if path.endswith("/info") else None

    with ends.meddling(ends.source, hook) as (env, proxy):
        assert_refused(ends.sync(STORE, "app:1", env=env), 6, "cannot be read in place", "--layer-reader auto")
        assert not any("/images/get" in path for _, path in proxy.requests)
        assert ends.destination.image_id("app:1") is None
        ends.sync("app:1", env=env).check()
        assert any("/images/get" in path for _, path in proxy.requests)
    assert_arrived(ends, image_id, "one")


# Podman's store, and image directories

WATCHED_PODMAN = """#!/bin/sh
echo "$@" >>/root/podman-was-called
exec /usr/bin/podman "$@"
"""


@pytest.fixture
def podmans(world):
    """Those of root at both hosts, which keep a list of what they are asked."""
    world.podmans = Podman(world.laptop), Podman(world.server)
    for podman in world.podmans:
        podman.remove_all()
        podman.host.write("/usr/local/bin/podman", WATCHED_PODMAN, mode=0o755)
    yield world
    for podman in world.podmans:
        podman.host.run(["rm", "-f", "/usr/local/bin/podman", "/root/podman-was-called"])
        podman.remove_all()


def test_podmans_store_is_read_at_either_end(podmans):
    here, there = podmans.podmans
    into = ["-p", STORE, "--engine=docker", "--remote-engine=podman", "root@server", "app:1"]
    between = [STORE, "--engine=podman", "--remote-engine=podman", "root@server", "app:1"]
    out_of = [STORE, "-s", "podman", "-d", "local", "app:1"]
    for recipe, readme in (OLD, "one"), (NEW, "two"):
        image_id = recipe.build(podmans.here, "app:1")
        podmans.sync(*into).check()
        podmans.sync(*between).check()
        podmans.here.remove("app:1", *podmans.here.untagged())
        podmans.sync(*out_of).check()
        for engine in podmans.here, here, there:
            assert engine.image_id("app:1") == image_id
            assert run(engine, "cat", "/app/readme") == readme
        assert image_of(json.loads(podmans.sync("--json", *between).check().stdout), "app:1")["result"] == "current"
    for podman in here, there:
        calls = podman.host.path("/root/podman-was-called").read_text().splitlines()
        assert any(call.startswith("load ") for call in calls)
        assert not [call for call in calls if call.startswith("save")]


@pytest.fixture
def directory(world):
    yield "oci:/root/images"
    world.laptop.run(["rm", "-rf", "/root/images"])


def test_a_directory_is_read_in_place(world, directory):
    """As a basis, too."""
    for recipe in OLD, NEW:
        image_id = recipe.build(world.here, "app:1")
        world.sync(STORE, "-d", directory, "app:1").check()
        world.sync(STORE, "-s", directory, "-d", "root@server", "app:1").check()
        assert world.there.image_id("app:1") == image_id


def test_layers_in_zstd_are_unpacked_first(world, directory):
    image_id = OLD.build(world.here, "app:1")
    world.sync("--store-compression=zstd", "-d", directory, "app:1").check()
    assert_refused(world.sync(STORE, "-s", directory, "-d", "root@server", "app:1"), 6, "cannot be read in place")
    assert world.there.image_id("app:1") is None
    world.sync("-s", directory, "-d", "root@server", "app:1").check()
    assert world.there.image_id("app:1") == image_id


# A containerd store

def config_and_layers(engine, name="app:1"):
    described = engine.inspect(name)
    return described["Config"]["Env"], described["RootFS"]["Layers"]


def gzip_layers(engine):
    """How many blobs of its store are in gzip."""
    blobs = engine.host.path("/var/lib/docker/containerd/daemon/io.containerd.content.v1.content/blobs/sha256")
    return sum(blob.read_bytes()[:2] == b"\x1f\x8b" for blob in blobs.iterdir())


def assert_same_without_saves(way, readme):
    saves, result = way.saves(STORE, "app:1")
    result.check()
    assert saves == {"source": [], "destination": []}
    assert config_and_layers(way.destination) == config_and_layers(way.source)
    assert run(way.destination, "cat", "/app/readme") == readme
    assert image_of(way.sync_json(STORE, "app:1"), "app:1")["result"] == "current"


def test_a_containerd_store_is_read_at_the_source(containerd_source):
    way = RootWay(containerd_source.world, push=True)
    for recipe, readme in (OLD, "one"), (NEW, "two"):
        recipe.build(way.source, "app:1")
        assert gzip_layers(way.source) > 1
        assert_same_without_saves(way, readme)


def test_a_containerd_store_is_read_at_the_destination(containerd_destination):
    """What its own builder made, which is in gzip, is the basis."""
    way = RootWay(containerd_destination.world, push=True)
    OLD.build(way.destination, "app:1")
    assert gzip_layers(way.destination) > 1
    for recipe, readme in (NEW, "two"), (NEXT, "six"):
        recipe.build(way.source, "app:1")
        assert_same_without_saves(way, readme)


# --timings, and what is no reader

STAGES = {"run": {"reach both ends", "transfer", "name it"},
          "source": {"read the image", "split", "offer", "compress"},
          "destination": {"read the basis", "decode", "join", "load"}}


def test_timings_say_where_the_time_went(ends):
    OLD.build(ends.destination, "app:1")
    OLD.build(ends.source, "app:1")
    assert "seconds" not in ends.sync("app:1").check().stdout
    NEW.build(ends.source, "app:1")
    lines = ends.sync("--timings", "app:1").check().stdout.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.split()[:3] == ["at", "stage", "seconds"])
    for where, stages in STAGES.items():
        rows = [line for line in lines[begin:] if line.startswith(where + " ")]
        for stage in stages:
            row, = (row for row in rows if row[13:].startswith(stage + " "))
            float(row[33:].split()[0])
    source, destination = ("this host", "root@server") if ends.push else ("root@server", "this host")
    assert f"source: {source}, destination: {destination}" in lines


def test_timings_are_numbers_for_programs(ends):
    OLD.build(ends.source, "app:1")
    assert "timings" not in ends.sync_json("--dry-run", "app:1")
    timings = ends.sync_json("--timings", "app:1")["timings"]
    assert timings.keys() == STAGES.keys()
    for where, rows in timings.items():
        assert STAGES[where] <= {row["stage"] for row in rows}
        assert all(isinstance(row["seconds"], float) and isinstance(row["bytes"], int) for row in rows)
    split, = (row for row in timings["source"] if row["stage"] == "split")
    assert split["bytes"] > len(BIG) and split["seconds"] > 0


def test_what_an_image_keeps_is_looked_into_only_for_what_nothing_else_is_like(ends):
    def sync():
        """(per end the stages that it went through, bytes of contents that were sent)"""
        timings = ends.sync_json("--timings", "app:1")["timings"]
        sent, = (row["bytes"] for row in timings["source"] if row["stage"] == "compress")
        return {end: {row["stage"] for row in timings[end]} for end in ("source", "destination")}, sent

    OLD.build(ends.destination, "app:1")
    NEW.build(ends.source, "app:1")
    stages, sent = sync()
    assert not any("look into the basis" in of_end for of_end in stages.values())
    assert sent < 200_000
    with open(BUSYBOX, "rb") as program:
        copied = {**NEXT.layers[1], "app/copy-of-the-base": program.read()}
    Recipe([OLD.layers[0], copied], mtime=1_700_000_300).build(ends.source, "app:1")
    stages, sent = sync()
    # It has the version before, and need not ask.
    assert "look into the basis" in stages["source"]
    assert sent < 200_000


@pytest.mark.parametrize("value", ["", "Store", "disk"])
def test_a_reader_that_there_is_not(world, value):
    assert_refused(world.sync(f"--layer-reader={value}", "root@server"), 2, "--layer-reader takes auto, save or store")
