#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when a built program lacks a hardening measure, or links a library that it has no business with.

usage: check-binaries.py SOURCE-ROOT BUILD-ROOT

Reads each ELF file with readelf: position independent, full RELRO with immediate binding, a stack that is not
executable, no text relocation, no segment both writable and executable, stack protector and FORTIFY in use, no path
of the source tree in the data. And the rooms that parked jails wait in (daemon/jail/room.c), and inits and their maker live
in (daemon/jail/init-room.c): the code of each fits a page and means nothing that lies outside of it.
"""
import pathlib
import re
import shutil
import subprocess
import sys

# What must be there, and the libraries that each may need.
LIBC = {'libc.so.6', 'ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'}
LIBRARIES = {
    'bailiffd': LIBC,
    'bailiff-launcher': LIBC,
    'bailiff-compiler': LIBC | {'libnettle.so.8'},
    'bailiff-broker': LIBC | {'libsystemd.so.0', 'libnettle.so.8'},
    'bailiffctl': LIBC,
    'libbailiff.so.0': LIBC | {'libsystemd.so.0'},
}

# What each room may mean.
ROOMS = {'waiting_room': {'waiting_room', 'room_take', 'room_run'}, 'init_room': {'init_room', 'init_room_run'}}
PAGE = 4096


def readelf(*arguments):
    return subprocess.run(['readelf', '--wide', *arguments], check=True, capture_output=True, text=True).stdout


def complaints_about_layout(path):
    headers, dynamic = readelf('--file-header', '--program-headers', path), readelf('--dynamic', path)
    if not re.search(r'Type:\s+DYN', headers):
        yield 'is not position independent'
    if 'GNU_RELRO' not in headers:
        yield 'has no RELRO segment'
    if not re.search(r'\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*\bNOW\b', dynamic):
        yield 'binds lazily (no BIND_NOW)'
    if 'TEXTREL' in dynamic:
        yield 'has text relocations'
    stack = re.search(r'GNU_STACK.*', headers)
    if not stack or 'RWE' in stack.group(0):
        yield 'has an executable stack'
    if re.search(r'LOAD\s.*\bRWE\b', headers):
        yield 'has a segment that is writable and executable'


def complaints_about_code(path, name):
    symbols = readelf('--dyn-syms', path)
    if '__stack_chk_fail' not in symbols:
        yield 'has no stack protector'
    if not re.search(r'__\w+_chk@', symbols.replace('__stack_chk_fail@', '')):
        yield 'uses no fortified function'
    wanted = LIBRARIES[name]
    needed = set(re.findall(r'\(NEEDED\).*\[(.*?)\]', readelf('--dynamic', path)))
    if needed - wanted:
        yield f'links {", ".join(sorted(needed - wanted))}, which it must do without'


def complaints_about_data(path, root):
    place = f'{root}/'.encode()
    # "  0x00002000 01000200 2f657463 2f70726f 63000000 ..../etc/proc..." - the columns are fixed, the text is not
    rows = (line[13:48] for line in readelf('--hex-dump=.rodata', path).splitlines() if line.startswith('  0x'))
    data = b''.join(bytes.fromhex(row) for row in rows)
    if len(root.parts) > 2 and place in data:
        yield 'carries the path of the source tree'


def complaints_about_room(archive, name, own):
    if 'X86-64' not in readelf('--file-header', archive):
        return
    size = re.search(rf' {name} +PROGBITS +\S+ +\S+ +(\S+)', readelf('--sections', archive))
    if not size or int(size.group(1), 16) > PAGE:
        yield f'is not there, or larger than a page: {size and size.group(1)}'
    part = readelf('--relocs', archive).partition(f"'.rela{name}'")[2].partition('\n\n')[0]
    for other in sorted(set(re.findall(r'R_X86_64_\w+ +[0-9a-f]+ +(\S+)', part)) - own):
        yield f'means {other}, which lies elsewhere'


def find(build, name):
    """The file itself, not the symbolic links to it that the build also makes."""
    found = [p for p in build.rglob(name) if p.resolve().is_file() and not p.is_relative_to(build / 'libexec')]
    return found[0].resolve() if found else None


def main(root, build):
    if not shutil.which('readelf'):
        print('readelf is not installed (binutils)')
        return 77
    root, build, bad = pathlib.Path(root).resolve(), pathlib.Path(build).resolve(), 0
    for name in LIBRARIES:
        path = find(build, name)
        complaints = ['was not built'] if not path else [
            *complaints_about_layout(path), *complaints_about_code(path, name), *complaints_about_data(path, root)]
        for complaint in complaints:
            print(f'{name} {complaint}')
        bad += len(complaints)
    for name, own in ROOMS.items():
        for complaint in complaints_about_room(build / 'daemon' / 'jail' / 'libroom.a', name, own):
            print(f'{name} {complaint}')
            bad += 1
    print(f'{len(LIBRARIES)} programs looked at, {bad} complaints')
    return 1 if bad else 0


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
