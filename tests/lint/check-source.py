#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails on what no compiler flag catches: calls that this tree does without, libraries that log or exit, files
without a licence line, left-over marks, and paths of the machine that it was written on.

usage: check-source.py SOURCE-ROOT
"""
import pathlib
import re
import sys

# Call -> what to use instead. Variable length arrays are an error of the compiler's (-Werror=vla).
BANNED = {
    'alloca': 'malloc with a bound', 'strdupa': 'strdup', 'strndupa': 'strndup',
    'strcpy': 'asprintf, or memcpy with a checked size', 'strcat': 'struct buf (base/buf.h)', 'stpcpy': 'memcpy with a checked size',
    'strncpy': 'memcpy with a checked size', 'strncat': 'struct buf (base/buf.h)',
    'sprintf': 'snprintf', 'vsprintf': 'vsnprintf', 'gets': 'read_fd_to_end', 'scanf': 'base/parse.h',
    'sscanf': 'base/parse.h', 'fscanf': 'base/parse.h', 'atoi': 'base/parse.h', 'atol': 'base/parse.h',
    'atoll': 'base/parse.h', 'strtok': 'strv or a cursor', 'mktemp': 'mkostemp', 'tmpnam': 'mkostemp',
    'tempnam': 'mkostemp', 'system': 'clone3 and execveat', 'popen': 'clone3 and execveat',
    'execlp': 'an absolute path or an fd', 'execvp': 'an absolute path or an fd',
    'execvpe': 'an absolute path or an fd', 'setjmp': 'return values', 'longjmp': 'return values',
    'vfork': 'clone3', 'usleep': 'a timerfd', 'putenv': 'an environment of its own',
}
# A test runs on nobody's input but its own: it may be short where only that matters.
TESTS_MAY = {'sscanf', 'execlp', 'execvp', 'usleep', 'vfork'}
# unixexec: names programs of the user's, who has set PATH: an ssh, for bailiffctl --host.
MAY = {('client/bus/address.c', 'execvp')}
# Folders of libraries: they return errors; printing and exiting is for the programs that use them.
LIBRARIES = ('daemon/base', 'daemon/wire', 'daemon/catalog', 'daemon/profile', 'daemon/seccomp', 'daemon/learn',
             'daemon/jail', 'daemon/plan')
LIBRARY_BANNED = re.compile(
    r'(?<![\w.>])(?:(?:log_\w+|v?printf|perror|puts|exit|abort|errx?|warnx?)\s*\(|v?fprintf\s*\(\s*std(?:out|err)\b)')
LIBRARY_EXEMPT = {'daemon/base/log.c', 'daemon/base/log.h'}
MARKS = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b')
# A reply or a signal belongs to the connection that its message was made for: there are others than the bus.
WRONG_BUS = re.compile(r'\bsd_bus_send\s*\(\s*(?!NULL\b)')
# Deadlines hold when the clock is set and when the machine sleeps (Q20). The time of day is for people alone.
WRONG_CLOCK = re.compile(r'\bCLOCK_(?:REALTIME|MONOTONIC|TAI)\w*')
CLOCK_EXEMPT = {'daemon/base/io.c', 'daemon/jail/stage.c'}  # the second measures how long stages take
# When a process started tells nobody who it is: other processes can have the same number and time (A6). Nobody who knows
# pidfds reads the file that has it.
START_TIME = re.compile(r'"(?:[^"\n]*/)?stat"|\bstarttime\b')
CODE = ('*.c', '*.h')
SCRIPTS = ('*.sh', '*.py', 'meson.build', '*.build', '*.profile', '*.policy', '*.conf', '*.xml', '*.service', '*.sym')
NEEDS_LICENCE = ('*.c', '*.h', '*.sh', '*.py')
SKIP = ('.git', 'build', 'corpus')
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
CALL = re.compile(r'(?<![\w.>])(' + '|'.join(BANNED) + r')\s*\(')


def blank(match):
    """Comments and strings give way to nothing, line ends stay, so that line numbers hold."""
    return re.sub(r'[^\n]', ' ', match.group(0))


def check_start_times(relative, text):
    if relative.startswith('daemon/') and not relative.startswith('daemon/seccomp/'):
        for number, line in enumerate(text.splitlines(), 1):
            if START_TIME.search(line):
                yield f'{relative}:{number}: /proc/PID/stat: compare pidfds (base/process.h), not times of start'


def check_code(relative, text):
    yield from check_start_times(relative, text)
    code = COMMENT_OR_STRING.sub(blank, text)
    library = relative.startswith(LIBRARIES) and relative not in LIBRARY_EXEMPT
    for number, line in enumerate(code.splitlines(), 1):
        for call in CALL.findall(line):
            if (relative, call) in MAY or (relative.startswith('tests/') and call in TESTS_MAY):
                continue
            yield f'{relative}:{number}: {call}(): use {BANNED[call]}'
        if relative.startswith('daemon/broker/') and WRONG_BUS.search(line):
            yield f'{relative}:{number}: sd_bus_send(): give NULL, so that it goes where the message belongs'
        if relative.startswith('daemon/') and relative not in CLOCK_EXEMPT and WRONG_CLOCK.search(line):
            yield f'{relative}:{number}: use CLOCK_BOOTTIME, or now_realtime_usec() for what people read'
        if library and LIBRARY_BANNED.search(line):
            yield f'{relative}:{number}: a library neither logs, prints nor exits: return the error'


def check_text(relative, text, places):
    for number, line in enumerate(text.splitlines(), 1):
        if MARKS.search(line):
            yield f'{relative}:{number}: finish it or write an issue: {line.strip()}'
        for place in places:
            if place in line:
                yield f'{relative}:{number}: a path of this machine: {place}'


def files_of(root, patterns):
    for pattern in patterns:
        for path in sorted(root.rglob(pattern)):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(p in SKIP or p.startswith('build-') for p in parts):
                yield path


def main(root):
    root = pathlib.Path(root).resolve()
    # A short path such as /src would match too much.
    places = [str(root) + '/'] if len(root.parts) > 2 else []
    complaints, count = [], 0
    for path in files_of(root, (*CODE, *SCRIPTS)):
        relative, text = path.relative_to(root).as_posix(), path.read_text(encoding='utf-8', errors='replace')
        count += 1
        complaints += check_text(relative, text, places)
        if path.suffix in ('.c', '.h'):
            complaints += check_code(relative, text)
        if any(path.match(p) for p in NEEDS_LICENCE) and 'SPDX-License-Identifier:' not in text[:300]:
            complaints.append(f'{relative}:1: no SPDX-License-Identifier line')
    print('\n'.join(complaints) if complaints else f'{count} files are clean')
    return 1 if complaints or not count else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
