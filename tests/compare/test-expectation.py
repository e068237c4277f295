#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does the comparison with expected.txt notice what it is there for? Each test changes one thing of a table that holds, or
of what was measured."""

import os
import sys
import tempfile
import types
import unittest

import compare
import expectation
import report

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = """# a comment
profiles: tight wide
read /x | .o | mounts
    o wide: it is bound
reach y | .3 | Landlock=
    3 wide: a newer kernel blocks it
tty | -m | no terminal
    m wide: where there is one
"""
COMMANDS = ("read /x | ok | read x", "reach y | reached | y", "tty | ok | a terminal")
HOLDS = {"tight": ("ENOENT", "SIGSYS", "ENOTTY"), "wide": ("ok", "EPERM", "ENODEV")}


class Complaints(unittest.TestCase):
    def complaints(self, table=TABLE, commands=COMMANDS, landlock=7, **answers):
        checks = [compare.Check("Group", line, "here") for line in commands]
        columns = []
        for title, said in {**HOLDS, **answers}.items():
            cells = [(a, compare.is_open(c, a)) for c, a in zip(checks, said)]
            columns.append(types.SimpleNamespace(title=title, cells=cells))
        machine = types.SimpleNamespace(landlock=landlock, dmesg_restrict=1)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
            f.write(table)
            f.flush()
            return expectation.differences(f.name, checks, columns, machine, report.ABSENT)

    def expect(self, text, **changes):
        found = self.complaints(**changes)
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0])

    def test_what_holds(self):
        self.assertEqual(self.complaints(), [])

    def test_open_where_it_should_be_blocked(self):
        self.expect("tight: Group: read x: open (ok); expected: blocked, mounts", tight=("ok", "SIGSYS", "ENOTTY"))
        self.expect("tight: Group: a terminal: open", tight=("ENOENT", "SIGSYS", "ok"))

    def test_blocked_where_it_should_be_open(self):
        self.expect("wide: Group: read x: blocked (EACCES); expected: open, it is bound", wide=("EACCES", "EPERM", "ok"))

    def test_what_the_machine_lacks(self):
        self.assertEqual(self.complaints(wide=("ok", "EPERM", "ok")), [])
        self.expect("a terminal: blocked (EACCES)", wide=("ok", "EPERM", "EACCES"))

    def test_versions_of_landlock(self):
        self.expect("y: blocked (EPERM); expected: open", landlock=2)
        self.assertEqual(self.complaints(landlock=2, wide=("ok", "EINVAL", "ok")), [])
        self.expect("y: open (EINVAL); expected: blocked", landlock=3, wide=("ok", "EINVAL", "ok"))

    def test_places_in_the_table(self):
        self.expect("read /z: a check without a row", commands=(*COMMANDS, "read /z | ok | z"))
        self.expect("tty: no such check", commands=COMMANDS[:2])
        self.expect("profile new is without a column", new=HOLDS["tight"])
        self.expect("profile odd is not shipped", table=TABLE.replace("tight wide", "tight wide odd")
                    .replace(".o", ".o.").replace(".3", ".3.").replace("-m", "-m."))

    def test_form(self):
        self.expect("wide is open and has no reason", table=TABLE.replace("    o wide: it is bound\n", ""))
        self.expect("the cell of tight is not o", table=TABLE.replace("o wide:", "o tight wide:"))
        self.expect("a second row for read /x", table=TABLE + "read /x | .. | mounts\n")
        self.expect("not one of the letters", table=TABLE.replace(".o", ".x"))
        self.expect("not one of the letters", table=TABLE.replace(".o", "."))
        self.expect("not of the form COMMAND", table=TABLE.replace("| mounts", ""))

    def test_the_table_itself(self):
        """Every check has its row, without a launch."""
        rows, profiles = expectation.read(os.path.join(HERE, "expected.txt"))
        checks = compare.read_checks(os.path.join(HERE, "checks.txt"))
        self.assertEqual([" ".join(c.words) for c in checks], list(rows))
        self.assertGreaterEqual(len(rows) * len(profiles), 2000)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
