# SPDX-License-Identifier: GPL-2.0-or-later
"""A second stage beside the first: dbus-broker and another bailiffd on it, so that both buses take turns within one run.

dbus-broker wants the journal's socket, and its launcher a listening socket: both in a mount namespace of their own. Run
as a program, in such a namespace, this makes the former and becomes the latter."""

import contextlib
import os
import socket
import subprocess
import sys
import time

PATIENCE_SECONDS = 20


class Second:
    def __init__(self, stage):
        self.folder = os.path.join(stage, "second")
        os.mkdir(self.folder, 0o755)
        self.socket = os.path.join(self.folder, "bus")
        self.address = "unix:path=" + self.socket
        self.log = open(os.path.join(self.folder, "log"), "wb")
        with open(os.path.join(stage, "bus.conf"), encoding="utf-8") as f:
            text = f.read().replace(f"{stage}/bus<", f"{self.socket}<")
        config = os.path.join(self.folder, "bus.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(text)
        script = "mount -t tmpfs tmpfs /run && exec python3 -B \"$@\""
        self.bus = self.start(["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh",
                               os.path.abspath(__file__), self.socket, config])
        self.wait_for(lambda: os.path.exists(self.socket), "dbus-broker")
        os.chmod(self.socket, 0o666)
        os.mkdir(os.path.join(self.folder, "run"))
        self.daemon = self.start([f"{stage}/tree/usr/sbin/bailiffd", "--libexec-dir", f"{stage}/tree/usr/libexec/bailiff",
                                  "--config-dir", f"{stage}/config", "--runtime-dir", f"{self.folder}/run", "--bus-address",
                                  self.address, "--log-level", "info"])
        self.pid_file = os.path.join(self.folder, "pid")
        with open(self.pid_file, "w", encoding="ascii") as f:
            f.write(f"{self.daemon.pid}\n")
        self.wait_for(self.answers, "bailiffd on dbus-broker")

    def start(self, words):
        """It ends when this does, however that comes. For the daemon, which changes its user, that does not hold: see end_second
        in bench.sh."""
        return subprocess.Popen(["setpriv", "--pdeathsig=TERM", *words], stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def answers(self):
        ask = ["busctl", "--address=" + self.address, "call", "org.bailiff.Broker1", "/org/bailiff/Broker1",
               "org.freedesktop.DBus.Peer", "Ping"]
        return subprocess.run(ask, capture_output=True, check=False).returncode == 0

    def wait_for(self, ready, what):
        until = time.monotonic() + PATIENCE_SECONDS
        while not ready():
            if time.monotonic() > until or self.bus.poll() is not None:
                with open(self.log.name, encoding="utf-8", errors="replace") as f:
                    print(f.read(), file=sys.stderr)
                self.stop()
                raise RuntimeError(f"{what} did not start")
            time.sleep(0.1)

    def stop(self):
        for child in (getattr(self, "daemon", None), self.bus):
            if child and child.poll() is None:
                child.terminate()
                try:
                    child.wait(PATIENCE_SECONDS)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        with contextlib.suppress(AttributeError, FileNotFoundError):
            os.unlink(self.pid_file)
        self.log.close()


def become_bus(path, config):
    os.makedirs("/run/systemd/journal")
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind("/run/systemd/journal/socket")
    parent = os.getpid()
    if os.fork() == 0:
        # who reads it: the writers block when it is full
        journal.settimeout(1)
        while os.getppid() == parent:
            try:
                journal.recv(65536)
            except TimeoutError:
                pass
        os._exit(0)
    os.execvp("systemd-socket-activate", ["systemd-socket-activate", "-l", path, "-E",
                                          "DBUS_SYSTEM_BUS_ADDRESS=unix:path=" + path, "dbus-broker-launch", "--scope", "system",
                                          "--config-file", config])


if __name__ == "__main__":
    become_bus(sys.argv[1], sys.argv[2])
