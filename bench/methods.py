# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The ways to move an image that the bench compares. Each is run `here`; `there` is reached by ssh."""

import dataclasses
import json
import time

from hosts import MemoryWatch

USER = "user"
PROGRAMS = ["/usr/bin/docker", "/usr/bin/ssh"]  # that the methods of old have in common


@dataclasses.dataclass
class Measurement:
    method: str
    to_there: int
    to_here: int
    seconds: float
    memory_here: int
    memory_there: int
    said: str = ""  # what the tool itself says was sent and received


class Field:
    """Two hosts with an engine each and the link between them. `push` moves images from here to there."""

    def __init__(self, here, there, link, push):
        self.here, self.there, self.link, self.push = here, there, link, push

    @property
    def source(self):
        return self.here if self.push else self.there

    @property
    def destination(self):
        return self.there if self.push else self.here

    def measure(self, method, work, programs):
        """Run work(); bytes are counted on the link, memory is that of `programs`."""
        before = self.link.counts()
        started = time.monotonic()
        with MemoryWatch([self.here.host, self.there.host], programs) as memory:
            said = work()
        seconds = time.monotonic() - started
        after = self.link.counts()
        return Measurement(method, after[0] - before[0], after[1] - before[1], seconds,
                           memory.peak[self.here.host.name], memory.peak[self.there.host.name], said or "")

    def shell_here(self, script):
        return self.here.host.run(["bash", "-o", "pipefail", "-c", script], timeout_s=3600).stdout


def remote(command):
    return f"ssh {USER}@server '{command}'"


def docker_sync(field, image):
    """One more than the sync itself is returned when the helper had to be uploaded first."""
    def first_contact():
        field.here.host.run(["docker-sync", f"{USER}@server"], timeout_s=600)

    def sync():
        direction = ["--push"] if field.push else []
        answer = field.here.host.run(["docker-sync", "--json", *direction, f"{USER}@server", image],
                                     timeout_s=3600)
        figures = json.loads(answer.stdout)
        return f"{figures['sent']:,} / {figures['received']:,}"

    measurements = []
    if not field.there.host.run(["sh", "-c", f"ls /home/{USER}/.cache/docker-sync/"], check=False).stdout:
        measurements.append(field.measure("docker-sync, first contact", first_contact, ["docker-sync"]))
    return [*measurements, field.measure("docker-sync", sync, ["docker-sync"])]


def rsync_tarballs(field, image):
    """Save on both sides, bring the destination's tarball up to date by rsync, load it."""
    def work():
        save_here = f"docker save -o /var/tmp/image.tar {field.old_id if not field.push else image}"
        save_there = f"docker save -o /var/tmp/image.tar {field.old_id if field.push else image}"
        ends = ("/var/tmp/image.tar", f"{USER}@server:/var/tmp/image.tar")
        origin, target = ends if field.push else reversed(ends)
        load = "docker load -i /var/tmp/image.tar"
        # --ignore-times: both tarballs were just written, and may well have one size.
        output = field.shell_here(
            f"set -e; {save_here} & {remote(save_there)}; wait $!; "
            f"rsync -z --ignore-times --stats {origin} {target}; {remote(load) if field.push else load}")
        figures = [line.split(":")[1].strip() for line in output.splitlines()
                   if line.startswith(("Total bytes sent", "Total bytes received"))]
        return " / ".join(figures)

    try:
        return [field.measure("rsync -z of tarballs", work, [*PROGRAMS, "/usr/bin/rsync"])]
    finally:
        for engine in (field.here, field.there):
            engine.host.run(["rm", "-f", "/var/tmp/image.tar"])


def save_zstd_load(field, image):
    """The whole image, as a pipe through ssh."""
    def work():
        if field.push:
            field.shell_here(f"docker save {image} | zstd -q | {remote('zstd -q -d | docker load')}")
        else:
            field.shell_here(f"{remote(f'docker save {image} | zstd -q')} | zstd -q -d | docker load")

    return [field.measure("docker save | zstd | ssh", work, [*PROGRAMS, "/usr/bin/zstd"])]


METHODS = {"docker-sync": docker_sync, "rsync": rsync_tarballs, "save": save_zstd_load}
