#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when a file includes a header of a layer, or of a library, that it may not know.

usage: check-layering.py RULES SOURCE-ROOT
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
ROOTS = ('', 'daemon', 'client', 'client/include', 'tests')  # as the compiler is given them
GENERATED = ('config.h', 'dbus/introspection.h')  # in the build directory
SOURCES = ('daemon', 'dbus', 'client', 'tests')


def read_rules(path):
    layers, libraries = {}, {}
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        line = line.partition('#')[0].strip()
        if not line:
            continue
        head, colon, rest = line.partition(':')
        kind, _, name = head.partition(' ')
        table = {'layer': layers, 'library': libraries}.get(kind)
        if table is None or not colon or not name.strip():
            sys.exit(f'{path}:{number}: expected "layer FOLDER: ..." or "library PREFIX: ..."')
        table[name.strip()] = set(rest.split())
    return layers, libraries


def resolve(root, folder, header):
    """The path of a project header from the top, or None when it is none of ours."""
    for base in (folder, *ROOTS):
        candidate = root / base / header
        if candidate.is_file():
            return candidate.resolve().relative_to(root).as_posix()
    return None


def permitted(path, allowed):
    return any(path == entry or path.startswith(entry.rstrip('/') + '/') for entry in allowed)


def check_project(layers, folder, target):
    if folder.startswith('tests') or target.rpartition('/')[0] == folder:
        return None
    if folder not in layers:
        return f'folder "{folder}" has no rule: add a "layer {folder}:" line'
    if permitted(target, layers[folder]):
        return None
    return f'"{folder}" may not include "{target}"'


def check_library(libraries, path, header):
    for prefix, allowed in libraries.items():
        if header.startswith(prefix) and not permitted(path, allowed):
            return f'<{header}> belongs to {", ".join(sorted(allowed))} alone'
    return None


def check_file(root, path, layers, libraries):
    relative = path.relative_to(root).as_posix()
    folder = path.parent.relative_to(root).as_posix()
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(1) or match.group(2)
        target = resolve(root, folder, header)
        if target:
            complaint = check_project(layers, folder, target)
        elif match.group(1) and header not in GENERATED:
            complaint = f'"{header}" is no file of this tree'
        else:
            complaint = check_library(libraries, relative, header)
        if complaint:
            yield f'{relative}:{number}: {complaint}'


def main(rules, root):
    root = pathlib.Path(root).resolve()
    layers, libraries = read_rules(pathlib.Path(rules))
    files = sorted(p for top in SOURCES for p in (root / top).rglob('*.[ch]'))
    if not files:
        sys.exit(f'{root}: no C file found')
    complaints = [c for p in files for c in check_file(root, p, layers, libraries)]
    print('\n'.join(complaints) if complaints else f'{len(files)} files keep to their layers')
    return 1 if complaints else 0


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
