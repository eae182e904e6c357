# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Podman at a host, as one of its users has it: that of root, or a user's own (rootless)."""

import json

from .image_holder import ImageHolder

# No host has the systemd that Podman would ask; and crun refuses the cgroups of machines that have both versions.
SETTINGS = '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "runc"\n'
OFFICIAL = "docker.io/library/"


class Podman(ImageHolder):
    """Answers what Engine answers, names as docker shows them."""

    def __init__(self, host, user="root"):
        self.host, self.user = host, user
        host.write("/etc/containers/containers.conf", SETTINGS)

    def podman(self, *args, stdin=None, timeout_s=300, check=True, text=True):
        """Run podman at the host; its standard output."""
        result = self.host.run(["podman", *args], user=self.user, stdin=stdin, timeout_s=timeout_s, check=check,
                               text=text)
        return result.stdout.strip() if text else result.stdout

    # As tests that hold for every engine call it.
    docker = podman

    def _images(self):
        return json.loads(self.podman("images", "--format", "json"))

    def tags(self):
        """{name:tag -> image ID} of all that have a name."""
        return {name.removeprefix(OFFICIAL): "sha256:" + image["Id"]
                for image in self._images() for name in image.get("Names") or []}

    def image_ids(self):
        return {"sha256:" + image["Id"] for image in self._images()}

    def inspect(self, name):
        full = name if "/" in name or name.startswith("sha256:") else OFFICIAL + name
        return json.loads(self.podman("image", "inspect", full))[0]

    def run(self, name, *command):
        """The output of a command in a container."""
        full = name if "/" in name else OFFICIAL + name
        return self.podman("run", "--rm", "--network=none", full, *command)

    def remove(self, *names):
        self.podman("image", "rm", "--force", *names)

    def remove_all(self):
        self.podman("image", "rm", "--all", "--force")

    def take(self, engine, *names):
        """The long way, from an engine of Docker's: IDs as there, names with their registry."""
        self.podman("load", "--quiet", stdin=engine.docker("save", *names, text=False), text=False)
        for name in names:
            if "/" not in name:  # podman takes it for one that was built here
                self.podman("tag", "localhost/" + name, OFFICIAL + name)
                self.podman("untag", "localhost/" + name, "localhost/" + name)
