# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies outside of the jails: files, a process, sockets, a key, a memory segment, and a launcher that leaks. Jails
are asked for each of them. Everything is removed again."""

import ctypes
import os
import platform
import socket
import subprocess
import tempfile

LEAKED_FD = 9
ENV = "BAILIFF_COMPARE_SECRET"
KEY = b"bailiff-compare"
ABSTRACT = "bailiff-compare"
SHM_KEY = 0x62616c69
IPC_CREAT, IPC_EXCL, IPC_RMID = 0o1000, 0o2000, 0
# asm-generic and x86-64 differ
SYS = {"x86_64": {"add_key": 248, "keyctl": 250}, "aarch64": {"add_key": 217, "keyctl": 219},
       "riscv64": {"add_key": 217, "keyctl": 219}}
KEYCTL_JOIN_SESSION_KEYRING, KEY_SPEC_SESSION_KEYRING = 1, -3


def root_device():
    """Where the host's root comes from, as the list of mounts tells it."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            fields = line.split()
            if fields[4] == "/":
                return f" {fields[fields.index('-') + 2]} "
    raise OSError("no / in /proc/self/mountinfo")


libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


class World:
    """To be used with "with". `names` are the {names} of checks.txt."""

    def __init__(self, stage, user, uid):
        self.folder = os.path.join(stage, "world")
        self.user, self.uid = user, uid
        self.victim, self.sockets, self.segment, self.shm_file = None, [], -1, None

    def file(self, name, mode):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as f:
            f.write("nothing for a jail\n")
        os.chmod(path, mode)
        return path

    def shared_memory(self):
        fd, self.shm_file = tempfile.mkstemp(prefix="bailiff-compare.", dir="/dev/shm")
        os.write(fd, b"nothing for a jail\n")
        os.fchmod(fd, 0o644)
        os.close(fd)
        return self.shm_file

    def listen(self, family, address):
        s = socket.socket(family, socket.SOCK_STREAM)
        self.sockets.append(s)
        s.bind(address)
        s.listen(64)
        return s

    def join_keyring(self):
        """This process, and what it starts, get a session keyring of their own with one key in it."""
        numbers = SYS[platform.machine()]
        check(libc.syscall(numbers["keyctl"], KEYCTL_JOIN_SESSION_KEYRING, None), "keyctl")
        check(libc.syscall(numbers["add_key"], b"user", KEY, b"x", 1, KEY_SPEC_SESSION_KEYRING), "add_key")

    def __enter__(self):
        os.mkdir(self.folder, 0o755)
        secret = self.file("secret", 0o644)
        # every process that is started inherits it
        fd = os.open(secret, os.O_RDONLY)
        os.dup2(fd, LEAKED_FD, inheritable=True)
        os.close(fd)
        os.environ[ENV] = "secret"
        self.join_keyring()
        self.segment = check(libc.shmget(SHM_KEY, 4096, IPC_CREAT | IPC_EXCL | 0o666), "shmget")
        path = os.path.join(self.folder, "socket")
        self.listen(socket.AF_UNIX, path)
        os.chmod(path, 0o777)
        self.listen(socket.AF_UNIX, "\0" + ABSTRACT)
        port = self.listen(socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1]
        # of the caller's user, as the programs of one person are: nothing but a jail stands before it
        self.victim = subprocess.Popen(["sleep", "3600"], user=self.uid, group=self.uid, extra_groups=[],
                                       stdin=subprocess.DEVNULL, env={})
        self.names = {"secret": secret, "writable": self.file("writable", 0o666), "folder": self.folder,
                      "victim": self.victim.pid, "fd": LEAKED_FD, "env": ENV, "key": KEY.decode(),
                      "uid": self.uid, "hostname": platform.node(), "shm": SHM_KEY, "socket": path,
                      "abstract": ABSTRACT, "port": port,
                      "shm_file": self.shared_memory(), "root": root_device()}
        return self

    def __exit__(self, *_):
        if self.victim:
            self.victim.kill()
            self.victim.wait()
        for s in self.sockets:
            s.close()
        if self.shm_file:
            os.unlink(self.shm_file)
        if self.segment >= 0:
            libc.shmctl(self.segment, IPC_RMID, None)
