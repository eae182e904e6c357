# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What ~/.ssh/config says holds for docker-sync as it does for ssh."""

import contextlib

import pytest

from hosts import Recipe, SshServer, make_key
from world import assert_refused

APP = Recipe([{"app/data": b"one\n"}])
INNER = "10.77.99.1"  # an address of the server that the laptop has no route to


@pytest.fixture(scope="module")
def other_sshd(stage):
    """A second sshd, on port 2222, which takes certificates as well; `certified` is a user of it."""
    authority = make_key(stage.server, "/etc/ssh/user_ca")
    server = SshServer(stage.server, 2222, ["TrustedUserCAKeys /etc/ssh/user_ca.pub"]).start()
    assert authority
    stage.server.run(["ip", "address", "add", f"{INNER}/32", "dev", "lo"])
    yield server
    server.stop()


def configure(world, text, known_hosts=None):
    world.laptop.write("/root/.ssh/config", text, mode=0o600)
    if known_hosts is not None:
        world.laptop.write("/root/.ssh/known_hosts", known_hosts, mode=0o600)


def pulls(world, *args, **how):
    """Whether docker-sync brings an image from the host the arguments name; else how it went."""
    image_id = APP.build(world.there, "app:1")
    result = world.sync(*args, "app:1", **how)
    return result.returncode == 0 and world.here.image_id("app:1") == image_id or result


def assert_pulls(world, *args, **how):
    outcome = pulls(world, *args, **how)
    assert outcome is True, outcome


def test_a_host_alias_with_user_port_and_key(world, other_sshd):
    key = make_key(world.laptop, "/root/.ssh/special")
    world.sshd.authorize("user", key)
    world.laptop.run(["rm", "/root/.ssh/id_ed25519"])
    configure(world, "Host prod\n  HostName server\n  User user\n  Port 2222\n  IdentityFile ~/.ssh/special\n",
              other_sshd.known_host_line("server"))
    assert_pulls(world, "prod")


def test_an_included_file_and_a_pattern(world):
    world.laptop.write("/root/.ssh/more", "Host prod-*\n  User user\n  HostName server\n")
    configure(world, "Include ~/.ssh/more\n")
    assert_pulls(world, "prod-7")


def test_a_user_on_the_command_line_wins(world):
    configure(world, "Host server\n  User nobody-at-all\n")
    assert_pulls(world, "user@server")


def test_a_url_with_a_port(world, other_sshd):
    configure(world, "", other_sshd.known_host_line("server"))
    assert_pulls(world, "ssh://user@server:2222")


def test_an_ipv4_address(world):
    assert_pulls(world, f"user@{world.server.addresses['laptop']}")


@pytest.mark.parametrize("form", ["user@{}", "ssh://user@[{}]", "ssh://user@[{}]:22"])
def test_an_ipv6_address(world, form):
    for host, address in [(world.laptop, "fd77::1"), (world.server, "fd77::2")]:
        device = world.link.device(host)
        host.run(["ip", "-6", "address", "replace", f"{address}/64", "dev", device, "nodad"])
    configure(world, "", world.sshd.known_host_line("fd77::2"))
    assert_pulls(world, form.format("fd77::2"))


def jump_hosts(world):
    return world.sshd.known_host_line("server") + world.sshd.known_host_line(INNER)


def test_a_proxy_jump(world, other_sshd):
    assert_refused(world.sync(f"user@{INNER}"), 3, INNER)  # there is no other way
    configure(world, f"Host inner\n  HostName {INNER}\n  User user\n  ProxyJump user@server\n",
              jump_hosts(world))
    assert_pulls(world, "inner")


def test_a_proxy_command(world, other_sshd):
    configure(world, f"Host inner\n  HostName {INNER}\n  User user\n  ProxyCommand ssh -W %h:%p user@server\n",
              jump_hosts(world))
    assert_pulls(world, "inner")


# Keywords that the SSH library drops: the system's ssh is run for these

def test_host_key_alias(world):
    configure(world, "Host server\n  HostKeyAlias another\n", world.sshd.known_host_line("another"))
    assert_pulls(world, "user@server")


def test_strict_host_key_checking_no(world):
    configure(world, "Host server\n  StrictHostKeyChecking no\n", "")
    assert_pulls(world, "user@server")


def test_strict_host_key_checking_accept_new(world):
    configure(world, "Host server\n  StrictHostKeyChecking accept-new\n", "")
    assert_pulls(world, "user@server")
    assert "ssh-ed25519" in world.laptop.path("/root/.ssh/known_hosts").read_text()


def test_strict_host_key_checking_yes(world):
    configure(world, "Host server\n  StrictHostKeyChecking yes\n", "")
    assert_refused(world.sync("user@server"), 5, "server")


def test_several_known_hosts_files(world):
    world.laptop.write("/root/.ssh/second", world.sshd.known_host_line("server"))
    configure(world, "Host server\n  UserKnownHostsFile ~/.ssh/first ~/.ssh/second\n", "")
    assert_pulls(world, "user@server")


def test_one_known_hosts_file_elsewhere(world):
    world.laptop.write("/root/.ssh/second", world.sshd.known_host_line("server"))
    configure(world, "Host server\n  UserKnownHostsFile ~/.ssh/second\n", "")
    assert_pulls(world, "user@server")


def test_address_family(world):
    configure(world, "Host four\n  HostName server\n  AddressFamily inet\n  User user\n"
              "Host six\n  HostName server\n  AddressFamily inet6\n  User user\n")
    assert_pulls(world, "four")
    assert_refused(world.sync("six"), 3, "six")  # the server's name has an IPv4 address alone


def test_server_alive(world):
    configure(world, "Host server\n  ServerAliveInterval 5\n  ServerAliveCountMax 2\n")
    assert_pulls(world, "user@server")


def test_a_certificate(world, other_sshd):
    make_key(world.laptop, "/root/.ssh/certified")
    public = world.laptop.path("/root/.ssh/certified.pub").read_text()
    world.server.write("/tmp/certified.pub", public)
    world.server.run(["ssh-keygen", "-q", "-s", "/etc/ssh/user_ca", "-I", "test", "-n", "user",
                      "/tmp/certified.pub"])
    certificate = world.server.path("/tmp/certified-cert.pub").read_text()
    world.laptop.write("/root/.ssh/elsewhere-cert.pub", certificate)
    world.laptop.run(["rm", "/root/.ssh/id_ed25519"])
    text = "Host server\n  Port 2222\n  IdentityFile ~/.ssh/certified\n"
    configure(world, text, other_sshd.known_host_line("server"))
    assert_refused(world.sync("user@server"), 4, "server")
    configure(world, text + "  CertificateFile ~/.ssh/elsewhere-cert.pub\n")
    assert_pulls(world, "user@server")


def test_identities_only(world):
    """The agent has the right key, but only the wrong one may be offered."""
    make_key(world.laptop, "/root/.ssh/wrong")
    with agent(world) as env:
        world.laptop.run(["rm", "/root/.ssh/id_ed25519", "/root/.ssh/id_ed25519.pub"])
        configure(world, "Host server\n  IdentityFile ~/.ssh/wrong\n")
        assert_pulls(world, "user@server", env=env)
        configure(world, "Host server\n  IdentityFile ~/.ssh/wrong\n  IdentitiesOnly yes\n")
        assert_refused(world.sync("user@server", env=env), 4, "server")


def test_a_smart_card_module(world):
    """No card here: what matters is that ssh is asked, whose complaint this is."""
    configure(world, "Host server\n  PKCS11Provider /no/such/module.so\n")
    assert_pulls(world, "user@server")


def test_a_host_certificate(world):
    """known_hosts names the authority alone."""
    make_key(world.server, "/etc/ssh/host_ca")
    server = SshServer(world.server, 2225, [
        "HostKey /etc/ssh/host_key_2225", "HostCertificate /etc/ssh/host_key_2225-cert.pub"])
    make_key(world.server, "/etc/ssh/host_key_2225")
    world.server.run(["ssh-keygen", "-q", "-s", "/etc/ssh/host_ca", "-I", "server", "-h", "-n", "server",
                      "/etc/ssh/host_key_2225.pub"])
    authority = world.server.path("/etc/ssh/host_ca.pub").read_text()
    server.start()
    try:
        configure(world, "", f"@cert-authority [server]:2225 {authority}")
        assert_pulls(world, "ssh://user@server:2225")
    finally:
        server.stop()


def test_a_revoked_host_key(world):
    line = world.sshd.known_host_line("server")
    configure(world, "", line + "@revoked " + line)
    assert_refused(world.sync("user@server"), 5, "server")


def test_that_ssh_is_used_is_said(world):
    configure(world, "Host server\n  HostKeyAlias another\n", world.sshd.known_host_line("another"))
    assert "HostKeyAlias" in world.sync("--verbose", "user@server").check().stderr


def test_without_ssh_such_a_config_is_refused(world):
    configure(world, "Host server\n  HostKeyAlias another\n", world.sshd.known_host_line("another"))
    world.laptop.path("/usr/local/only").mkdir(exist_ok=True)
    world.laptop.run(["cp", "/usr/local/bin/docker-sync", "/usr/local/only/"])
    result = world.sync("user@server", env={"PATH": "/usr/local/only"})
    assert result.returncode != 0 and "hostkeyalias" in result.stderr.lower(), result


# --rsh

@pytest.mark.parametrize("option", [
    ["-e", "ssh"], ["--rsh=ssh -o BatchMode=yes"], ["--rsh", "ssh -J user@server"]])
def test_a_command_instead_of_the_built_in_ssh(world, other_sshd, option):
    configure(world, "", jump_hosts(world))
    assert_pulls(world, *option, f"user@{INNER}" if "-J" in option[-1] else "user@server")


def test_a_command_that_does_not_exist(world):
    assert_refused(world.sync("--rsh=no-such-command", "user@server"), 2, "no-such-command")


def test_a_command_that_fails(world):
    assert_refused(world.sync("--rsh=ssh -p 2299", "user@server"), 3, "server")


def test_a_command_whose_login_is_refused_quotes_it(world):
    assert_refused(world.sync("--rsh=ssh", "nobody-at-all@server"), 4, "server", "Permission denied")


@contextlib.contextmanager
def agent(world):
    """An ssh-agent at the laptop that holds root's key; the environment to find it."""
    process = world.laptop.spawn(["ssh-agent", "-D", "-a", "/tmp/agent.sock"])
    try:
        world.laptop.wait_for_file("/tmp/agent.sock")
        env = {"SSH_AUTH_SOCK": "/tmp/agent.sock"}
        world.laptop.run(["ssh-add", "/root/.ssh/id_ed25519"], env=env)
        yield env
    finally:
        process.kill()
        world.laptop.path("/tmp/agent.sock").unlink(missing_ok=True)
