#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns the data files beside it into C tables. Refuses what is not in order, so that no build has half a table.

usage: generate.py syscalls|constants|groups OUTPUT
"""
import fnmatch
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ARCHITECTURES = ('x86_64', 'i386', 'x32', 'arm64', 'arm', 'riscv64')  # as enum architecture_id
X32_BIT = 0x40000000
NAME_MAX = 63  # SUGGEST_NAME_MAX
CALL_NAME_MAX = 31  # SYSCALL_NAME_SIZE
KINDS = ('errno', 'ioctl', '-')
WORD = re.compile(r'[A-Za-z_][A-Za-z0-9_]*$')


class BadData(Exception):
    pass


def data_lines(name):
    """(where, line) of what is neither empty nor a comment."""
    for number, line in enumerate((HERE / name).read_text(encoding='utf-8').splitlines(), 1):
        if line.strip() and not line.startswith('#'):
            yield f'{name}:{number}', line


def check_name(where, name, known):
    if not WORD.match(name) or len(name) > NAME_MAX:
        raise BadData(f'{where}: "{name}" is no name of at most {NAME_MAX} letters')
    if name in known:
        raise BadData(f'{where}: {name} is there twice')


def read_version(where, text):
    """As KERNEL_VERSION() has it; 0 for "-"."""
    if text == '-':
        return 0
    match = re.fullmatch(r'(\d+)\.(\d+)(?:\.(\d+))?', text)
    if not match:
        raise BadData(f'{where}: "{text}" is no kernel version')
    major, minor, patch = (int(part or 0) for part in match.groups())
    return major << 16 | minor << 8 | patch


def read_syscalls():
    """name -> (version, {architecture: number})"""
    calls = {}
    for where, line in data_lines('syscalls.txt'):
        cells = line.split()
        if len(cells) != 2 + len(ARCHITECTURES):
            raise BadData(f'{where}: {len(cells)} columns, expected {2 + len(ARCHITECTURES)}')
        check_name(where, cells[0], calls)
        if len(cells[0]) > CALL_NAME_MAX:
            raise BadData(f'{where}: "{cells[0]}" has more than {CALL_NAME_MAX} letters')
        numbers = {a: read_value(where, c) for a, c in zip(ARCHITECTURES, cells[2:]) if c != '-'}
        if 'x32' in numbers:
            numbers['x32'] |= X32_BIT
        if not numbers:
            raise BadData(f'{where}: no architecture has {cells[0]}')
        calls[cells[0]] = (read_version(where, cells[1]), numbers)
    return calls


def read_value(where, text):
    try:
        value = int(text, 0)
    except ValueError:
        raise BadData(f'{where}: "{text}" is no number') from None
    if not -2**63 <= value < 2**64:
        raise BadData(f'{where}: {text} has more than 64 bits')
    return value % 2**64


def read_constants():
    """name -> (kind, {architecture: value})"""
    constants = {}
    lines = [*data_lines('constants.txt'), *data_lines('added.txt')]
    for where, line in lines:
        if len(line.split()) < 3:
            raise BadData(f'{where}: expected a name, a kind and a value')
        name, kind, common, *others = line.split()
        check_name(where, name, constants)
        if kind not in KINDS:
            raise BadData(f'{where}: "{kind}" is none of {", ".join(KINDS)}')
        values = dict.fromkeys(ARCHITECTURES, read_value(where, common))
        for other in others:
            names, _, value = other.partition('=')
            for architecture in names.split(','):
                if architecture not in values:
                    raise BadData(f'{where}: "{architecture}" is no architecture, or there twice')
                if value == '-':
                    del values[architecture]
                else:
                    values[architecture] = read_value(where, value)
        constants[name] = (kind, values)
    return constants


def read_groups(calls):
    """name -> (description, members without groups), the versions of additions checked and left out"""
    groups, members = {}, None
    for where, line in data_lines('groups.txt'):
        if line.startswith('@'):
            name, _, description = line[1:].partition(' ')
            if name in groups or not description:
                raise BadData(f'{where}: @{name} is there twice, or lacks a description')
            members = []
            groups[name] = (description, members)
            continue
        word, *version = line.split()
        if len(version) > 1 or members is None or word in members:
            raise BadData(f'{where}: expected a member that is not there yet, and at most a version')
        since = read_version(where, version[0]) if version else 0
        if since and word in calls and calls[word][0] != since:
            raise BadData(f'{where}: syscalls.txt has another version of {word}')
        members.append(word)
    return {n: (d, sorted(expand(n, groups, calls))) for n, (d, _) in groups.items()}


def expand(name, groups, calls):
    found, seen, todo = set(), {name}, [name]
    while todo:
        for member in groups[todo.pop()][1]:
            if member == '*':
                found.update(calls)
            elif not member.startswith('@'):
                found.add(member)
            elif member[1:] not in groups:
                raise BadData(f'groups.txt: there is no group {member}')
            elif member[1:] not in seen:
                seen.add(member[1:])
                todo.append(member[1:])
    return found


def read_families(constants, calls):
    """[(name, kind, uses, members)]"""
    families, family = [], None
    key = None
    for where, line in data_lines('families.txt'):
        if line.startswith('['):
            family = {'where': where, 'name': line.strip('[] '), 'used': [], 'names': [], 'not': [], 'alone': [], 'kind': []}
            families.append(family)
            continue
        if not line.startswith('\t'):
            key, _, line = line.partition('=')
            key = key.strip()
        if family is None or key not in ('used', 'names', 'not', 'alone', 'kind'):
            raise BadData(f'{where}: "{key}" is no key of a family')
        family[key] += line.split()
    return [(f['name'], read_kind(f), read_uses(f, calls), read_members(f, constants)) for f in families]


def read_kind(family):
    if family['kind'] not in (['value'], ['flags']):
        raise BadData(f'{family["where"]}: kind is "value" or "flags"')
    return family['kind'][0]


def read_uses(family, calls):
    uses = []
    for use in family['used']:
        call, _, argument = use.partition(':')
        if call not in calls or argument not in ('0', '1', '2', '3', '4', '5'):
            raise BadData(f'{family["where"]}: "{use}" is no argument of a known call')
        uses.append((call, int(argument)))
    return uses


def read_members(family, constants):
    members = []
    for pattern in family['names']:
        kind, _, glob = pattern.rpartition(':')
        found = [n for n in constants if kind in ('', constants[n][0]) and fnmatch.fnmatchcase(n, glob)]
        if not found:
            raise BadData(f'{family["where"]}: no constant is called {pattern}')
        flags = family['kind'] == ['flags']
        members += [n for n in sorted(found, key=lambda n: member_order(n, constants, flags)) if n not in members]
    unwanted = {n for n in members for p in family['not'] if fnmatch.fnmatchcase(n, p)}
    unwanted |= shared([n for n in members if any(fnmatch.fnmatchcase(n, p) for p in family['alone'])], constants)
    return [n for n in members if n not in unwanted]


def shared(names, constants):
    """Those that have the value of another of them on some architecture."""
    owners = {}
    for name in names:
        for place in constants[name][1].items():
            owners.setdefault(place, set()).add(name)
    return {name for group in owners.values() if len(group) > 1 for name in group}


def member_order(name, constants, flags):
    """Of flags those that hold others first, then by value; of names for one value the shortest."""
    value = next(iter(constants[name][1].values()))
    return (-bin(value).count('1'), value, len(name), name) if flags else (len(name), name)


def opening(*headers):
    lines = ['/* Generated by tables/generate.py: change the data files, not this. */', '']
    return '\n'.join(lines + [f'#include "seccomp/{h}"' for h in headers]) + '\n\n'


def write_syscalls(out):
    calls = read_syscalls()
    out.append(opening('syscalls.h', 'tables.h'))
    out.append('const struct syscall_row syscall_rows[] = {\n')
    names = sorted(calls)
    for name in names:
        version, numbers = calls[name]
        cells = ', '.join(str(numbers[a]) + 'u' if a in numbers else 'SYSCALL_NONE' for a in ARCHITECTURES)
        out.append(f'\t{{ "{name}", {version:#x}, {{ {cells} }} }},\n')
    out.append(f'}};\nconst size_t n_syscall_rows = {len(names)};\n\n')
    sizes = []
    for architecture in ARCHITECTURES:
        by_number = {}
        # Of two names of one number the first in order is the one that is shown.
        for index, name in enumerate(names):
            if architecture in calls[name][1]:
                by_number.setdefault(calls[name][1][architecture], index)
        order = [by_number[n] for n in sorted(by_number)]
        sizes.append(len(order))
        out.append(f'static const uint16_t order_{architecture}[] = {{ {", ".join(map(str, order))} }};\n')
    out.append('\nconst struct syscall_order syscall_orders[_ARCHITECTURE_MAX] = {\n')
    out += [f'\t{{ order_{a}, {n} }},\n' for a, n in zip(ARCHITECTURES, sizes)]
    out.append('};\n')


def write_constants(out):
    constants = read_constants()
    names = sorted(constants)
    indexes = {name: i for i, name in enumerate(names)}
    if len(names) > 0xffff:
        raise BadData('constants.txt: more than an index of 16 bits can tell apart')
    out.append(opening('constants.h', 'tables.h'))
    out.append('const char constant_names[] =\n')
    out += [f'\t"{name}\\0"\n' for name in names]
    out.append('\t;\n\nconst struct constant_row constant_rows[] = {\n')
    offset, variants = 0, {}
    for name in names:
        kind, values = constants[name]
        row = tuple(values.get(a, 0) for a in ARCHITECTURES)
        different = len(set(values.values())) > 1
        variant = variants.setdefault(row, len(variants) + 1) if different else 0
        value = 0 if different else next(iter(values.values()))
        mask = sum(1 << i for i, a in enumerate(ARCHITECTURES) if a in values)
        out.append(f'\t{{ {value:#x}u, {offset}, {variant}, {mask:#x}, {int(kind == "errno")} }}, /* {name} */\n')
        offset += len(name) + 1
    out.append(f'}};\nconst size_t n_constant_rows = {len(names)};\n\n')
    out.append('const uint64_t constant_variants[][_ARCHITECTURE_MAX] = {\n')
    out += ['\t{ ' + ', '.join(f'{v:#x}u' for v in row) + ' },\n' for row in variants]
    out.append('};\n\n')
    write_families(out, read_families(constants, read_syscalls()), indexes)


def write_families(out, families, indexes):
    uses = {}
    for number, (name, _, used, members) in enumerate(families):
        ident = name.replace('-', '_')
        out.append(f'static const uint16_t members_{ident}[] = {{ {", ".join(str(indexes[m]) for m in members)} }};\n')
        for use in used:
            # Where an argument takes two kinds of constant, the first family is the one that is shown.
            uses.setdefault(use, number)
    out.append('\nconst struct constant_family constant_families[] = {\n')
    for name, kind, _, members in families:
        flags = 'true' if kind == 'flags' else 'false'
        out.append(f'\t{{ "{name}", {flags}, members_{name.replace("-", "_")}, {len(members)} }},\n')
    out.append(f'}};\nconst size_t n_constant_families = {len(families)};\n\n')
    out.append('const struct constant_use constant_uses[] = {\n')
    out += [f'\t{{ "{call}", {argument}, {number} }},\n' for (call, argument), number in sorted(uses.items())]
    out.append(f'}};\nconst size_t n_constant_uses = {len(uses)};\n')


def write_groups(out):
    groups = read_groups(read_syscalls())
    out.append(opening('groups.h'))
    offsets, size = {}, 0
    out.append('const char syscall_group_names[] =\n')
    for member in sorted({m for _, members in groups.values() for m in members}):
        offsets[member] = size
        size += len(member) + 1
        out.append(f'\t"{member}\\0"\n')
    if size > 65536:
        raise BadData('groups.txt: the names take more than 16 bits reach')
    out.append('\t"";\n\n')
    for name in sorted(groups):
        members = ', '.join(str(offsets[m]) for m in groups[name][1])
        out.append(f'static const uint16_t members_{name.replace("-", "_")}[] = {{ {members} }};\n')
    out.append('\nconst struct syscall_group syscall_groups[] = {\n')
    for name in sorted(groups):
        description, members = groups[name]
        out.append(f'\t{{ "{name}", "{description}", members_{name.replace("-", "_")}, {len(members)} }},\n')
    out.append(f'}};\nconst size_t n_syscall_groups = {len(groups)};\n')


def main(what, path):
    out = []
    try:
        {'syscalls': write_syscalls, 'constants': write_constants, 'groups': write_groups}[what](out)
    except BadData as error:
        sys.exit(str(error))
    pathlib.Path(path).write_text(''.join(out), encoding='utf-8')


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] not in ('syscalls', 'constants', 'groups'):
        sys.exit(__doc__)
    main(*sys.argv[1:])
