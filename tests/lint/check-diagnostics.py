#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when the policy compiler can say something that no test has heard, or that no man page explains.

usage: check-diagnostics.py SOURCE-ROOT

What it can say, the sources tell: every function with a parameter named "code" is given the code of a diagnostic. Each
code must occur in an expectation of tests/policies or, for what no small file can bring about, as a string in a unit
test; each code in an expectation must be one that the compiler has.
"""
import pathlib
import re
import sys

SOURCES = 'daemon/seccomp'
PAGES = ('docs/man/bailiff.policy.5', 'docs/man/bailiffctl-policy.1')
# What no test can bring about: it takes a machine that Bailiff has no tables for.
UNTESTED = {'no-architecture'}
COMMENT = re.compile(r'/\*.*?\*/', re.DOTALL)
DECLARATION = re.compile(r'\b(\w+)\(((?:[^()]|\([^()]*\))*\bconst char \*code\b(?:[^()]|\([^()]*\))*)\)')
CODE = re.compile(r'^"([a-z0-9]+(?:-[a-z0-9]+)*)"$')
TABLE = re.compile(r'\.code = "([a-z0-9-]+)"')
EXPECTED = re.compile(r'^-- (\S+) \d+:\d+ \d+', re.MULTILINE)


def read(path):
    return path.read_text(encoding='utf-8', errors='replace')


def split_arguments(text, start):
    """The arguments of the call whose "(" is at text[start - 1]."""
    arguments, depth, begin, at, quoted = [], 0, start, start, None
    while depth >= 0:
        c = text[at]
        if quoted:
            if c == '\\':
                at += 1
            elif c == quoted:
                quoted = None
        elif c in '"\'':
            quoted = c
        elif c in '([{':
            depth += 1
        elif c in ')]}':
            depth -= 1
        if depth < 0 or (depth == 0 and c == ',' and not quoted):
            arguments.append(' '.join(text[begin:at].split()))
            begin = at + 1
        at += 1
    return arguments


def find_codes(texts):
    """(code, where) of each call and table; None for a code that is not written there."""
    positions = {}
    for text in texts.values():
        for name, parameters in DECLARATION.findall(text):
            names = [p.strip() for p in parameters.split(',')]
            positions[name] = next(i for i, p in enumerate(names) if p.endswith('*code'))
    for name, text in texts.items():
        for code in TABLE.findall(text):
            yield code, name
        for call in re.finditer(r'\b(' + '|'.join(positions) + r')\(', text):
            argument = split_arguments(text, call.end())[positions[call[1]]]
            match = CODE.match(argument)
            if match:
                yield match[1], name
            elif not re.search(r'\bcode$', argument):
                yield None, f'{name}: {call[1]}({argument})'


def main(root):
    root = pathlib.Path(root).resolve()
    texts = {p.relative_to(root).as_posix(): COMMENT.sub(' ', read(p)) for p in sorted((root / SOURCES).glob('*.[ch]'))}
    places, complaints = {}, []
    for code, where in find_codes(texts):
        if code:
            places.setdefault(code, where)
        else:
            complaints.append(f'{where}: the code of a diagnostic is to be read here')
    expected = {c: p for p in sorted((root / 'tests/policies').rglob('*.expect')) for c in EXPECTED.findall(read(p))}
    units = ' '.join(read(p) for p in (root / 'tests/unit/seccomp').glob('*.c'))
    pages = '\n'.join(read(root / page) for page in PAGES if (root / page).exists())
    for code, where in sorted(places.items()):
        if code not in expected and f'"{code}"' not in units and code not in UNTESTED:
            complaints.append(f'{where}: no test brings about "{code}"')
        if not re.search(rf'^\.It (?:Cm|Li|Ql|Sy) .*(?<![\w-]){code}(?![\w-])', pages, re.MULTILINE):
            complaints.append(f'{where}: no man page explains "{code}"')
    for code in sorted(expected.keys() - places.keys()):
        complaints.append(f'{expected[code].relative_to(root)}: nothing says "{code}" any more')
    listed = re.findall(r'^\.It Sy (.*)$', pages, re.MULTILINE)
    for code in sorted({c for line in listed for c in line.split(' , ')} - places.keys()):
        complaints.append(f'{PAGES[0]}: nothing says "{code}" any more')
    print('\n'.join(complaints) if complaints else f'{len(places)} kinds of diagnostics are tested and explained')
    return 1 if complaints or not places else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
