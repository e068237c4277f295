#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when docs/LAYERS.md lacks one of a layer's three tests, or names one that is not there or is not run.

usage: check-layers.py SOURCE-ROOT
"""
import pathlib
import re
import sys

PAGE = 'docs/LAYERS.md'
TESTS = 'tests/jail'
COLUMNS = ('bites', 'works without', 'kernel lacks it')
LAYERS_MIN = 35


def find_tests(root):
    """{file: functions that its main() runs}"""
    found = {}
    for path in sorted((root / TESTS).glob('test-*.c')):
        text = path.read_text(encoding='utf-8')
        defined = set(re.findall(r'^static void (test_\w+)\(void \*\*state\)', text, re.MULTILINE))
        listed = set(re.findall(r'^\s+TEST\((test_\w+)\),', text, re.MULTILINE))
        found[path.stem] = defined & listed
    return found


def read_rows(root):
    for line in (root / PAGE).read_text(encoding='utf-8').splitlines():
        cells = [c.strip() for c in line.strip().strip('|').split('|')]
        if line.startswith('|') and len(cells) == 2 + len(COLUMNS) and cells[0] not in ('layer', '---'):
            yield cells


def check_cell(layer, column, cell, tests):
    if not cell:
        yield f'{PAGE}: {layer}: no test for "{column}"'
    for part in cell.split(';') if cell else ():
        match = re.fullmatch(r'(test-[a-z0-9-]+): (test_\w+(?:, test_\w+)*)', part.strip())
        if not match:
            yield f'{PAGE}: {layer}: {column}: not of the form FILE: TEST, ...: {part.strip()}'
        elif match[1] not in tests:
            yield f'{PAGE}: {layer}: there is no {TESTS}/{match[1]}.c'
        else:
            for name in match[2].split(', '):
                if name not in tests[match[1]]:
                    yield f'{PAGE}: {layer}: {match[1]}.c has no {name}, or does not run it'


def main(root):
    root = pathlib.Path(root).resolve()
    tests, rows = find_tests(root), list(read_rows(root))
    complaints = [c for cells in rows for column, cell in zip(COLUMNS, cells[2:])
                  for c in check_cell(cells[0], column, cell, tests)]
    if len(rows) < LAYERS_MIN:
        complaints.append(f'{PAGE}: {len(rows)} layers; there were {LAYERS_MIN}')
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
