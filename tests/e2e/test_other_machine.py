# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A server of another machine type than the laptop's: the program carries a helper for that, too, and what one makes
the other reads."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import struct
import zipfile

import pytest

from hosts import ELF_MACHINE, OTHER, OtherMachineRoot, Recipe, SshServer, edited, noise, wait_until
from world import CACHE, assert_refused

ROOT = pathlib.Path(__file__).resolve().parents[2]
USERLAND = os.environ.get("DOCKER_SYNC_USERLAND") or ROOT / f"build-{OTHER}/busybox-static"
PORT = 2223
PROGRAM = pathlib.Path("/bin/busybox").read_bytes()


@pytest.fixture(scope="module")
def other_root(stage):
    root = OtherMachineRoot(stage.server, USERLAND)
    try:
        yield root
    finally:
        root.close()


@pytest.fixture(scope="module")
def other_sshd(stage, other_root):
    server = SshServer(stage.server, PORT, [f"ChrootDirectory {other_root.path}"]).start()
    yield server
    server.stop()


@pytest.fixture
def board(world, other_sshd):
    """user@board logs in where all is of the other type, and where docker-sync has never been."""
    world.new_user("fresh", shell="/bin/sh")
    known = world.laptop.path("/root/.ssh/known_hosts").read_text()
    world.laptop.write("/root/.ssh/known_hosts", known + other_sshd.known_host_line("server"), mode=0o600)
    world.laptop.write("/root/.ssh/config", f"Host board\n  HostName server\n  Port {PORT}\n  User fresh\n", mode=0o600)
    # Or the tests below would be of the laptop's own type.
    assert world.laptop.run(["ssh", "board", "uname", "-m"]).stdout.strip() == OTHER
    yield "board"
    wait_until(lambda: not world.server.processes_of("qemu-"), "the helper to end")


def helpers_there(world):
    """ELF machine types of the helpers in the cache, each of which is named by its content."""
    helpers = {path.name: path.read_bytes() for path in world.server.path(f"/home/fresh/{CACHE}").glob("helper-*")}
    assert list(helpers) == [f"helper-{hashlib.sha256(helper).hexdigest()[:32]}" for helper in helpers.values()]
    return [struct.unpack_from("<H", helper, 18)[0] for helper in helpers.values()]


def archive(version):
    """Deflated members, of which one differs from version to version."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as members:
        for i in range(60):
            text = noise(4000, seed=100 + i).hex().encode()
            member = zipfile.ZipInfo(f"org/example/Class{i}.class", (2024, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            members.writestr(member, text.replace(b"0", b"1", 50 * version) if i == 30 else text)
    return buffer.getvalue()


def recipe(version):
    """Of each kind that has a form of its own on the way, one: archives, programs, large and small files."""
    text = noise(100_000, seed=7).hex().encode()
    return Recipe([
        {"lib/app.jar": archive(version), "doc/changelog.gz": gzip.compress(text + b"news\n" * version, mtime=0),
         "bin/changed": PROGRAM[4096 * version:] + PROGRAM[:4096 * version],
         "bin/program": edited(PROGRAM, every=900, length=4, seed=version + 1),
         "data/large": edited(noise(3_000_000, seed=8), every=400_000, seed=version + 1),
         **{f"tree/file-{i}": noise(100 + i % 300, seed=i + (version if i % 50 == 0 else 0)) for i in range(600)}},
        {f"new/version-{version}": noise(50_000, seed=version + 1), "new/program": PROGRAM + bytes([version])},
    ], mtime=1_700_000_000 + version)


def test_it_gets_the_helper_of_its_own_type_once(world, board):
    recipe(0).build(world.there, "app:1")
    first = json.loads(world.sync("--json", board).check().stdout)
    assert 100_000 < first["helper_uploaded"] < 3_000_000
    assert [(image["name"], image["status"]) for image in first["images"] if image["status"] != "current"] == [
        ("app:1", "new")]
    assert helpers_there(world) == [ELF_MACHINE]
    second = json.loads(world.sync("--json", board).check().stdout)
    assert second["helper_uploaded"] == 0


@pytest.mark.parametrize("push", [False, True], ids=["pull", "push"])
@pytest.mark.parametrize("old_at_source", [False, True], ids=["old at the destination", "old at both ends"])
def test_images_arrive_as_they_are(world, board, push, old_at_source):
    source, destination = (world.here, world.there) if push else (world.there, world.here)
    recipe(0).build(destination, "app:1")
    if old_at_source:
        recipe(0).build(source, "app:1")
    image_id = recipe(1).build(source, "app:1")
    # At one level, since the level that the link and the machine leave time for decides the bytes as well.
    options = ["--json", "--compress-level=9"] + ["--push"] * push
    result = json.loads(world.sync(*options, board, "app:1").check().stdout)
    assert destination.image_id("app:1") == image_id
    assert destination.diff_ids("app:1") == source.diff_ids("app:1")
    # Of some 6 MB: each end makes use of what the other one says of the old image. (A program whose every block is
    # another has to come whole if the source has no old one.)
    assert result["sent"] + result["received"] < (300_000 if old_at_source else 2_000_000)
    assert helpers_there(world) == [ELF_MACHINE]


def test_a_new_image_goes_there_and_comes_back(world, board):
    image_id = recipe(0).build(world.here, "app:1")
    world.sync("--push", board, "app:1").check()
    assert world.there.image_id("app:1") == image_id
    world.here.remove("app:1", prune=True)
    world.sync(board, "app:1").check()
    assert world.here.image_id("app:1") == image_id


def test_a_type_that_there_is_no_helper_for_is_named(world):
    user = world.new_user("fresh")
    world.server.write("/usr/local/bin/uname", "#!/bin/sh\necho riscv64\n", mode=0o755)
    try:
        assert_refused(world.sync(user), 11, "server", "riscv64", "x86_64", "aarch64")
        assert not world.cached_helpers("fresh")
    finally:
        world.server.path("/usr/local/bin/uname").unlink()
