#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails where files that are written apart say different things of a release: the licence that a file names, that
debian/copyright gives it and that LICENSE lists; the version in meson.build, NEWS.md, debian/changelog and the spec file.

usage: check-release.py SOURCE-ROOT
"""
import fnmatch
import os
import pathlib
import re
import sys

SKIP = re.compile(r'(?:^|/)(?:\.git|build(?:-[^/]*)?|corpus[^/]*|__pycache__)$')
# What has to name its licence. Documents, data of tests and lists need not; sources in C, shell and Python: check-source.py.
SPEAKS = re.compile(r'(?:^|/)(?:meson\.build|meson_options\.txt|dev|Makefile|run|nightly|steps)$|^docs/man/|'
                    r'\.(?:in|te|if|fc|cil|xml|conf|test|spec|sym|service|bash|zsh|fish|postinst|prerm|postrm|profile|policy)$')
SILENT = re.compile(r'^tests/(?:policies|fuzz/[^/]+/corpus)|^tests/.*\.(?:profile|policy|conf)$')
MARK = re.compile(r'SPDX-License-Identifier: (\S+)')
SPDX = {'GPL-2+': 'GPL-2.0-or-later', 'LGPL-2.1+': 'LGPL-2.1-or-later'}


def sources(root):
    for folder, folders, names in os.walk(root):
        relative = pathlib.Path(folder).relative_to(root).as_posix()
        folders[:] = sorted(name for name in folders if not SKIP.search(f'{relative}/{name}'))
        for name in sorted(names):
            yield name if relative == '.' else f'{relative}/{name}'


def stanzas(root):
    """(patterns, licence) in their order: of those that fit the last one counts."""
    for paragraph in (root / 'debian/copyright').read_text(encoding='utf-8').split('\n\n'):
        fields = dict(re.findall(r'^(\w+): (.+(?:\n .+)*)', paragraph, re.MULTILINE))
        if 'Files' in fields:
            yield fields['Files'].split(), SPDX[fields['License']]


def listed(root):
    """What LICENSE names under the LGPL, as words with a slash or an ending; without its exception."""
    text = (root / 'LICENSE').read_text(encoding='utf-8')
    paragraph = re.search(r'^  LGPL-2\.1-or-later(.*?)^$', text, re.MULTILINE | re.DOTALL).group(1)
    return set(re.findall(r'(?<!except )\b(?:client|dbus|docs)/[\w./-]*\w', paragraph))


def check_licences(root):
    rules = list(stanzas(root))
    if len(rules) < 2:
        yield 'debian/copyright: its stanzas could not be read'
    names = listed(root)
    for path in sources(root):
        with open(root / path, encoding='utf-8', errors='replace') as f:
            found = MARK.search(f.read(1000))
        fits = [licence for patterns, licence in rules if any(fnmatch.fnmatchcase(path, p) for p in patterns)]
        if not found:
            if SPEAKS.search(path) and not SILENT.search(path):
                yield f'{path}:1: no SPDX-License-Identifier line'
            continue
        if found.group(1) not in SPDX.values():
            yield f'{path}:1: a licence that LICENSE does not have: {found.group(1)}'
        elif fits[-1] != found.group(1):
            yield f'{path}:1: {found.group(1)}, and debian/copyright says {fits[-1]}'
        lesser = path.startswith('client/') and not path.startswith(('client/cli/', 'client/bus/')) or path in names
        if lesser != found.group(1).startswith('LGPL'):
            yield f'{path}:1: {found.group(1)}, and LICENSE says otherwise'


def check_versions(root):
    wanted = None
    for path, pattern in (('meson.build', r"^project\([^)]*\bversion: '([^']+)'"), ('NEWS.md', r'^## (\S+)'),
                          ('debian/changelog', r'^bailiff \((\S+)-[^-)]+\)'), ('rpm/bailiff.spec', r'^Version: +(\S+)')):
        found = re.search(pattern, (root / path).read_text(encoding='utf-8'), re.MULTILINE)
        version = found.group(1) if found else None
        wanted = wanted or version
        if version != wanted or not version:
            yield f'{path}: version {version}, and meson.build says {wanted}'


def main(root):
    root = pathlib.Path(root).resolve()
    complaints = [*check_licences(root), *check_versions(root)]
    print('\n'.join(complaints) or 'licences and versions agree')
    return 1 if complaints else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
