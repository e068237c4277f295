#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when an installation lacks a file that others rely on, holds one that nobody listed, or a mode is wrong.

usage: check-install.py MESON BUILD-ROOT

Installs the build below a temporary directory, as a packager would, and compares the tree with the list below.
"""
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

PROGRAMS = {
    'usr/sbin/bailiffd',
    'usr/libexec/bailiff/bailiff-broker',
    'usr/libexec/bailiff/bailiff-compiler',
    'usr/libexec/bailiff/bailiff-launcher',
    'usr/bin/bailiffctl',
}
FILES = {
    'usr/include/bailiff/bailiff.h',
    'usr/lib/LIBRARIES/pkgconfig/bailiff.pc',
    'usr/lib/bailiff/policies/base.policy',
    'usr/lib/bailiff/policies/decoder.policy',
    'usr/lib/bailiff/policies/file-viewer.policy',
    'usr/lib/bailiff/policies/gpu.policy',
    'usr/lib/bailiff/policies/log-collector.policy',
    'usr/lib/bailiff/policies/network-service.policy',
    'usr/lib/bailiff/policies/packet-capture.policy',
    'usr/lib/bailiff/policies/parts/copies.policy',
    'usr/lib/bailiff/policies/parts/descriptors.policy',
    'usr/lib/bailiff/policies/parts/drop-capabilities.policy',
    'usr/lib/bailiff/policies/parts/event-loop.policy',
    'usr/lib/bailiff/policies/parts/files-read.policy',
    'usr/lib/bailiff/policies/parts/files-write.policy',
    'usr/lib/bailiff/policies/parts/identity.policy',
    'usr/lib/bailiff/policies/parts/internet.policy',
    'usr/lib/bailiff/policies/parts/no-sandboxes.policy',
    'usr/lib/bailiff/policies/parts/probed.policy',
    'usr/lib/bailiff/policies/parts/processes.policy',
    'usr/lib/bailiff/policies/parts/read-only.policy',
    'usr/lib/bailiff/policies/parts/refused.policy',
    'usr/lib/bailiff/policies/parts/shared-memory.policy',
    'usr/lib/bailiff/policies/parts/socket-io.policy',
    'usr/lib/bailiff/policies/parts/socket-options.policy',
    'usr/lib/bailiff/policies/parts/terminals.policy',
    'usr/lib/bailiff/policies/parts/threads.policy',
    'usr/lib/bailiff/policies/parts/timers.policy',
    'usr/lib/bailiff/policies/parts/wait-fds.policy',
    'usr/lib/bailiff/policies/ping.policy',
    'usr/lib/bailiff/policies/renderer.policy',
    'usr/lib/bailiff/policies/shell.policy',
    'usr/lib/bailiff/policies/traceroute.policy',
    'usr/lib/bailiff/profiles/base.profile',
    'usr/lib/bailiff/profiles/decoder.profile',
    'usr/lib/bailiff/profiles/file-viewer.profile',
    'usr/lib/bailiff/profiles/gpu.profile',
    'usr/lib/bailiff/profiles/log-collector.profile',
    'usr/lib/bailiff/profiles/network-service.profile',
    'usr/lib/bailiff/profiles/packet-capture.profile',
    'usr/lib/bailiff/profiles/ping.profile',
    'usr/lib/bailiff/profiles/renderer.profile',
    'usr/lib/bailiff/profiles/shell.profile',
    'usr/lib/bailiff/profiles/traceroute.profile',
    'usr/lib/bailiff/systemd/audit.conf',
    'usr/lib/bailiff/systemd/capabilities.conf',
    'usr/lib/bailiff/systemd/devices.conf',
    'usr/lib/bailiff/systemd/hardened.conf',
    'usr/lib/bailiff/systemd/network.conf',
    'usr/lib/bailiff/systemd/system.conf',
    'usr/lib/systemd/catalog/bailiff.catalog',
    'usr/lib/systemd/system/bailiff.slice',
    'usr/lib/systemd/system/bailiffd.service',
    'usr/lib/sysusers.d/bailiff.conf',
    'usr/lib/tmpfiles.d/bailiff.conf',
    'usr/share/bash-completion/completions/bailiffctl',
    'usr/share/fish/vendor_completions.d/bailiffctl.fish',
    'usr/share/zsh/vendor-completions/_bailiffctl',
    'usr/share/dbus-1/interfaces/org.bailiff.Broker1.xml',
    'usr/share/dbus-1/system-services/org.bailiff.Broker1.service',
    'usr/share/dbus-1/system.d/org.bailiff.Broker1.conf',
    'usr/share/polkit-1/actions/org.bailiff.Broker1.policy',
    'usr/share/doc/bailiff/ARCHITECTURE.md',
    'usr/share/doc/bailiff/BENCHMARKS.md',
    'usr/share/doc/bailiff/examples/image-converter.profile',
    'usr/share/doc/bailiff/COMPARISON.md',
    'usr/share/doc/bailiff/CONFINEMENT.md',
    'usr/share/doc/bailiff/EXPOSURE.md',
    'usr/share/doc/bailiff/SELFTESTS.md',
    'usr/share/doc/bailiff/SELINUX.md',
    'usr/share/doc/bailiff/HACKING.md',
    'usr/share/doc/bailiff/HARDENING.md',
    'usr/share/doc/bailiff/LAUNCH-TRACE.md',
    'usr/share/doc/bailiff/LAYERS.md',
    'usr/share/doc/bailiff/LICENSE',
    'usr/share/doc/bailiff/LICENSE.GPL-2',
    'usr/share/doc/bailiff/LICENSE.LGPL-2.1',
    'usr/share/doc/bailiff/NEWS.md',
    'usr/share/doc/bailiff/PROTOCOL.md',
    'usr/share/doc/bailiff/README.md',
    'usr/share/doc/bailiff/SECURITY.md',
    'usr/share/doc/bailiff/THREAT-MODEL.md',
    'usr/share/doc/bailiff/TRACEABILITY.md',
    'usr/share/man/man1/bailiffctl-policy.1',
    'usr/share/man/man1/bailiffctl.1',
    'usr/share/man/man3/bailiff.3',
    'usr/share/man/man5/bailiff.policy.5',
    'usr/share/man/man5/bailiff.profile.5',
    'usr/share/man/man5/bailiffd.conf.5',
    'usr/share/man/man5/org.bailiff.Broker1.5',
    'usr/share/man/man7/bailiff.journal-fields.7',
    'usr/share/man/man8/bailiffd.8',
}
# With -Dselinux=enabled.
OPTIONAL = re.compile(r'usr/share/selinux/(packages/bailiff\.pp|devel/include/services/bailiff\.if)')
# What each link leads to, as a pattern.
LINKS = {
    'usr/lib/LIBRARIES/libbailiff.so': r'libbailiff\.so\.0',
    'usr/lib/LIBRARIES/libbailiff.so.0': r'libbailiff\.so\.0\.[0-9.]+',
    'usr/share/man/man3/libbailiff.3': r'bailiff\.3',
}
# A page for each function of the library.
SYMBOLS = pathlib.Path(__file__).resolve().parents[2] / 'client' / 'libbailiff.sym'
LINKS.update({f'usr/share/man/man3/{name}.3': r'bailiff\.3' for name in
              re.findall(r'^\s+(bailiff_\w+);', SYMBOLS.read_text(), re.MULTILINE)})
SHARED_OBJECT = re.compile(r'usr/lib/LIBRARIES/libbailiff\.so\.0\.[0-9.]+')
# For the administrator to fill, and for the salt.
DIRECTORIES = {'etc/bailiff/profiles', 'etc/bailiff/policies', 'var/lib/bailiff'}
# An absolute path in these files has to be in the tree, unless it is made at run time or another package's.
NAMERS = {'usr/lib/systemd/system/bailiffd.service': r'=(/usr/\S+)'}


def name_of(path, root):
    """The path in the tree, the same for every architecture's library directory."""
    return re.sub(r'^usr/lib/(?!bailiff|systemd|sysusers|tmpfiles)[^/]+/', 'usr/lib/LIBRARIES/',
                  path.relative_to(root).as_posix())


def check_entry(path, name):
    mode = path.lstat().st_mode
    if path.is_symlink():
        target = path.readlink().as_posix()
        if not re.fullmatch(LINKS.get(name, '$^'), target):
            yield f'{name}: an unexpected link to {target}'
        elif not path.exists():
            yield f'{name}: leads to {target}, which is not there'
        return
    wanted = 0o755 if path.is_dir() or name in PROGRAMS or SHARED_OBJECT.fullmatch(name) else 0o644
    if stat.S_IMODE(mode) != wanted:
        yield f'{name}: mode {stat.S_IMODE(mode):04o} instead of {wanted:04o}'


def check_tree(root):
    found = {name_of(path, root): path for path in sorted(root.rglob('*'))}
    files = {name for name, path in found.items() if path.is_symlink() or not path.is_dir()}
    expected = PROGRAMS | FILES | set(LINKS)
    yield from (f'{name}: not installed' for name in sorted(expected - files))
    yield from (f'{name}: installed, but not in the list of tests/lint/check-install.py'
                for name in sorted(files - expected) if not SHARED_OBJECT.fullmatch(name) and not OPTIONAL.fullmatch(name))
    yield from (f'{name}: no such directory' for name in sorted(DIRECTORIES) if not (root / name).is_dir())
    for name, path in found.items():
        yield from check_entry(path, name)
    for name, pattern in NAMERS.items():
        for path in re.findall(pattern, (root / name).read_text(encoding='utf-8') if name in files else ''):
            if not (root / path.lstrip('/')).exists():
                yield f'{name}: names {path}, which is not installed'


def main(meson, build):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory) / 'tree'
        root.mkdir()
        done = subprocess.run([meson, 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', str(root)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            print(f'meson install failed:\n{done.stdout}{done.stderr}')
            return 1
        complaints = list(check_tree(root))
    print('\n'.join(complaints) if complaints else 'everything is installed where it belongs')
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:3]))
