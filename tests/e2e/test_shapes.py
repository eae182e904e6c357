# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Images of every shape arrive with the ID they had, and are sent as a difference where there is one."""

import io
import tarfile

from hosts import Recipe, edited, noise
from hosts.images import pack
from world import assert_refused

BIG = noise(400_000, seed=1)


def arrives(way, name, image_id=None):
    before = sum(way.world.link.counts())
    way.sync(name).check()
    assert way.destination.image_id(name) == (image_id or way.source.image_id(name))
    return sum(way.world.link.counts()) - before


def imported(engine, name, entries, form=tarfile.PAX_FORMAT):
    """docker import of a tar archive with these (TarInfo, content) pairs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    engine.docker("import", "-", name, stdin=buffer.getvalue(), text=False)


def entry_of(name, **fields):
    entry = tarfile.TarInfo(name)
    entry.mtime = 1_700_000_000
    for field, value in fields.items():
        setattr(entry, field, value)
    return entry


def odd_entries(content):
    yield entry_of("dir", type=tarfile.DIRTYPE, mode=0o1777), b""
    yield entry_of("dir/program", mode=0o4755, uid=12345, gid=54321, uname="somebody"), content
    yield entry_of("dir/again", type=tarfile.LNKTYPE, linkname="dir/program"), b""
    yield entry_of("dir/link", type=tarfile.SYMTYPE, linkname="../nowhere"), b""
    yield entry_of("dir/pipe", type=tarfile.FIFOTYPE), b""
    yield entry_of("dir/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3), b""
    yield entry_of("dir/fine", mtime=1_700_000_000.123456), b"fine"
    yield entry_of("dir/capable", pax_headers={"SCHILY.xattr.security.capability":
                                               "\x01\x00\x00\x02\x00\x04" + "\x00" * 14}), b"capable"
    yield entry_of("long/" * 60 + "name"), b"long"
    yield entry_of("dir/old", mtime=-86_400), b"before 1970"


def test_entries_of_every_kind(way):
    imported(way.destination, "odd:1", odd_entries(BIG))
    imported(way.source, "odd:1", odd_entries(edited(BIG)))
    way.world.sync("user@server").check()
    assert arrives(way, "odd:1") < 100_000


def test_gnu_headers(way):
    entries = [(entry_of("long/" * 60 + "name"), b"long"), (entry_of("big"), BIG)]
    imported(way.source, "gnu:1", entries, tarfile.GNU_FORMAT)
    arrives(way, "gnu:1")


def test_removed_and_replaced_files(way):
    """Whiteouts, opaque directories, and a file in place of a directory."""
    layers = [{"app/a": b"a", "app/b/c": b"c", "app/d/e": b"e", "opaque/x": b"x"}]
    changes = ["rm /app/a", "rm -r /app/b && touch /app/b", "rm -r /opaque && mkdir /opaque && touch /opaque/y"]
    image_id = Recipe(layers, commands=changes).build(way.source, "app:1")
    arrives(way, "app:1", image_id)
    left = way.destination.docker("run", "--rm", "--network", "none", "app:1", "ls", "/app", "/opaque")
    assert left.split() == ["/app:", "b", "d", "/opaque:", "y"]


def test_layers_without_files(way):
    arrives(way, "app:1", Recipe([], commands=["true", "true"]).build(way.source, "app:1"))


def test_a_layer_that_occurs_twice(way):
    image_id = Recipe([{"app/a": BIG}, {"app/b": b"b"}, {"app/a": BIG}]).build(way.source, "app:1")
    diff_ids = way.source.diff_ids("app:1")
    assert len(set(diff_ids)) < len(diff_ids)
    assert arrives(way, "app:1", image_id) < 550_000 + 3_900_000


def test_an_image_without_layers(way):
    """FROM scratch, with nothing but configuration: Docker itself cannot save that, and says so."""
    way.source.docker("build", "--tag", "void:1", "-", text=False,
                      stdin=pack({"Dockerfile": b"FROM scratch\nENV A=1\nCMD [\"/none\"]\n"}))
    assert_refused(way.sync("--layer-reader=save", "void:1"), 6, "empty export")


def test_many_layers(way):
    layers = [{f"app/file{number}": str(number).encode()} for number in range(25)]
    Recipe(layers).build(way.destination, "app:1")
    layers[12] = {"app/file12": b"another"}
    arrives(way, "app:1", Recipe(layers).build(way.source, "app:1"))


def test_many_files(way):
    def entries(changed, mtime):
        for number in range(6_000):
            content = b"changed" if number == changed else b"%d\n" % number * 20
            yield entry_of(f"app/{number % 100}/{number}", mtime=mtime), content

    imported(way.destination, "app:1", entries(None, 1_700_000_000))
    imported(way.source, "app:1", entries(7, 1_710_000_000))
    way.world.sync("user@server").check()
    assert arrives(way, "app:1") < 150_000


def test_a_file_that_shrinks_grows_and_vanishes(way):
    Recipe([{"app/shrinks": BIG, "app/grows": BIG[:1000], "app/vanishes": b"x", "app/empties": BIG}]).build(
        way.destination, "app:1")
    image_id = Recipe([{"app/shrinks": BIG[:1000], "app/grows": BIG, "app/empties": b""}]).build(
        way.source, "app:1")
    way.world.sync("user@server").check()
    assert arrives(way, "app:1", image_id) < 60_000


def test_unusual_configuration(way):
    """Labels with quotes, unicode and line breaks, volumes, ports, a health check, an entry point."""
    dockerfile = """FROM busybox:base
LABEL quote="it's \\"here\\"" unicode="\u00fcber \u2603" multi="a\\
b"
EXPOSE 80/tcp 53/udp
VOLUME ["/data", "/more data"]
USER 1000:1000
WORKDIR /work dir
HEALTHCHECK --interval=5s CMD ["/bin/true"]
STOPSIGNAL SIGKILL
ENTRYPOINT ["/bin/sh", "-c", "echo <&> $0"]
"""
    way.source.docker("build", "--tag", "odd:1", "-", stdin=pack({"Dockerfile": dockerfile.encode()}), text=False)
    arrives(way, "odd:1")
    assert way.destination.inspect("odd:1")["Config"] == way.source.inspect("odd:1")["Config"]


def test_two_syncs_at_once(way):
    """Of images that share a layer, by one user."""
    ids = {f"app:{number}": Recipe([{"lib/common": BIG}, {"app/own": noise(300_000, seed=number)}]).build(
        way.source, f"app:{number}") for number in range(3)}
    way.world.link.shape("20mbit")
    for process in [way.start(name) for name in ids]:
        process.wait().check()
    assert {name: way.destination.image_id(name) for name in ids} == ids


def test_the_same_sync_twice_at_once(way):
    image_id = Recipe([{"app/own": BIG}]).build(way.source, "app:1")
    way.world.link.shape("5mbit")
    for process in [way.start("app:1"), way.start("app:1")]:
        process.wait().check()
    assert way.destination.image_id("app:1") == image_id


def test_there_and_back_again(world, way):
    """What was synced is as good a source as what was built."""
    image_id = Recipe([{"app/a": BIG}]).build(way.source, "app:1")
    arrives(way, "app:1", image_id)
    way.source.remove("app:1")
    world.sync(*([] if way.push else ["--push"]), "user@server", "app:1").check()
    assert way.source.image_id("app:1") == image_id
