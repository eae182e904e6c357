# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Image directories: ends of a sync that need no engine, and that other tools read."""

import json

import pytest

from hosts import Recipe, edited, noise, wait_until
from world import assert_refused, image_of

BIG = noise(600_000, seed=1)
OLD = Recipe([{"lib/common": noise(100_000, seed=2)}, {"app/program": BIG}])
NEW = Recipe([OLD.layers[0], {"app/program": edited(BIG)}])
HERE, THERE = "oci:/root/images", "oci:user@server:images"


@pytest.fixture(autouse=True)
def no_directories(world):
    yield
    for host, path in ((world.laptop, "/root/images"), (world.laptop, "/root/others"), (world.server, "/home/user/images")):
        host.run(["rm", "-rf", path])


def skopeo(host, *args):
    return host.run(["skopeo", *args]).stdout


def layers_in(host, path, name="app:1"):
    """The layers' blobs of an image, as skopeo finds them; each is there, and is what its digest says."""
    host.run(["skopeo", "copy", "--quiet", f"oci:{path}:{name}", "dir:/root/copied"])
    host.run(["rm", "-rf", "/root/copied"])
    return json.loads(skopeo(host, "inspect", "--raw", f"oci:{path}:{name}"))["layers"]


def config_in(host, path, name="app:1"):
    return json.loads(skopeo(host, "inspect", "--raw", f"oci:{path}:{name}"))["config"]["digest"]


def blobs_in(host, path):
    return {blob.name for blob in host.path(f"{path}/blobs/sha256").iterdir()}


# From and to engines

@pytest.mark.parametrize("address", [HERE, THERE])
def test_an_image_goes_into_a_directory_and_comes_out_the_same(world, address):
    old_id = OLD.build(world.here, "app:1")
    report = json.loads(world.sync("--json", "-d", address, "app:1").check().stdout)
    assert image_of(report, "app:1")["result"] == "new"
    assert world.sync("-d", address, "app:1").check().stdout.startswith("app:1  current")
    new_id = NEW.build(world.here, "app:1")
    assert "updated" in world.sync("-d", address, "app:1").check().stdout
    world.sync("-s", address, "-d", "user@server", "app:1").check()
    assert world.there.image_id("app:1") == new_id != old_id


def test_a_directory_is_read_by_other_tools(world):
    image_id = OLD.build(world.here, "app:1")
    world.sync("-d", HERE, "app:1").check()
    assert config_in(world.laptop, "/root/images") == image_id
    assert [layer["digest"] for layer in layers_in(world.laptop, "/root/images")] == world.here.diff_ids("app:1")


def test_what_other_tools_wrote_is_synced(world):
    OLD.build(world.here, "app:1")
    archive = world.here.docker("save", "app:1", text=False)
    world.laptop.write("/root/saved.tar", archive)
    skopeo(world.laptop, "copy", "--quiet", "docker-archive:/root/saved.tar", "oci:/root/images:app:1")
    skopeo(world.laptop, "copy", "--quiet", "docker-archive:/root/saved.tar", "oci:/root/images:2.0")
    assert all("gzip" in layer["mediaType"] for layer in layers_in(world.laptop, "/root/images"))
    world.sync("-s", HERE, "-d", "user@server", "-a").check()
    # Its config is another one already: skopeo writes it anew where a Docker image becomes an OCI image.
    image_id = config_in(world.laptop, "/root/images")
    assert world.there.image_id("app:1") == image_id
    assert world.there.image_id("images:2.0") == image_id  # a tag alone is that of the directory


def test_layers_may_be_kept_in_zstd(world):
    image_id = OLD.build(world.here, "app:1")
    world.sync("-d", HERE, "--store-compression", "zstd", "app:1").check()
    assert all("zstd" in layer["mediaType"] for layer in layers_in(world.laptop, "/root/images"))
    world.sync("-s", HERE, "-d", "user@server", "app:1").check()
    assert world.there.image_id("app:1") == image_id


# Without any engine

def test_two_directories_need_no_engine(world):
    OLD.build(world.there, "app:1")
    world.sync("-s", "user@server", "-d", HERE, "app:1").check()
    world.here.stop()
    try:
        world.sync("-s", HERE, "-d", THERE, "app:1").check()
        world.sync("-s", THERE, "-d", "oci:/root/others", "app:1").check()
    finally:
        world.here.start()
    assert config_in(world.laptop, "/root/others") == world.there.image_id("app:1")


def test_a_changed_image_costs_its_difference(world):
    OLD.build(world.here, "app:1")
    world.sync("-d", THERE, "app:1").check()
    image_id = NEW.build(world.here, "app:1")
    report = json.loads(world.sync("--json", "-d", THERE, "app:1").check().stdout)
    assert report["sent"] + report["received"] < 60_000
    assert world.sync("-d", THERE, "app:1").check().stdout.startswith("app:1  current")
    world.sync("-s", THERE, "-d", HERE, "app:1").check()
    assert config_in(world.laptop, "/root/images") == image_id


def test_what_an_image_leaves_behind_goes(world):
    OLD.build(world.here, "app:1")
    world.sync("-d", HERE, "app:1").check()
    before = blobs_in(world.laptop, "/root/images")
    NEW.build(world.here, "app:1")
    world.sync("-d", HERE, "app:1").check()
    after = blobs_in(world.laptop, "/root/images")
    assert len(after) == len(before)
    assert len(after & before) == 2  # the base, and the layer that both have


# Several at a time, and failures

def test_several_write_at_the_same_time(world):
    names = [f"app:{number}" for number in range(5)]
    ids = {name: Recipe([OLD.layers[0], {"app/number": name.encode()}]).build(world.here, name) for name in names}
    runs = [world.laptop.spawn(["docker-sync", "-d", HERE, name]) for name in names]
    for run in runs:
        run.wait().check()
    assert {name: config_in(world.laptop, "/root/images", name) for name in names} == ids


def test_one_that_is_killed_leaves_the_directory_as_it_was(world):
    OLD.build(world.here, "app:1")
    world.sync("-d", THERE, "app:1").check()
    before = blobs_in(world.server, "/home/user/images")
    index = world.server.path("/home/user/images/index.json").read_bytes()
    Recipe([{"app/other": noise(3_000_000, seed=5)}]).build(world.here, "app:1")
    sent = world.link.sent_by(world.laptop)
    world.link.shape("2mbit")
    process = world.laptop.spawn(["docker-sync", "-d", THERE, "app:1"])
    wait_until(lambda: world.link.sent_by(world.laptop) - sent > 150_000 or not process.running(), "it to be under way")
    assert process.running()
    process.signal(9)
    world.link.shape(None)
    wait_until(lambda: not list(world.server.path("/home/user/images/.docker-sync").glob("new-*")),
               "the helper to give up")
    assert world.server.path("/home/user/images/index.json").read_bytes() == index
    assert blobs_in(world.server, "/home/user/images") == before
    world.sync("-d", THERE, "app:1").check()


def test_a_folder_of_something_else_is_left_alone(world):
    OLD.build(world.here, "app:1")
    world.laptop.write("/root/images/letter.txt", "Dear")
    assert_refused(world.sync("-d", HERE, "app:1"), 6, "/root/images", "not an OCI image layout")
    assert [path.name for path in world.laptop.path("/root/images").iterdir()] == ["letter.txt"]


def test_a_missing_blob_is_named(world):
    OLD.build(world.here, "app:1")
    world.sync("-d", HERE, "app:1").check()
    lost = world.here.diff_ids("app:1")[1].removeprefix("sha256:")
    world.laptop.run(["rm", f"/root/images/blobs/sha256/{lost}"])
    assert_refused(world.sync("-s", HERE, "-d", "user@server", "app:1"), 7, lost[:12])
    assert world.there.image_id("app:1") is None


def test_a_report_of_a_directory(world):
    OLD.build(world.here, "app:1")
    world.sync("-d", THERE, "app:1").check()
    NEW.build(world.here, "app:1", "app:2")
    lines = world.sync("-d", THERE).check().stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["app:1", "need"], ["app:2", "new"]]
