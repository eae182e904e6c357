# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""The unit tests that need a real daemon, against one of a host's."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_engine_room_against_a_real_daemon(world):
    program = pathlib.Path(os.environ.get("LIVE_ENGINE") or ROOT / "build/tests/unit/engine/live-engine")
    if not program.exists():
        pytest.skip(f"{program} is not built")
    environment = {**os.environ, "DOCKER_SYNC_TEST_DOCKER_SOCKET": str(world.here.host.path("/run/docker.sock"))}
    result = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
