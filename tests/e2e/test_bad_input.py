# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What cannot work is told in one line, with an exit status of its own."""

import socket

import pytest

from hosts import Recipe
from world import assert_refused

APP = Recipe([{"app/data": b"one\n"}])

USAGE = {
    "an unknown option": ["--no-such-option", "user@server"],
    "no host": [],
    "options but no host": ["--all"],
    "an empty host": [""],
    "a host that looks like an option": ["--", "-oProxyCommand=touch /tmp/pwned"],
    "a user without a host": ["user@"],
    "an option without its value": ["--tmpfolder"],
    "a port that is none": ["ssh://user@server:99999"],
}


@pytest.mark.parametrize("args", USAGE.values(), ids=USAGE)
def test_usage(world, args):
    result = world.sync(*args)
    assert result.returncode == 2 and result.stderr.startswith("docker-sync: ") and not result.stdout, result
    assert not world.laptop.path("/tmp/pwned").exists()


def test_help_and_version(world):
    assert "--push" in world.sync("--help").check().stdout
    assert "docker-sync" in world.sync("--version").check().stdout


def test_an_unknown_host(world):
    assert_refused(world.sync("user@nowhere.invalid"), 3, "nowhere.invalid")


def test_a_refused_port(world):
    assert_refused(world.sync("ssh://user@server:2299"), 3, "server", "2299")


def test_an_unreachable_host(world):
    assert_refused(world.sync("user@10.99.99.99"), 3, "10.99.99.99")


def test_a_port_where_no_ssh_answers(world):
    listener = world.server.spawn(["python3", "-c", """if True:
        import socket
        listener = socket.create_server(("", 2298))
        print("listens", flush=True)
        while True:
            listener.accept()[0].sendall(b"220 hello\\r\\n")
        """])
    listener.stdout.readline()
    try:
        assert_refused(world.sync("ssh://user@server:2298"), 3, "server")
    finally:
        listener.kill()


def test_a_key_the_server_does_not_take(world):
    world.new_user("stranger")
    world.server.run(["rm", "-r", "/home/stranger/.ssh"])
    assert_refused(world.sync("stranger@server"), 4, "server", "stranger")


def test_a_user_the_server_does_not_have(world):
    assert_refused(world.sync("nobody-at-all@server"), 4, "server", "nobody-at-all")


def test_no_docker_at_the_server(world):
    world.there.stop()
    try:
        # Podman, which is there, too, does not stand in.
        assert_refused(world.sync("user@server"), 6, "server", "docker")
        # What a daemon that was killed leaves: its socket, and nobody behind it.
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(world.server.path("/run/docker.sock")))
        world.server.run(["chmod", "666", "/run/docker.sock"])
        assert_refused(world.sync("user@server"), 6, "server", "running")
    finally:
        world.server.run(["rm", "-f", "/run/docker.sock"])
        world.there.start()


def test_no_docker_here(world):
    assert_refused(world.sync("user@server", env={"DOCKER_HOST": "unix:///tmp/none.sock"}), 6, "/tmp/none.sock")


def test_a_user_who_may_not_use_docker_there(world):
    user = world.new_user("outsider", docker=False)
    assert_refused(world.sync(user), 6, "server", "docker", "group", "--remote-engine")


def test_a_user_who_may_not_use_docker_here(world):
    world.laptop.add_user("outsider", docker=False)
    for name in ("id_ed25519", "known_hosts"):
        content = world.laptop.path(f"/root/.ssh/{name}").read_bytes()
        world.laptop.write(f"/home/outsider/.ssh/{name}", content, mode=0o600)
    world.laptop.run(["chown", "-R", "outsider:", "/home/outsider/.ssh"])
    assert_refused(world.sync("user@server", user="outsider"), 6, "docker", "group")


@pytest.mark.parametrize("args", [["missing"], ["app:2"]], ids=["no such image", "no such tag"])
def test_images_and_tags_that_are_not_there(world, args):
    APP.build(world.there, "app:1")
    assert_refused(world.sync("user@server", *args), 7, args[0], "server")


def test_to_push_an_image_that_is_not_here(world):
    APP.build(world.there, "app:1")
    assert_refused(world.sync("--push", "user@server", "app:1"), 7, "app:1")


@pytest.mark.parametrize("option, host", [("--tmpfolder=/no/such", ""),
                                          ("--remote-tmpfolder=/no/such", "server")])
def test_a_scratch_folder_that_is_not_there(world, option, host):
    APP.build(world.there, "app:1")
    result = world.sync(option, "user@server", "app:1")
    assert_refused(result, result.returncode, "/no/such", host)
    assert result.returncode in (2, 10)
