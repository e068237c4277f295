#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: check-totals.py ROOT

What tests/totals.py makes of made-up logs: nothing that failed is lost, and a second run excuses only who passed each time in
it.
"""
import json
import os
import subprocess
import sys
import tempfile


def record(name, result='OK', out='[  PASSED  ] 2 test(s).', status=0):
    return {'name': f'bailiff:unit / {name}', 'result': result, 'stdout': out, 'stderr': '', 'returncode': status, 'duration': 1}


def failure(name, result='FAIL'):
    return record(name, result, '[  PASSED  ] 1 test(s).\n[  FAILED  ] 1 test(s), listed below:\nx.c:1: error: late', 1)


def skip(name):
    return record(name, 'SKIP', '', 77)


class Totals:
    def __init__(self, root, folder):
        self.tool = os.path.join(root, 'tests', 'totals.py')
        self.folder = folder
        self.failed = 0

    def log(self, name, records):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8') as log:
            log.writelines(json.dumps(one) + '\n' for one in records)
        return path

    def run(self, *arguments, must_work='0'):
        environment = dict(os.environ, BAILIFF_MUST_WORK=must_work)
        done = subprocess.run([sys.executable, self.tool, *arguments], capture_output=True, text=True, check=False, env=environment)
        return done.returncode, done.stdout

    def expect(self, what, got, status, last, *lines):
        said = got[1].splitlines()
        wrong = got[0] != status or (said or [''])[-1] != last
        wrong = wrong or any(not any(line.startswith(wanted) for line in said) for wanted in lines)
        if wrong:
            print(f'{what}: status {got[0]}, wanted {status} and "{last}" {lines}:\n{got[1]}')
            self.failed += 1


def check_one_run(t):
    t.expect('all pass', t.run(t.log('a', [record('one'), record('two')])), 0, '4 passed, 0 failed, 0 skipped')
    t.expect('one fails', t.run(t.log('a', [record('one'), failure('two')])), 1, '3 passed, 1 failed, 0 skipped',
             'failed: bailiff:unit / two (FAIL')
    t.expect('one takes too long', t.run(t.log('a', [record('two', 'TIMEOUT')])), 1, '2 passed, 1 failed, 0 skipped')
    t.expect('nothing ran', t.run(t.log('a', [])), 1, '0 passed, 0 failed, 0 skipped')
    t.expect('one is skipped', t.run(t.log('a', [record('one'), skip('two')])), 0, '2 passed, 0 failed, 1 skipped', 'skipped: ')
    t.expect('and must not be', t.run(t.log('a', [record('one'), skip('two')]), must_work='1'), 1, '2 passed, 1 failed, 0 skipped')
    t.expect('no log', t.run(os.path.join(t.folder, 'none')), 1, '')


def check_again(t):
    first = t.log('a', [record('one'), failure('two')])
    for what, again, status, last, line in (
            ('passes alone', [record('two')] * 3, 0, '4 passed, 0 failed, 0 skipped', 'unstable: bailiff:unit / two (FAIL'),
            ('ran too seldom', [record('two')] * 2, 1, '3 passed, 1 failed, 0 skipped', 'failed: '),
            ('fails once more', [record('two'), failure('two'), record('two')], 1, '3 passed, 1 failed, 0 skipped', 'failed: '),
            ('is skipped alone', [record('two'), skip('two'), record('two')], 1, '3 passed, 1 failed, 0 skipped', 'failed: '),
            ('another passes', [record('three')] * 3, 1, '3 passed, 1 failed, 0 skipped', 'failed: ')):
        t.expect(what, t.run(first, '--again', t.log('b', again)), status, last, line)
    many = [failure(name) for name in ('one', 'two', 'three', 'four')]
    again = [record(name) for name in ('one', 'two', 'three', 'four')] * 3
    t.expect('too many', t.run(t.log('a', many), '--again', t.log('b', again)), 1, '4 passed, 4 failed, 0 skipped')


def check_names(t):
    t.expect('whom to run again', t.run(t.log('a', [record('one'), failure('two'), failure('three')]), '--failed'), 0, 'two', 'three')
    t.expect('nobody', t.run(t.log('a', [record('one')]), '--failed'), 0, '')
    t.expect('too many to run again', t.run(t.log('a', [failure(name) for name in 'abcd']), '--failed'), 0, '')


def main(root):
    with tempfile.TemporaryDirectory() as folder:
        t = Totals(root, folder)
        check_one_run(t)
        check_again(t)
        check_names(t)
    return 1 if t.failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
