# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A cable between two hosts: counts what passes, and can be made slow."""

import subprocess


class Link:
    """`number` picks the addresses 10.77.number.1 and .2. Counts are of whole packets, headers included."""

    def __init__(self, one, other, number):
        self.one, self.other = one, other
        name_at_one, name_at_other = f"to-{other.name}"[:15], f"to-{one.name}"[:15]
        self._names = {one.name: name_at_one, other.name: name_at_other}
        subprocess.run(["nsenter", "--target", str(one.pid), "--net", "ip", "link", "add", name_at_one,
                        "type", "veth", "peer", "name", name_at_other, "netns", str(other.pid)], check=True)
        for place, (host, peer) in enumerate([(one, other), (other, one)], start=1):
            address = f"10.77.{number}.{place}"
            host.run(["ip", "address", "add", f"{address}/24", "dev", self._names[host.name]])
            host.run(["ip", "link", "set", self._names[host.name], "up"])
            host.addresses[peer.name] = address
        for host, peer in [(one, other), (other, one)]:
            hosts = host.path("/etc/hosts")
            hosts.write_text(hosts.read_text() + f"{peer.addresses[host.name]} {peer.name}\n")

    def device(self, host):
        """Name of the network device at this end."""
        return self._names[host.name]

    def sent_by(self, host):
        """Bytes the host has put on the cable so far."""
        with open(f"/proc/{host.pid}/net/dev", encoding="ascii") as file:
            for line in file:
                name, _, numbers = line.partition(":")
                if name.strip() == self._names[host.name]:
                    return int(numbers.split()[8])
        raise LookupError(f"no link at {host.name}")

    def counts(self):
        """(bytes from `one` to `other`, bytes back)"""
        return self.sent_by(self.one), self.sent_by(self.other)

    def shape(self, rate):
        """Limit both ways to a rate such as '10mbit'; None lifts the limit."""
        for host in (self.one, self.other):
            device = self._names[host.name]
            if rate is None:
                host.run(["tc", "qdisc", "del", "dev", device, "root"], check=False)
            else:
                host.run(["tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate,
                          "burst", "128kb", "latency", "100ms"])

    def cut(self):
        """Pull the plug; the connections are left to notice."""
        self.one.run(["ip", "link", "set", self._names[self.one.name], "down"])

    def mend(self):
        self.one.run(["ip", "link", "set", self._names[self.one.name], "up"])
