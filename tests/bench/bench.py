# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures launches beside the floors and whatever peers are there. bench.sh has set the stage, bench-launch looks at the
clock; this says who takes turns with whom, and what comes of it. Nothing is asserted about time: it fails when something
did not work."""

import argparse
import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import time

import jail
import machine
import peers
import report
import second

WHAT = ("launch", "throughput", "scale", "reload", "idle", "queries", "fairness", "policy", "all")
BLOCK = 10
GAP_USEC = 4000
MODES = (("spaced", GAP_USEC, True), ("back to back", 0, True), ("spaced, both processors", GAP_USEC, False))
CLIENTS = (1, 2, 8, 32)
LEVELS = (100, 1000, 2000)
PROFILES = 500
QUIET_SECONDS = 15  # until what the last launches have set has run out: the launcher's clock, for their set-up's deadline
SOAK_CLIENTS = 8
SOAK_MSEC = 10000


class Failed(Exception):
    pass


def summary(values):
    ordered = sorted(values)
    at = lambda part: round(ordered[min(int(part * len(ordered)), len(ordered) - 1)], 1)
    return {"median": at(0.5), "p99": at(0.99), "min": at(0), "n": len(ordered)}


class Bench:
    def __init__(self, options):
        self.options = options
        self.stage, self.build = options.stage, options.build
        self.programs = os.path.join(options.build, "tests", "bench")
        self.app = os.path.join(self.stage, "app")
        self.bus = os.environ["BAILIFF_ADDRESS"]
        self.direct = f"unix:path={self.stage}/run/broker"
        self.second = self.found_peers = None
        self.results = {"machine": machine.describe(), "what": {}}
        self.failures, self.children = [], []
        self.cpus = os.sched_getaffinity(0)

    # --- who takes part

    def start_second(self):
        if self.second or not machine.have("dbus-broker-launch") or not machine.have("systemd-socket-activate"):
            return
        self.second = second.Second(self.stage)

    def floors(self):
        payload = os.path.join(self.app, "payload")
        found = [peers.Peer("vfork+exec", "vfork", [payload], "no jail: the floor"),
                 peers.Peer("posix_spawn", "spawn", [payload], "no jail"),
                 peers.Peer("fork+exec, 50 MB", "fork", ["50", payload], "no jail, from a process that has 50 MB"),
                 peers.Peer("call, no bus", "ping", ["peer"], "an empty call of an empty sd-bus service"),
                 peers.Peer("call, dbus-daemon", "ping", [self.bus], "an empty call")]
        if self.second:
            found.append(peers.Peer("call, dbus-broker", "ping", [self.second.address], "an empty call"))
        return found

    def ours(self):
        kinds = (("", "bench", "cold"), (" with init", "bench-init", "cold, with an init beside the program"),
                 (" warm", "bench-warm", "a parked jail"))
        return [peers.Peer(f"bailiff{kind}, {name}", "bailiff", [address, profile], what)
                for kind, profile, what in kinds for name, address in self.addresses().items()]

    def runs(self):
        """bailiffctl run, from its own exec on. It has the library in it, and needs none of the stage's."""
        program = f"{self.stage}/tree/usr/bin/bailiffctl"
        return [peers.Peer(f"bailiffctl run, {name}", "command", [program, f"--address={address}", "run", "bench", jail.PAYLOAD],
                           "the program, with its start") for name, address in self.addresses().items()]

    def peers(self):
        folder = os.path.join(self.stage, "peers")
        os.makedirs(folder, exist_ok=True)
        bpf = os.path.join(folder, "bench.bpf")
        if self.found_peers is None:
            subprocess.run([f"{self.stage}/tree/usr/bin/bailiffctl", "policy", "compile", "--no-warnings", f"--output={bpf}",
                            f"{self.stage}/config/policies/bench.policy"], check=True)
            group = peers.Peers(folder, self.app, self.options.peers, bpf, self.options.systemd)
            self.found_peers = group.all()
            self.results["versions"] = machine.versions(
                {name: path for name in ("bwrap", "nsjail", "firejail", "crun", "runc", "systemd-run", "dbus-daemon",
                                         "dbus-broker") if (path := group.find(name))})
        return self.found_peers

    # --- the clock

    def clock(self, words, plan=(), pinned=False, **more):
        """Starts bench-launch."""
        cpu = {min(self.cpus)} if pinned else self.cpus
        child = subprocess.Popen([os.path.join(self.programs, "bench-launch"), *words], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True, env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                                 preexec_fn=lambda: os.sched_setaffinity(0, cpu), **more)
        self.children.append(child)
        if plan:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write("".join(way.line() + "\n" for way in plan))
                child.stdin.close()
        return child

    @staticmethod
    def lines(child):
        with child.stdout:
            found = [line.rstrip("\n").split("\t") for line in child.stdout]
        if child.wait() != 0:
            raise Failed(f"bench-launch ended with {child.returncode}")
        return found

    def check(self, ways, lines):
        """Who does not work is told of and left out; ours and the floors have to."""
        for _, name, why in (line for line in lines if line[0] == "failed"):
            print(f"bench: {name}: {why}", file=sys.stderr)
            if any(w.name == name and w.kind not in ("command", "command-unified", "systemd", "libminijail") for w in ways):
                self.failures.append(f"{name}: {why}")

    def turns(self, ways, count, gap, pinned):
        lines = self.lines(self.clock(["turns", str(count), str(BLOCK), str(gap)], ways, pinned))
        self.check(ways, lines)
        found = {}
        for way in ways:
            samples = [(float(l[2]), float(l[3])) for l in lines if l[0] == "sample" and l[1] == way.name]
            if samples:
                found[way.name] = {"first": summary(s[0] for s in samples), "end": summary(s[1] for s in samples)}
        return found

    @contextlib.contextmanager
    def pinned(self, wanted):
        """All that take part on one processor: what a launch costs, without the wake-up of a second one."""
        roots = [self.options.daemon, self.options.bus_pid]
        roots += [self.second.daemon.pid, self.second.bus.pid] if self.second else []
        if wanted:
            machine.pin(machine.below(roots), {min(self.cpus)})
        try:
            yield
        finally:
            machine.pin(machine.below(roots), self.cpus)

    # --- what is measured

    def launch(self):
        ours = self.ours()
        ways = self.floors() + ours + self.runs() + self.peers()
        runs = []
        for _ in range(self.options.runs):
            run = {}
            for name, gap, pinned in MODES:
                with self.pinned(pinned):
                    before = machine.load()
                    run[name] = {"load": [before], "ways": self.turns(ways, self.options.count, gap, pinned)}
                    run[name]["load"].append(machine.load())
            runs.append(run)
            report.print_launch(run, ways)
        return {"runs": runs, "ways": {w.name: {"what": w.what, "less": w.less} for w in ways}}

    def rate(self, ways, clients, msec):
        lines = self.lines(self.clock(["rate", str(clients), str(msec)], ways))
        self.check(ways, lines)
        return {l[1]: {"done": int(l[3]), "failed": int(l[4]), "seconds": float(l[5])} for l in lines if l[0] == "rate"}

    def throughput(self):
        ways = [self.floors()[0]] + self.ours() + self.peers()
        before = machine.census(self.options.daemon)
        cells, loads = {}, [machine.load()]
        for _ in range(self.options.rounds):
            for clients in CLIENTS:
                for name, got in self.rate(ways, clients, int(self.options.seconds * 1000)).items():
                    cell = cells.setdefault(name, {}).setdefault(str(clients), {"done": 0, "failed": 0, "seconds": 0.0})
                    for key, value in got.items():
                        cell[key] = round(cell[key] + value, 4)
        soaked = self.soak()
        loads.append(machine.load())
        after = machine.settle(self.options.daemon, before)
        found = {"cells": cells, "load": loads, "soak": soaked, "before": before, "after": after}
        report.print_throughput(found)
        failed = {name: n for name, row in cells.items() if name.startswith("bailiff") for n in row.values() if n["failed"]}
        if failed:
            self.failures.append(f"launches of ours failed: {failed}")
        left = machine.left_behind(before, after)
        if left:
            self.failures.append("left behind: " + ", ".join(f"{k}: {before[k]}, then {after[k]}" for k in left))
        return found

    def soak(self):
        """As many launches as are asked for."""
        way, total, seconds = self.ours()[-1], 0, 0.0
        while total < self.options.soak:
            got = self.rate([way], SOAK_CLIENTS, SOAK_MSEC).get(way.name)
            if not got:
                break
            if got["failed"]:
                self.failures.append(f"{got['failed']} of {got['done']} launches failed")
                break
            total, seconds = total + got["done"], seconds + got["seconds"]
        return {"launches": total, "seconds": round(seconds, 1)} if total else None

    def scale(self):
        levels, found = [n for n in LEVELS if n < self.options.live] + [self.options.live], []
        ways = [self.floors()[0]] + [w for w in self.ours() if "broker" not in w.name]
        holder = self.clock(["hold", self.direct, "bench"])
        try:
            for level in levels:
                holder.stdin.write(f"{level}\n")
                holder.stdin.flush()
                if holder.stdout.readline() != f"held\t{level}\n":
                    raise Failed(f"{level} sandboxes could not be held")
                mine = machine.daemons(self.options.daemon)
                with self.pinned(True):
                    got = self.turns(ways, self.options.count, GAP_USEC, True)
                found.append({"live": level, "load": machine.load(), "ways": got,
                              "pss": {name: machine.pss(pid) for pid, name in mine.items()}})
        finally:
            holder.stdin.close()
            holder.wait()
            holder.stdout.close()
        report.print_scale(found)
        return found

    def reload(self):
        way = [self.ours()[0]]
        folder = os.path.join(self.stage, "config/profiles")
        with self.pinned(False):
            idle = self.turns(way, self.options.count, GAP_USEC, False)
            few = self.reloads(3, 100000)
            text = jail.profile(self.app)
            for n in range(PROFILES):
                with open(f"{folder}/many-{n}.profile", "w", encoding="ascii") as f:
                    f.write(text.replace("Description=", f"Description=Number {n}. ", 1))
            many = self.reloads(10, 100000)
            # so long as launches are measured; each begins when the one before has ended
            loader = self.clock(["reload", self.bus, "1000000", "1000"])
            beside = self.turns(way, self.options.count, GAP_USEC, False)
            loader.terminate()
            loader.wait()
            loader.stdout.close()
            alone = self.turns(way, self.options.count, GAP_USEC, False)
        for n in range(PROFILES):
            os.unlink(f"{folder}/many-{n}.profile")
        self.reloads(1, 0)
        found = {"profiles": PROFILES, "few_usec": few, "usec": many, "idle": idle[way[0].name], "alone": alone[way[0].name],
                 "beside": beside[way[0].name], "load": machine.load()}
        report.print_reload(found)
        return found

    def reloads(self, count, gap):
        child = self.clock(["reload", self.bus, str(count), str(gap)])
        child.stdin.close()
        return summary(float(line[2]) for line in self.lines(child))

    def idle(self):
        """Context switches of all threads, and what strace sees, which also says who it was."""
        self.start_second()
        mine = {**machine.daemons(self.options.daemon), **machine.daemons(self.second.daemon.pid if self.second else
                                                                           self.options.daemon)}
        time.sleep(QUIET_SECONDS)
        trace = os.path.join(self.stage, "trace")
        tracer = None
        if machine.have("strace"):
            tracer = subprocess.Popen(["strace", "-f", "-tt", "-o", trace, *[w for pid in mine for w in ("-p", str(pid))]],
                                      stderr=subprocess.DEVNULL)
            time.sleep(2)
        seen = len(machine.read(trace).splitlines())
        before = {pid: machine.switches(pid) for pid in mine}
        time.sleep(self.options.idle)
        woken = {name: sum(machine.switches(pid) - before[pid] for pid, role in mine.items() if role == name)
                 for name in dict.fromkeys(mine.values())}
        calls = machine.read(trace).splitlines()[seen:]
        if tracer:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
        found = {"seconds": self.options.idle, "daemons": 2 if self.second else 1, "switches": woken, "strace": tracer is not None,
                 "calls": calls[:50], "n_calls": len(calls)}
        report.print_idle(found)
        return found

    def program(self, name, *words, pinned=False):
        """One of the programs that print for themselves, and write into a file that is their last word. It is made
        beforehand: they may have become another user by then."""
        cpu = {min(self.cpus)} if pinned else self.cpus
        path = os.path.join(self.stage, name + ".json")
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666))
        os.chmod(path, 0o666)
        sys.stdout.flush()
        if subprocess.run([os.path.join(self.programs, "bench-" + name), *words, path], check=False,
                          preexec_fn=lambda: os.sched_setaffinity(0, cpu)).returncode != 0:
            raise Failed(f"bench-{name} failed")
        with open(path, encoding="utf-8") as f:
            return json.load(f)

    def addresses(self):
        self.start_second()
        return {"dbus-daemon": self.bus, **({"dbus-broker": self.second.address} if self.second else {}), "direct": self.direct}

    def address(self):
        """Of the one that fairness is measured on."""
        known = self.addresses()
        if self.options.bus not in known:
            raise Failed(f"{self.options.bus} is not installed")
        return known[self.options.bus]

    def queries(self):
        """On one processor, as launches: the empty service would be on the client's, and Bailiff on another."""
        found, addresses = {}, self.addresses()
        with self.pinned(True):
            for name, address in addresses.items():
                print(f"\n{name}:", end="")
                found[name] = self.program("queries", address, "direct" if name == "direct" else "bus", str(self.options.count),
                                           pinned=True)
        return found

    def policy(self):
        tools = self.options.minijail_tools
        more = ["--minijail-tools", tools, "--minijail-parser", os.path.join(os.path.dirname(tools.rstrip("/")),
                                                                             "parse_seccomp_policy")] if tools else []
        return self.program("policy", "--count", str(self.options.count), *more, "--json")

    def fairness(self):
        """The users are those of bench.sh."""
        return self.program("fairness", self.address(), *(str(pwd.getpwnam(user).pw_uid) for user in ("man", "lp")),
                            str(self.options.count))

    def run(self):
        # queries come first: later there are sandboxes that have ended, and are listed
        names = ["queries", *(w for w in WHAT if w not in ("all", "fairness", "queries"))] if self.options.what == "all" else [
            self.options.what]
        try:
            for name in names:
                print(f"\n=== {name} (load {machine.load()})", flush=True)
                try:
                    self.results["what"][name] = getattr(self, name)()
                except Failed as e:
                    self.failures.append(f"{name}: {e}")
        finally:
            for child in self.children:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            if self.second:
                self.second.stop()
        if self.options.json:
            with open(self.options.json, "w", encoding="utf-8") as f:
                json.dump(self.results, f, indent=1)
                f.write("\n")
        if self.options.report:
            report.write(self.results, self.options.report)
            print(f"the report is in {self.options.report}")


def at_least(kind, low):
    def convert(text):
        value = kind(text)
        if value < low:
            raise argparse.ArgumentTypeError(f"{text}: {low} at least")
        return value
    return convert


def programs(text):
    for path in text.split(","):
        if not os.access(path, os.R_OK if path.endswith(".so") else os.X_OK):
            raise argparse.ArgumentTypeError(f"{path} can not be used")
    return text.split(",")


def parse():
    p = argparse.ArgumentParser(prog="./dev bench", usage="./dev bench [%s] [OPTIONS]" % "|".join(WHAT))
    p.add_argument("what", choices=WHAT)
    for hidden in ("--stage", "--build"):
        p.add_argument(hidden, required=True, help=argparse.SUPPRESS)
    p.add_argument("--daemon", required=True, type=int, help=argparse.SUPPRESS)
    p.add_argument("--bus-pid", required=True, type=int, help=argparse.SUPPRESS)
    p.add_argument("--count", type=at_least(int, 1), default=300, help="launches, or rounds, of each contender")
    p.add_argument("--runs", type=at_least(int, 1), default=1, help="how often all launches are measured")
    p.add_argument("--json", help="where the figures go")
    p.add_argument("--report", help="a Markdown file: its part between the marks is replaced, a chart put beside it")
    p.add_argument("--peers", type=programs, default=[], help="paths of peers that are not installed, with commas between: minijail0, libminijail.so, nsjail")
    p.add_argument("--systemd", help="address of the bus of a systemd that is not this machine's")
    p.add_argument("--bus", default="dbus-daemon", choices=("dbus-daemon", "dbus-broker", "direct"), help="for fairness")
    p.add_argument("--minijail-tools", help="for policy: the folder tools of Minijail's sources")
    p.add_argument("--seconds", type=at_least(float, 0.1), default=2, help="of each cell of throughput, in each round")
    p.add_argument("--rounds", type=at_least(int, 1), default=3, help="of throughput")
    p.add_argument("--soak", type=at_least(int, 0), default=0, help="launches without a pause after throughput")
    p.add_argument("--live", type=at_least(int, 1), default=LEVELS[-1], help="sandboxes that live, for scale")
    p.add_argument("--idle", type=at_least(float, 0), default=60, help="seconds that are watched for idle")
    return p.parse_args()


def main():
    options = parse()
    # so that what was started ends with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        bench = Bench(options)
        bench.run()
    except (Failed, OSError, RuntimeError) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    for failure in bench.failures:
        print(f"bench: {failure}", file=sys.stderr)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
