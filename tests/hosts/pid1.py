# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The first process of a host: mounts the host's own disks, then lives until its standard input closes.

When it ends, the kernel kills everything else in the host and drops its mounts and network with it,
so that no clean-up code has to run for a host to vanish.
"""

import os
import signal
import subprocess
import sys

# Where a host has a disk of its own. /usr/local is among them so that what an administrator put there
# does not decide a test.
DISKS = ["/etc", "/home", "/root", "/tmp", "/var/tmp", "/var/lib/docker", "/var/lib/containers", "/usr/local"]

# Where the root of an engine from another release is found.
ENGINE_ROOT = "/run/engine-root"


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def main():
    disk_root, name, *engine_root = sys.argv[1:]
    # By descriptor, since what is mounted next may hide its path.
    engine_roots = [os.open(root, os.O_PATH) for root in engine_root]
    # Mounts that would hide the source directories come last.
    for target in sorted(DISKS, key=lambda disk: disk_root.startswith(disk + "/")):
        os.makedirs(target, exist_ok=True)
        mount("--bind", os.path.join(disk_root, target.strip("/").replace("/", "_")), target)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/dev/shm")
    for root in engine_roots:
        os.mkdir(ENGINE_ROOT)
        mount("--bind", f"/proc/{os.getpid()}/fd/{root}", ENGINE_ROOT)
        mount("-o", "remount,bind,ro", ENGINE_ROOT)
    subprocess.run(["hostname", name], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans are reaped by the kernel
    print("ready", flush=True)
    sys.stdin.read()


main()
