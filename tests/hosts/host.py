# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A host: namespaces, disks of its own, users, and commands that run there."""

import os
import pathlib
import shutil
import signal
import subprocess

from .engine_roots import DOCKER20
from .process import Process, only_child
from .terminal import Terminal
from .waiting import wait_until

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PID1 = pathlib.Path(__file__).with_name("pid1.py")


class Host:
    """Made by Network.add_host. `name` is its host name, `disk` the directory with its disks.

    With `on_machine_network` it has this machine's network in place of one of its own, for what has to
    reach package mirrors. `engine` is the engine it will have; where that one lives in a root of its own, the host
    mounts it.
    """

    def __init__(self, name, disk, on_machine_network=False, engine=DOCKER20):
        self.name, self.disk, self.engine = name, pathlib.Path(disk), engine
        self.control_group = None  # the folder of one that whatever is started from now on joins
        self.addresses = {}  # peer's name -> our address on the link to it
        self._make_disks(on_machine_network)
        # A harness that is killed takes its hosts along: setpriv and --kill-child see to that.
        self._init = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--uts", "--ipc", "--pid", "--fork",
             *([] if on_machine_network else ["--net"]),
             "--kill-child", "--mount-proc", "/usr/bin/python3", "-I", "-S", str(PID1), str(self.disk), name,
             *([str(engine.root)] if engine.root else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, env={"PATH": PATH})
        if self._init.stdout.readline() != b"ready\n":
            self.close()
            raise RuntimeError(f"host {name} did not come up (are you root?)")
        self.pid = only_child(self._init.pid)
        self.pid_namespace = os.readlink(f"/proc/{self.pid}/ns/pid")

    def _make_disks(self, on_machine_network):
        for disk in ["home", "tmp", "var_tmp", "var_lib_docker", "var_lib_containers", "root", "usr_local"]:
            (self.disk / disk).mkdir(parents=True)
        (self.disk / "root").chmod(0o700)
        (self.disk / "tmp").chmod(0o1777)
        (self.disk / "var_tmp").chmod(0o1777)
        (self.disk / "usr_local" / "bin").mkdir()
        subprocess.run(["cp", "-a", "/etc", str(self.disk / "etc")], check=True)
        # What this machine's ssh is told must not decide what a host's ssh does.
        shutil.rmtree(self.disk / "etc/ssh", ignore_errors=True)
        (self.disk / "etc/ssh").mkdir()
        if not on_machine_network:  # no name server answers there: let a lookup fail at once
            (self.disk / "etc/resolv.conf").unlink(missing_ok=True)
            (self.disk / "etc/resolv.conf").write_text("")

    def close(self):
        """Everything in the host dies, and its mounts and network with it."""
        self._init.stdin.close()
        try:
            self._init.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._init.kill()
            self._init.wait()
        self._init.stdout.close()

    # Files

    def path(self, inside):
        """Where a file of the host is found from outside; works for its sockets, too."""
        return pathlib.Path(f"/proc/{self.pid}/root") / str(inside).lstrip("/")

    def write(self, inside, content, mode=0o644, owner=None):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        if owner:
            self.run(["chown", "-R", f"{owner}:", inside])

    def install(self, program, name=None):
        """Put a program of this machine on the host's PATH."""
        target = self.disk / "usr_local/bin" / (name or pathlib.Path(program).name)
        shutil.copyfile(program, target)
        target.chmod(0o755)

    # Commands

    def command_line(self, argv, user="root", env=None, cwd=None):
        """The local argv that runs `argv` in the host. Signals a terminal sends are for the command alone."""
        home = home_of(user)
        variables = {"PATH": PATH, "HOME": home, "USER": user, "LOGNAME": user, "LANG": "C.UTF-8",
                     "TERM": "xterm", **(env or {})}
        identity = [] if user == "root" else [
            "setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
        return ["nsenter", "--target", str(self.pid), "--mount", "--uts", "--ipc", "--net", "--pid",
                "--root", f"--wd={self.path(cwd or home)}", "--",
                *identity, "env", "-i", "--default-signal=INT,QUIT,HUP,PIPE",
                *(f"{key}={value}" for key, value in variables.items() if value is not None),
                *map(str, argv)]

    def spawn(self, argv, *, user="root", env=None, cwd=None, text=True, stdin=subprocess.DEVNULL,
              stdout=subprocess.PIPE, stderr=subprocess.PIPE):
        popen = subprocess.Popen(
            self.command_line(argv, user, env, cwd), stdin=stdin, stdout=stdout, stderr=stderr, text=text,
            errors="replace" if text else None, start_new_session=True, preexec_fn=self._before_nsenter)
        return Process(argv, popen, text)

    def _before_nsenter(self):
        ignore_terminal_signals()
        if self.control_group:
            (self.control_group / "cgroup.procs").write_text("0")  # the writer

    def run(self, argv, *, check=True, stdin=None, timeout_s=60, text=True, **how):
        """Run to the end; the Result. With `check`, a failure is CommandFailed."""
        process = self.spawn(argv, text=text, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                             **how)
        result = process.wait(timeout_s, stdin)
        return result.check() if check else result

    def terminal(self, argv, *, user="root", env=None, cwd=None):
        """Run on a terminal of its own, for what asks, colours and shows progress."""
        return Terminal(self.command_line(argv, user, env, cwd), argv)

    def processes(self):
        """{pid: executable} of the host's processes, by the process IDs outside."""
        found = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    if os.readlink(f"/proc/{entry}/ns/pid") == self.pid_namespace:
                        found[int(entry)] = os.readlink(f"/proc/{entry}/exe")
                except OSError:
                    continue  # it ended meanwhile
        return found

    def processes_of(self, word):
        """Process IDs of what runs from a path with `word` in it."""
        return [pid for pid, exe in self.processes().items() if word in exe]

    def open_files(self, folder):
        """Files below a folder that the host's processes hold open, removed ones included."""
        found = set()
        for pid in self.processes():
            try:
                names = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            except OSError:
                continue  # it ended meanwhile
            # Not "starts with": in a chroot the names begin above it.
            found.update(name for name in names if f"{folder}/" in name)
        return found

    def listens(self, port):
        """Whether a program listens on a TCP port."""
        address = f":{port:04X}"
        for table in ("tcp", "tcp6"):
            with open(f"/proc/{self.pid}/net/{table}", encoding="ascii") as file:
                for line in file:
                    fields = line.split()
                    if len(fields) > 3 and fields[1].endswith(address) and fields[3] == "0A":
                        return True
        return False

    def kill_all_of(self, word, number=signal.SIGKILL):
        for pid in self.processes_of(word):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    # Users

    def add_user(self, name, *, shell="/bin/bash", docker=True, password=None):
        if docker:
            self.run(["groupadd", "--force", "--system", "docker"])
        if self.run(["id", name], check=False).returncode != 0:
            self.run(["useradd", "--create-home", "--shell", shell, name])
        # '*' is "no password"; the '!' useradd leaves is "locked", which keeps keys out as well.
        self.set_password(name, password)
        if docker:
            self.run(["usermod", "--append", "--groups", "docker", name])
        return name

    def set_password(self, user, password):
        hashed = "*" if password is None else self.run(
            ["openssl", "passwd", "-6", "-stdin"], stdin=password + "\n").stdout.strip()
        self.run(["usermod", "--password", hashed, user])

    def wait_for_file(self, inside, timeout_s=30):
        wait_until(lambda: self.path(inside).exists(), f"{self.name}:{inside} to appear", timeout_s)


def home_of(user):
    return "/root" if user == "root" else f"/home/{user}"


def ignore_terminal_signals():
    """For nsenter: it must outlive the command it waits for. The command itself gets the defaults back."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
