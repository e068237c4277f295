#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the kernel's self-tests that selftests.sh built, and writes docs/SELFTESTS.md to standard output.

usage: selftests.py FOLDER VERSION-FILE BAILIFFCTL REASONS-FILE
"""

import os
import platform
import re
import subprocess
import sys

TIMEOUT = 300
# In a jail only what can pass there: the rest needs capabilities that no jail gives.
TESTS = {
    "seccomp": {"seccomp_bpf": True},
    "landlock": {"base_test": True, "fs_test": False, "ptrace_test": True},
    "openat2": {"openat2_test": True, "resolve_test": False, "rename_attack_test": True},
    "clone3": {"clone3": False, "clone3_clear_sighand": True, "clone3_set_tid": False,
               "clone3_cap_checkpoint_restore": False},
    "mount_setattr": {"mount_setattr_test": False},
    "pidfd": {"pidfd_test": True, "pidfd_fdinfo_test": True, "pidfd_getfd_test": True, "pidfd_open_test": True,
              "pidfd_poll_test": True, "pidfd_setns_test": False, "pidfd_wait": True},
}
RESULT = re.compile(r"^(ok|not ok) \d+ ?(.*)$", re.M)
TOTALS = re.compile(r"^# Totals: pass:(\d+)", re.M)
PLAN = re.compile(r"^1\.\.(\d+)", re.M)
HEAD = """# The kernel's self-tests

Bailiff stands on these parts of Linux. `./dev selftests` builds the kernel's own tests of them, runs them here as root,
and once more inside a jail those that need no privilege, and writes this file. The tests are of another kernel than the
one that runs: where they differ, a test can fail for something that is right.

Tests: {source}. Linux {kernel}, {machine}; capabilities of the shell: {capabilities}.

On the machine each test has mounts and a /tmp of its own. The jail is that of a profile that says nothing but which
program, which folder is bound, and that the policy is none: a user of its own, no capability, all namespaces.
"""


def on_machine(folder, name):
    run = 'mount -t tmpfs tmpfs /tmp && cd "$1" && exec "./$2"'
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", run, "sh", folder, name]


def in_jail(ctl, folder, name):
    return [ctl, "run", "selftests", "--", "/usr/bin/sh", "-c",
            f"cd /tmp && exec /tests/{os.path.basename(folder)}/{name}"]


class Outcome:
    def __init__(self, text, status):
        found = [(kind, rest.lstrip("- ")) for kind, rest in RESULT.findall(text)]
        self.skipped = [t for k, t in found if k == "ok" and re.match(r"(.*)# *SKIP", t, re.I)]
        # Children may repeat the lines that stood in their parent's buffer; the totals are right.
        totals = TOTALS.findall(text)
        self.passed = int(totals[-1]) if totals else sum(k == "ok" for k, _ in found) - len(self.skipped)
        self.failed = [(t, said_before(text, t)) for k, t in found if k == "not ok"]
        plan = PLAN.search(text)
        if status != 0 and not self.failed or not found:
            lines = [line for line in text.splitlines() if line.strip() and not TOTALS.match(line)]
            planned = f" of {plan.group(1)} planned" if plan else ""
            self.failed.append((f"ended early, after {len(found)}{planned} (status {status})", lines[-1].lstrip("# ") if lines else ""))


def said_before(text, title):
    """The assertion that failed, for those tests that say it."""
    name = title.split(".")[-1].split()[0] if title else ""
    found = re.search(rf"^# +(\S+:\d+):{re.escape(name)}:(Expected .*)$", text, re.M) if name else None
    return f"{found.group(1)}: {found.group(2)}" if found else ""


def run(argv):
    try:
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as e:
        return Outcome((e.stdout or b"").decode(errors="replace"), f"no end within {TIMEOUT} seconds")
    return Outcome(p.stdout.decode(errors="replace"), p.returncode)


def read_reasons(path):
    """{(where, test, text in the title): reason}"""
    reasons = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            parts = [p.strip() for p in line.split("|")]
            if len(parts) != 4 or parts[0] not in ("machine", "jail", "both"):
                sys.exit(f"{path}:{number}: not of the form WHERE | TEST | PART OF THE TITLE | REASON")
            reasons.append(parts)
    return reasons


def reason(reasons, where, test, title, said):
    for w, t, part, why in reasons:
        if w in (where, "both") and t == test and part in f"{title} {said}":
            return why
    print(f"selftests: {where}: {test}: {title}: no reason in reasons.txt", file=sys.stderr)
    return "not known"


def counts(outcome):
    return f"{outcome.passed} | {len(outcome.failed)} | {len(outcome.skipped)}"


def capabilities():
    with open("/proc/self/status", encoding="ascii") as f:
        bits = int(re.search(r"CapEff:\s*(\w+)", f.read()).group(1), 16)
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as f:
        last = int(f.read())
    missing = [str(i) for i in range(last + 1) if not bits >> i & 1]
    return "all" if not missing else "all but number " + ", ".join(missing)


def details(where, results, reasons):
    text = ""
    for (folder, test), outcome in results.items():
        for title, said in outcome.failed:
            why = reason(reasons, where, test, title, said)
            text += f"- {folder}/{test}: {title}\n" + (f"  - said: `{said}`\n" if said else "") + f"  - reason: {why}\n"
        for title in outcome.skipped:
            text += f"- {folder}/{test}: skipped: {title.lstrip('# ')}\n"
    return text or "None.\n"


def table(results):
    text = "| test | passed | failed | skipped |\n| --- | --- | --- | --- |\n"
    for (folder, test), outcome in results.items():
        text += f"| {folder}/{test} | {counts(outcome)} |\n"
    total = [sum(x) for x in zip(*((o.passed, len(o.failed), len(o.skipped)) for o in results.values()))]
    return text + f"| all | {total[0]} | {total[1]} | {total[2]} |\n"


def main():
    folder, version_file, ctl, reasons_file = sys.argv[1:5]
    reasons = read_reasons(reasons_file)
    machine, jail = {}, {}
    for group, tests in TESTS.items():
        path = os.path.join(folder, group)
        for test, jailed in tests.items():
            machine[group, test] = run(on_machine(path, test))
            if jailed:
                jail[group, test] = run(in_jail(ctl, path, test))
            print(f"selftests: {group}/{test}: {counts(machine[group, test])}"
                  + (f"; in the jail {counts(jail[group, test])}" if jailed else ""), file=sys.stderr)
    with open(version_file, encoding="utf-8") as f:
        source = f.read().strip()
    print(HEAD.format(source=source, kernel=platform.release().partition("-")[0], machine=platform.machine(),
                      capabilities=capabilities()))
    print("## On the machine\n\n" + table(machine))
    print("What did not pass:\n\n" + details("machine", machine, reasons))
    print("## In a jail\n\n" + table(jail))
    print("What did not pass:\n\n" + details("jail", jail, reasons), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
