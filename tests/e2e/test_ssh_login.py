# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Who asks for a login, and what docker-sync asks its user."""

import pytest

from hosts import Recipe, SshServer, make_key
from test_ssh_config import agent
from world import assert_refused

APP = Recipe([{"app/data": b"one\n"}])
PASSWORD = "correct horse"


@pytest.fixture
def pulled(world):
    """A function: whether the image has come."""
    image_id = APP.build(world.there, "app:1")
    return lambda: world.here.image_id("app:1") == image_id


@pytest.fixture
def secret(world):
    """A user of the server who has a password and no key."""
    world.new_user("secret", password=PASSWORD)
    world.server.run(["rm", "-r", "/home/secret/.ssh"])
    return "secret@server"


# Passwords

def test_a_password_is_asked_for(world, secret, pulled):
    with world.terminal(secret, "app:1") as terminal:
        terminal.expect("secret@server.*[Pp]assword|[Pp]assword.*secret")
        terminal.send(PASSWORD + "\n")
        assert terminal.wait() == 0, terminal.output
        assert PASSWORD not in terminal.output
    assert pulled()


def test_a_wrong_password_may_be_tried_again(world, secret, pulled):
    with world.terminal(secret, "app:1") as terminal:
        for attempt in ("wrong", PASSWORD):
            terminal.expect("[Pp]assword")
            terminal.send(attempt + "\n")
        assert terminal.wait() == 0, terminal.output
    assert pulled()


def test_three_wrong_passwords_are_enough(world, secret):
    with world.terminal(secret) as terminal:
        for _ in range(3):
            terminal.expect("[Pp]assword")
            terminal.send("wrong\n")
        assert terminal.wait() == 4, terminal.output


def test_without_a_terminal_nobody_is_asked(world, secret):
    assert_refused(world.sync(secret), 4, "server")


def test_keyboard_interactive(world, secret, pulled):
    server = SshServer(world.server, 2224, ["UsePAM yes", "KbdInteractiveAuthentication yes",
                                            "PasswordAuthentication no"]).start()
    try:
        world.laptop.write("/root/.ssh/known_hosts", server.known_host_line("server"))
        with world.terminal("ssh://secret@server:2224", "app:1") as terminal:
            terminal.expect("[Pp]assword")
            terminal.send(PASSWORD + "\n")
            assert terminal.wait() == 0, terminal.output
    finally:
        server.stop()
    assert pulled()


# Keys

@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_kinds_of_keys(world, kind, pulled):
    world.laptop.run(["rm", "/root/.ssh/id_ed25519", "/root/.ssh/id_ed25519.pub"])
    world.sshd.authorize("user", make_key(world.laptop, f"/root/.ssh/id_{kind}", kind=kind))
    world.sync("user@server", "app:1").check()
    assert pulled()


def test_a_passphrase_is_asked_for(world, pulled):
    world.laptop.run(["rm", "/root/.ssh/id_ed25519", "/root/.ssh/id_ed25519.pub"])
    world.sshd.authorize("user", make_key(world.laptop, "/root/.ssh/id_ed25519", passphrase="open sesame"))
    with world.terminal("user@server", "app:1") as terminal:
        terminal.expect("[Pp]assphrase.*id_ed25519")
        terminal.send("open sesame\n")
        assert terminal.wait() == 0, terminal.output
        assert "open sesame" not in terminal.output
    assert pulled()


def test_a_key_with_a_passphrase_is_of_no_use_without_a_terminal(world):
    world.laptop.run(["rm", "/root/.ssh/id_ed25519", "/root/.ssh/id_ed25519.pub"])
    world.sshd.authorize("user", make_key(world.laptop, "/root/.ssh/id_ed25519", passphrase="open sesame"))
    assert_refused(world.sync("user@server"), 4, "server")


def test_an_agent(world, pulled):
    with agent(world) as env:
        world.laptop.run(["rm", "/root/.ssh/id_ed25519", "/root/.ssh/id_ed25519.pub"])
        assert world.sync("user@server").returncode == 4
        world.sync("user@server", "app:1", env=env).check()
    assert pulled()


# Host keys

def test_an_unknown_host_key_is_refused_without_a_terminal(world):
    world.laptop.write("/root/.ssh/known_hosts", "")
    assert_refused(world.sync("user@server"), 5, "server")
    assert world.laptop.path("/root/.ssh/known_hosts").read_text() == ""


def test_on_a_terminal_one_is_asked_and_the_answer_is_kept(world, pulled):
    world.laptop.run(["rm", "/root/.ssh/known_hosts"])
    fingerprint = world.server.run(["ssh-keygen", "-lf", world.sshd.host_key + ".pub"]).stdout.split()[1]
    with world.terminal("user@server", "app:1") as terminal:
        terminal.expect("authenticity")
        terminal.expect("yes/no")
        assert fingerprint in terminal.output
        terminal.send("yes\n")
        assert terminal.wait() == 0, terminal.output
    assert pulled()
    assert world.sync("user@server").returncode == 0
    # What is kept is kept for ssh, too.
    world.laptop.run(["ssh", "-o", "StrictHostKeyChecking=yes", "user@server", "true"])


def test_who_says_no_is_not_connected(world):
    world.laptop.write("/root/.ssh/known_hosts", "")
    with world.terminal("user@server") as terminal:
        terminal.expect("yes/no")
        terminal.send("no\n")
        assert terminal.wait() == 5, terminal.output
    assert world.laptop.path("/root/.ssh/known_hosts").read_text() == ""


def changed_key(world):
    make_key(world.server, "/tmp/other_key")
    kind, key = world.server.path("/tmp/other_key.pub").read_text().split()[:2]
    world.server.run(["rm", "/tmp/other_key", "/tmp/other_key.pub"])
    world.laptop.write("/root/.ssh/known_hosts", f"server {kind} {key}\n", mode=0o600)


def test_a_changed_host_key_is_refused(world):
    changed_key(world)
    assert_refused(world.sync("user@server"), 5, "server", "changed")


def test_a_changed_host_key_is_refused_on_a_terminal_without_asking(world):
    changed_key(world)
    with world.terminal("user@server") as terminal:
        assert terminal.wait(timeout_s=20) == 5, terminal.output
        assert "changed" in terminal.output.lower()


def test_a_hashed_known_hosts(world, pulled):
    world.laptop.run(["ssh-keygen", "-q", "-H", "-f", "/root/.ssh/known_hosts"])
    assert "server" not in world.laptop.path("/root/.ssh/known_hosts").read_text()
    world.sync("user@server", "app:1").check()
    assert pulled()
