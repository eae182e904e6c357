# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The ways to move an image that the bench compares: each takes a field that is laid out, and measures."""

import json

PROGRAMS = ["/usr/bin/docker", "/usr/bin/ssh"]  # that the methods of old have in common
TIMEOUT_S = 3600


def docker_sync(field, options=()):
    def work():
        direction = ["--push"] if field.push else []
        answer = field.run(["docker-sync", "--json", *direction, *options, field.address, field.pair.image],
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
        ends = ("/var/tmp/image.tar", f"{field.address}:/var/tmp/image.tar")
        origin, target = ends if field.push else reversed(ends)
        load = "docker load -i /var/tmp/image.tar"
        # --ignore-times: both tarballs were just written, and may well have one size.
        output = shell(field, f"set -e; docker save -o /var/tmp/image.tar {here} & "
                              f"{remote(field, f'docker save -o /var/tmp/image.tar {there}')}; wait $!; "
                              f"rsync -z --ignore-times --stats {origin} {target}; "
                              f"{remote(field, load) if field.push else load}")
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
    return field.measure(lambda: pipe(field, " | zstd -q", "zstd -q -d | "), [*PROGRAMS, "/usr/bin/zstd"])


def save_load(field):
    """The same, as it is."""
    return field.measure(lambda: pipe(field), PROGRAMS)


def pipe(field, pack="", unpack=""):
    pipe_through_ssh(field, f"docker save {field.pair.image}{pack}", f"{unpack}docker load")


def pipe_through_ssh(field, save, load):
    """From what is run at the source to what is run at the destination."""
    shell(field, f"{save} | {remote(field, load)}" if field.push else f"{remote(field, save)} | {load}")


def shell(field, script):
    return field.run(["bash", "-o", "pipefail", "-c", script], timeout_s=TIMEOUT_S).stdout


def remote(field, command):
    return f"ssh {field.address} '{command}'"


# What docker-sync is compared with. They neither change nor know of a second version at the source, so their
# figures are kept.
OTHERS = {"rsync": rsync_tarballs, "save": save_zstd_load, "plain": save_load}
