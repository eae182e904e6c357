# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Every engine with every other, both ways.

By default only this machine's own engine takes part; `--engines` adds those of other releases, which live in root
folders of their own (hosts/engine_roots.py).
"""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile

import pytest

from hosts import DOCKER20, Podman, Recipe, copy_images, edited, noise
from world import Way, assert_refused, image_of

BIG = noise(600_000, seed=1)
OLD = Recipe([{"lib/common": noise(100_000, seed=2)}, {"app/program": BIG, "app/readme": b"one\n"}])
NEW = Recipe([OLD.layers[0], {"app/program": edited(BIG), "app/readme": b"two\n"}], mtime=1_700_000_100)


@pytest.fixture(scope="module")
def classic_bytes(open_world):
    """{push: bytes that the story took between two of this machine's own engines}"""
    with open_world(DOCKER20, DOCKER20) as world:
        spent = {}
        for push in (False, True):
            world.reset()
            spent[push] = sync_old_and_new(Way(world, push))
        return spent


def config_digest(engine, name):
    """sha256 of the config in what the engine saves; a containerd store tells it in no other way."""
    with tarfile.open(fileobj=io.BytesIO(engine.docker("save", engine.image_id(name), text=False))) as archive:
        config = json.load(archive.extractfile("manifest.json"))[0]["Config"]
        return hashlib.sha256(archive.extractfile(config).read()).hexdigest()


def assert_same(pair, name="app:1"):
    assert pair.destination.diff_ids(name) == pair.source.diff_ids(name)
    assert config_digest(pair.destination, name) == config_digest(pair.source, name)


def run(engine, *command):
    return engine.docker("run", "--rm", "--network", "none", "app:1", *command)


def bytes_of(report):
    return report["sent"] + report["received"]


def sync_old_and_new(pair):
    """The matrix' story; the bytes that OLD and that NEW took."""
    OLD.build(pair.source, "app:1")
    first = pair.sync_json("app:1")
    assert image_of(first, "app:1")["result"] == "new"
    assert_same(pair)
    assert run(pair.destination, "cat", "/app/readme") == "one"
    old_id = pair.destination.image_id("app:1")

    again = pair.sync_json("app:1")
    assert image_of(again, "app:1")["result"] == "current"
    assert pair.destination.image_id("app:1") == old_id

    NEW.build(pair.source, "app:1")
    second = pair.sync_json("app:1")
    assert image_of(second, "app:1")["result"] == "updated"
    assert_same(pair)
    assert run(pair.destination, "cat", "/app/readme") == "two"
    assert pair.destination.untagged() == {old_id}
    assert image_of(pair.sync_json("app:1"), "app:1")["result"] == "current"
    return bytes_of(first), bytes_of(second)


def test_an_image_and_its_update_arrive_and_run(classic_bytes, pair):
    for spent, classic in zip(sync_old_and_new(pair), classic_bytes[pair.push]):
        assert spent <= 1.1 * classic


def sync_and_see_it_current(world, source, destination, name="app:1"):
    """From address to address; the bytes that it took."""
    def sync():
        return json.loads(world.sync("--json", "-s", source, "-d", destination, name).check().stdout)

    spent = bytes_of(sync())
    assert image_of(sync(), name)["result"] == "current"
    return spent


def test_an_image_and_its_update_go_through_podman(classic_bytes, to_each):
    """From each engine into Podman, and back out of that."""
    world, engine = to_each.world, to_each.destination
    podman = Podman(world.laptop)
    podman.remove_all()
    podman.take(world.here, "busybox:base")  # engines have it from the start
    for number, (recipe, readme) in enumerate([(OLD, "one"), (NEW, "two")]):
        recipe.build(to_each.source, "app:1")
        to_each.sync("app:1").check()
        spent = sync_and_see_it_current(world, "user@server", "podman")
        assert spent <= 1.1 * classic_bytes[False][number]
        assert podman.image_id("app:1").removeprefix("sha256:") == config_digest(engine, "app:1")
        assert podman.diff_ids("app:1") == engine.diff_ids("app:1")
        assert podman.run("app:1", "cat", "/app/readme") == readme
    engine.remove("app:1", *engine.untagged(), prune=True)
    spent = sync_and_see_it_current(world, "podman", "user@server")
    assert spent <= 1.1 * classic_bytes[True][0]
    assert config_digest(engine, "app:1") == podman.image_id("app:1").removeprefix("sha256:")
    assert engine.diff_ids("app:1") == podman.diff_ids("app:1")
    assert run(engine, "cat", "/app/readme") == "two"
    podman.remove_all()


def test_an_image_and_its_update_go_through_directories(classic_bytes, to_each):
    """From an engine into a directory, from there into each engine, and out of that into another directory."""
    world, there, back = to_each.world, "oci:user@server:images", "oci:/root/back"

    try:
        for directory in there, back:  # engines have it from the start
            sync_and_see_it_current(world, "local", directory, "busybox:base")
        for number, (recipe, readme) in enumerate([(OLD, "one"), (NEW, "two")]):
            recipe.build(to_each.source, "app:1")
            spent = sync_and_see_it_current(world, "local", there)
            assert spent <= 1.1 * classic_bytes[True][number]
            sync_and_see_it_current(world, there, "user@server")
            assert_same(to_each)
            assert run(to_each.destination, "cat", "/app/readme") == readme
            spent = sync_and_see_it_current(world, "user@server", back)
            assert spent <= 1.1 * classic_bytes[False][number]
            inspected = json.loads(world.laptop.run(["skopeo", "inspect", "--raw", "oci:/root/back:app:1"]).stdout)
            assert inspected["config"]["digest"].removeprefix("sha256:") == config_digest(to_each.source, "app:1")
            world.laptop.run(["skopeo", "copy", "--quiet", "oci:/root/back:app:1", "dir:/root/copied"])
    finally:
        world.laptop.run(["rm", "-rf", "/root/back", "/root/copied"])
        world.server.run(["rm", "-rf", "/home/user/images"])


def build_upon(way, layers, **how):
    """An image at the destination, as its own engine stores what it builds, and app:1 at the source made from it."""
    Recipe(OLD.layers).build(way.destination, "parent:1")
    copy_images(way.destination, way.source, "parent:1")
    Recipe(layers, base="parent:1", **how).build(way.source, "app:1")


def test_a_change_of_the_configuration_alone_needs_no_layer(to_each):
    build_upon(to_each, [], env={"GREETING": "hello"})
    assert image_of(to_each.sync_json("app:1"), "app:1")["layers_needed"] == 0
    assert_same(to_each)
    assert run(to_each.destination, "sh", "-c", "echo $GREETING") == "hello"


def test_layers_of_several_images_of_the_destination_are_not_sent(to_each):
    """One chain to leave out, one layer to take from another chain."""
    one, two = {"lib/one": noise(400_000, seed=3)}, {"lib/two": noise(400_000, seed=4)}
    for name, layers in {"one:1": [one], "two:1": [{"app/other": b"x"}, two],
                         "app:1": [one, {"app/new": b"y"}, two]}.items():
        Recipe(layers).build(to_each.source, name)
    copy_images(to_each.source, to_each.destination, "one:1", "two:1")
    assert bytes_of(to_each.sync_json("app:1")) < 100_000
    assert_same(to_each)
    assert run(to_each.destination, "sha256sum", "/lib/two").split()[0] == hashlib.sha256(two["lib/two"]).hexdigest()


def test_an_image_outlives_those_that_it_shares_layers_with(to_each):
    """What was left out of the archive is the new image's as well."""
    build_upon(to_each, [{"app/more": b"more"}])
    to_each.sync("app:1").check()
    to_each.destination.remove("parent:1", "busybox:base", prune=True)
    assert_same(to_each)
    assert run(to_each.destination, "cat", "/app/readme", "/app/more") == "one\nmore"


def refusing(request):
    return lambda _, path: "not today" if request in path else None


def test_a_load_that_is_refused_leaves_all_as_it_was(to_each):
    OLD.build(to_each.destination, "app:1")
    NEW.build(to_each.source, "app:1")
    before = to_each.destination.state()
    with to_each.meddling(to_each.destination, refusing("/images/load")) as (env, _):
        assert_refused(to_each.sync("app:1", env=env), 6, "not today")
    assert to_each.destination.state() == before
    to_each.sync("app:1").check()
    assert_same(to_each)


def test_an_image_that_cannot_be_named_is_removed_again(to_each):
    OLD.build(to_each.destination, "app:1")
    NEW.build(to_each.source, "app:1")
    before = to_each.destination.state()
    with to_each.meddling(to_each.destination, refusing("/tag?")) as (env, proxy):
        assert_refused(to_each.sync("app:1", env=env), 6, "not today")
    assert any("/images/load" in path for _, path in proxy.requests)
    assert to_each.destination.state() == before


# What only containerd stores have

def test_an_index_with_an_attestation_is_resolved(containerd_source):
    pair = containerd_source
    OLD.build(pair.source, "app:1")
    archive = with_attestation(pair.source.docker("save", "app:1", text=False), "indexed:1")
    pair.source.docker("load", stdin=archive, text=False)
    assert image_of(pair.sync_json("indexed:1"), "indexed:1")["result"] == "new"
    assert_same(pair, "indexed:1")
    assert image_of(pair.sync_json("indexed:1"), "indexed:1")["result"] == "current"


def test_layers_in_zstd_are_synced(containerd_source):
    pair = containerd_source
    OLD.build(pair.source, "app:1")
    archive = with_zstd_layers(pair.source.docker("save", "app:1", text=False), "app:2")
    pair.source.docker("load", stdin=archive, text=False)
    assert image_of(pair.sync_json("app:2"), "app:2")["result"] == "new"
    assert_same(pair, "app:2")


def test_a_blob_that_the_store_has_lost_is_named(containerd_source):
    pair = containerd_source
    OLD.build(pair.source, "app:1")
    layout = Layout(pair.source.docker("save", "app:1", text=False))
    digest = json.loads(layout.content(layout.manifest))["layers"][-1]["digest"]
    pair.source.lose_blob(digest)
    before = pair.destination.state()
    assert_refused(pair.sync("app:1"), 7, "app:1", digest[:19], "pull or build")
    assert pair.destination.state() == before


def test_what_the_store_refuses_to_take_in_parts_is_loaded_whole(containerd_destination):
    """Without the network: all that is missing is in the store already."""
    pair = containerd_destination
    build_upon(pair, [{"app/more": b"more"}])
    pair.sync().check()  # the helper is there
    refused = []

    def hook(method, path):
        if method == "POST" and "/images/load" in path and not refused:
            refused.append(path)
            return "content digest not found"
        return None

    with pair.meddling(pair.destination, hook) as (env, proxy):
        report = pair.sync_json("app:1", env=env)
    assert len([path for _, path in proxy.requests if "/images/load" in path]) == 2
    assert bytes_of(report) < 30_000
    assert_same(pair)
    assert run(pair.destination, "cat", "/app/readme", "/app/more") == "one\nmore"


def recompressed(layer):
    """A layer blob of whatever form in zstd."""
    tar = gzip.decompress(layer) if layer.startswith(b"\x1f\x8b") else layer
    return subprocess.run(["zstd", "-q"], input=tar, stdout=subprocess.PIPE, check=True).stdout


class Layout:
    """An OCI layout taken from a save archive, to be put together anew."""

    def __init__(self, archive):
        self.files = {}
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for entry in filter(tarfile.TarInfo.isfile, tar.getmembers()):
                self.files[entry.name] = tar.extractfile(entry).read()
        self.files.pop("manifest.json")  # the engine makes its own
        self.manifest = json.loads(self.files["index.json"])["manifests"][0]
        self.manifest.pop("annotations", None)

    def content(self, descriptor):
        return self.files["blobs/" + descriptor["digest"].replace(":", "/")]

    def add(self, media_type, content):
        if not isinstance(content, bytes):
            content = json.dumps({"schemaVersion": 2, "mediaType": media_type, **content}).encode()
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def archive(self, top, name):
        top = {**top, "annotations": {"io.containerd.image.name": f"docker.io/library/{name}"}}
        self.files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [top]}).encode()
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for path, content in self.files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()


OCI = "application/vnd.oci.image."


def with_attestation(archive, name):
    """As BuildKit makes an image by default: an index of it and of a statement of its provenance."""
    layout = Layout(archive)
    statement = layout.add("application/vnd.in-toto+json", b'{"_type":"https://in-toto.io/Statement/v0.1"}')
    config = layout.add(OCI + "config.v1+json", json.dumps(
        {"os": "unknown", "architecture": "unknown",
         "rootfs": {"type": "layers", "diff_ids": [statement["digest"]]}}).encode())
    attestation = layout.add(OCI + "manifest.v1+json", {"config": config, "layers": [statement]})
    layout.manifest["platform"] = {"os": "linux", "architecture": "amd64"}
    attestation["platform"] = {"os": "unknown", "architecture": "unknown"}
    attestation["annotations"] = {"vnd.docker.reference.type": "attestation-manifest",
                                  "vnd.docker.reference.digest": layout.manifest["digest"]}
    index = layout.add(OCI + "index.v1+json", {"manifests": [layout.manifest, attestation]})
    return layout.archive(index, name)


def with_zstd_layers(archive, name):
    """Every layer in zstd, as newer builders make them."""
    layout = Layout(archive)
    manifest = json.loads(layout.content(layout.manifest))
    manifest["layers"] = [
        layout.add(OCI + "layer.v1.tar+zstd", recompressed(layout.content(layer))) for layer in manifest["layers"]]
    return layout.archive(layout.add(OCI + "manifest.v1+json", manifest), name)
