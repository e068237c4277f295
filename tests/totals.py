#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts what a run of "meson test" did, down to the single case, and prints it as one line.

usage: totals.py TESTLOG.json [LOG]

Reads meson's log (one JSON object a line), and another's whose last line of totals is counted in. A program that speaks
cmocka's or TAP's language counts as many tests as it ran; any other counts as one. With BAILIFF_MUST_WORK=1 a skipped
test is a failure: what a machine cannot test, it must not pass. What a failed program said of its failure follows its
name in lines that begin with "failed:", for those who keep nothing but the end of a long log. Exit status 1 when
something failed or nothing ran.
"""
import json
import os
import re
import sys

CMOCKA = re.compile(r'^\[  (PASSED |FAILED |SKIPPED)\s*\] (?:.*: )?(\d+) test\(s\)', re.MULTILINE)
TAP = re.compile(r'^(not )?ok\b(?: \d+)?(?P<rest>.*)$', re.MULTILINE)


def count_cmocka(text):
    totals = {'PASSED': 0, 'FAILED': 0, 'SKIPPED': 0}
    found = False
    for kind, number in CMOCKA.findall(text):
        totals[kind.strip()] += int(number)
        found = True
    return (totals['PASSED'], totals['FAILED'], totals['SKIPPED']) if found else None


def count_tap(text):
    passed = failed = skipped = 0
    for match in TAP.finditer(text):
        directive = match.group('rest').partition('#')[2].strip().lower()
        if directive.startswith('skip'):
            skipped += 1
        elif match.group(1):
            failed += 1
        else:
            passed += 1
    return (passed, failed, skipped) if passed + failed + skipped else None


def count(record):
    """(passed, failed, skipped) of one program; its exit status has the last word."""
    result = record['result']
    text = (record.get('stdout') or '') + '\n' + (record.get('stderr') or '')
    if result == 'SKIP':
        return (0, 0, 1)
    passed, failed, skipped = count_cmocka(text) or count_tap(record.get('stdout') or '') or (0, 0, 0)
    if result in ('OK', 'EXPECTEDFAIL'):
        return (passed if passed + failed + skipped else 1, failed, skipped)
    return (passed, max(failed, 1), skipped)


WHY = re.compile(r'FAILED|^not ok|\[  ERROR|\berror:|ERROR: |runtime error|: assert|[Tt]imeout|^# .*(?:expected|got)')
WHY_LINES = 12


def say_why(record):
    """What a failed program said, and the last lines that tell of the failure."""
    name = record['name']
    print(f'failed: {name} ({record["result"]} after {record.get("duration", 0):.1f} s, exit status {record.get("returncode")})')
    lines = ((record.get('stdout') or '') + '\n' + (record.get('stderr') or '')).splitlines()
    telling = [line for line in lines if WHY.search(line)] or [line for line in lines if line.strip()]
    for line in telling[-WHY_LINES:]:
        print(f'failed: {name}: {line.strip()[:300]}')


TOTALS = re.compile(r'^(\d+) passed, (\d+) failed, (\d+) skipped$', re.MULTILINE)


def count_totals(text):
    """What another runner's last line of totals says; without one it did not come to its end."""
    lines = TOTALS.findall(text)
    return tuple(int(number) for number in lines[-1]) if lines else (0, 1, 0)


def add_other(path):
    """Counts another runner's log, and says what failed in it."""
    with open(path, encoding='utf-8', errors='replace') as log:
        text = log.read()
    p, f, s = count_totals(text)
    if f or s:
        print(f'failed: in {path}: {f} failed, {s} skipped')
        lines = text.splitlines()
        telling = [line for line in lines if re.match(r'not ok|ok .*# skip|skipped - ', line, re.IGNORECASE)] or lines
        for line in telling[-WHY_LINES:]:
            print(f'failed: in {path}: {line.strip()[:300]}')
    return (p, f, s)


def main(path, other=None):
    must_work = os.environ.get('BAILIFF_MUST_WORK') == '1'
    passed = failed = skipped = 0
    try:
        with open(path, encoding='utf-8', errors='replace') as log:
            records = [json.loads(line) for line in log if line.strip()]
    except OSError as error:
        sys.exit(f'totals: {error}')
    for record in records:
        p, f, s = count(record)
        passed, failed, skipped = passed + p, failed + f, skipped + s
        if f:
            say_why(record)
        elif s:
            print(f'skipped: {record["name"]} ({s})' + (', which counts as a failure here' if must_work else ''))
    if other:
        p, f, s = add_other(other)
        passed, failed, skipped = passed + p, failed + f, skipped + s
    if must_work:
        failed, skipped = failed + skipped, 0
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
