#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when a man page is malformed, not installed, or refers to one of ours that is not there; when the page of the
D-Bus interface lacks a member; when an XML file does not parse, or a document names a file that is not there; when a fault
of a peer leads to no test, or none of a threat's tests has its number.

usage: check-docs.py SOURCE-ROOT
"""
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

LINK = re.compile(r'\]\((?!https?:|mailto:|#)([^)#\s]+)')
OWN_PAGE = re.compile(r'Xr ((?:lib)?bailiff\S*|org\.bailiff\S*) ([1-8])')
PATH = re.compile(r'`((?:client|daemon|dbus|docs|init|meson|policies|tests)/[\w./*-]*)`')

# How many threats the list has of each kind whose tests say their numbers; the others' have words of their own.
NUMBERED = {'A': 16, 'P': 28, 'F': 18, 'R': 14, 'D': 16, 'Q': 22}


def check_man(root):
    listed = (root / 'docs/meson.build').read_text(encoding='utf-8')
    pages = sorted((root / 'docs/man').glob('*.[1-8]'))
    if not pages:
        yield 'docs/man: no man page'
    for page in pages:
        relative = page.relative_to(root)
        if f"'man/{page.name}'" not in listed:
            yield f'{relative}: docs/meson.build does not install it'
        lint = subprocess.run(['mandoc', '-Tlint', '-Wwarning', str(page)], capture_output=True, text=True)
        yield from (line.replace(str(root) + '/', '') for line in lint.stdout.splitlines())


def check_references(root):
    pages = {page.name for page in (root / 'docs/man').glob('*.[1-8]')}
    for page in sorted((root / 'docs/man').glob('*.[1-8]')):
        for name, section in OWN_PAGE.findall(page.read_text(encoding='utf-8')):
            if f'{name}.{section}' not in pages:
                yield f'{page.relative_to(root)}: refers to {name}({section}), which is not there'


def check_interface(root):
    page = root / 'docs/man/org.bailiff.Broker1.5'
    words = set(re.findall(r'\w+', page.read_text(encoding='utf-8'))) if page.exists() else set()
    for kind in 'method', 'property', 'signal':
        for member in xml.parse(root / 'dbus/org.bailiff.Broker1.xml').iter(kind):
            if member.get('name') not in words:
                yield f"{page.relative_to(root)}: lacks the {kind} {member.get('name')}"


def check_xml(root):
    files = sorted([*root.glob('dbus/*.xml'), *root.glob('dbus/*.conf*')])
    if not files:
        yield 'dbus: no XML file'
    for path in files:
        try:
            xml.parse(path)
        except xml.ParseError as error:
            yield f'{path.relative_to(root)}: {error}'


def check_links(root):
    for path in sorted([*root.glob('*.md'), *root.glob('docs/*.md')]):
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
            for target in LINK.findall(line):
                if not (path.parent / target).exists():
                    yield f'{path.relative_to(root)}:{number}: links to {target}, which is not there'
            for target in PATH.findall(line):
                if not any(root.glob(target.rstrip('/'))):
                    yield f'{path.relative_to(root)}:{number}: names {target}, which is not there'


def expand(cell):
    """The numbers in a cell such as "P1, P4, P23 to P26"."""
    for first, letter, low, high in re.findall(r'(([A-Z])(\d+))(?: to \2(\d+))?', cell):
        yield from (f'{letter}{n}' for n in range(int(low), int(high or low) + 1))


def check_rows(root):
    """What stands behind a peer's fault has tests in the table of threats."""
    model = (root / 'docs/THREAT-MODEL.md').read_text(encoding='utf-8')
    known = {row for cell in re.findall(r'^\| ([A-Z]\d[^|]*) \|.*`tests/|^\| (D3) \|', model, re.MULTILINE)
             for part in cell for row in expand(part)}
    lines = (root / 'docs/TRACEABILITY.md').read_text(encoding='utf-8').splitlines()
    cells = [(n, line.split('|')) for n, line in enumerate(lines, 1) if re.match(r'\| (?!fault|---)', line)]
    if not known or not cells:
        yield 'docs/TRACEABILITY.md: has no rows, or docs/THREAT-MODEL.md has none'
    for number, cell in cells:
        rows = list(expand(cell[-2])) if len(cell) == 6 else []
        if not rows:
            yield f'docs/TRACEABILITY.md:{number}: names no row'
        yield from (f'docs/TRACEABILITY.md:{number}: {row} has no test in docs/THREAT-MODEL.md'
                    for row in rows if row not in known)


def check_numbers(root):
    """Each threat is in the table, or among what is not tested; one at least of its tests says its number."""
    tests, said = {}, {}
    model = (root / 'docs/THREAT-MODEL.md').read_text(encoding='utf-8')
    for line in model.splitlines():
        if row := re.match(r'\| ([A-Z]\d[^|]*) \|', line):
            for number in expand(row[1]):
                tests.setdefault(number, set()).update(re.findall(r'`(tests/[\w./-]+)`', line))
    for file in set().union(*tests.values()):
        path = root / file
        said[file] = set(re.findall(r'\b[A-Z]\d+\b', path.read_text(encoding='utf-8'))) if path.is_file() else set()
    for number, files in sorted(tests.items()):
        if files and number[0] in NUMBERED and not any(number in said[file] for file in files):
            yield f'docs/THREAT-MODEL.md: {number}: none of its tests has that number: {", ".join(sorted(files))}'
    untested = model[model.find('\nNot tested yet'):]
    for number in (f'{kind}{n}' for kind, last in NUMBERED.items() for n in range(1, last + 1)):
        if number not in tests and not re.search(rf'\b{number}\b', untested):
            yield f'docs/THREAT-MODEL.md: {number} has no row, and is not said to be untested'


def main(root):
    root = pathlib.Path(root).resolve()
    if not shutil.which('mandoc'):
        print('mandoc is not installed')
        return 77
    complaints = [*check_man(root), *check_references(root), *check_interface(root), *check_xml(root), *check_links(root),
                  *check_rows(root), *check_numbers(root)]
    print('\n'.join(complaints) if complaints else 'man pages, XML and links are in order')
    return 1 if complaints else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
