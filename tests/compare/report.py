# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/COMPARISON.md: written from what was measured, and read again to see whether it still holds."""

import os
import platform

SETTINGS = ("dev/tty/legacy_tiocsti", "kernel/dmesg_restrict", "kernel/io_uring_disabled", "kernel/kptr_restrict",
            "kernel/perf_event_paranoid", "kernel/unprivileged_bpf_disabled", "kernel/yama/ptrace_scope",
            "user/max_user_namespaces", "vm/mmap_min_addr", "vm/unprivileged_userfaultfd")
INTRODUCTION = """# Who blocks what

The same {checks} attempts by the same program, in Bailiff's jails and in those of its peers. `./dev compare` makes this
file; every cell was measured by it in one run on one machine. `tests/jail/probe*.c` makes the attempts,
`tests/compare/checks.txt` says which, `tests/compare/engines.py` says with which settings and why.

How to read it:

- **open** (or **reached**, for a call whose arguments can lead nowhere): the attempt went through. Everything else is
  what the attempt got: the error, or `SIGSYS` where a filter ended the process.
- The column "no jail" is the floor: what the kernel refuses to any ordinary user is not the merit of a jail, and what
  this kernel lacks (`ENOSYS`, `EAFNOSUPPORT`, a file that is not there) nobody blocks.
- Blocked is not better in itself. Jails differ in what their programs can still do: under `decoder` a program can
  decompress and little else, under the container's filter most programs run. bubblewrap and minijail0 bring no filter
  and take one from their caller; "Bailiff: no policy" is the column beside which theirs belong.
- Limits, and all else that a jail is not told here, are what an engine has by default.
- Rows have no weight. Reading the list of users is not as bad as writing the memory of another process.
"""


PROFILES_INTRODUCTION = """# What the shipped profiles let through

{checks} attempts by one program under each shipped profile, as [COMPARISON.md](COMPARISON.md) makes them with other jails;
read there how a cell is to be read. `./dev compare` makes this file. What it should say stands apart, derived by
reading the profiles: `tests/compare/expected.txt` has a cell for each of these, what blocks it, and a reason for each that
is open. The test `confinement` measures again and fails when anything is open that is blocked there or here, or blocked
that is open: whoever changes a profile sees here what it changed.
"""


# What a machine lacks is not blocked.
ABSENT = ("ENOENT", "ENODATA", "ENODEV", "ENOSYS", "EAFNOSUPPORT", "EPROTONOSUPPORT")


class Column:
    def __init__(self, engine, cells):
        self.name, self.title, self.about = engine.name, engine.title, engine.about
        self.version, self.cells = engine.version(), cells

    def blocked(self):
        return sum(not is_open for _, is_open in self.cells)


def cell_text(check, cell):
    answer, is_open = cell
    if not is_open:
        return answer
    return "**open**" if check.counts == "ok" else "**reached**"


def row(words):
    return "| " + " | ".join(words) + " |\n"


def table(head, rows):
    return row(head) + row("---" for _ in head) + "".join(row(r) for r in rows) + "\n"


def kernel_settings():
    said = []
    for name in SETTINGS:
        try:
            with open(os.path.join("/proc/sys", name), encoding="ascii") as f:
                said.append(f"`{name.replace('/', '.')}={f.read().strip()}`")
        except OSError:
            continue
    return ", ".join(said)


def groups(checks):
    names = []
    for check in checks:
        if check.group not in names:
            names.append(check.group)
    return names


def summary(checks, columns):
    rows = []
    for group in groups(checks):
        at = [i for i, c in enumerate(checks) if c.group == group]
        rows.append([group, str(len(at)), *(str(sum(not c.cells[i][1] for i in at)) for c in columns)])
    rows.append(["all", str(len(checks)), *(str(c.blocked()) for c in columns)])
    return table(["blocked of", "", *(c.title for c in columns)], rows)


def document(checks, columns, others, profiles):
    text = (PROFILES_INTRODUCTION if profiles else INTRODUCTION).format(checks=len(checks))
    text += f"\n## The machine\n\nLinux {platform.release().partition('-')[0]}, {platform.machine()}. What its administrator set: "
    text += kernel_settings() + ".\n\n## The " + ("profiles" if profiles else "jails") + "\n\n"
    for c in columns:
        text += f"- **{c.title}** ({c.version}): {c.about}\n"
    for title, reason in others:
        text += f"- {title}: not measured here: {reason}\n"
    text += "\n## Sums\n\n" + summary(checks, columns)
    for group in groups(checks):
        text += f"## {group}\n\n"
        text += table([group.lower(), *(c.title for c in columns)],
                      ([check.title, *(cell_text(check, c.cells[i]) for c in columns)]
                       for i, check in enumerate(checks) if check.group == group))
    return text.rstrip("\n") + "\n"


def read_tables(text):
    """{group: {title: {column: cell}}} of a document."""
    tables, group, head = {}, None, None
    for line in text.splitlines():
        if line.startswith("## "):
            group, head = line[3:], None
        elif line.startswith("| ") and group:
            cells = [c.strip() for c in line.strip("|").split("|")]
            if head is None:
                head = cells[1:]
            elif not cells[0].startswith("---"):
                tables.setdefault(group, {})[cells[0]] = dict(zip(head, cells[1:]))
    return tables


def differences(text, checks, columns, both_ways):
    """What a document says otherwise than what was measured: other rows, and what was blocked and is open now; both ways,
    also what was open and is blocked. Which error blocks may differ from kernel to kernel."""
    told, complaints = read_tables(text), []
    for group in groups(checks):
        mine = [c.title for c in checks if c.group == group]
        if list(told.get(group, {})) != mine:
            complaints.append(f"the document's rows of \"{group}\" are not those of checks.txt: run ./dev compare")
    if complaints:
        return complaints
    for column in columns:
        for check, (answer, is_open) in zip(checks, column.cells):
            said = told[check.group][check.title].get(column.title)
            if said is None:
                complaints.append(f"the document has no column \"{column.title}\": run ./dev compare")
                break
            if is_open != said.startswith("**") and (is_open or both_ways and answer not in ABSENT):
                complaints.append(f"{column.title}: {check.group}: {check.title}: {answer}; the document says {said}")
    return complaints
