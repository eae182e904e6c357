# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A docker socket that stands before the real one and lets a test meddle: refuse a request, answer one in the daemon's
place, or do something at the very moment one arrives.

Every connection carries one request; the daemon's answers pass unchanged but for that.
"""

import json
import os
import socket
import threading


class EngineProxy:
    """Context manager. hook(method, path) is called for every request before it is passed on; when it
    returns a text, the client gets that as the daemon's error 500, when it returns a dictionary, that as the daemon's
    answer, and the daemon gets nothing.

    `requests` lists the (method, path) seen. `socket_path` is the socket as the host's programs name it.
    """

    def __init__(self, engine, hook, socket_path="/tmp/docker-proxy.sock"):
        self._engine, self._hook, self.socket_path = engine, hook, socket_path
        self.requests = []

    @property
    def environment(self):
        return {"DOCKER_HOST": f"unix://{self.socket_path}"}

    def __enter__(self):
        path = self._engine.host.path(self.socket_path)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        os.chmod(path, 0o666)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._engine.host.path(self.socket_path).unlink(missing_ok=True)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                block = client.recv(65536)
                if not block:
                    return
                head += block
            lines, _, body = head.partition(b"\r\n\r\n")
            first, *fields = lines.split(b"\r\n")
            method, path, _ = first.decode().split(" ", 2)
            self.requests.append((method, path))
            own = self._hook(method, path)
            if own:
                status, answer = ("200 OK", own) if isinstance(own, dict) else (
                    "500 Internal Server Error", {"message": own})
                body = json.dumps(answer)
                client.sendall(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
                               f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
                return
            fields = [field for field in fields if not field.lower().startswith(b"connection:")]
            self._pass_on(client, b"\r\n".join([first, *fields, b"Connection: close", b"", b""]) + body)

    def _pass_on(self, client, request):
        with socket.socket(socket.AF_UNIX) as daemon:
            daemon.connect(str(self._engine.host.path(self._engine.socket)))
            daemon.sendall(request)
            up = threading.Thread(target=pump, args=(client, daemon), daemon=True)
            up.start()
            pump(daemon, client)
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            up.join(timeout=10)


def pump(origin, target):
    """Copy until the origin ends; its end is passed on, so is a target that has gone."""
    try:
        while block := origin.recv(1 << 16):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (origin, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
