# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A host's dockerd, and its images. Which dockerd is for the host to say (engine_roots.py)."""

import http.client
import json
import socket
import subprocess

from .image_holder import ImageHolder
from .waiting import wait_until

# Runs the rest of its arguments in the engine's own root, with the host's processes, devices, sockets and disks.
# Not a chroot: runc wants a root that is a mount.
IN_ENGINE_ROOT = """
set -e
cd /run/engine-root
for shared in proc sys dev tmp var/lib/docker; do mount --rbind /$shared $shared; done
mount --bind /run run
pivot_root . mnt
umount -l /mnt
exec "$@"
"""


class Engine(ImageHolder):
    """`name` keeps several daemons of one host apart; `options` are further ones for dockerd."""

    def __init__(self, host, name="docker", options=()):
        self.host, self._name, self._options, self._daemon = host, name, options, None
        self.socket = f"/run/{name}.sock"
        self._log = host.disk / f"{name}d.log"

    def start(self, timeout_s=60):
        self.host.run(["groupadd", "--force", "--system", "docker"])
        group = self.host.run(["getent", "group", "docker"]).stdout.split(":")[2]
        kind = self.host.engine
        enter = ["unshare", "--mount", "sh", "-c", IN_ENGINE_ROOT, "sh"] if kind.root else []
        # In /run: the one folder that an engine in a root of its own sees, too.
        settings = f"/run/{self._name}-daemon.json"
        self.host.write(settings, json.dumps(kind.settings))
        data = "/var/lib/docker" if self._name == "docker" else f"/home/{self._name}"
        log = open(self._log, "ab")
        self._daemon = self.host.spawn(
            [*enter, "dockerd", "--config-file", settings, "--group", group, "--iptables=false", "--bridge=none",
             "--data-root", data, "--exec-root", f"/run/{self._name}", "--pidfile", f"/run/{self._name}.pid",
             "--exec-opt", "native.cgroupdriver=cgroupfs", "-H", f"unix://{self.socket}", *self._options],
            stdout=log, stderr=log, text=False)
        log.close()
        wait_until(lambda: self.answers() or not self._daemon.running(), "dockerd to answer", timeout_s)
        if not self._daemon.running():
            raise RuntimeError("dockerd ended:\n" + self._log.read_text()[-2000:])
        return self

    def stop(self, timeout_s=60):
        """As a service manager stops it. Its socket file goes with it."""
        self._daemon.signal(15)
        self._daemon.popen.wait(timeout=timeout_s)

    def answers(self):
        try:
            return self.get("/_ping") is not None
        except OSError:
            return False

    def get(self, path):
        """GET on the Engine API: the JSON answer, or the text where it is none."""
        connection = http.client.HTTPConnection("docker")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        try:
            connection.sock.connect(str(self.host.path(self.socket)))
            connection.request("GET", path)
            text = connection.getresponse().read().decode()
        finally:
            connection.sock.close()
        try:
            return json.loads(text)
        except ValueError:
            return text

    def docker(self, *args, stdin=None, timeout_s=300, check=True, text=True):
        """Run the docker client at the host; its standard output."""
        result = self.host.run(["docker", *args], stdin=stdin, timeout_s=timeout_s, check=check, text=text,
                               env={"DOCKER_BUILDKIT": "0", "DOCKER_HOST": f"unix://{self.socket}"})
        return result.stdout.strip() if text else result.stdout

    # Images

    def tags(self):
        """{name:tag -> image ID} of all that have a name."""
        return {name: image["Id"] for image in self.get("/images/json")
                for name in image["RepoTags"] or [] if name != "<none>:<none>"}

    def image_ids(self):
        """IDs of all images, untagged ones included, parents of builds left out."""
        return {image["Id"] for image in self.get("/images/json")}

    def inspect(self, name):
        return self.get(f"/images/{name}/json")

    def remove(self, *names, prune=False):
        present = [name for name in names if self.image_id(name) or name in self.image_ids()]
        if present:
            self.docker("image", "rm", "--force", *present)
        if prune:
            self.docker("image", "prune", "--force")

    def remove_all(self, but=()):
        """Back to an engine that holds nothing but the images with these IDs."""
        before = None
        while (ids := self._all_ids() - set(but)) and ids != before:
            self.docker("image", "rm", "--force", *ids, check=False)
            before = ids
        if ids:
            raise RuntimeError(f"images stay at {self.host.name}: {ids}")

    def lose_blob(self, digest):
        """Take a blob from a containerd store behind dockerd's back, as a pull that skips blobs leaves it out."""
        self.host.run(["/run/engine-root/usr/bin/ctr", "--address", "/run/docker/containerd/containerd.sock",
                       "--namespace", "moby", "content", "rm", digest])

    def _all_ids(self):
        return {image["Id"] for image in self.get("/images/json?all=1")}


def copy_images(source, destination, *names):
    """The long way, by docker save and docker load: IDs and tags as at the source."""
    save = source.host.spawn(["docker", "save", *names], text=False)
    load = destination.host.spawn(["docker", "load"], text=False, stdin=save.stdout,
                                  stdout=subprocess.DEVNULL)
    save.stdout.close()
    save.popen.stdout = None
    load.wait(600).check()
    save.wait(60).check()
