#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the probe with every line of checks.txt in every jail of engines.py, and writes who blocks what.

compare.sh sets the stage and starts this; the options are there. Every attempt is a launch of its own, so that one that
ends its process does not hide the next. The table is of this machine and this run: nothing is known beforehand."""

import argparse
import fcntl
import os
import pwd
import re
import subprocess
import sys
import termios

import engines
import expectation
import report
from world import LEAKED_FD, World

HERE = os.path.dirname(os.path.abspath(__file__))
BEFORE_THE_KERNEL = ("EPERM", "EACCES", "ENOSYS")
ANSWER = re.compile(r"^[a-z0-9_-]+ (ok|E[A-Z0-9]+)( \d+)?$")
TIMEOUT = 60


class Check:
    def __init__(self, group, line, where):
        parts = [p.strip() for p in line.split("|")]
        if len(parts) != 3 or parts[1] not in ("ok", "reached"):
            sys.exit(f"{where}: not of the form COMMAND | ok or reached | TITLE")
        self.group, self.title = group, parts[2]
        self.words, self.counts = parts[0].split(), parts[1]


def read_checks(path):
    checks, group, after_gap = [], None, False
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            # the file begins with a comment: groups come after an empty line
            if line.startswith("# ") and after_gap:
                group = line[2:]
            elif line and not line.startswith("#"):
                checks.append(Check(group, line, f"{path}:{number}"))
            after_gap = not line
    return checks


class Failed(Exception):
    """The engine did not run the probe."""


def own_terminal():
    """In the child: the terminal at 0 becomes the one that controls the new session, as with a shell."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def launch(engine, words):
    """One attempt. Returns "ok", the name of an error, or "SIGSYS"."""
    master, slave = os.openpty()
    try:
        with subprocess.Popen(engine.argv(words), stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              pass_fds=(LEAKED_FD,), start_new_session=True, preexec_fn=own_terminal) as p:
            os.close(slave)
            slave = -1
            try:
                out, err = p.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                p.kill()
                raise Failed(f"{' '.join(words)}: no end within {TIMEOUT} seconds") from None
    finally:
        os.close(master)
        if slave >= 0:
            os.close(slave)
    lines = out.decode(errors="replace").splitlines()
    found = ANSWER.match(lines[-1]) if lines else None
    if p.returncode == 0 and found:
        return found.group(1)
    if p.returncode in engine.dead:
        return "SIGSYS"
    raise Failed(f"{' '.join(words)}: exit status {p.returncode}: {err.decode(errors='replace').strip()[-500:]}")


def is_open(check, answer):
    if check.counts == "reached":
        return answer != "SIGSYS" and answer not in BEFORE_THE_KERNEL
    return answer == "ok"


def measure(engine, checks, names):
    """Returns (answer, open?) of each check."""
    if launch(engine, ["args"]) != "ok":
        raise Failed("the probe does not start")
    cells = []
    for check in checks:
        answer = launch(engine, [w.format(**names) for w in check.words])
        cells.append((answer, is_open(check, answer)))
    return cells


class Stage:
    def __init__(self, options):
        self.folder, self.ctl = options.stage, options.ctl
        self.user = options.user
        self.uid = pwd.getpwnam(options.user).pw_uid
        self.minijail0, self.container_filter = options.minijail0, options.container_filter


def choose(options, stage):
    """The engines that can be had, and (name, reason) of the others."""
    chosen, others = [], []
    wanted = options.engines.split(",") if options.engines else None
    known = {e.name for e in engines.ALL}
    for name in wanted or []:
        if name not in known:
            sys.exit(f"compare: no engine '{name}'; there are: {', '.join(sorted(known))}")
    for kind in engines.ALL:
        if wanted and kind.name not in wanted:
            continue
        engine = kind(stage)
        reason = engine.missing()
        if reason and wanted:
            sys.exit(f"compare: {kind.name}: {reason}")
        if reason:
            others.append((kind.title, reason))
        else:
            chosen.append(engine)
    return chosen, others


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--stage", required=True)
    p.add_argument("--ctl", required=True)
    p.add_argument("--user", required=True)
    p.add_argument("--container-filter", default="")
    p.add_argument("--minijail0", default="")
    p.add_argument("--engines", default="", help="only these, separated by commas")
    p.add_argument("--profiles", action="store_true", help="the shipped profiles instead of the engines")
    p.add_argument("--output", default="", help="write the document to this file")
    p.add_argument("--against", default="", help="compare with this document instead")
    p.add_argument("--expected", default="", help="with --profiles: compare with this table of expectations")
    return p.parse_args()


def complain(options, checks, columns):
    """What is neither as the document tells nor as is expected."""
    found = []
    if options.expected:
        machine = expectation.Machine()
        print(f"compare: {machine.text()}", file=sys.stderr)
        found = expectation.differences(options.expected, checks, columns, machine, report.ABSENT)
    if options.against:
        with open(options.against, encoding="utf-8") as f:
            found += report.differences(f.read(), checks, columns, options.profiles)
    return found


def main():
    options = arguments()
    stage = Stage(options)
    checks = read_checks(os.path.join(HERE, "checks.txt"))
    chosen, others = (engines.shipped(stage), []) if options.profiles else choose(options, stage)
    columns = []
    with World(stage.folder, stage.user, stage.uid) as world:
        for engine in chosen:
            try:
                engine.prepare()
                cells = measure(engine, checks, world.names)
            except (Failed, OSError, subprocess.CalledProcessError) as e:
                sys.exit(f"compare: {engine.name}: {e}")
            columns.append(report.Column(engine, cells))
            print(f"compare: {engine.title} {engine.version()}: {columns[-1].blocked()} of {len(checks)} blocked",
                  file=sys.stderr)
    complaints = complain(options, checks, columns)
    print("".join(f"compare: {c}\n" for c in complaints), end="")
    if options.against or complaints:
        return 1 if complaints else 0
    text = report.document(checks, columns, others, options.profiles)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as f:
            f.write(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
