# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Distance: a relay before a port of a host, which passes all bytes on a fixed time after they came.

Only time is added. What is under way is kept in memory, so that a fast link stays as fast, unlike with netem, which
not every kernel has. The connection itself is there at once: count round trips from its first byte on.
"""

import argparse
import asyncio
import pathlib
import subprocess

from .waiting import wait_until

UNDER_WAY_LIMIT_BLOCKS = 1024  # of 64 KiB at most, each way
PACKAGES = pathlib.Path(__file__).resolve().parent.parent


class DelayingRelay:
    """Context manager. Listens on `port` of the host, on all its addresses, and connects to its `target_port`;
    `delay_s` is for each way."""

    def __init__(self, host, port=2222, target_port=22, delay_s=0.1):
        self.host, self.port, self.target_port, self.delay_s = host, port, target_port, delay_s
        self._process = None

    def __enter__(self):
        # In the host's network alone: its disks may well hide the program.
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "nsenter", "--target", str(self.host.pid), "--net", "--",
             "/usr/bin/python3", "-B", "-m", __name__, str(self.port), str(self.target_port), str(self.delay_s)],
            cwd=PACKAGES, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_until(lambda: self.host.listens(self.port) or self._process.poll() is not None, "the relay to listen")
        if self._process.poll() is not None:
            raise RuntimeError(f"no relay on port {self.port} of {self.host.name}")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


# What follows is the relay itself, a process of its own.

async def serve(port, target_port, delay_s):
    async def relay(client_reader, client_writer):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", target_port)
            await asyncio.gather(carry(client_reader, writer, delay_s), carry(reader, client_writer, delay_s))
            writer.close()
        except OSError:
            pass  # one of the ends has gone, and so does the other
        finally:
            client_writer.close()

    server = await asyncio.start_server(relay, port=port)
    await server.serve_forever()


async def carry(reader, writer, delay_s):
    """One way of a connection, its end included."""
    clock = asyncio.get_running_loop().time
    under_way = asyncio.Queue(UNDER_WAY_LIMIT_BLOCKS)

    async def take_in():
        block = True
        while block:
            try:
                block = await reader.read(1 << 16)
            except OSError:
                block = b""
            await under_way.put((clock() + delay_s, block))

    async def hand_out():
        while True:
            due, block = await under_way.get()
            await asyncio.sleep(max(0, due - clock()))
            if not block:
                break
            writer.write(block)
            await writer.drain()
        writer.write_eof()

    intake = asyncio.create_task(take_in())
    try:
        await hand_out()
    finally:
        intake.cancel()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("target_port", type=int)
    parser.add_argument("delay_s", type=float)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.target_port, options.delay_s))


if __name__ == "__main__":
    main()
