# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What is shown meanwhile."""

import json

from hosts import Recipe, noise
from world import Way, end_everywhere

NEW = Recipe([{"app/program": noise(1_500_000, seed=1)}])


def test_a_pipe_gets_no_progress(way):
    NEW.build(way.source, "app:1")
    result = way.sync("app:1").check()
    assert result.stderr == ""
    assert "\r" not in result.stdout and "\x1b" not in result.stdout and "%" not in result.stdout


def test_json_is_one_document_and_nothing_else(way):
    NEW.build(way.source, "app:1")
    result = way.sync("--json", "app:1").check()
    assert json.loads(result.stdout)["images"][0]["name"] == "app:1" and result.stderr == ""


def test_a_terminal_sees_the_image_bytes_and_rate(way):
    NEW.build(way.source, "app:1")
    way.world.link.shape("4mbit")
    with way.world.terminal(*way.args, "user@server", "app:1") as terminal:
        terminal.expect("app:1")
        terminal.expect(r"\d[\d.,]* ?[kMG]?i?B/s", timeout_s=20)
        assert terminal.wait() == 0, terminal.output
        assert "\r" in terminal.output.replace("\r\n", "\n")
        lines = terminal.output.replace("\r\n", "\n").split("\n")
        assert any(line.startswith("sent ") or "\rsent " in line for line in lines), terminal.output


def test_control_c_on_a_terminal(world):
    way = Way(world, push=False)
    NEW.build(way.source, "app:1")
    before = way.destination.state()
    world.link.shape("2mbit")
    with world.terminal("user@server", "app:1") as terminal:
        terminal.expect("B/s")
        terminal.send("\x03")
        terminal.wait(timeout_s=15)
    end_everywhere(world)
    assert way.destination.state() == before
