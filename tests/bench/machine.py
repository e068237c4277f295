# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmark sees of the machine and of Bailiff's own processes."""

import contextlib
import os
import platform
import re
import shutil
import subprocess
import time

ROLES = ("bailiffd", "bailiff-launcher", "bailiff-broker")
SETTLE_SECONDS = 15
POOLED = 64
SPARE = 1  # jail that waits for a launch, when all has been quiet for ten seconds


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def load():
    return round(os.getloadavg()[0], 2)


def versions(programs):
    """What each says of itself in its first line; None where it says nothing."""
    found = {}
    for name, path in programs.items():
        try:
            done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        words = (done.stdout or done.stderr).strip().splitlines()
        if done.returncode == 0 and words:
            found[name] = words[0]
    return found


def describe():
    model = re.search(r"model name\s*: (.*)", read("/proc/cpuinfo"))
    system = re.search(r'PRETTY_NAME="(.*)"', read("/etc/os-release"))
    # whose build of the kernel it is does not matter
    return {"date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()), "kernel": platform.release().partition("-")[0],
            "machine": platform.machine(), "cores": os.cpu_count(), "load": load(),
            "processor": model.group(1) if model else "", "system": system.group(1) if system else "",
            "virtual": " hypervisor" in read("/proc/cpuinfo")}


def processes():
    """pid: parent's pid, of all."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = read(f"/proc/{name}/stat")
            if stat:
                found[int(name)] = int(stat.rpartition(")")[2].split()[1])
    return found


def below(roots):
    """The processes that were started by these, and these."""
    parents, found = processes(), {pid for pid in roots}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return {pid for pid in found if pid in parents}


def role(pid):
    """The program's name, of Bailiff's own; None of others."""
    name = os.path.basename(read(f"/proc/{pid}/cmdline").partition("\0")[0])
    return name if name in ROLES else None


def daemons(root):
    """pid: role, of the daemon whose first process that is. Orphans are the keeper's children, too, but no more of its name;
    jails on their way are the launcher's."""
    parents = processes()
    keeper = next(pid for pid, parent in parents.items() if parent == root and role(pid) == "bailiffd")
    found = {root: "stub", keeper: "keeper"}
    for pid, parent in sorted(parents.items()):
        name = role(pid) if parent == keeper else None
        if name in ROLES[1:]:
            found[pid] = name.removeprefix("bailiff-")
    return found


def pin(pids, cpus):
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task") if os.path.isdir(f"/proc/{pid}/task") else []:
            try:
                os.sched_setaffinity(int(task), cpus)
            except OSError:
                pass


def pss(pid):
    """kB"""
    match = re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M)
    return int(match.group(1)) if match else 0


def switches(pid):
    """How often its threads were woken or interrupted since they began."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        total += sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)", read(f"/proc/{pid}/task/{task}/status")))
    return total


def links(pid):
    """What the descriptors of a process refer to."""
    for fd in os.listdir(f"/proc/{pid}/fd") if os.path.isdir(f"/proc/{pid}/fd") else []:
        with contextlib.suppress(OSError):
            yield os.readlink(f"/proc/{pid}/fd/{fd}")


def network_namespaces(pids):
    """Those that they are in or hold."""
    found = {target for pid in pids for target in links(pid) if target.startswith("net:")}
    for pid in pids:
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/{pid}/ns/net"))
    return len(found)


def cgroups(launcher):
    """Control groups of sandboxes, below the one that the launcher holds."""
    mine = {target for target in links(launcher) if re.fullmatch(r"/sys/fs/cgroup/.*bailiff-[0-9a-f]{16}", target)}
    return sum(len(folders) for base in mine for _, folders, _ in os.walk(base))


def census(root):
    """What sandboxes could have left behind of the daemon whose first process that is."""
    mine = daemons(root)
    keeper, launcher = (next(pid for pid, name in mine.items() if name == wanted) for wanted in ("keeper", "launcher"))
    return {**{f"descriptors of the {name}": sum(1 for _ in links(pid)) for pid, name in mine.items()},
            "network namespaces": network_namespaces(below([root])),
            "control groups": cgroups(launcher), "mounts of the machine": read("/proc/self/mountinfo").count("\n"),
            "mounts of the keeper": read(f"/proc/{keeper}/mountinfo").count("\n"),
            "processes": len(below([root])), "kB (PSS) of all": sum(pss(pid) for pid in mine)}


def left_behind(before, after):
    """What is more than pools explain, which may be fuller than they were. Memory is for people to judge."""
    slack = {key: POOLED if key.startswith(("descriptors", "network")) else SPARE if key in ("processes", "control groups") else 0
             for key in before}
    return [key for key in before if not key.startswith("kB") and after[key] > before[key] + slack[key]]


def settle(root, before):
    """The census when nothing is left behind, or after some seconds."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        now = census(root)
        if not left_behind(before, now) or time.monotonic() > until:
            return now
        time.sleep(0.5)


def have(program):
    return shutil.which(program) is not None
