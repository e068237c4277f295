# SPDX-License-Identifier: GPL-2.0-or-later
"""expected.txt: what each attempt must come to under each shipped profile, and whether it did. The file says how it is to
be read; every fault of its form is a complaint, too."""

import ctypes
import platform
import re

LETTERS = ".-omn346d"
NEED_NO_REASON = ".-"
CREATE_RULESET = 444  # the same number on all architectures
VERSION_ONLY = 1


class Wrong(Exception):
    """The file is not of the form that it describes."""


class Row:
    def __init__(self, cells, blocked_by):
        self.cells, self.blocked_by, self.reasons = cells, blocked_by, {}


def read_row(line, profiles, where):
    parts = [p.strip() for p in line.split("|")]
    if len(parts) != 3 or not all(parts):
        raise Wrong(f"{where}: not of the form COMMAND | CELLS | WHAT BLOCKS IT")
    if len(parts[1]) != len(profiles) or set(parts[1]) - set(LETTERS):
        raise Wrong(f"{where}: not one of the letters {LETTERS} for each profile: {parts[1]}")
    return parts[0], Row(dict(zip(profiles, parts[1])), parts[2])


def read_reason(line, row, where):
    found = re.match(r"(\S) ([a-z0-9 _-]+): (.+)$", line)
    if not found:
        raise Wrong(f"{where}: not of the form LETTER PROFILE...: REASON")
    for profile in found.group(2).split():
        if row.cells.get(profile) != found.group(1):
            raise Wrong(f"{where}: the cell of {profile} is not {found.group(1)}")
        row.reasons[profile] = found.group(3)


def read(path):
    """{command: Row} and the profiles, in their order."""
    rows, profiles, row = {}, None, None
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            where, text = f"{path}:{number}", line.strip()
            if not text or text.startswith("#"):
                continue
            if profiles is None:
                if not text.startswith("profiles: "):
                    raise Wrong(f"{where}: \"profiles:\" must come first")
                profiles = text.split()[1:]
            elif line[0].isspace():
                if not row:
                    raise Wrong(f"{where}: a reason without a row")
                read_reason(text, row, where)
            else:
                command, row = read_row(text, profiles, where)
                if command in rows:
                    raise Wrong(f"{where}: a second row for {command}")
                rows[command] = row
    for command, one in rows.items():
        for profile, letter in one.cells.items():
            if letter not in NEED_NO_REASON and profile not in one.reasons:
                raise Wrong(f"{path}: {command}: {profile} is open and has no reason")
    return rows, profiles or []


def setting(path):
    try:
        with open(path, encoding="ascii") as f:
            return int(f.read())
    except OSError:
        return 0


class Machine:
    """What cells depend on."""

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        self.landlock = max(libc.syscall(CREATE_RULESET, None, 0, VERSION_ONLY), 0)
        self.dmesg_restrict = setting("/proc/sys/kernel/dmesg_restrict")

    def text(self):
        return f"Linux {platform.release().partition('-')[0]}, Landlock {self.landlock}, kernel.dmesg_restrict {self.dmesg_restrict}"


def may_be(letter, answer, machine, absent):
    """The set of outcomes (open?) that a cell permits."""
    if letter in ".-":
        return {False}
    if letter in "346":
        return {machine.landlock < int(letter)}
    if letter == "d":
        return {not machine.dmesg_restrict}
    if letter == "m" and answer in absent or letter == "n" and answer == "EMFILE":
        return {False}
    return {True}


def words(is_open):
    return "open" if is_open else "blocked"


def differences(path, checks, columns, machine, absent):
    """All that is not as expected, as sentences. The columns are the profiles'."""
    try:
        rows, profiles = read(path)
    except Wrong as e:
        return [str(e)]
    complaints = []
    measured = [c.title for c in columns]
    for name in sorted(set(measured) ^ set(profiles)):
        complaints.append(f"{path}: profile {name} is {'not shipped' if name in profiles else 'without a column'}")
    commands = [" ".join(c.words) for c in checks]
    for command in [c for c in commands if c not in rows] + [c for c in rows if c not in commands]:
        complaints.append(f"{path}: {command}: {'no such check' if command in rows else 'a check without a row'}")
    if complaints:
        return complaints
    for column in columns:
        for command, check, (answer, is_open) in zip(commands, checks, column.cells):
            letter = rows[command].cells[column.title]
            if is_open in may_be(letter, answer, machine, absent):
                continue
            complaints.append(f"{column.title}: {check.group}: {check.title}: {words(is_open)} ({answer}); expected: "
                              f"{words(not is_open)}, " + rows[command].reasons.get(column.title, rows[command].blocked_by))
    return complaints
