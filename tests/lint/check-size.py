#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when a file or a function outgrows its budget; names those that come near (needs universal-ctags).

usage: check-size.py SOURCE-ROOT

Files: 700 lines at most. Functions: 80 lines at most, those over 60 are shown, as is the 90th percentile.
The launcher runs as root and makes jails: what is its own, and the engine that it alone uses, is counted apart.
"""
import json
import pathlib
import shutil
import subprocess
import sys

FILE_MAX = 700
FUNCTION_MAX = 80
FUNCTION_NOTE = 60
LAUNCHER_MAX = 3000
SOURCES = ('daemon', 'dbus', 'client', 'tests')


def function_lengths(files):
    command = ['ctags', '--languages=C', '--langmap=C:.c.h', '--kinds-C=f', '--fields=+ne', '--output-format=json', '-f', '-']
    out = subprocess.run([*command, *map(str, files)], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        tag = json.loads(line)
        if 'end' in tag:
            yield tag['end'] - tag['line'] + 1, f'{tag["path"]}:{tag["line"]}: {tag["name"]}()'


def count_lines(files):
    return sum(len(p.read_text(encoding='utf-8').splitlines()) for p in files)


def check_launcher(root):
    own = count_lines((root / 'daemon/launcher').glob('*.[ch]'))
    engine = count_lines((root / 'daemon/jail').glob('*.[ch]'))
    table = count_lines((root / 'daemon/registry').glob('*.[ch]'))
    print(f'launcher: {own} lines of its own, at most {LAUNCHER_MAX}; its table has {table}, the jail engine {engine}')
    return own <= LAUNCHER_MAX


def main(root):
    root = pathlib.Path(root).resolve()
    if not shutil.which('ctags'):
        print('ctags is not installed (universal-ctags)')
        return 77
    good = check_launcher(root)
    files = sorted(p for top in SOURCES for p in (root / top).rglob('*.[ch]'))
    for path in files:
        if count_lines([path]) > FILE_MAX:
            print(f'{path.relative_to(root)}: {count_lines([path])} lines, at most {FILE_MAX}: split it')
            good = False
    lengths = sorted(function_lengths(files))
    for length, where in lengths:
        if length > FUNCTION_NOTE:
            over = length > FUNCTION_MAX
            print(f'{where.removeprefix(str(root) + "/")} has {length} lines' + (f', at most {FUNCTION_MAX}: split it' if over else ''))
            good = good and not over
    if lengths:
        at = [lengths[len(lengths) * p // 100][0] for p in (50, 90, 99)]
        print(f'{len(lengths)} functions: median {at[0]} lines, 90th percentile {at[1]}, 99th {at[2]}')
    return 0 if good and lengths else 1


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
