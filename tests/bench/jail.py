# SPDX-License-Identifier: GPL-2.0-or-later
"""One jail, said in the words of Bailiff and of each of its peers, for the benchmark to compare.

What is asked of all: own mount, PID, network, IPC, UTS and cgroup namespaces; a root of its own with twelve read-only
binds, a /tmp, a /proc and six device nodes; nobody's ids; no capability; no_new_privs; a filter of sixty system calls,
ten of them with conditions; Landlock with twenty paths and eight resource limits, where a peer has them. What a peer
lacks of this is said beside its name ("less")."""


import os
import sys

NOBODY = 65534
APP = "/app"
PAYLOAD = APP + "/payload"

# Of the host, at the same place in the jail; the twelfth bind is the payload's directory. Bailiff binds the first
# three with every minimal root.
BINDS = ("/usr", "/etc/ld.so.cache", "/etc/alternatives", "/etc/ssl", "/etc/passwd", "/etc/group", "/etc/hosts",
         "/etc/resolv.conf", "/opt", "/srv", "/var/lib/dpkg")
LINKS = ("bin", "sbin", "lib", "lib64")
DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))

EXECUTABLE = ("/usr/bin", "/usr/sbin", "/usr/lib", APP)
READABLE = ("/usr/share", "/etc/ssl", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf", "/etc/ld.so.cache",
            "/etc/alternatives", "/opt", "/srv", "/var/lib/dpkg", "/proc", "/dev/urandom")
WRITABLE = ("/tmp", "/dev/null", "/dev/zero")

LIMITS = (("FSIZE", 1 << 30), ("DATA", 1 << 30), ("STACK", 8 << 20), ("CORE", 0), ("NOFILE", 1024),
          ("MEMLOCK", 65536), ("AS", 4 << 30), ("CPU", 3600))
SYSTEM_LIMIT = {"CORE": 4, "CPU": 0, "DATA": 2, "FSIZE": 1, "STACK": 3, "NOFILE": 7, "MEMLOCK": 8, "AS": 9}

ALLOWED = """read write exit_group exit execve execveat brk mmap munmap close fstat newfstatat openat pread64 pwrite64
    readv writev lseek poll ppoll epoll_create1 epoll_ctl epoll_wait epoll_pwait rt_sigaction rt_sigprocmask
    rt_sigreturn sigaltstack getpid gettid getuid geteuid getgid getegid getrandom clock_gettime clock_nanosleep
    nanosleep futex set_robust_list set_tid_address rseq prlimit64 arch_prctl access readlink getdents64 dup pipe2
    wait4""".split()
# call, argument, the two values that it may have
CONDITIONS = (("mprotect", 2, 1, 3), ("madvise", 2, 4, 8), ("fcntl", 1, 1, 3), ("ioctl", 1, 0x5401, 0x5413),
              ("socket", 0, 1, 2), ("socketpair", 0, 1, 2), ("prctl", 0, 15, 16), ("clone", 0, 0x3d0f00, 0x1200011),
              ("kill", 1, 0, 15), ("tgkill", 2, 6, 15))


def binds():
    return [path for path in BINDS if os.path.exists(path)]


def limits(names=None):
    return [(name, value) for name, value in LIMITS if names is None or name in names]


def inside(paths, there):
    """Paths that the jail has."""
    return [p for p in paths if p == APP or p.startswith(("/usr", "/proc", "/dev", "/tmp")) or
            any(p == b or p.startswith(b + "/") for b in there)]


def policy():
    lines = [f"{name}: 1" for name in ALLOWED]
    lines += [f"{name}: arg{n} == {a:#x} || arg{n} == {b:#x}" for name, n, a, b in CONDITIONS]
    return "\n".join(lines) + "\n"


def kafel():
    """The same for nsjail, which has names of its own."""
    names = {"fstat": "newfstat"}
    rules = [names.get(name, name) for name in ALLOWED]
    fields = {"mprotect": "prot", "madvise": "behavior", "fcntl": "cmd", "ioctl": "cmd", "socket": "family",
              "socketpair": "family", "prctl": "option", "clone": "clone_flags", "kill": "sig", "tgkill": "sig"}
    rules += [f"{name} {{ {fields[name]} == {a} || {fields[name]} == {b} }}" for name, _, a, b in CONDITIONS]
    return "POLICY bench { ALLOW { " + ", ".join(rules) + " } } USE bench DEFAULT KILL"


def profile(app, users=(), warm=0, init=False):
    """Bailiff's; with @warm parked jails. The program is process 1 of its jail, as it is with every peer, or there is
    an @init, which is what Bailiff does for profiles that do not say."""
    there = binds()
    lines = ["[Profile]", "Description=The jail of the benchmark", "[Access]", "MaxPerUser=4096",
             *[f"AllowUser={user}" for user in users], "[Exec]", f"Executable={PAYLOAD}", "Argument=stay",
             "PassEnvironment=BENCH",
             "FileDescriptor=1 memfd", "[User]", "User=nobody", "[Capabilities]", "CapabilityBoundingSet=",
             "[Namespaces]", f"RunAsInit={'no' if init else 'yes'}", "[Filesystem]", "MinimalRoot=yes", "PrivateTmp=yes", f"BindReadOnlyPaths={app}:{APP}"]
    lines += [f"BindReadOnlyPaths={path}" for path in there[3:]]
    lines += ["[Landlock]"]
    lines += [f"{key}={' '.join(inside(paths, there))}" for key, paths in (
        ("FsPathReadExecute", EXECUTABLE), ("FsPathReadOnly", READABLE), ("FsPathReadWrite", WRITABLE))]
    lines += ["[Seccomp]", "Policy=bench.policy", "[Resources]"]
    lines += [f"Limit{name}={value}" for name, value in LIMITS]
    if warm:
        lines += ["[Pool]", f"Warm={warm}", f"MaxWarm={2 * warm}"]
    return "\n".join(lines) + "\n"


def write(stage, users):
    """The profiles "bench", "bench-init" and "bench-warm", and their policy, into the configuration."""
    app = os.path.join(stage, "app")
    for name, text in (("config/profiles/bench.profile", profile(app, users)),
                       ("config/policies/bench.policy", policy()),
                       ("config/profiles/bench-init.profile", profile(app, users, init=True)),
                       ("config/profiles/bench-warm.profile", profile(app, users, warm=8))):
        with open(os.path.join(stage, name), "w", encoding="ascii") as f:
            f.write(text)


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2:])
