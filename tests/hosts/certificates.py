# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A certificate authority for a daemon that listens on TCP with TLS, as its administrator would make one."""

FOLDER = "/etc/docker-tls"


class Authority:
    """Lives on the daemon's host, in FOLDER. Clients get ca.pem, cert.pem and key.pem, as docker names them."""

    def __init__(self, host):
        self.host = host
        host.path(FOLDER).mkdir(exist_ok=True)
        self._make("ca", "/CN=authority")

    def daemon_options(self, port):
        """For dockerd; its certificate names the host."""
        self._sign("server", f"subjectAltName=DNS:{self.host.name},IP:127.0.0.1")
        return ["--tlsverify", "--tlscacert", f"{FOLDER}/ca.pem", "--tlscert", f"{FOLDER}/server.pem",
                "--tlskey", f"{FOLDER}/server.key", "-H", f"tcp://0.0.0.0:{port}"]

    def admit(self, client, folder):
        """Give a client what it needs to use the daemon."""
        self._sign("client", "extendedKeyUsage=clientAuth")
        for name, source in [("ca.pem", "ca.pem"), ("cert.pem", "client.pem"), ("key.pem", "client.key")]:
            client.write(f"{folder}/{name}", self.host.path(f"{FOLDER}/{source}").read_bytes(), mode=0o600)
        return folder

    def _sign(self, name, extension):
        self._make(name, f"/CN={name}", "-CA", f"{FOLDER}/ca.pem", "-CAkey", f"{FOLDER}/ca.key", "-addext", extension)

    def _make(self, name, subject, *more):
        self.host.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                       "-days", "2", "-subj", subject, "-keyout", f"{FOLDER}/{name}.key",
                       "-out", f"{FOLDER}/{name}.pem", *more])
