#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The generator of the tables: the same tables from the same data, and none from data with a mistake, which it names.

usage: test-generate.py SOURCE-ROOT
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

# What is asked for, the file, a line to add, what the complaint has to contain.
MISTAKES = [
    ('syscalls', 'syscalls.txt', 'read 1.0 0 3 0 63 3 63', 'read is there twice'),
    ('syscalls', 'syscalls.txt', 'newcall 6.1 1 2 3', '5 columns, expected 8'),
    ('syscalls', 'syscalls.txt', 'newcall six 1 2 3 4 5 6', '"six" is no kernel version'),
    ('syscalls', 'syscalls.txt', 'newcall 7.9 - - - - - -', 'no architecture has newcall'),
    ('syscalls', 'syscalls.txt', '9call 7.9 999 - - - - -', '"9call" is no name'),
    ('constants', 'constants.txt', 'AF_UNIX - 2', 'AF_UNIX is there twice'),
    ('constants', 'added.txt', 'AF_UNIX - 1', 'AF_UNIX is there twice'),
    ('constants', 'added.txt', 'NEW_ONE flag 1', '"flag" is none of'),
    ('constants', 'added.txt', 'NEW_ONE - 0x10000000000000000', 'more than 64 bits'),
    ('constants', 'added.txt', 'NEW_ONE - 12x', '"12x" is no number'),
    ('constants', 'added.txt', 'NEW_ONE -', 'expected a name, a kind and a value'),
    ('constants', 'added.txt', 'NEW_ONE - 1 sparc=2', '"sparc" is no architecture'),
    ('constants', 'added.txt', 'NEW_ONE - 1 arm=- arm=-', 'is no architecture, or there twice'),
    ('constants', 'families.txt', '[broken]\nkind = value\nused = read:9\nnames = AF_UNIX', '"read:9" is no argument'),
    ('constants', 'families.txt', '[broken]\nkind = value\nused = read:0\nnames = NO_SUCH_*', 'no constant is called NO_SUCH_*'),
    ('constants', 'families.txt', '[broken]\nkind = many\nused = read:0\nnames = AF_UNIX', 'kind is "value" or "flags"'),
    ('constants', 'families.txt', '[broken]\nlook = read:0', '"look" is no key'),
    ('groups', 'groups.txt', '@aio again', '@aio is there twice'),
    ('groups', 'groups.txt', '@new', 'lacks a description'),
    ('groups', 'groups.txt', '@new of nothing known\n\t@nowhere', 'there is no group @nowhere'),
    ('groups', 'groups.txt', '@new with an addition\n\tmseal 6.9', 'another version of mseal'),
    ('groups', 'groups.txt', '@new twice the same\n\tread\n\tread', 'not there yet'),
]


def generate(folder, what):
    output = folder / 'table.c'
    output.unlink(missing_ok=True)
    run = subprocess.run([sys.executable, str(folder / 'generate.py'), what, str(output)], capture_output=True, text=True)
    return run, output.read_bytes() if output.exists() else None


def check(folder, mistake):
    what, name, line, expected = mistake
    path = folder / name
    good = path.read_text(encoding='utf-8')
    path.write_text(f'{good.rstrip()}\n{line}\n', encoding='utf-8')
    run, table = generate(folder, what)
    path.write_text(good, encoding='utf-8')
    if run.returncode == 0 or table is not None:
        yield f'{name}: {line!r} was taken'
    elif expected not in run.stderr or name.split('.')[0] not in run.stderr:
        yield f'{name}: {line!r} gave {run.stderr!r}, expected {expected!r}'


def main(root):
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place, 'tables')
        shutil.copytree(pathlib.Path(root) / 'daemon/seccomp/tables', folder)
        complaints = [c for mistake in MISTAKES for c in check(folder, mistake)]
        for what in 'syscalls', 'constants', 'groups':
            (first, table), (_, again) = generate(folder, what), generate(folder, what)
            if first.returncode != 0 or table != again:
                complaints.append(f'{what}: not the same twice: {first.stderr}')
    print('\n'.join(complaints) or f'{len(MISTAKES)} mistakes are refused')
    return 1 if complaints else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
