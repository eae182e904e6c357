# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A host's sshd, and who may log in there."""


import os
import signal

from .host import home_of
from .waiting import wait_until

CONFIG = """\
Port {port}
HostKey {host_key}
PidFile none
UsePAM no
UseDNS no
PermitRootLogin yes
PasswordAuthentication yes
PubkeyAuthentication yes
KbdInteractiveAuthentication no
X11Forwarding no
PrintMotd no
PrintLastLog no
MaxStartups 100
LogLevel VERBOSE
"""


class SshServer:
    """sshd with keys of its own on one port. `options` are further lines of its configuration; they win."""

    def __init__(self, host, port=22, options=()):
        self.host, self.port = host, port
        self.host_key = f"/etc/ssh/host_key_{port}"
        self.log = host.disk / f"sshd_{port}.log"
        self._options, self._daemon = options, None

    def start(self):
        self.host.path("/run/sshd").mkdir(exist_ok=True)
        if not self.host.path(self.host_key).exists():
            make_key(self.host, self.host_key)
        # sshd takes the first value it reads for a keyword.
        config = "".join(f"{line}\n" for line in self._options)
        config += CONFIG.format(port=self.port, host_key=self.host_key)
        self.host.write(f"/etc/ssh/sshd_config_{self.port}", config)
        log = open(self.log, "ab")
        self._daemon = self.host.spawn(
            ["/usr/sbin/sshd", "-D", "-e", "-f", f"/etc/ssh/sshd_config_{self.port}"],
            stdout=log, stderr=log, text=False)
        log.close()
        wait_until(lambda: self.host.listens(self.port) or not self._daemon.running(), "sshd to listen")
        if not self._daemon.running():
            raise RuntimeError("sshd ended:\n" + self.log.read_text())
        return self

    def stop(self):
        self._daemon.signal(15)
        self._daemon.popen.wait(timeout=30)

    def kill_sessions(self):
        """Every connection is dropped, as by a crash; the server itself goes on."""
        for pid in self.host.processes_of("/usr/sbin/sshd"):
            if pid != self._daemon.pid:
                os.kill(pid, signal.SIGKILL)

    def public_host_key(self):
        return self.host.path(self.host_key + ".pub").read_text().strip()

    # Who may log in

    def authorize(self, user, public_key):
        home = home_of(user)
        keys = self.host.path(f"{home}/.ssh/authorized_keys")
        known = keys.read_text() if keys.exists() else ""
        self.host.write(f"{home}/.ssh/authorized_keys", known + public_key.strip() + "\n", mode=0o600)
        self.host.path(f"{home}/.ssh").chmod(0o700)
        self.host.run(["chown", "-R", f"{user}:", f"{home}/.ssh"])

    def known_host_line(self, name, port=None):
        """What a client's known_hosts says of this server when it knows it as `name`; `port`: of what stands before."""
        kind, key = self.public_host_key().split()[:2]
        port = port or self.port
        return f"{name if port == 22 else f'[{name}]:{port}'} {kind} {key}\n"


def make_key(host, path, passphrase="", kind="ed25519"):
    """Make a key pair at a host; the public key."""
    host.path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    host.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", f"key@{host.name}", "-f", path])
    return host.path(path + ".pub").read_text()


def introduce(client, server, users, names=None, by="root", port=None):
    """Let the user `by` of `client` log in at `server` as each of `users`, and know the server's key by each name;
    `port`: at what stands before it."""
    folder = f"{home_of(by)}/.ssh"
    key = f"{folder}/id_ed25519"
    if not client.path(key).exists():
        make_key(client, key)
    public = client.path(key + ".pub").read_text()
    for user in users:
        server.authorize(user, public)
    names = names or [server.host.name, server.host.addresses[client.name]]
    known = client.path(f"{folder}/known_hosts")
    before = known.read_text() if known.exists() else ""
    lines = "".join(server.known_host_line(name, port) for name in names)
    client.write(f"{folder}/known_hosts", before + lines, mode=0o600)
    client.run(["chown", "-R", f"{by}:", folder])
