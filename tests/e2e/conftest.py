# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The stage of the end-to-end tests: a laptop, a server, and docker-sync between them.

The hosts are made once. What a test finds there is always the same: both engines hold busybox:base and
nothing else, the link is whole and fast, and user@server may log in and use docker.
"""

import os
import pathlib
import signal
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(pathlib.Path(__file__).parent)]

from hosts import Authority, Engine, Network, SshServer, introduce  # noqa: E402
from world import Way, World  # noqa: E402

# Who starts the tests may ignore signals (nohup, a job of a script); what the tests start must not inherit that.
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def stage():
    binary = pathlib.Path(os.environ.get("DOCKER_SYNC") or ROOT / "build/src/docker-sync")
    if os.geteuid() != 0 or not binary.exists():
        pytest.exit(f"needs root, and {binary}: run scripts/test", returncode=3)
    with Network() as network:
        yield World(network, binary)


@pytest.fixture
def world(stage):
    stage.reset()
    yield stage
    stage.clean_up()


@pytest.fixture(scope="session")
def second_engine(stage):
    """The engine of a further server that only the laptop knows, with the cable to it as `link`. It listens on
    TCP as well, for those whom its `authority` admits."""
    host = stage.network.add_host("second")
    link = stage.network.connect(stage.laptop, host)
    authority = Authority(host)
    engine = Engine(host, options=authority.daemon_options(2376)).start()
    engine.link, engine.authority = link, authority
    engine.sshd = SshServer(host).start()
    host.add_user("user")
    return engine


@pytest.fixture
def second(world, second_engine):
    introduce(world.laptop, second_engine.sshd, ["user"])
    stage_again(world, second_engine)
    return second_engine


@pytest.fixture(scope="session")
def engine_beside(stage):
    return Engine(stage.laptop, name="beside", options=["-H", "tcp://127.0.0.1:2375"]).start()


@pytest.fixture
def beside(world, engine_beside):
    """A second engine of the laptop, behind a socket of its own, and tcp://127.0.0.1:2375."""
    stage_again(world, engine_beside)
    return engine_beside


def stage_again(world, engine):
    """What a test finds at every engine."""
    engine.remove_all()
    engine.docker("load", stdin=world.base_archive, text=False)


@pytest.fixture(params=["pull", "push"])
def way(request, world):
    """A test that asks for this runs twice: images move to the laptop, and to the server."""
    return Way(world, push=request.param == "push")
