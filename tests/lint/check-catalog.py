#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when the kinds of records in the broker, in the message catalog and in bailiff.journal-fields(7) are not the
same, the catalog names a field that the page lacks, or journalctl does not take it.

usage: check-catalog.py SOURCE-ROOT
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ENTRY = re.compile(r'^-- ([0-9a-f]{32})\n((?:[A-Z][A-Za-z-]+: .*\n)+)\n((?:.*\n)*?)(?=-- |\Z)', re.M)
PLACES = ('init/systemd/bailiff.catalog', 'daemon/broker/audit.c', 'docs/man/bailiff.journal-fields.7')


def read(root, place):
    return (root / place).read_text(encoding='utf-8')


def check_ids(root, catalog):
    ids = {
        PLACES[0]: [m[1] for m in ENTRY.finditer(catalog)],
        PLACES[1]: re.findall(r'{ "([0-9a-f]{32})",', read(root, PLACES[1])),
        PLACES[2]: re.findall(r'^MESSAGE_ID ([0-9a-f]{32}),', read(root, PLACES[2]), re.M),
    }
    for place, found in ids.items():
        if not found or len(set(found)) != len(found):
            yield f'{place}: no MESSAGE_ID, or one twice'
        if len(found) != len(re.findall(r'^-- ', catalog, re.M)):
            yield f'{place}: {len(found)} kinds of records, and others in {PLACES[0]}'
        for one in set().union(*ids.values()) - set(found):
            yield f'{place}: {one} is missing'


def check_entries(root, catalog):
    page = read(root, PLACES[2])
    for entry in ENTRY.finditer(catalog):
        where = f'{PLACES[0]}: {entry[1]}'
        heads = dict(line.split(': ', 1) for line in entry[2].splitlines())
        if set(heads) != {'Subject', 'Defined-By', 'Documentation'} or not entry[3].strip():
            yield f'{where}: needs Subject, Defined-By, Documentation and a text'
        for field in re.findall(r'@([^@\s]*)@', entry[0]):
            if not re.search(rf'^\.It Li (.*, )?{field}\b', page, re.M):
                yield f'{where}: there is no field {field}'


def journalctl(root, *arguments):
    return subprocess.run(['journalctl', f'--root={root}', '--no-pager', *arguments], capture_output=True, text=True)


def check_journalctl(catalog, ids):
    """Compiles it below a root of its own."""
    if not shutil.which('journalctl'):
        return
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root, 'usr/lib/systemd/catalog')
        folder.mkdir(parents=True)
        (folder / 'bailiff.catalog').write_text(catalog, encoding='utf-8')
        update = journalctl(root, '--update-catalog')
        if update.returncode != 0 or update.stderr:
            yield f'journalctl --update-catalog: {update.stderr}'
        listed = journalctl(root, '--list-catalog').stdout
        for one in ids:
            if not re.search(rf'^{one} bailiff: \S', listed, re.M):
                yield f'journalctl --list-catalog: {one} is not there'


def main(root):
    catalog = read(root, PLACES[0])
    faults = list(check_ids(root, catalog))
    faults += check_entries(root, catalog)
    faults += check_journalctl(catalog, [m[1] for m in ENTRY.finditer(catalog)])
    print('\n'.join(faults) if faults else f'{len(ENTRY.findall(catalog))} kinds of records are explained')
    return bool(faults)


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1])))
