# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What the tests speak of: here is the laptop, where docker-sync is run; there is the server."""

import contextlib
import hashlib
import json
import signal

from hosts import (
    DOCKER20, Engine, EngineProxy, MemoryWatch, SshServer, home_of, import_busybox, introduce, wait_until)

CACHE = ".cache/docker-sync"


class World:
    def __init__(self, network, binary, engine_here=DOCKER20, engine_there=DOCKER20):
        self.network = network
        self.laptop = network.add_host("laptop", engine=engine_here)
        self.server = network.add_host("server", engine=engine_there)
        self.link = network.connect(self.laptop, self.server)
        self.here, self.there = Engine(self.laptop).start(), Engine(self.server).start()
        self.sshd = SshServer(self.server).start()
        self.server.add_user("user")
        introduce(self.laptop, self.sshd, ["root", "user"])
        self.laptop.install(binary, "docker-sync")
        # How fast the link was is nobody's business but test_link.py's: what travels would depend on it.
        self.laptop.write(f"/root/{CACHE}/links", "")
        import_busybox(self.here)
        self._base = {self.here: self.here.image_id("busybox:base")}  # a containerd store gives it an ID of its own
        self.base_archive = self.here.docker("save", "busybox:base", text=False)
        self._ssh_files = {name: self.laptop.path(f"/root/.ssh/{name}").read_bytes()
                           for name in ("known_hosts", "id_ed25519", "id_ed25519.pub")}

    def reset(self):
        for engine in (self.here, self.there):
            engine.remove_all(but=[self._base.get(engine)])
            if engine.tags() != {"busybox:base": self._base.get(engine)}:
                engine.docker("load", stdin=self.base_archive, text=False)
                self._base[engine] = engine.image_id("busybox:base")

    def clean_up(self):
        """Undo what tests do to hosts. Nothing of docker-sync may run on for this to matter: see also
        test_leftovers."""
        self.link.mend()
        self.link.shape(None)
        for host in (self.laptop, self.server):
            host.kill_all_of("docker-sync")
        self.laptop.run(["rm", "-rf", "/root/.ssh", "/root/.docker"])
        for name, content in self._ssh_files.items():
            self.laptop.write(f"/root/.ssh/{name}", content, mode=0o600)
        self.laptop.path("/root/.ssh").chmod(0o700)

    # Running docker-sync, at the laptop

    def sync(self, *args, **how):
        """docker-sync with these arguments; how it went, whatever the exit status."""
        return self.laptop.run(["docker-sync", *args], check=False, **how)

    def report(self, *options, images=()):
        """The report as programs read it."""
        return json.loads(self.sync("--json", "--report", *options, "user@server", *images).check().stdout)

    def status(self, name, *args):
        found = [image for image in self.report(*args)["images"] if image["name"] == name]
        assert len(found) == 1, f"{name} is in the report {len(found)} times"
        return found[0]["status"], found[0]["newer"]

    def terminal(self, *args, **how):
        return self.laptop.terminal(["docker-sync", *args], **how)

    def new_user(self, name, **how):
        """A user of the server who can log in, with a home where docker-sync has never been."""
        self.server.run(["sh", "-c", f"userdel --remove {name} 2>/dev/null; rm -rf /home/{name}"], check=False)
        self.server.add_user(name, **how)
        self.sshd.authorize(name, self.laptop.path("/root/.ssh/id_ed25519.pub").read_text())
        return f"{name}@server"

    def cached_helpers(self, user="user"):
        """{file name: inode number} of the helpers a user of the server has."""
        folder = self.server.path(f"/home/{user}/{CACHE}")
        return {path.name: path.stat().st_ino for path in folder.glob("*")
                if path.is_file() and path.stat().st_mode & 0o100} if folder.exists() else {}

    def watch_memory(self):
        return MemoryWatch([self.laptop, self.server])


def stage_again(world, engine):
    """What a test finds at every engine."""
    engine.remove_all()
    engine.docker("load", stdin=world.base_archive, text=False)


class Way:
    """A direction. Tests that hold for both speak of source and destination. `login`: who logs in at the server."""

    login = "user"

    def __init__(self, world, push):
        self.world, self.push = world, push
        self.source, self.destination = (world.here, world.there) if push else (world.there, world.here)

    @property
    def args(self):
        return ["--push"] if self.push else []

    def sync(self, *args, **how):
        return self.world.sync(*self.args, *self._with_host(args), **how)

    def sync_json(self, *args, **how):
        return json.loads(self.sync("--json", *args, **how).check().stdout)

    def start(self, *args, **how):
        return self.world.laptop.spawn(["docker-sync", *self.args, *self._with_host(args)], **how)

    def start_slowly(self, *args, rate="2mbit", after_bytes=150_000, **how):
        """Start a sync over a slow link, and return it in the middle of sending contents."""
        sent = self.world.link.sent_by(self.source.host)
        self.world.link.shape(rate)
        process = self.start(*args, **how)
        wait_until(lambda: self.world.link.sent_by(self.source.host) - sent > after_bytes
                   or not process.running(), "the sync to be under way")
        assert process.running(), f"over before it could be disturbed: {process.wait()}"
        return process

    def _with_host(self, args):
        """Options first, then the host, then the images."""
        options = [arg for arg in args if arg.startswith("-")]
        return [*options, f"{self.login}@server", *(arg for arg in args if not arg.startswith("-"))]

    @contextlib.contextmanager
    def meddling(self, engine, hook):
        """Have docker-sync reach an engine by an EngineProxy: here by DOCKER_HOST, there by the login's docker
        context. Gives the environment to run docker-sync in, and the proxy."""
        with EngineProxy(engine, hook) as proxy:
            if engine is self.world.here:
                yield proxy.environment, proxy
                return
            folder = f"{home_of(self.login)}/.docker"
            context = hashlib.sha256(b"proxy").hexdigest()
            engine.host.write(f"{folder}/contexts/meta/{context}/meta.json", json.dumps(
                {"Name": "proxy", "Metadata": {}, "Endpoints": {"docker": {
                    "Host": proxy.environment["DOCKER_HOST"], "SkipTLSVerify": False}}}))
            engine.host.write(f"{folder}/config.json", '{"currentContext": "proxy"}')
            engine.host.run(["chown", "-R", f"{self.login}:", folder])
            try:
                yield {}, proxy
            finally:
                engine.host.run(["rm", "-rf", folder])


def image_of(report, name):
    found = [image for image in report["images"] if image["name"] == name]
    assert len(found) == 1, f"{name}: {report}"
    return found[0]


def assert_refused(result, code, *words):
    """The exit status, and one line that says it all."""
    assert result.returncode == code, result
    lines = [line for line in result.stderr.splitlines() if line.strip()
             and not line.startswith("docker-sync: using the system's ssh")]
    assert len(lines) == 1 and lines[0].startswith("docker-sync: "), result
    for word in words:
        assert word in lines[0], result


def end_everywhere(world):
    """Wait until nothing of docker-sync runs on either host."""
    for host in (world.laptop, world.server):
        wait_until(lambda host=host: not host.processes_of("docker-sync"),
                   f"docker-sync to end at {host.name}")


def scratch(host):
    """Files in the places where scratch goes."""
    return {str(path) for folder in ("/tmp", "/var/tmp") for path in host.path(folder).rglob("*")
            if path.is_file()}


INTERRUPT, KILL, TERMINATE = signal.SIGINT, signal.SIGKILL, signal.SIGTERM
