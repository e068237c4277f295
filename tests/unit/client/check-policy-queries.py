#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bailiffctl policy test and diff, as a user has them: output, JSON, exit statuses.

usage: check-policy-queries.py BAILIFFCTL
"""
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else ''
OLD = '''\
@default return ENOSYS
read: allow
ioctl: arg1 == TCGETS
mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE
socket: { arg0 == AF_UNIX, return EAFNOSUPPORT }
'''
NEW = '''\
# a comment
{read, close}: allow
ioctl: arg1 == TCGETS || \\
    arg1 == 0x5413 # the size of the window
mmap: allow
socket: { arg0 == AF_UNIX, return EACCES }
'''


def run(*args, text=None):
    return subprocess.run([PROGRAM, 'policy', *map(str, args)], input=text, capture_output=True, text=True)


def pigeons(n):
    """Rules that leave no call over, which takes exponential time to find out: n pigeons, n - 1 holes, a bit for each."""
    bits = list(itertools.product(range(n), range(n - 1)))
    place = {pair: (i // 60, i % 60) for i, pair in enumerate(bits)}
    lines = []
    for pigeon in range(n):
        masks = {}
        for hole in range(n - 1):
            argument, bit = place[pigeon, hole]
            masks[argument] = masks.get(argument, 0) | 1 << bit
        lines.append(' && '.join(f'arg{a} in ~{m:#x}' for a, m in masks.items()))
    for hole in range(n - 1):
        for one, other in itertools.combinations(range(n), 2):
            lines.append(' && '.join(f'arg{a} & {1 << b:#x}' for a, b in (place[one, hole], place[other, hole])))
    return ''.join(f'read: {line}; return EPERM\n' for line in lines) + 'read: allow\n'


class Queries(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.old, self.new = self.write('old.policy', OLD), self.write('new.policy', NEW)
        self.arch = '--arch=x86_64'

    def write(self, name, text):
        (self.top / name).write_text(text)
        return str(self.top / name)

    def expect(self, status, *args, out=None, err='', **more):
        done = run(*args, **more)
        self.assertEqual((done.returncode, done.stderr), (status, err), args)
        if out is not None:
            self.assertEqual(done.stdout.replace(str(self.top) + '/', ''), out)
        return done


class Test(Queries):
    def test_single(self):
        self.expect(0, 'test', self.arch, self.old, 'read(1, *)', out='read(1, *): allow\n    old.policy:2: allow\n')
        self.expect(0, 'test', self.arch, self.new, 'write',
                    out='write: kill-process\n    no rule: default kill-process\n')
        self.expect(0, 'test', self.arch, self.old, '#1(2)',
                    out='#1(2): return ENOSYS\n    no rule: default return ENOSYS (old.policy:1)\n')
        self.expect(0, 'test', self.arch, self.new, 'ioctl(*, TIOCGWINSZ)',
                    out='ioctl(*, TIOCGWINSZ): allow\n    new.policy:3: arg1 == TCGETS || arg1 == 0x5413\n')

    def test_several(self):
        self.expect(0, 'test', self.arch, self.old, 'socket', 'mmap(0, 4096, PROT_READ|PROT_WRITE, …)', out='''\
socket: allow, return EAFNOSUPPORT
    allow: old.policy:5: arg0 == AF_UNIX
        when arg0 == AF_UNIX, as in socket(AF_UNIX)
    return EAFNOSUPPORT: old.policy:5: return EAFNOSUPPORT
        otherwise, as in socket(AF_UNSPEC)
mmap(0, 4096, PROT_READ|PROT_WRITE, …): allow
    old.policy:4: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE
''')

    def test_text_of_rules(self):
        lines = 'read: {arg0 == 1 || # one \\\n  arg0 \\\r\n\t== 2 \\\n; return   EPERM , # two\\\n allow}# three\n'
        path = self.write('lines.policy', lines)
        self.expect(0, 'test', self.arch, path, 'read(2)', 'read(3)', out="""\
read(2): return EPERM
    lines.policy:1: arg0 == 1 || arg0 == 2 ; return EPERM
read(3): allow
    lines.policy:5: allow
""")
        long = self.write('long.policy', 'read: ' + ' || '.join(f'arg0 == {n}' for n in range(100, 200)) + '\n')
        self.assertRegex(run('test', self.arch, long, 'read(199)').stdout, r'^read.199.: allow\n.{200,600} \.\.\.\n$')

    def test_int(self):
        self.write('at.policy', 'openat: arg0 == AT_FDCWD\n')
        wide = 'openat(AT_FDCWD): allow\n    at.policy:1: arg0 == AT_FDCWD\n'
        note = '    note: as an int, arg0 may come as 0xffffff9c: kill-process\n'
        self.expect(0, 'test', self.arch, self.top / 'at.policy', 'openat(AT_FDCWD)', out=wide + note)
        self.expect(0, 'test', '--arch=i386', self.top / 'at.policy', 'openat(AT_FDCWD)', out=wide)

    def test_expectations(self):
        self.expect(0, 'test', self.arch, '--expect=allow', self.old, 'read', 'mmap(0, 0, PROT_READ)')
        self.expect(0, 'test', self.arch, '--expect=return EAFNOSUPPORT', self.old, 'socket(AF_INET)')
        self.expect(0, 'test', self.arch, '--expect=kill', self.new, 'write')
        self.expect(1, 'test', self.arch, '--expect=allow', self.old, 'read', 'socket',
                    err='bailiffctl: socket: return EAFNOSUPPORT is not what was expected\n')
        self.expect(2, 'test', self.arch, '--expect=alow', self.old, 'read',
                    err='action(1:1): error: unknown action `alow`; did you mean `allow`?\n    alow\n    ^^^^\n')
        self.expect(2, 'test', self.arch, '--expect=allow it', self.old, 'read',
                    err='action(1:7): error: expected the end of the action, not `it`\n    allow it\n          ^^\n')

    def test_wrong(self):
        self.expect(2, 'test', self.arch, self.old, 'opennat(1)', 'read(2', err='''\
call(1:1): error: unknown system call `opennat`; did you mean `openat`?
    opennat(1)
    ^^^^^^^
call(1:7): error: expected `,` or `)`, but the line ends
    read(2
          ^
''')
        done = run('test', self.arch, self.write('bad.policy', 'raed: allow\n'), 'read')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('did you mean `read`?', done.stderr)
        self.assertEqual(run('test', self.old).returncode, 2)
        self.assertEqual(run('test', self.top / 'none.policy', 'read').returncode, 1)

    def test_control_characters(self):
        done = run('test', self.arch, self.old, 'read(\x1b[2J)')
        self.assertEqual(done.returncode, 2)
        self.assertNotIn('\x1b', done.stderr)

    def test_input(self):
        self.expect(0, 'test', self.arch, '-', 'read', text=OLD, out='read: allow\n    <stdin>:2: allow\n')

    def test_json(self):
        done = self.expect(1, 'test', '--json=short', self.arch, '--expect=allow', self.old, 'socket', 'read(-1)',
                           err='bailiffctl: socket: return EAFNOSUPPORT is not what was expected\n')
        socket, read = json.loads(done.stdout)
        self.assertEqual(socket['verdicts'], ['allow', 'return EAFNOSUPPORT'])
        self.assertEqual((socket['decided'], socket['asExpected'], socket['architecture']), (True, False, 'x86_64'))
        self.assertEqual(socket['answers'][0], {
            'verdict': 'allow', 'condition': 'arg0 == AF_UNIX', 'example': 'socket(AF_UNIX)',
            'rule': {'file': self.old, 'line': 5, 'text': 'arg0 == AF_UNIX'}})
        self.assertEqual((read['verdicts'], read['asExpected'], read['asInt']), (['allow'], True, []))
        self.write('at.policy', 'openat: arg0 == AT_FDCWD\n')
        done = self.expect(0, 'test', '--json=short', self.arch, self.top / 'at.policy', 'openat(AT_FDCWD)', 'openat(1)')
        at, one = json.loads(done.stdout)
        self.assertEqual(at['asInt'], [{'argument': 0, 'verdicts': ['kill-process']}])
        self.assertIsNone(one['answers'][0]['rule'])

    def test_too_hard(self):
        hard, begin = self.write('hard.policy', pigeons(12)), time.monotonic()
        self.expect(3, 'test', self.arch, hard, 'read', out='read: not decided: too many combinations\n')
        self.assertLess(time.monotonic() - begin, 60)
        done = self.expect(3, 'test', '--json=short', self.arch, '--expect=allow', hard, 'read')
        self.assertEqual([(c['decided'], c['asExpected'], c['answers']) for c in json.loads(done.stdout)],
                         [(False, False, [])])
        # What is asked about more closely can be decided.
        self.expect(0, 'test', self.arch, '--expect=return EPERM', hard, 'read(0, 0, 0, 0, 0, 0)')
        self.expect(0, 'test', self.arch, '--expect=return EPERM', self.write('easy.policy', pigeons(6)), 'read')


class Diff(Queries):
    def test_text(self):
        self.expect(1, 'diff', self.arch, self.old, self.new, out='''\
# Allowed by the second, not by the first:
close: allow # was return ENOSYS (old.policy:1), is allow (new.policy:2)
# mmap(0, 0, PROT_WRITE|PROT_EXEC) was return ENOSYS (old.policy:1), is allow (new.policy:5)
mmap: arg2 & PROT_EXEC && arg2 & PROT_WRITE
# ioctl(0, TIOCGWINSZ) was return ENOSYS (old.policy:1), is allow (new.policy:3)
ioctl: arg1 == TIOCGWINSZ

# No more or less allowed, but by another action:
# socket(AF_UNSPEC) was return EAFNOSUPPORT (old.policy:5), is return EACCES (new.policy:6)
socket: arg0 != AF_UNIX; return EACCES

# The default for what no rule decides was return ENOSYS (old.policy:1), is kill-process (default)
''')

    def test_status(self):
        self.expect(0, 'diff', self.arch, self.old, self.old, out='')
        # What is denied otherwise is no reason to fail.
        self.assertEqual(self.expect(0, 'diff', self.arch, self.new, self.old).stdout.count('\nsocket:'), 1)
        self.assertEqual(run('diff', self.arch, self.old, self.write('bad.policy', 'raed: allow\n')).returncode, 2)
        self.assertEqual(run('diff', self.arch, self.old).returncode, 2)
        self.assertEqual(run('diff', self.arch, self.old, self.top / 'none.policy').returncode, 2)

    def test_lost(self):
        with open('/dev/full', 'w') as full:
            done = subprocess.run([PROGRAM, 'policy', 'diff', self.arch, self.new, self.old], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr),
                         (2, 'bailiffctl: could not write to standard output: No space left on device\n'))

    def test_both(self):
        lines = self.expect(0, 'diff', self.arch, '--both', self.new, self.old).stdout.splitlines()
        self.assertEqual(lines[0], '# Allowed by the first, not by the second:')
        self.assertIn('ioctl: arg1 == TIOCGWINSZ', lines)

    def test_is_text_of_the_language(self):
        """What the second allows beyond the first, added to the first, leaves nothing that it allows beyond."""
        text = run('diff', self.arch, self.old, self.new).stdout.split('\n# No more')[0]
        self.write('sum.policy', OLD + text)
        self.expect(0, 'diff', self.arch, self.top / 'sum.policy', self.new)

    def test_elsewhere(self):
        notify = self.write('notify.policy', OLD + 'close: user-notify\n1000: trace\n')
        self.expect(1, 'diff', self.arch, self.old, notify, out='''\
# Denied by the first, left to a tracer or supervisor by the second:
close: user-notify # was return ENOSYS (old.policy:1), is user-notify (notify.policy:6)
1000: trace # was return ENOSYS (old.policy:1), is trace (notify.policy:7)
''')
        # Who has it decided elsewhere does not allow it yet.
        allowed = self.write('allowed.policy', OLD + 'close: log\n')
        self.assertIn('\nclose: log # was user-notify', self.expect(1, 'diff', self.arch, notify, allowed).stdout)

    def test_denylist(self):
        deny = self.write('deny.policy', '@denylist\nread: return EPERM\n')
        done = self.expect(1, 'diff', self.arch, '--denylist', self.write('all.policy', 'read: allow\n'), deny)
        self.assertIn('# all other calls: allow # was kill-process (default)', done.stdout)
        self.expect(0, 'diff', self.arch, '--denylist', deny, self.write('none.policy', 'write: allow\n'))

    def test_json(self):
        done = self.expect(1, 'diff', '--json=short', '--both', self.arch, self.old, self.new)
        diff = json.loads(done.stdout)
        self.assertEqual((diff['first'], diff['second'], diff['architecture']), (self.old, self.new, 'x86_64'))
        self.assertEqual([item['syscall'] for item in diff['allowed']], ['close', 'mmap', 'ioctl'])
        self.assertEqual(diff['allowed'][2]['regions'], [{
            'condition': 'arg1 == TIOCGWINSZ', 'example': 'ioctl(0, TIOCGWINSZ)',
            'before': {'verdict': 'return ENOSYS', 'rule': None},
            'after': {'verdict': 'allow', 'rule': {'file': self.new, 'line': 3,
                                                   'text': 'arg1 == TCGETS || arg1 == 0x5413'}}}])
        self.assertTrue(all(item['complete'] for item in diff['allowed'] + diff['actions']))
        self.assertEqual((diff['elsewhere'], diff['allowedByFirst'], diff['elsewhereByFirst']), ([], [], []))
        self.assertEqual([item['syscall'] for item in diff['actions']], ['socket'])
        self.assertEqual(diff['defaults']['after'], {'verdict': 'kill-process', 'rule': None})

    def test_too_hard(self):
        hard, none = self.write('hard.policy', pigeons(12)), self.write('none.policy', 'write: allow\n')
        done = self.expect(3, 'diff', self.arch, none, hard)
        self.assertIn('# read: not decided: too many combinations', done.stdout)
        more = self.write('more.policy', pigeons(12) + 'close: allow\n')
        done = self.expect(1, 'diff', self.arch, none, more)
        self.assertIn('close: allow', done.stdout)
        self.assertIn('# read: not decided: too many combinations', done.stdout)
        self.expect(0, 'diff', self.arch, none, self.write('easy.policy', pigeons(6)))


if __name__ == '__main__':
    unittest.main()
