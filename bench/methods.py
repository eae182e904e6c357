# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The ways to move an image that the bench compares: each takes a field that is laid out, and measures."""

import json

from field import USER

PROGRAMS = ["/usr/bin/docker", "/usr/bin/ssh"]  # that the methods of old have in common
TIMEOUT_S = 3600


def docker_sync(field):
    def work():
        direction = ["--push"] if field.push else []
        answer = field.here.host.run(["docker-sync", "--json", *direction, f"{USER}@server", field.pair.image],
                                     timeout_s=TIMEOUT_S)
        figures = json.loads(answer.stdout)
        return f"{figures['sent']:,} / {figures['received']:,}"

    field.forget()
    return field.measure(work, ["docker-sync"])


def rsync_tarballs(field):
    """Save on both sides, bring the destination's tarball up to date by rsync, load it."""
    def work():
        versions = [field.old_id, field.pair.image]
        here, there = reversed(versions) if field.push else versions
        ends = ("/var/tmp/image.tar", f"{USER}@server:/var/tmp/image.tar")
        origin, target = ends if field.push else reversed(ends)
        load = "docker load -i /var/tmp/image.tar"
        # --ignore-times: both tarballs were just written, and may well have one size.
        output = shell(field, f"set -e; docker save -o /var/tmp/image.tar {here} & "
                              f"{remote(f'docker save -o /var/tmp/image.tar {there}')}; wait $!; "
                              f"rsync -z --ignore-times --stats {origin} {target}; "
                              f"{remote(load) if field.push else load}")
        figures = [line.split(":")[1].strip() for line in output.splitlines()
                   if line.startswith(("Total bytes sent", "Total bytes received"))]
        return " / ".join(figures)

    try:
        return field.measure(work, [*PROGRAMS, "/usr/bin/rsync"])
    finally:
        for engine in (field.here, field.there):
            engine.host.run(["rm", "-f", "/var/tmp/image.tar"])


def save_zstd_load(field):
    """The whole image, as a pipe through ssh."""
    image = field.pair.image

    def work():
        if field.push:
            shell(field, f"docker save {image} | zstd -q | {remote('zstd -q -d | docker load')}")
        else:
            shell(field, f"{remote(f'docker save {image} | zstd -q')} | zstd -q -d | docker load")

    return field.measure(work, [*PROGRAMS, "/usr/bin/zstd"])


def shell(field, script):
    return field.here.host.run(["bash", "-o", "pipefail", "-c", script], timeout_s=TIMEOUT_S).stdout


def remote(command):
    return f"ssh {USER}@server '{command}'"


# What docker-sync is compared with. They neither change nor know of a second version at the source, so their
# figures are kept.
OTHERS = {"rsync": rsync_tarballs, "save": save_zstd_load}
