# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""A root folder in which every program is another machine type's, and an sshd whose users see nothing else.

qemu runs the programs, called by the kernel (binfmt_misc), so that nobody has to know: `uname -m` says that other
type, and a program of it is started by its name. The engine stays the host's own; its socket is in there.
"""

import os
import platform
import re
import shutil

OTHER = {"x86_64": "aarch64", "aarch64": "x86_64"}[platform.machine()]
ELF_MACHINE = {"x86_64": 62, "aarch64": 183}[OTHER]
BINFMT = "/proc/sys/fs/binfmt_misc"
SHARED = ["etc", "home", "tmp", "var/tmp", "run", "dev", "dev/shm", "proc"]


class OtherMachineRoot:
    """`busybox` is a static one of the other type; all programs in there are its."""

    def __init__(self, host, busybox):
        self.host, self.path = host, f"/usr/local/{OTHER}"
        self._rule = None
        self._register_qemu()
        outside = host.path(self.path)
        for folder in ["bin", "var", *SHARED]:
            (outside / folder).mkdir(parents=True)
        (outside / "var/run").symlink_to("/run")
        (outside / "usr").mkdir()
        (outside / "usr/bin").symlink_to("/bin")
        shutil.copyfile(busybox, outside / "bin/busybox")
        (outside / "bin/busybox").chmod(0o755)
        for applet in self.run(["/bin/busybox", "--list"]).stdout.split():
            if applet != "busybox":
                (outside / "bin" / applet).symlink_to("busybox")
        for folder in SHARED:
            host.run(["mount", "--bind", f"/{folder}", f"{self.path}/{folder}"])

    def run(self, argv):
        return self.host.run(["chroot", self.path, *argv])

    def close(self):
        for folder in reversed(SHARED):
            self.host.run(["umount", "--lazy", f"{self.path}/{folder}"])
        self.host.run(["rm", "-rf", "--one-file-system", self.path])
        if self._rule:
            (self.host.path(BINFMT) / self._rule).write_text("-1")

    def _register_qemu(self):
        """For this kernel as a whole, so under a name of ours; what a killed harness has left there goes."""
        self.host.run(["mount", "-t", "binfmt_misc", "none", BINFMT])
        rules = self.host.path(BINFMT)
        for rule in rules.iterdir():
            left_by = re.fullmatch(r"docker-sync-tests-(\d+)", rule.name)
            if left_by and not os.path.exists(f"/proc/{left_by[1]}"):
                rule.write_text("-1")
        self._rule = f"docker-sync-tests-{os.getpid()}"
        # Static and dynamic programs: ET_EXEC and ET_DYN. P: busybox is told by argv[0] what it shall be. F: the kernel
        # opens qemu now, for it is not in the root.
        magic = b"\x7fELF\x02\x01\x01" + bytes(9) + bytes([2, 0, ELF_MACHINE, 0])
        mask = b"\xff" * 7 + bytes(9) + b"\xfe\xff\xff\xff"
        line = f":{self._rule}:M::{escaped(magic)}:{escaped(mask)}:/usr/bin/qemu-{OTHER}-static:PF"
        (rules / "register").write_text(line)


def escaped(data):
    return "".join(f"\\x{byte:02x}" for byte in data)
