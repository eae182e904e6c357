# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What changes cost, by their kind and by who has the old version."""

import gzip
import io
import zipfile

from hosts import Recipe, noise

PROGRAM = noise(2_000_000, seed=11)


def relinked(program, every=900):
    """The program with other addresses all over it: no block of it is what it was."""
    changed = bytearray(program)
    for place in range(0, len(changed), every):
        changed[place] = (changed[place] + 5) % 256
    return bytes(changed)


def cost_of(way, name="app:1"):
    way.world.sync("user@server").check()
    before = sum(way.world.link.counts())
    way.sync(name).check()
    assert way.destination.image_id(name) == way.source.image_id(name)
    return sum(way.world.link.counts()) - before


def test_with_the_old_build_still_at_the_source_a_relinked_program_is_a_patch(way):
    Recipe([{"app/program": PROGRAM}]).build(way.destination, "app:1")
    Recipe([{"app/program": PROGRAM}]).build(way.source, "app:1")
    Recipe([{"app/program": relinked(PROGRAM)}]).build(way.source, "app:1")
    assert way.source.untagged()
    assert cost_of(way) < 60_000


def test_without_it_there_is_nothing_to_copy_from_and_the_program_costs_its_size(way):
    Recipe([{"app/program": PROGRAM}]).build(way.destination, "app:1")
    Recipe([{"app/program": relinked(PROGRAM)}]).build(way.source, "app:1")
    assert len(PROGRAM) < cost_of(way) < 1.02 * len(PROGRAM) + 65_536


def test_an_upgrade_on_top_of_a_common_layer_is_a_patch_as_well(way):
    """The old program is in the layer that both images share."""
    Recipe([{"app/program": PROGRAM}]).build(way.destination, "app:1")
    Recipe([{"app/program": PROGRAM}, {"app/program": relinked(PROGRAM)}]).build(way.source, "app:1")
    assert cost_of(way) < 60_000


def test_files_that_were_only_touched_cost_next_to_nothing(way):
    files = {f"tree/folder-{i % 50}/file-{i}": noise(100 + i % 300, seed=i) for i in range(3000)}
    Recipe([files], mtime=1_700_000_000).build(way.destination, "app:1")
    Recipe([files], mtime=1_710_000_000).build(way.source, "app:1")
    assert cost_of(way) < 30_000


def test_small_edits_in_a_large_file_cost_little_more_than_themselves(way):
    large = noise(20_000_000, seed=12)
    changed = bytearray(large)
    for i in range(40):
        changed[i * 490_000:i * 490_000 + 8] = b"changed!"
    Recipe([{"data/large": large}]).build(way.destination, "app:1")
    Recipe([{"data/large": bytes(changed)}]).build(way.source, "app:1")
    assert cost_of(way) < 80_000


def jar(changed=False):
    """A hundred deflated members of text, one of which may be another."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(100):
            text = noise(4000, seed=100 + i).hex().encode()
            member = zipfile.ZipInfo(f"org/example/Class{i}.class", (2024, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, text.replace(b"0", b"1", 50) if changed and i == 50 else text)
    return buffer.getvalue()


def test_an_archive_costs_what_changed_in_it(way):
    texts = [noise(60_000, seed=i).hex().encode() for i in range(3)]
    def files(version):
        return {f"lib/app-1.{version}.jar": jar(changed=version > 0),
                "doc/changelog.gz": gzip.compress(texts[0] + b"news\n" * version + texts[1] + texts[2], mtime=0)}
    Recipe([files(0)]).build(way.destination, "app:1")
    Recipe([files(1)]).build(way.source, "app:1")
    assert cost_of(way) < 60_000
    assert cost_of(way) < 20_000  # as it is there now
