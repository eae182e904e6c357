# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The demo: a server, a laptop, an image that changes on both, and what it costs to move it.

All that it shows is run for real, by the hosts' own sshd and dockerd. Bytes are counted on the link
between them, ssh's own included.
"""

import argparse
import pathlib
import sys
import sysconfig
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from hosts import (Engine, Network, Recipe, SshServer, edited, import_busybox, introduce)  # noqa: E402

# Files of this machine that serve as the image's.
RUNTIME = pathlib.Path(sysconfig.get_path("stdlib"))
PROGRAM = pathlib.Path("/usr/bin/openssl")
LIBRARY = next(pathlib.Path("/usr/lib").glob("*/libcrypto.so.3"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=str(ROOT / "build/src/docker-sync"))
    options = parser.parse_args()
    say("Making two hosts on this machine: `laptop` and `server`, each with its own network, sshd and dockerd.")
    with Network() as network:
        Demo(network, options.binary).play()
    say("The hosts are gone again. The man page tells the rest: man ./man/docker-sync.1")


class Demo:
    def __init__(self, network, binary):
        self.laptop, self.server = network.add_host("laptop"), network.add_host("server")
        self.link = network.connect(self.laptop, self.server)
        self.here, self.there = Engine(self.laptop).start(), Engine(self.server).start()
        self.server.add_user("user")  # may use docker's socket there, and is nothing special otherwise
        introduce(self.laptop, SshServer(self.server).start(), ["user"])
        self.laptop.install(binary, "docker-sync")

    def play(self):
        say("The server builds shop:latest: busybox, a runtime, and a program with a library.")
        import_busybox(self.there)
        version(1).build(self.there, "shop:latest")
        size = self.there.inspect("shop:latest")["Size"]

        say(f"The laptop gets it the old way. It has {megabytes(size)} of files.")
        whole = self.run("ssh user@server docker save shop:latest | docker load --quiet")

        say("The server builds it anew: one line of configuration and a little of the library have changed;")
        print("every file has a new time, as in any rebuild. It also builds a second image, jobs:latest.")
        version(2).build(self.there, "shop:latest")
        Recipe(version(2).layers[:1], env={"JOBS": "1"}).build(self.there, "jobs:latest")

        say("What is there to do? (The first contact brings the helper to the server; it stays there.)")
        first = self.run("docker-sync user@server")

        say("Pull shop:latest: only what the laptop cannot make itself is sent.")
        pulled = self.run("docker-sync user@server shop:latest")
        self.compare_ids("shop:latest")

        say("The laptop builds the next version, and pushes it.")
        import_busybox(self.here)
        version(3).build(self.here, "shop:latest")
        pushed = self.run("docker-sync --push user@server shop:latest")
        self.compare_ids("shop:latest")

        say("And now?")
        self.run("docker-sync user@server")
        self.summary([("docker save | ssh | docker load", whole), ("docker-sync, the first report", first),
                      ("docker-sync, the pull", pulled), ("docker-sync, the push", pushed)])

    def run(self, command):
        """Show and run a command at the laptop; (bytes to the server, bytes from it, seconds)."""
        print(f"\n{bold('root@laptop$ ' + command)}", flush=True)
        before, started = self.link.counts(), time.monotonic()
        result = self.laptop.run(["bash", "-o", "pipefail", "-c", command], timeout_s=600)
        seconds, after = time.monotonic() - started, self.link.counts()
        for line in (result.stdout + result.stderr).splitlines():
            print("  " + line)
        cost = after[0] - before[0], after[1] - before[1], seconds
        print(f"  [on the link: {cost[1]:,} bytes to the laptop, {cost[0]:,} to the server, {seconds:.1f} s]")
        return cost

    def compare_ids(self, name):
        here, there = self.here.image_id(name), self.there.image_id(name)
        if here != there:
            raise SystemExit(f"{name} is not the same on both hosts: {here}, {there}")
        print(f"  [{name} has the ID {here[:19]}... on both hosts]")

    @staticmethod
    def summary(rows):
        say("In short:")
        print(f"\n  {'':34}{'to laptop':>14}{'to server':>14}{'seconds':>9}")
        for name, (to_server, to_laptop, seconds) in rows:
            print(f"  {name:34}{to_laptop:>14,}{to_server:>14,}{seconds:>9.1f}")


def version(number):
    """The shop's image: the configuration and some bytes of the library depend on the version, times do too."""
    runtime = {f"usr/lib/shop/{path.relative_to(RUNTIME)}": path.read_bytes()
               for path in sorted(RUNTIME.rglob("*.py"))}
    library = LIBRARY.read_bytes()
    for build in range(2, number + 1):
        library = edited(library, every=500_000, seed=build)
    program = {"usr/bin/shop": PROGRAM.read_bytes(), "usr/lib/libshop.so": library,
               "etc/shop.conf": f"version = {number}\n".encode()}
    return Recipe([runtime, program], env={"SHOP_VERSION": str(number)}, mtime=1_700_000_000 + number * 86_400)


def say(text):
    print(f"\n{bold('*')} {text}", flush=True)


def bold(text):
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text


def megabytes(count):
    return f"{count / 1e6:.1f} MB"


main()
