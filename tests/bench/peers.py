# SPDX-License-Identifier: GPL-2.0-or-later
"""The peers of the benchmark: which are here, and how each is asked for the jail of jail.py. Each becomes a line of the
plan that bench-launch reads: name, kind of way, words."""

import json
import os
import shutil
import subprocess

import jail

UNIFIED = "/sys/fs/cgroup/unified"


class Peer:
    """Name and words of a plan's line, what is said of it, and what of the jail it has not got."""

    def __init__(self, name, kind, words, what, less=""):
        self.name, self.kind, self.words, self.what, self.less = name, kind, words, what, less

    def line(self):
        return "\t".join([self.name, self.kind, *self.words])


class Peers:
    """Those that are installed or given by path; @folder is theirs, @app the payload's."""

    def __init__(self, folder, app, paths, bpf, systemd=None):
        self.folder, self.app, self.bpf, self.systemd = folder, app, bpf, systemd
        self.paths = {os.path.basename(path): path for path in paths}
        self.there = jail.binds()
        self.policy = os.path.join(folder, "bench.policy")
        with open(self.policy, "w", encoding="ascii") as f:
            f.write(jail.policy())
        self.root = self.make_root()

    def find(self, name):
        return self.paths.get(name) or shutil.which(name)

    def make_root(self):
        """An empty root with the places of what is mounted; the same for all that want one."""
        root = os.path.join(self.folder, "root")
        for name in ("proc", "dev", "sys", "tmp", "etc", "app", "var/lib"):
            os.makedirs(os.path.join(root, name), exist_ok=True)
        for path in self.there:
            there = root + path
            if os.path.isdir(path):
                os.makedirs(there, exist_ok=True)
            else:
                os.makedirs(os.path.dirname(there), exist_ok=True)
                open(there, "w", encoding="ascii").close()
        for name in jail.LINKS:
            if os.path.islink("/" + name):
                os.symlink(os.readlink("/" + name), os.path.join(root, name))
        return root

    def sources(self):
        return [(path, path) for path in self.there] + [(self.app, jail.APP)]

    def all(self):
        found = []
        for make in (self.minijail, self.libminijail, self.bubblewrap, self.nsjail, self.firejail, self.runtimes, self.units):
            found += make()
        return found

    def minijail(self):
        program = self.find("minijail0")
        if not program:
            return []
        words = [program, "-u", str(jail.NOBODY), "-g", str(jail.NOBODY), "-c", "0", "--ambient", "-n", "-v", "-p", "-I", "-l", "-e",
                 "-N", "--uts=bench", "-P", self.root, "-k", "proc,/proc,proc,0xe", "-t", "-d", "--env-reset"]
        for source, target in self.sources():
            words += ["-b", f"{source},{target}"]
        for name, value in jail.LIMITS:
            words += ["-R", f"{jail.SYSTEM_LIMIT[name]},{value},{value}"]
        landlock = []
        for option, paths in (("--fs-path-rx", jail.EXECUTABLE), ("--fs-path-ro", jail.READABLE),
                              ("--fs-path-rw", jail.WRITABLE)):
            for path in jail.inside(paths, self.there):
                landlock += [option, path]
        end = ["--", jail.PAYLOAD]
        text = ["-S", self.policy]
        return [Peer("minijail0", "command", words + text + end, "policy as text, as it is used", "no Landlock, no cgroup"),
                Peer("minijail0-bpf", "command", words + ["--seccomp-bpf-binary", self.bpf] + end,
                     "policy compiled beforehand", "no Landlock, no cgroup"),
                Peer("minijail0-landlock", "command", words + text + landlock + end, "policy as text, Landlock", "no cgroup"),
                Peer("minijail0-init", "command", [w for w in words if w != "-I"] + text + end,
                     "policy as text, an init beside the program", "no Landlock, no cgroup")]

    def libminijail(self):
        """Given by path alone; nobody knows where else it would fit the declarations of way-minijail.c."""
        library = self.paths.get("libminijail.so")
        if not library:
            return []
        words = [os.path.abspath(library), self.bpf, self.root, str(jail.NOBODY), jail.PAYLOAD]
        for source, target in self.sources():
            words += ["bind", source, target]
        for name, value in jail.LIMITS:
            words += ["limit", str(jail.SYSTEM_LIMIT[name]), str(value)]
        return [Peer("libminijail", "libminijail", words, "in the process that launches, policy compiled beforehand",
                     "no Landlock, no cgroup")]

    def bubblewrap(self):
        program = self.find("bwrap")
        if not program:
            return []
        words = ["<" + self.bpf, program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
                 "--unshare-cgroup", "--as-pid-1", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        for source, target in self.sources():
            words += ["--ro-bind", source, target]
        for name in jail.LINKS:
            if os.path.islink("/" + name):
                words += ["--symlink", os.readlink("/" + name), "/" + name]
        words += ["--seccomp", "3", "--", jail.PAYLOAD]
        less = "no Landlock, no limits, no cgroup, stays uid 0"
        return [Peer("bubblewrap", "command", words, "filter compiled beforehand", less),
                Peer("bubblewrap-init", "command", [w for w in words if w != "--as-pid-1"],
                     "filter compiled beforehand, an init beside the program", less)]

    def nsjail(self):
        program = self.find("nsjail")
        if not program:
            return []
        words = [program, "-Mo", "--really_quiet", "--disable_clone_newuser", "--user", str(jail.NOBODY), "--group",
                 str(jail.NOBODY), "--hostname", "bench", "--chroot", self.root, "--tmpfsmount", "/tmp",
                 "--seccomp_string", jail.kafel(), "--rlimit_as", "4096", "--rlimit_nofile", "1024", "--rlimit_fsize", "1024"]
        for source, target in self.sources():
            words += ["-R", f"{source}:{target}"]
        words += ["--tmpfsmount", "/dev"]
        for name, _, _ in jail.DEVICES:
            words += ["-B", f"/dev/{name}:/dev/{name}"]
        return [Peer("nsjail", "command", words + ["--", jail.PAYLOAD], "policy as text", "no Landlock, no cgroup")]

    def firejail(self):
        program = self.find("firejail")
        if not program:
            return []
        words = [program, "--quiet", "--noprofile", "--private-dev", "--net=none", "--caps.drop=all", "--nonewprivs",
                 "--ipc-namespace", "--hostname=bench", "--rlimit-nofile=1024", "--rlimit-fsize=1073741824",
                 "--seccomp", "--",
                 os.path.join(self.app, "payload")]
        return [Peer("firejail", "command", words, "its own default filter", "no root of its own, no Landlock, "
                     "no cgroup, stays uid 0")]

    def runtimes(self):
        found = []
        for name in ("crun", "runc"):
            program = self.find(name)
            # without cgroup v2 that can be shown to them alone they do not start
            if not program:
                continue
            bundle = self.make_bundle(name)
            cgroups = ["--cgroup-manager=disabled"] if name == "crun" else []
            words = [program, f"--root={self.folder}/{name}.state", *cgroups, "run", "--preserve-fds=1",
                     f"--bundle={bundle}", "bailiff-bench-{n}"]
            found.append(Peer(name, "command-unified", words, "a bundle that is ready",
                              "no Landlock" + (", no cgroup" if cgroups else "") + ", a longer filter"))
        return found

    def make_bundle(self, name):
        bundle = os.path.join(self.folder, name + ".bundle")
        os.mkdir(bundle)
        subprocess.run([self.find(name), "spec"], cwd=bundle, check=True, stdout=subprocess.DEVNULL)
        path = os.path.join(bundle, "config.json")
        with open(path, encoding="utf-8") as f:
            config = json.load(f)
        self.configure(config)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f)
        return bundle

    def configure(self, config):
        process, linux = config["process"], config["linux"]
        process.update(terminal=False, user={"uid": jail.NOBODY, "gid": jail.NOBODY}, noNewPrivileges=True,
                       args=[jail.PAYLOAD], env=[],
                       capabilities={kind: [] for kind in process["capabilities"]},
                       rlimits=[{"type": "RLIMIT_" + n, "hard": v, "soft": v} for n, v in jail.LIMITS])
        config["root"] = {"path": self.root, "readonly": True}
        config["hostname"] = "bench"
        config["mounts"] = [m for m in config["mounts"] if m["destination"] in ("/proc", "/dev")]
        config["mounts"] += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]}]
        config["mounts"] += [{"destination": target, "type": "bind", "source": source,
                              "options": ["bind", "ro", "nosuid", "nodev"]} for source, target in self.sources()]
        linux.pop("resources", None)
        linux["namespaces"] = [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount", "cgroup")]
        linux["seccomp"] = self.runtime_filter()

    @staticmethod
    def runtime_filter():
        """The sixty, and what the runtimes themselves need once their filter is in force."""
        more = ["capget", "capset", "setgroups", "setgid", "setuid", "setresuid", "setresgid", "chdir", "fchdir", "getcwd",
                "sendmsg", "recvmsg", "close_range", "gettimeofday", "faccessat", "faccessat2", "fstatfs", "statfs", "getppid",
                "sched_getaffinity", "sched_yield", "rt_sigtimedwait", "openat2", "umask", "unlinkat", "statx", "lstat", "stat",
                "open", "pipe", "dup2", "dup3", "set_robust_list", "sysinfo", "uname", "keyctl", "fchown", "fchownat",
                "getsockopt", "sendto", "recvfrom", "tkill", "epoll_create", "eventfd2"]
        plain = [n for n in ("mprotect", "madvise", "fcntl", "prctl", "clone", "ioctl", "socket")]
        rules = [{"names": jail.ALLOWED + more + plain, "action": "SCMP_ACT_ALLOW"}]
        rules += [{"names": [name], "action": "SCMP_ACT_ALLOW", "args": [{"index": n, "value": v, "op": "SCMP_CMP_EQ"}]}
                  for name, n, *values in jail.CONDITIONS if name not in plain for v in values]
        return {"defaultAction": "SCMP_ACT_KILL_PROCESS", "architectures": ["SCMP_ARCH_X86_64"]
                if os.uname().machine == "x86_64" else [], "syscalls": rules}

    def units(self):
        """Where systemd runs, or one is given by its bus' address; its own words for the same jail."""
        if not self.systemd and not os.path.isdir("/run/systemd/system"):
            return []
        payload = jail.PAYLOAD if self.systemd else os.path.join(self.app, "payload")
        properties = ["User=nobody", "PrivateNetwork=yes", "PrivateDevices=yes", "PrivateTmp=yes", "PrivateIPC=yes",
                      "PrivateMounts=yes", "ProtectSystem=strict", "ProtectHome=s:yes", "ProtectControlGroups=yes",
                      "ProtectKernelTunables=yes", "NoNewPrivileges=yes", "ProtectHostname=yes",
                      "CapabilityBoundingSet=t:0", "SystemCallFilter=l:@system-service"]
        properties += [f"Limit{name}=t:{value}" for name, value in jail.LIMITS if name != "CPU"]
        found = [Peer("StartTransientUnit", "systemd", [self.systemd or "system", payload, *properties], "over D-Bus",
                      "no root of its own, no Landlock, no PID namespace, a filter of its own, never pinned")]
        run = self.find("systemd-run")
        if run and not self.systemd:
            options = [f"-p{p.replace('=s:', '=').replace('=l:', '=').replace('=t:', '=')}" for p in properties]
            options = [o if not o.startswith("-pCapabilityBoundingSet") else "-pCapabilityBoundingSet=" for o in options]
            found.append(Peer("systemd-run", "command", [run, "--quiet", "--wait", "--pipe", "--collect", *options, payload],
                              "--wait --pipe", "as StartTransientUnit"))
        return found
