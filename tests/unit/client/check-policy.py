#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bailiffctl policy check, compile and dump, as a user has them: output, JSON, files, exit statuses.

usage: check-policy.py BAILIFFCTL
"""
import json
import os
import pathlib
import pty
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ''
GOOD = 'read: allow\nioctl: { arg1 == 0x5401, return ENOTTY }\n'
WARNED = 'read: allow\nsocket: allow\n'
BAD = 'read: allow\nwrit: allow\nmmap: arg2 in ~PROT_EXE\n'
LITTLE_ENDIAN = struct.Struct('<HBBI')


def run(*args, text=None, cwd=None, **more):
    return subprocess.run([PROGRAM, *args], input=text, capture_output=True, text=True, cwd=cwd, **more)


class Verbs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        for name, text in {'good': GOOD, 'warned': WARNED, 'bad': BAD}.items():
            setattr(self, name, self.write(name + '.policy', text))

    def write(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def expect(self, status, *args, out='', err='', **more):
        """Runs "policy ARGS"; what is None is not compared."""
        done = run('policy', *map(str, args), **more)
        self.assertEqual((done.returncode, done.stderr if err is not None else None), (status, err), args)
        if out is not None:
            self.assertEqual(done.stdout, out)
        return done

    def check_json(self, status, *args, **more):
        return json.loads(self.expect(status, '--json=short', 'check', *args, out=None, **more).stdout)


class CommandLine(Verbs):
    def test_groups(self):
        self.expect(2, err='bailiffctl: a verb is missing (bailiffctl policy --help)\n')
        self.expect(2, 'chekc', err='bailiffctl: unknown verb policy chekc; did you mean policy check?\n')
        self.expect(2, 'xyz', err='bailiffctl: unknown verb policy xyz; bailiffctl policy --help lists them\n')
        self.expect(2, 'check', err='bailiffctl: policy check: FILE... is missing (bailiffctl policy check --help)\n')
        self.expect(2, 'dump', 'a', 'b',
                    err='bailiffctl: policy dump: too many arguments; it takes FILE (bailiffctl policy dump --help)\n')
        self.expect(2, 'check', '--wereror', 'x', err='bailiffctl: policy check: unknown option --wereror; '
                    'did you mean --werror? (bailiffctl policy check --help)\n')
        overview = self.expect(0, '--help', out=None).stdout
        for verb in 'check', 'compile', 'dump':
            self.assertRegex(overview, rf'(?m)^  {verb}  ')
            self.assertIn(f'bailiffctl policy {verb} [OPTIONS] FILE', self.expect(0, verb, '--help', out=None).stdout)
        self.assertEqual(run('--help', 'policy').stdout, overview)
        self.assertEqual(run('policy', 'check', '--version').stdout, run('--version').stdout)

    def test_values(self):
        for value, why in {
                '--arch=amd': 'no such architecture; there are x86_64, i386, x32, arm64, arm and riscv64',
                '--arch=riscv46': 'no such architecture; did you mean riscv64?',
                '--kernel=six': 'must be a version such as 6.1', '--kernel=6': 'must be a version such as 6.1',
                '--kernel=6.1000': 'must be a version such as 6.1'}.items():
            self.expect(2, 'check', value, self.good,
                        err=f'bailiffctl: policy check: {value}: {why} (bailiffctl policy check --help)\n')
        for value in '--arch=amd64', '--arch=aarch64', '--arch=x86', '--kernel=6.1.0-28-amd64':
            self.expect(0, 'check', value, self.good)


class Check(Verbs):
    def test_good_is_quiet(self):
        self.expect(0, 'check', self.good, self.good)
        self.expect(0, 'check', '--arch=all', '--werror', self.good)

    def test_errors(self):
        done = self.expect(1, 'check', self.good, self.bad, err=None)
        self.assertEqual(done.stderr, f'''{self.bad}(2:1): error: unknown system call `writ`; did you mean `write`?
    writ: allow
    ^^^^
{self.bad}(3:16): error: unknown constant `PROT_EXE`; did you mean `PROT_EXEC`?
    mmap: arg2 in ~PROT_EXE
                   ^^^^^^^^
''')

    def test_warnings(self):
        told = self.expect(0, 'check', self.warned, err=None).stderr
        self.assertIn('(2:9): warning: this lets `socket`', told)
        self.expect(1, 'check', '--werror', self.warned, err=told)
        self.expect(0, 'check', '--werror', '--no-warnings', self.warned)

    def test_unreadable(self):
        missing = self.top / 'none.policy'
        self.expect(1, 'check', missing, err=f'{missing}: error: the file does not exist\n')
        deeper = self.top / 'none' / 'x'
        self.expect(1, 'check', deeper, err=f'{deeper}: error: the file cannot be read: No such file or directory\n')
        found = self.check_json(1, missing, deeper)
        self.assertEqual([d['code'] for f in found for d in f['diagnostics']], ['unreadable'] * 2)
        self.expect(1, 'check', self.top, err=None)
        fifo = self.top / 'fifo'
        os.mkfifo(fifo)
        self.expect(1, 'check', fifo, err=f'{fifo}: error: the file is not a regular file\n', timeout=10)

    def test_standard_input(self):
        self.write('part.policy', 'write: allow\n')
        self.expect(0, 'check', '-', text='@include part.policy\n', cwd=self.top)
        self.expect(1, 'check', '-', text='read: alow\n', err='<stdin>(1:7): error: unknown action `alow`; '
                    'did you mean `allow`?\n    read: alow\n          ^^^^\n')
        self.expect(1, 'check', '-', text='#' * 1100000, err=None)
        self.expect(1, 'check', '/dev/stdin', text='read: allow\n', err='/dev/stdin: error: the file is reached '
                    'through a symbolic link in /proc, or one that leads to itself\n')

    def test_drafts(self):
        """Others may change the file: it is read all the same."""
        os.chmod(self.good, 0o666)
        os.chmod(self.top, 0o777)
        self.expect(0, 'check', self.good)

    def test_root(self):
        self.write('root/usr/x.policy', 'read: allow\n')
        path = self.write('y.policy', '@include /usr/x.policy\n')
        self.expect(0, 'check', f'--root={self.top}/root', path)
        self.expect(1, 'check', path, err=None)

    def test_denylist(self):
        path = self.write('deny.policy', '@denylist\nmount: return EPERM\n')
        self.expect(1, 'check', path, err=None)
        self.expect(0, 'check', '--denylist', path)

    def test_kernel(self):
        path = self.write('new.policy', 'mseal: allow\n')
        self.assertEqual(self.check_json(0, '--kernel=6.10', path)[0]['diagnostics'], [])
        found = self.check_json(0, '--kernel=6.1', path)[0]['diagnostics']
        self.assertEqual([d['code'] for d in found], ['new-syscall'])

    def test_architectures(self):
        """Said once, with the architectures unless it is all of them."""
        path = self.write('some.policy', 'open: allow\nxyzzy: allow\n')
        told = self.expect(1, 'check', '--arch=all', path, err=None).stderr
        self.assertEqual(told.count('unknown system call `xyzzy`'), 1)
        self.assertRegex(told, r'\(1:1\): error: `open` .*\n    open: allow\n    \^\^\^\^\n    on arm64\n')
        self.assertNotIn('on x86_64', told)
        path = self.write('shared.policy', 'socket: allow\n')
        told = self.expect(0, 'check', '--arch=x86_64', '--arch=arm64', '--arch=i386', path, err=None).stderr
        self.assertRegex(told, r'\(1:9\): warning: .*\n    socket: allow\n            \^\^\^\^\^\n$')
        path = self.write('wide.policy', 'ioctl: arg1 != 5\n')
        told = self.expect(0, 'check', '--arch=x86_64', '--arch=arm64', '--arch=i386', path, err=None).stderr
        self.assertRegex(told, r'(?s)warning: the kernel ignores .*\n    on x86_64, arm64\n$')
        self.expect(0, 'check', '--arch=x86_64', '--arch=i386', '--arch=x86_64', self.good)
        self.assertEqual(len(self.check_json(0, '--arch=x86_64', '--arch=all', self.good)), 6)

    def test_hostile_names(self):
        path = self.write('\x1b[31m.policy', 'read: alow\n')
        self.assertNotIn('\x1b', self.expect(1, 'check', path, err=None).stderr)
        self.assertEqual(self.check_json(1, path)[0]['file'], path)


class CheckJson(Verbs):
    def test_schema(self):
        self.write('parts/inner.policy', 'write: return EPREM\nread: allow\n')
        path = self.write('outer.policy', 'read: allow\n@include parts/inner.policy\nsocket: allow\n')
        done, = self.check_json(1, path)
        self.assertEqual((done['file'], done['valid'], done['instructions']), (path, False, 0))
        first, second, *_ = done['diagnostics']
        include = {'file': path, 'line': 2, 'column': 10, 'length': 18}
        self.assertEqual(first, {
            'severity': 'error', 'code': 'unknown-errno', 'file': f'{self.top}/parts/inner.policy', 'line': 1,
            'column': 15, 'length': 5, 'message': first['message'], 'suggestion': 'EPERM', 'notes': [],
            'includedFrom': [include]})
        self.assertEqual((second['code'], second['suggestion']), ('second-unconditional', None))
        note, = second['notes']
        self.assertEqual((note['file'], note['line'], note['column'], set(note)),
                         (path, 1, 7, {'file', 'line', 'column', 'length', 'message'}))

    def test_valid(self):
        done, = self.check_json(0, self.warned)
        self.assertTrue(done['valid'])
        self.assertGreater(done['instructions'], 5)
        self.assertEqual([d['severity'] for d in done['diagnostics']], ['warning'])
        self.assertEqual([f['architecture'] for f in self.check_json(0, '--arch=all', self.good)],
                         ['x86_64', 'i386', 'x32', 'arm64', 'arm', 'riscv64'])

    def test_no_text(self):
        path = self.top / 'bytes.policy'
        path.write_bytes(b'read: \xff\x00\x1b"\\\n')
        self.assertFalse(self.check_json(1, path)[0]['valid'])


class Compile(Verbs):
    def program(self, data):
        self.assertEqual(len(data) % LITTLE_ENDIAN.size, 0)
        return list(LITTLE_ENDIAN.iter_unpack(data))

    def dumped(self, *args):
        text = self.expect(0, '-jshort', 'dump', *args, out=None).stdout
        return [(i['code'], i['jt'], i['jf'], i['k']) for i in json.loads(text)['instructions']]

    def test_program(self):
        for architecture in 'x86_64', 'i386', 'x32', 'arm64', 'arm', 'riscv64':
            out = self.top / architecture
            self.expect(0, 'compile', f'--arch={architecture}', '-o', out, self.good)
            program = self.program(out.read_bytes())
            self.assertEqual(program, self.dumped(f'--arch={architecture}', self.good))
            self.assertEqual(program, self.dumped('--bpf', out))
            self.assertEqual(program[0], (0x20, 0, 0, 4))
            self.assertEqual(out.stat().st_mode & 0o7777, 0o644)
        self.assertEqual(sorted(p.name for p in self.top.iterdir() if p.suffix == ''),
                         ['arm', 'arm64', 'i386', 'riscv64', 'x32', 'x86_64'])

    def test_standard_output(self):
        out = self.top / 'out'
        self.expect(0, 'compile', f'--output={out}', self.good)
        for more in (), ('--output=-',), ('--output=/dev/stdout',):
            done = subprocess.run([PROGRAM, 'policy', 'compile', *more, self.good], capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (0, out.read_bytes()), more)

    def test_links(self):
        """What they lead to is replaced, not they: /dev/stdout is one."""
        out, link, standard, nowhere = (self.top / name for name in ('out', 'link', 'standard', 'nowhere'))
        self.expect(0, 'compile', '-o', out, self.good)
        program = out.read_bytes()
        out.write_text('old')
        link.symlink_to('out')
        self.expect(0, 'compile', '-o', link, self.good)
        self.assertEqual((link.is_symlink(), out.read_bytes()), (True, program))
        standard.symlink_to('/proc/self/fd/1')
        with out.open('w') as stdout:
            subprocess.run([PROGRAM, 'policy', 'compile', '-o', standard, self.good], stdout=stdout, check=True)
        self.assertEqual((standard.is_symlink(), out.read_bytes()), (True, program))
        nowhere.symlink_to('none')
        self.expect(1, 'compile', '-o', nowhere, self.good, err=f'bailiffctl: {nowhere}: No such file or directory\n')
        self.assertTrue(nowhere.is_symlink())

    def test_replaces_whole(self):
        out = self.top / 'out'
        out.write_text('old')
        out.chmod(0o600)
        self.expect(1, 'compile', '-o', out, self.bad, err=None)
        self.expect(1, 'compile', '--werror', '-o', out, self.warned, err=None)
        self.assertEqual(out.read_text(), 'old')
        self.expect(0, 'compile', '-o', out, self.warned, err=None)
        self.assertNotEqual(out.read_bytes(), b'old')
        self.assertEqual(sorted(p.name for p in self.top.iterdir()),
                         ['bad.policy', 'good.policy', 'out', 'warned.policy'])

    def test_devices_stay(self):
        self.expect(0, 'compile', '-o', '/dev/null', self.good)
        self.assertTrue(pathlib.Path('/dev/null').is_char_device())
        self.expect(1, 'compile', '-o', '/dev/full', self.good, err='bailiffctl: /dev/full: No space left on device\n')

    def test_no_place(self):
        out = self.top / 'none' / 'out'
        self.expect(1, 'compile', '-o', out, self.good, err=f'bailiffctl: {out}: No such file or directory\n')
        self.expect(2, 'compile', '--output=', self.good, err=None)

    def test_no_terminal(self):
        ours, theirs = pty.openpty()
        try:
            done = subprocess.run([PROGRAM, 'policy', 'compile', self.good], stdout=theirs, stderr=subprocess.PIPE,
                                  text=True)
        finally:
            os.close(theirs)
            os.close(ours)
        self.assertEqual(done.returncode, 2)
        self.assertIn('--output=FILE', done.stderr)


class Dump(Verbs):
    def test_text(self):
        done = self.expect(0, 'dump', '--arch=i386', self.good, out=None)
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], r'^i386: \d+ instructions, 2 system calls, default kill-process$')
        self.assertRegex(lines[2], r'^   1  jeq  #0x40000003  jt 2  jf \d+ +arch == i386$')
        for comment in 'nr == 3 (read)', 'args[1].lo == 0x5401', 'return ENOTTY', 'allow', 'kill-process':
            self.assertTrue(any(line.endswith(comment) for line in lines), comment)
        bare = self.expect(0, '--no-legend', 'dump', '--arch=i386', self.good, out=None)
        self.assertEqual(bare.stdout.splitlines(), lines[1:])
        self.assertEqual([int(line.split()[0]) for line in lines[1:]], list(range(len(lines) - 1)))

    def test_json(self):
        dump = json.loads(self.expect(0, '-jpretty', 'dump', '--arch=arm64', self.good, out=None).stdout)
        self.assertEqual((dump['file'], dump['architecture'], dump['entries'], dump['default']),
                         (self.good, 'arm64', 2, 'kill-process'))
        self.assertEqual(dump['instructions'][0], {'index': 0, 'code': 0x20, 'jt': 0, 'jf': 0, 'k': 4,
                                                   'operation': 'ld   [4]', 'targets': '', 'comment': 'A = arch'})

    def test_wrong(self):
        self.expect(1, 'dump', self.bad, err=None)
        self.assertIn('8 bytes', self.expect(1, 'dump', '--bpf', self.good, err=None).stderr)
        empty = self.write('empty', '')
        self.expect(1, 'dump', '--bpf', empty, err=None)
        self.expect(1, 'dump', '--bpf', self.top / 'none', err=f'bailiffctl: {self.top}/none: No such file or directory\n')

    def test_foreign(self):
        """Whatever the bytes are, they are shown."""
        path = self.top / 'x.bpf'
        path.write_bytes(LITTLE_ENDIAN.pack(0x20, 0, 0, 0) + LITTLE_ENDIAN.pack(0x15, 0, 200, 1) + b'\xff' * 8)
        lines = self.expect(0, 'dump', '--bpf', '--arch=i386', path, out=None).stdout.splitlines()
        self.assertEqual(lines[0], '3 instructions')
        self.assertTrue(lines[2].endswith('jt 2  jf 202      nr == 1 (exit)'), lines[2])
        self.assertIn('.word 0xffff, 255, 255, 0xffffffff', lines[3])


if __name__ == '__main__':
    if not PROGRAM:
        sys.exit(__doc__)
    unittest.main()
