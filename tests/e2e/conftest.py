# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The stage of the end-to-end tests: a laptop, a server, and docker-sync between them.

The hosts are made once. What a test finds there is always the same: both engines hold busybox:base and
nothing else, the link is whole and fast, and user@server may log in and use docker.
"""

import contextlib
import os
import pathlib
import signal
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(pathlib.Path(__file__).parent)]

from hosts import (  # noqa: E402
    DOCKER20, DOCKER26, DOCKER26_CONTAINERD, DOCKER28_CONTAINERD, Authority, Engine, Network, SshServer, introduce)
from world import Way, World, stage_again  # noqa: E402

# Who starts the tests may ignore signals (nohup, a job of a script); what the tests start must not inherit that.
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--engines", action="store_true", help="test with engines of other releases, too")


@pytest.fixture(scope="session")
def open_world():
    """A function that makes a World whose laptop and server have these kinds of engines."""
    binary = pathlib.Path(os.environ.get("DOCKER_SYNC") or ROOT / "build/src/docker-sync")
    if os.geteuid() != 0 or not binary.exists():
        pytest.exit(f"needs root, and {binary}: run scripts/test", returncode=3)

    @contextlib.contextmanager
    def make(*engines):
        with Network() as network:
            yield World(network, binary, *engines)

    return make


@pytest.fixture(scope="session")
def stage(open_world):
    with open_world() as world:
        yield world


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


@pytest.fixture(params=["pull", "push"])
def way(request, world):
    """A test that asks for this runs twice: images move to the laptop, and to the server."""
    return Way(world, push=request.param == "push")


# Pairs of engines

OWN, OTHERS = [DOCKER20], [DOCKER26, DOCKER26_CONTAINERD, DOCKER28_CONTAINERD]


def pairs_for(fixture, others):
    """(engine here, engine there) that a test which asks for the fixture runs with."""
    kinds = OWN + others
    containerd = [kind for kind in kinds if kind.containerd_store]
    return {"pair": [(here, there) for here in kinds for there in kinds],
            "to_each": [(DOCKER20, kind) for kind in kinds],
            "containerd_source": [(kind, DOCKER20) for kind in containerd],
            "containerd_destination": [(DOCKER20, kind) for kind in containerd]}[fixture]


def pytest_generate_tests(metafunc):
    for fixture in {"pair", "to_each", "containerd_source", "containerd_destination"} & set(metafunc.fixturenames):
        pairs = pairs_for(fixture, OTHERS if metafunc.config.getoption("--engines") else [])
        metafunc.parametrize("engines", indirect=True, argvalues=[
            pytest.param((here, there), id=f"{here.name}-{there.name}") for here, there in pairs
        ] or [pytest.param(None, marks=pytest.mark.skip(reason="needs --engines"))])


def pytest_collection_modifyitems(items):
    """Tests of one pair of engines follow each other, after all others: a pair is started once. Of several processes
    that run the tests (pytest-xdist), one takes a whole file, or all tests of a pair."""
    def names(item):
        pair = getattr(item, "callspec", None) and item.callspec.params.get("engines")
        return [kind.name for kind in pair] if pair else []

    items.sort(key=names)
    for item in items:
        item.add_marker(pytest.mark.xdist_group("-".join(names(item)) or item.path.name))


@pytest.fixture(scope="session")
def engines(request, open_world):
    """The world of a pair of engines, as long as tests ask for that pair."""
    with open_world(*request.param) as world:
        yield world


@pytest.fixture
def paired(engines):
    engines.reset()
    yield engines
    engines.clean_up()


@pytest.fixture(params=["pull", "push"])
def pair(request, paired):
    """Every pair of engines, both ways."""
    return Way(paired, push=request.param == "push")


@pytest.fixture
def to_each(paired):
    """Every engine as destination."""
    return Way(paired, push=True)


@pytest.fixture
def containerd_source(paired):
    return Way(paired, push=True)


@pytest.fixture
def containerd_destination(paired):
    return Way(paired, push=True)
