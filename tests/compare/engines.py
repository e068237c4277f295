# SPDX-License-Identifier: GPL-2.0-or-later
"""The jails that are compared, each with the settings that its own manual names for a program that nobody trusts, which
computes and needs nothing: no network, no files but /usr, a private /tmp, no capability, an ordinary user. Where an
engine has a default for something, the default stays; where a stricter setting is one switch away, the switch is on.
What is left out, and why, stands at each engine."""

import json
import os
import re
import shutil
import subprocess

# For engines that root starts: nobody else has it.
JAIL_UID = 54321
OLD_ROOT = ("lib", "lib64", "lib32", "libx32", "bin", "sbin")


def version(*argv):
    """The first thing that looks like a version in what a program says of itself."""
    said = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = re.search(r"\d+\.\d[\w.~+-]*|(?<=systemd )\d+", said.stdout + said.stderr)
    return found.group(0) if found else "of unknown version"


class Engine:
    """`argv(probe words)` is what to run. `title` heads the column, `about` is for the reader of the document."""

    name = title = about = ""
    program = None  # to be found in PATH
    dead = (159,)  # exit statuses that mean: ended by SIGSYS (128 + 31, as a shell says it)

    def __init__(self, stage):
        self.stage = stage
        self.probe = os.path.join(stage.folder, "probe")

    def missing(self):
        """Why it can not be had here, or None."""
        return None if shutil.which(self.program) else f"{self.program} is not installed"

    def version(self):
        """For the list of jails; runs the program."""
        return version(self.program, "--version")

    def prepare(self):
        """Writes what argv() needs."""

    def argv(self, words):
        raise NotImplementedError

    def as_caller(self, argv):
        """As the ordinary user who would start the jail, without anything of root's."""
        user = str(self.stage.uid)
        return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--bounding-set=-all",
                "--inh-caps=-all", "--", *argv]


class Nothing(Engine):
    """The floor: what an ordinary user may do. Mounts are private, in case the kernel has a surprise."""

    name, title, program = "user", "no jail", "setpriv"
    about = "an ordinary user's process with `no_new_privs` and no capability, started by setpriv(1) of util-linux"

    def argv(self, words):
        return ["unshare", "--mount", "--propagation=private",
                *self.as_caller(["setpriv", "--no-new-privs", "--", self.probe, *words])]


class Bailiff(Engine):
    program = None
    body = ""

    def missing(self):
        return None

    def version(self):
        return version(self.stage.ctl, "--version")

    def prepare(self):
        path = os.path.join(self.stage.folder, "config", "profiles", f"compare-{self.name}.profile")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"[Profile]\nDescription=For comparison\n{self.body}[Filesystem]\n"
                    f"BindReadOnlyPaths={self.probe}:/probe\n")
        subprocess.run([self.stage.ctl, "reload"], check=True, stdin=subprocess.DEVNULL)

    def argv(self, words):
        return [self.stage.ctl, "run", f"compare-{self.name}", "--", "/probe", *words]


class BailiffBase(Bailiff):
    """Only what makes the probe run is added: its path."""

    name, title = "bailiff-base", "Bailiff: base"
    about = "the shipped `base.profile` with the probe as its program; what a profile has that says nothing"
    body = "Template=base.profile\n[Exec]\nExecutable=/probe\n"


class BailiffDecoder(Bailiff):
    """Only what makes the probe run is added: its path, and any argument."""

    name, title = "bailiff-decoder", "Bailiff: decoder"
    about = "the shipped `decoder.profile` with the probe as one of its programs"
    body = "Template=decoder.profile\n[Exec]\nExecutable=/probe\nArgument=.*\n"


class BailiffUnfiltered(Bailiff):
    """To be compared with engines that bring no filter of their own."""

    name, title = "bailiff-unfiltered", "Bailiff: no policy"
    about = ("as `base.profile`, but without a seccomp policy: namespaces, root, ids, capabilities, and the calls that "
             "`daemon/base/denied.c` takes from every sandbox")
    body = "[Exec]\nExecutable=/probe\n"


class Shipped(Bailiff):
    """A shipped profile; only what makes the probe run is added: its path, and any argument. Descriptors that the profile
    asks for need not be there."""

    def __init__(self, stage, name, text):
        super().__init__(stage)
        about = re.search(r"^Description=(.*)$", text, re.M)
        self.name, self.title, self.about = f"bailiff-{name}", name, about.group(1) if about else ""
        self.body = f"Template={name}.profile\n[Exec]\nExecutable=/probe\nArgument=.*\n"
        for line in re.findall(r"^FileDescriptor=.*,required.*$", text, re.M):
            self.body += line.replace(",required", "") + "\n"
        if re.search(r"^Fs\w+=", text, re.M):
            self.body += "[Landlock]\nFsPathReadExecute=/probe\n"


def shipped(stage):
    """All profiles of the installation on the stage."""
    folder = os.path.join(stage.folder, "tree", "usr", "lib", "bailiff", "profiles")
    found = []
    for file in sorted(os.listdir(folder)):
        if not file.endswith(".profile"):
            continue
        text, template = "", file
        while template:
            with open(os.path.join(folder, template), encoding="utf-8") as f:
                text += f.read()
            # the last one is that of the file just read
            chain = re.findall(r"^Template=(.*)$", text, re.M)
            template = chain[-1] if len(chain) > text.count("[Profile]") - 1 else None
        found.append(Shipped(stage, file.removesuffix(".profile"), text))
    return found


class Bubblewrap(Engine):
    """Started by the user, which is what it is for. --new-session is what its manual asks for against TIOCSTI;
    --disable-userns is what it has against further namespaces. No filter: it takes a compiled one from its caller and
    brings none. Descriptors are the caller's to close, says its manual."""

    name, title, program = "bubblewrap", "bubblewrap", "bwrap"
    about = ("started by the user: `--unshare-all --unshare-user --disable-userns --die-with-parent --new-session "
             "--cap-drop ALL --clearenv`, /, /usr read-only, own /proc, /dev, /tmp; no filter (it brings none)")

    def argv(self, words):
        links = []
        for name in OLD_ROOT:
            if os.path.islink("/" + name):
                links += ["--symlink", os.readlink("/" + name), "/" + name]
        return self.as_caller(["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent",
                               "--new-session", "--cap-drop", "ALL", "--clearenv", "--hostname", "jail",
                               "--ro-bind", "/usr", "/usr", *links, "--proc", "/proc", "--dev", "/dev",
                               "--tmpfs", "/tmp", "--ro-bind", self.probe, "/probe", "--remount-ro", "/", "--", "/probe", *words])


class Firejail(Engine):
    """Started by the user, who has a home directory, through its set-user-id program. --noprofile: the profile it would
    choose is for desktop programs. --private hides the home; the probe lies in what takes its place. The filter is its
    own default. /run can not be blacklisted as a whole (it then does not start). --memory-deny-write-execute and --restrict-namespaces are its switches for what the rows ask."""

    name, title, program = "firejail", "firejail", "firejail"
    about = ("started by the user: `--noprofile --private --private-tmp --private-dev --private-etc=none --net=none "
             "--caps.drop=all --nonewprivs --noroot --nogroups --seccomp --seccomp.block-secondary --protocol=unix "
             "--memory-deny-write-execute --restrict-namespaces --ipc-namespace --machine-id --disable-mnt "
             "--blacklist` of /sys, /boot, /var/log, `--noexec=/tmp`; its own default filter")
    options = ("--quiet", "--noprofile", "--private-tmp", "--private-dev", "--private-etc=none", "--net=none",
               "--caps.drop=all", "--nonewprivs", "--noroot", "--nogroups", "--seccomp", "--seccomp.block-secondary",
               "--protocol=unix", "--memory-deny-write-execute", "--restrict-namespaces", "--ipc-namespace",
               "--machine-id", "--disable-mnt", "--hostname=jail", "--blacklist=/sys", "--blacklist=/boot",
               "--blacklist=/var/log", "--noexec=/tmp")

    def prepare(self):
        private = os.path.join(self.stage.folder, "private")
        os.mkdir(private)
        shutil.copy(self.probe, private)
        for path in (private, os.path.join(private, "probe")):
            os.chown(path, self.stage.uid, self.stage.uid)
        os.chmod(private, 0o755)

    def argv(self, words):
        home = os.path.expanduser("~" + self.stage.user)
        # its set-user-id program keeps to the caller's home, so HOME is told
        user = str(self.stage.uid)
        return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", "env", f"HOME={home}",
                f"USER={self.stage.user}", f"LOGNAME={self.stage.user}", "firejail", *self.options,
                f"--private={self.stage.folder}/private", "--", os.path.join(home, "probe"), *words]


class Crun(Engine):
    """Started by root, as the runtime of a container engine. The configuration is what `crun spec` writes, with no
    capability, an ordinary user, a read-only root with /usr, a /tmp with the options that Docker gives, and the filter that Podman would hand over (from Debian's
    golang-github-containers-common), without the rules for capabilities that it has not got."""

    name, title, program = "crun", "crun", "crun"
    about = ("started by root: what `crun spec` writes, with no capability, an ordinary user, a read-only root that "
             "holds /usr, its own hostname, network and cgroup namespaces, {filter}")

    def __init__(self, stage):
        super().__init__(stage)
        self.bundle = os.path.join(stage.folder, "bundle")
        self.count = 0

    def seccomp(self):
        path = self.stage.container_filter
        if not path or not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as f:
            wanted = json.load(f)
        native = os.uname().machine
        rules = []
        for rule in wanted["syscalls"]:
            includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
            # no capability is held, so rules for some never apply and rules "unless some" always do
            if includes.get("caps"):
                continue
            arches = {"x86_64": {"amd64", "x32"}, "aarch64": {"arm64"}}.get(native, {native})
            if includes.get("arches") and not arches & set(includes["arches"]):
                continue
            if excludes.get("arches") and arches & set(excludes["arches"]):
                continue
            kept = {k: rule[k] for k in ("names", "action", "errnoRet") if rule.get(k) not in (None, "")}
            if rule.get("args"):
                kept["args"] = [{k: v for k, v in arg.items() if v is not None} for arg in rule["args"]]
            rules.append(kept)
        result = {"defaultAction": wanted["defaultAction"], "syscalls": rules,
                  "architectures": [name for entry in wanted["archMap"] if
                                    entry["architecture"].lower() == "scmp_arch_" + native
                                    for name in [entry["architecture"], *(entry["subArchitectures"] or [])]]}
        if wanted.get("defaultErrnoRet") is not None:
            result["defaultErrnoRet"] = wanted["defaultErrnoRet"]
        return result

    def prepare(self):
        root = os.path.join(self.bundle, "rootfs")
        for name in ("usr", "proc", "dev", "sys", "tmp", "etc"):
            os.makedirs(os.path.join(root, name))
        for name in OLD_ROOT:
            if os.path.islink("/" + name):
                os.symlink(os.readlink("/" + name), os.path.join(root, name))
        shutil.copy(self.probe, root)
        subprocess.run(["crun", "spec"], cwd=self.bundle, check=True, stdout=subprocess.DEVNULL)
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as f:
            self.config = json.load(f)
        self.configure()

    def configure(self):
        process = self.config["process"]
        process["terminal"] = False
        process["user"] = {"uid": JAIL_UID, "gid": JAIL_UID}
        process["noNewPrivileges"] = True
        process["capabilities"] = {name: [] for name in process["capabilities"]}
        self.config["root"] = {"path": "rootfs", "readonly": True}
        self.config["hostname"] = "jail"
        # A /sys/fs/cgroup is for programs that manage control groups.
        self.config["mounts"] = [m for m in self.config["mounts"] if m["type"] != "cgroup"]
        self.config["mounts"] += [
            {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro", "nosuid", "nodev"]},
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
             "options": ["nosuid", "nodev", "noexec"]}]
        linux = self.config["linux"]
        linux.pop("resources", None)
        kinds = {n["type"] for n in linux["namespaces"]}
        linux["namespaces"] += [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount", "cgroup")
                                if t not in kinds]
        seccomp = self.seccomp()
        if seccomp:
            linux["seccomp"] = seccomp
        self.about = self.about.format(filter="and Podman's default filter" if seccomp else
                                       "without a filter (Podman's was not to be had)")

    def argv(self, words):
        self.count += 1
        self.config["process"]["args"] = ["/probe", *words]
        with open(os.path.join(self.bundle, "config.json"), "w", encoding="utf-8") as f:
            json.dump(self.config, f)
        # crun does not start where cgroup v1 and v2 are both mounted: it is shown the latter alone.
        only_v2 = "[ ! -d {0}/unified ] || mount --bind {0}/unified {0}; exec \"$@\"".format("/sys/fs/cgroup")
        return ["unshare", "--mount", "--propagation=private", "sh", "-c", only_v2, "sh",
                "crun", f"--root={self.stage.folder}/crun", "--cgroup-manager=disabled", "run",
                f"--bundle={self.bundle}", f"bailiff-compare-{self.count}"]


class Minijail(Engine):
    """Started by root, which is what it is for. No filter: it has one for each program, written by hand, and brings no
    default. Capabilities are set to none, which also locks the securebits.
    -k mounts /proc, which a root of one's own has not got otherwise; 0xe is nosuid, nodev, noexec. --env-reset does nothing to static programs such as the probe; it is given all the same."""

    name, title, program = "minijail0", "minijail0", None
    about = ("started by root: `-u -g -c 0 --ambient -n -w --env-reset -v -p -l -N -e --uts=jail -d -t -P` with /usr and "
             "the probe bound; no filter (it brings none)")
    dead = (159, 253)

    def missing(self):
        return None if self.stage.minijail0 else "not packaged by Debian 12; give a program with --minijail0"

    def version(self):
        return "its version is not told by the program"

    def prepare(self):
        self.root = os.path.join(self.stage.folder, "minijail")
        for name in ("usr", "proc", "dev", "tmp"):
            os.makedirs(os.path.join(self.root, name))
        open(os.path.join(self.root, "probe"), "w", encoding="ascii").close()

    def argv(self, words):
        return [self.stage.minijail0, "-u", str(JAIL_UID), "-g", str(JAIL_UID), "-c", "0", "--ambient", "-n", "-w", "--env-reset", "-v",
                "-p", "-k", "proc,/proc,proc,0xe", "-l", "-N", "-e", "--uts=jail", "-d", "-t", "-P", self.root, "-b", "/usr,/usr",
                "-b", f"{self.probe},/probe", "--", "/probe", *words]


class SystemdRun(Engine):
    """Started by root: a transient service with every sandboxing setting of systemd.exec(5) that a program without needs
    can have. DynamicUser= implies several of them; they are written out."""

    name, title, program = "systemd-run", "systemd-run", "systemd-run"
    settings = ("DynamicUser=yes", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "PrivateTmp=yes",
                "PrivateDevices=yes", "PrivateNetwork=yes", "PrivateIPC=yes", "PrivateMounts=yes", "PrivateUsers=yes",
                "ProtectSystem=strict", "ProtectHome=yes", "ProtectHostname=yes", "ProtectClock=yes",
                "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes",
                "ProtectControlGroups=yes", "ProtectProc=invisible", "ProcSubset=pid", "RestrictAddressFamilies=none",
                "RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
                "MemoryDenyWriteExecute=yes", "RemoveIPC=yes", "UMask=0077", "SystemCallArchitectures=native",
                "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources",
                "KeyringMode=private", "DevicePolicy=closed", "LimitCORE=0")
    about = "a transient service of the running systemd: " + ", ".join(f"`{s}`" for s in settings)

    def missing(self):
        if not os.path.isdir("/run/systemd/system"):
            return "systemd does not run here as process 1"
        return super().missing()

    def argv(self, words):
        return ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", *(f"-p{s}" for s in self.settings),
                f"-pBindReadOnlyPaths={self.probe}", "--", self.probe, *words]


ALL = (Nothing, BailiffBase, BailiffDecoder, BailiffUnfiltered, Bubblewrap, Firejail, Crun, Minijail, SystemdRun)
