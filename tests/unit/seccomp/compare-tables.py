#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets the tables of system calls, constants and groups beside what others know. What they have and the tables lack, or
have differently, is a failure; what they lack is reported: they may be older.

usage: compare-tables.py DUMP-TABLES headers CC...           the compiler's headers
       compare-tables.py DUMP-TABLES systemd                 the installed systemd-analyze(1)
       compare-tables.py DUMP-TABLES groups FILE             what it printed elsewhere
       compare-tables.py DUMP-TABLES syscalls CSV            libseccomp's table of all architectures
       compare-tables.py DUMP-TABLES constants ARCH JSON     a table of another policy compiler
"""
import csv
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# The headers of the kernel whose names policies use most.
HEADERS = [f'linux/{h}.h' for h in (
    'aio_abi', 'audit', 'bpf', 'capability', 'close_range', 'dm-ioctl', 'errno', 'eventpoll', 'falloc', 'fanotify', 'fcntl', 'fs',
    'fuse', 'futex', 'hidraw', 'if', 'if_tun', 'in', 'input', 'inotify', 'io_uring', 'ioprio', 'kcmp', 'kd', 'keyctl', 'kvm',
    'landlock', 'loop', 'magic', 'membarrier', 'memfd', 'mempolicy', 'mman', 'mount', 'msg', 'netlink', 'nsfs', 'openat2',
    'perf_event', 'personality', 'prctl', 'ptrace', 'random', 'reboot', 'resource', 'rfkill', 'rtc', 'sched', 'seccomp',
    'securebits', 'sem', 'serial', 'shm', 'sockios', 'stat', 'tcp', 'termios', 'timerfd', 'timex', 'tty', 'uinput', 'userfaultfd',
    'vfio', 'videodev2', 'vt', 'wait', 'watchdog')]
HEADERS += [f'asm/{h}.h' for h in ('ioctls', 'mman', 'poll', 'prctl', 'ptrace-abi', 'signal', 'socket', 'termbits')]
# Where the tables have what programs get from the C library instead: there it is the number of signals and one.
NOT_THE_KERNELS = {'NSIG'}
# Bounds and masks of all that there is: each kernel that adds something moves them.
MOVING = re.compile(r'(_LAST|_MAX|_MAX_STATES|_MASK|_SUPPORTED|_FEATURES|_ALL_BITS|_ALL_LOCKS|_RESERVED_BITS|_RANGE_IOCTLS(_BASIC)?|_CNT)$')
# What the corpus of another compiler has and what no policy can mean.
NO_CONSTANTS = {
    'FS_KEY_DESC_PREFIX': 'the address of a string, by mistake',
    'MINIJAIL_ARCH_BITS': 'of that compiler itself', 'MINIJAIL_ARCH_NR': 'of that compiler itself',
}


def load(program):
    tables = {'native': None, 'since': {}, 'syscall': {}, 'constant': {}, 'group': {}}
    for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines():
        kind, key, *rest = line.split()
        if kind == 'group':
            tables[kind].setdefault(key, set()).add(rest[0])
        elif kind == 'since':
            tables[kind][key] = rest[0]
        elif kind == 'native':
            tables[kind] = key
        else:
            tables[kind].setdefault(key, {})[rest[0]] = int(rest[1])
    return tables


def compare(what, ours, theirs):
    """Complaints; @theirs is complete only where it says something."""
    for name, value in sorted(theirs.items()):
        if name not in ours:
            yield f'{what}: {name} is not in the tables'
        elif ours[name] != value:
            yield f'{what}: {name} is {value}, in the tables {ours[name]}'
    unknown = sorted(set(ours) - set(theirs))
    print(f'{what}: {len(set(ours) & set(theirs))} names compared; it lacks {len(unknown)} of the tables'
          + (f': {" ".join(unknown[:12])}{" ..." if len(unknown) > 12 else ""}' if unknown else ''))


def evaluate(compiler, names, prelude):
    """The values of those among the expressions that compile as whole numbers; None when nothing does."""
    names = list(names)
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder, 'values.c'), pathlib.Path(folder, 'values')
        for _ in range(6):  # one mistake may hide others
            lines = [f'V({n})' for n in names]
            head = prelude + '#define V(x) { #x, (x) | 0ULL },\nstatic const struct { const char *n; unsigned long long v; } all[] = {\n'
            tail = '};\nint printf(const char *, ...);\nint main(void) { for (unsigned long i = 0; i < sizeof(all) / sizeof(*all);' \
                   ' i++) printf("%s %llu\\n", all[i].n, all[i].v); return 0; }\n'
            source.write_text(head + '\n'.join(lines) + '\n' + tail, encoding='utf-8')
            run = subprocess.run([*compiler, '-w', '-O0', '-ferror-limit=0' if 'clang' in compiler[0] else '-fmax-errors=0',
                                  '-o', str(program), str(source)], capture_output=True, text=True)
            if run.returncode == 0:
                out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
                return {n: int(v) for n, v in (line.split() for line in out.splitlines())}
            first = head.count('\n') + 1
            bad = {int(m) - first for m in re.findall(r'values\.c:(\d+):(?:\d+:)? (?:fatal )?error', run.stderr)}
            names = [n for i, n in enumerate(names) if i not in bad]
    return None


def macros(compiler, prelude):
    out = subprocess.run([*compiler, '-E', '-dM', '-x', 'c', '-'], input=prelude, check=True, capture_output=True, text=True)
    return dict(re.findall(r'^#define (\w+) +(\S.*)$', out.stdout, re.M))


def header_values(compiler, header, names):
    """Of these names those that the header defines; None when it does not compile."""
    prelude = f'#include <linux/types.h>\n#include <linux/ioctl.h>\n#include <{header}>\n'
    text = subprocess.run([*compiler, '-E', '-dD', '-x', 'c', '-'], input=prelude, capture_output=True, text=True)
    chosen = sorted(names & set(re.findall(r'\w+', text.stdout)))
    return None if text.returncode != 0 else evaluate(compiler, chosen, prelude)


def compare_headers(tables, *compiler):
    native = tables['native']
    if not native:
        print('the tables do not have this architecture')
        return []
    prelude = '#include <asm/unistd.h>\n'
    numbers = [n for n in macros(compiler, prelude) if n.startswith('__NR_') and n not in ('__NR_syscalls', '__NR_arch_specific_syscall')]
    theirs = {n.removeprefix('__NR_'): v for n, v in (evaluate(compiler, numbers, prelude) or {}).items()}
    complaints = [*compare('<asm/unistd.h>', tables['syscall'][native], theirs)]
    ours, seen, missing = tables['constant'][native], {}, []
    for header in HEADERS:
        values = header_values(compiler, header, ours.keys() - seen.keys() - NOT_THE_KERNELS)
        seen.update(values or {})
        missing += [header] if values is None else []
    if missing:
        print(f'not there, or of no use alone: {" ".join(missing)}')
    # All names come from the tables, so here only numbers can differ.
    for name in [n for n in seen if seen[n] != ours[n] and MOVING.search(n)]:
        print(f'{name} is {seen.pop(name)} in these headers, in the tables {ours[name]}')
    complaints += compare('kernel headers', ours, seen)
    return complaints


def compare_groups(tables, text, what, complete=True):
    theirs, group = {}, None
    for line in text.splitlines():
        word = line.strip()
        if line.startswith('@'):
            group = theirs.setdefault(word, [])
        elif line.startswith(' ') and word and not word.startswith('#') and group is not None:
            group.append(word)
    complaints = []
    for name, members in sorted(theirs.items()):
        flat = {m for member in members for m in (expand(theirs, member) if member.startswith('@') else [member])}
        ours = tables['group'].get(name, set())
        lost = sorted(flat - ours)
        print(f'{what}: {name} has {len(flat)} calls, here {len(ours)}'
              + (', added: ' + ', '.join(f'{n} (Linux {tables["since"].get(n, "?")})' for n in sorted(ours - flat))
                 if ours - flat else ''))
        if lost and complete:
            complaints.append(f'{what}: {name} lacks {" ".join(lost)}')
        elif lost:
            print(f'{what}: {name} lacks {" ".join(lost)}, which that version has added')
    return complaints or ([] if theirs else [f'{what}: no group found'])


def expand(groups, name):
    found, seen, todo = set(), {name}, [name]
    while todo:
        for member in groups.get(todo.pop(), []):
            if not member.startswith('@'):
                found.add(member)
            elif member not in seen:
                seen.add(member)
                todo.append(member)
    return found


def compare_systemd(tables):
    program = shutil.which('systemd-analyze')
    if not program:
        print('systemd-analyze is not installed')
        return None
    version = int(re.search(r'\d+', subprocess.run([program, '--version'], capture_output=True, text=True).stdout).group())
    text = subprocess.run([program, 'syscall-filter'], capture_output=True, text=True, check=True).stdout
    # A later one than that which groups.txt was made from may know more.
    return compare_groups(tables, text, f'systemd {version}', complete=version <= 252)


def compare_syscalls(tables, path):
    columns = {'x86_64': 'x86_64', 'i386': 'x86', 'x32': 'x32', 'arm64': 'aarch64', 'arm': 'arm', 'riscv64': 'riscv64'}
    with open(path, encoding='utf-8', newline='') as file:
        head, *rows = csv.reader(file)
    complaints = []
    for ours, theirs in columns.items():
        at = head.index(theirs)
        bit = 0x40000000 if ours == 'x32' else 0
        numbers = {r[0]: int(r[at]) | bit for r in rows if r[at] != 'PNR'}
        complaints += compare(f'{pathlib.Path(path).name} {ours}', tables['syscall'][ours], numbers)
    return complaints


def compare_constants(tables, arch, path):
    theirs = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))['constants']
    for name, reason in NO_CONSTANTS.items():
        if theirs.pop(name, None) is not None:
            print(f'{name} is left out: {reason}')
    return [*compare(f'{arch} {pathlib.Path(path).name}', tables['constant'][arch], {n: v % 2**64 for n, v in theirs.items()})]


def main(program, what, *arguments):
    tables = load(program)
    complaints = {
        'headers': compare_headers, 'systemd': compare_systemd, 'syscalls': compare_syscalls, 'constants': compare_constants,
        'groups': lambda t, path: compare_groups(t, pathlib.Path(path).read_text(encoding='utf-8'), pathlib.Path(path).name),
    }[what](tables, *arguments)
    if complaints is None:
        return 77
    print('\n'.join(complaints) or 'no difference')
    return 1 if complaints else 0


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
