#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes syscalls.txt and constants.txt anew from kernel and C library headers. For maintainers: no build runs this.

usage: harvest.py [--known ARCHITECTURE=JSON]... HEADERS [OLDER-HEADERS]... OUTPUT

HEADERS is what fetch-headers.sh made; OUTPUT a folder. From older headers come the names that newer ones dropped.

What the headers define is evaluated by clang, which compiles for all six architectures, and written as facts: names,
numbers, where they stand. What is in syscalls.txt by hand (the versions) is taken over from the file beside this
program. The report on standard output is to be read: it names what could not be evaluated. --known compares with the
"constants" object of a JSON file, say of another compiler.
"""
import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Name of the architecture, clang's name of it, folders of its headers below HEADERS.
ARCHITECTURES = {
    'x86_64': ('x86_64-linux-gnu', ['amd64/usr/include/x86_64-linux-gnu', 'amd64/usr/include']),
    'i386': ('i386-linux-gnu', ['i386/usr/include/i386-linux-gnu', 'i386/usr/include']),
    'x32': ('x86_64-linux-gnux32', ['x32/usr/include/x86_64-linux-gnu', 'amd64/usr/include/x86_64-linux-gnu',
                                    'amd64/usr/include']),
    'arm64': ('aarch64-linux-gnu', ['arm64/usr/include/aarch64-linux-gnu', 'arm64/usr/include']),
    'arm': ('arm-linux-gnueabihf', ['armhf/usr/include/arm-linux-gnueabihf', 'armhf/usr/include']),
    'riscv64': ('riscv64-linux-gnu', ['riscv64/usr/include/riscv64-linux-gnu', 'riscv64/usr/include']),
}
ANY = r'.'
# Kernel headers of which every matching name is taken; of all others ioctl(2) requests alone are. What stands
# earlier wins where two define one name. Left to the C library, as programs have them from there alone: NSIG, and
# F_GETLK64 and its kin, which the kernel's headers give x32 although its fcntl(2) is that of x86-64.
WHOLE = {
    'asm/errno.h': ANY, 'asm-generic/errno.h': ANY, 'asm-generic/errno-base.h': ANY,
    'asm/fcntl.h': ANY, 'asm-generic/fcntl.h': r'^(?!F_[GS]ETLKW?64$)', 'linux/fcntl.h': ANY, 'linux/openat2.h': ANY,
    'asm/mman.h': ANY, 'asm-generic/mman.h': ANY, 'asm-generic/mman-common.h': ANY, 'linux/mman.h': ANY,
    'asm-generic/hugetlb_encode.h': ANY, 'linux/memfd.h': ANY, 'linux/mempolicy.h': ANY, 'linux/membarrier.h': ANY,
    'asm/socket.h': ANY, 'asm-generic/socket.h': ANY, 'linux/socket.h': ANY, 'linux/net.h': ANY,
    'asm/sockios.h': ANY, 'asm-generic/sockios.h': ANY, 'linux/sockios.h': ANY,
    'asm/ioctls.h': ANY, 'asm-generic/ioctls.h': ANY, 'asm/ioctl.h': ANY, 'asm-generic/ioctl.h': ANY,
    'asm/termbits.h': ANY, 'asm-generic/termbits.h': ANY, 'asm-generic/termbits-common.h': ANY,
    'asm/termios.h': ANY, 'asm-generic/termios.h': ANY, 'linux/termios.h': ANY, 'linux/tty.h': ANY,
    'linux/tty_flags.h': ANY, 'linux/tiocl.h': ANY, 'linux/serial.h': ANY, 'linux/serial_core.h': r'^(PORT|UPF)_',
    'asm/signal.h': r'^(?!NSIG$)', 'asm-generic/signal.h': r'^(?!NSIG$)', 'asm-generic/signal-defs.h': ANY, 'asm/siginfo.h': ANY,
    'asm-generic/siginfo.h': ANY, 'linux/signalfd.h': ANY,
    'asm/poll.h': ANY, 'asm-generic/poll.h': ANY, 'linux/eventpoll.h': ANY, 'linux/eventfd.h': ANY,
    'asm/resource.h': ANY, 'asm-generic/resource.h': ANY, 'linux/resource.h': ANY,
    'asm/stat.h': r'^S_', 'linux/stat.h': ANY, 'linux/falloc.h': ANY, 'linux/fadvise.h': ANY,
    'asm/prctl.h': ANY, 'linux/prctl.h': ANY, 'asm/hwcap.h': r'^HWCAP', 'linux/capability.h': r'^(CAP_|_LINUX_CAP|VFS_CAP)',
    'asm/ptrace.h': r'^PTRACE_', 'asm/ptrace-abi.h': r'^PTRACE_', 'linux/ptrace.h': ANY,
    'linux/elf.h': r'^(NT|PT|ET)_', 'linux/elf-em.h': ANY, 'linux/audit.h': ANY,
    'linux/seccomp.h': ANY, 'linux/landlock.h': ANY, 'linux/lsm.h': ANY, 'linux/securebits.h': ANY,
    'linux/keyctl.h': ANY, 'linux/module.h': ANY, 'linux/kexec.h': ANY, 'linux/reboot.h': ANY,
    'linux/sched.h': ANY, 'linux/sched/types.h': ANY, 'linux/personality.h': ANY, 'linux/kcmp.h': ANY,
    'linux/pidfd.h': ANY, 'linux/wait.h': ANY, 'linux/rtc.h': r'^RTC_MAX_FREQ$', 'asm/sigcontext.h': r'_MAGIC[12]?|^SVE_',
    'asm/sve_context.h': ANY, 'linux/futex.h': ANY, 'linux/rseq.h': ANY, 'linux/close_range.h': ANY,
    'linux/fs.h': ANY, 'linux/mount.h': ANY, 'linux/xattr.h': ANY, 'linux/magic.h': ANY, 'linux/nsfs.h': ANY,
    'linux/inotify.h': ANY, 'linux/fanotify.h': ANY, 'linux/dnotify.h': ANY, 'linux/quota.h': ANY,
    'linux/dqblk_xfs.h': ANY, 'linux/fscrypt.h': ANY, 'linux/fsverity.h': ANY, 'linux/fiemap.h': ANY,
    'linux/limits.h': ANY, 'linux/splice.h': ANY, 'linux/uio.h': ANY, 'linux/aio_abi.h': ANY,
    'linux/io_uring.h': r'^(IORING|IOSQE|IOU)_', 'linux/ioprio.h': ANY, 'linux/ipc.h': ANY, 'linux/shm.h': ANY,
    'linux/sem.h': ANY, 'linux/msg.h': ANY, 'linux/mqueue.h': ANY, 'linux/random.h': ANY,
    'linux/time.h': ANY, 'linux/timerfd.h': ANY, 'linux/timex.h': ANY, 'linux/time_types.h': ANY,
    'linux/userfaultfd.h': ANY, 'linux/perf_event.h': r'^PERF_FLAG', 'linux/bpf.h': r'^BPF_(?!FUNC_)',
    'linux/netlink.h': ANY, 'linux/if.h': ANY, 'linux/if_tun.h': ANY, 'linux/if_ether.h': r'^ETH_', 'linux/if_arp.h': ANY,
    'linux/if_packet.h': ANY, 'linux/if_alg.h': ANY, 'linux/if_xdp.h': ANY, 'linux/if_bridge.h': r'^BRCTL_',
    'linux/in.h': ANY, 'linux/in6.h': ANY, 'linux/ip.h': r'^IPTOS_', 'linux/ipv6.h': r'^IPV6_', 'linux/tcp.h': r'^TCP_',
    'linux/udp.h': ANY, 'linux/icmp.h': ANY, 'linux/icmpv6.h': ANY, 'linux/igmp.h': ANY, 'linux/un.h': ANY,
    'linux/tls.h': r'^TLS_', 'linux/mptcp.h': r'^MPTCP_', 'linux/sctp.h': r'^SCTP_[A-Z0-9_]*$', 'linux/vm_sockets.h': ANY,
    'linux/tipc.h': r'^(SOL_)?TIPC_', 'linux/can.h': ANY, 'linux/can/raw.h': ANY, 'linux/can/bcm.h': ANY,
    'linux/netfilter.h': ANY, 'linux/netfilter_ipv4.h': r'^SO_', 'linux/netfilter_ipv6/ip6_tables.h': r'IP6T_SO_',
    'linux/netfilter_ipv4/ip_tables.h': r'IPT_SO_', 'linux/filter.h': ANY, 'linux/errqueue.h': ANY,
    'linux/net_tstamp.h': r'^SO', 'linux/sock_diag.h': ANY, 'linux/unix_diag.h': ANY, 'linux/smc.h': r'^SMCPROTO',
    'linux/rds.h': r'^RDS_', 'linux/rxrpc.h': ANY, 'linux/atalk.h': ANY, 'linux/kcm.h': ANY, 'linux/llc.h': ANY,
    'linux/nfc.h': r'^NFC_(PROTO|SOCKPROTO|LLCP)', 'linux/cdrom.h': r'^CDROM_(SELECT|DRIVE)', 'linux/loop.h': ANY, 'linux/fd.h': ANY,
    'linux/kd.h': ANY, 'linux/vt.h': ANY, 'linux/lp.h': r'^LP', 'linux/hdreg.h': r'^HDIO_',
    'linux/blktrace_api.h': r'^BLKTRACE', 'linux/if_bonding.h': r'BOND_', 'linux/rfkill.h': r'^RFKILL_',
    'linux/wireless.h': r'^SIOC', 'linux/dlm.h': r'^$', 'asm/ldt.h': ANY, 'asm/mtrr.h': r'^MTRR', 'asm/unistd.h': r'^ARM_NR',
    'asm/param.h': r'^(HZ|EXEC_PAGESIZE)$', 'asm/hwprobe.h': ANY, 'asm/kvm.h': r'^$', 'linux/version.h': r'^$',
    'linux/netdevice.h': ANY, 'linux/route.h': r'^RT', 'linux/utsname.h': r'UTS_LEN', 'linux/vfs.h': ANY,
    'linux/coredump.h': ANY, 'linux/mei.h': r'^IOCTL_', 'scsi/scsi_ioctl.h': r'^SCSI_IOCTL',
}
# Headers of the C library, for names that the kernel's lack. Where both have one the kernel's counts: a filter sees
# what arrives there.
LIBC = ['errno.h', 'fcntl.h', 'sched.h', 'signal.h', 'poll.h', 'termios.h', 'time.h', 'unistd.h', 'mqueue.h', 'dirent.h',
        'netinet/in.h', 'netinet/tcp.h', 'netinet/udp.h', 'netpacket/packet.h', 'sys/epoll.h', 'sys/eventfd.h',
        'sys/fanotify.h', 'sys/file.h', 'sys/inotify.h', 'sys/ioctl.h', 'sys/ipc.h', 'sys/mman.h', 'sys/mount.h',
        'sys/msg.h', 'sys/param.h', 'sys/personality.h', 'sys/pidfd.h', 'sys/prctl.h', 'sys/ptrace.h', 'sys/quota.h',
        'sys/random.h', 'sys/reboot.h', 'sys/resource.h', 'sys/rseq.h', 'sys/select.h', 'sys/sem.h', 'sys/shm.h',
        'sys/signalfd.h', 'sys/socket.h', 'sys/stat.h', 'sys/statvfs.h', 'sys/swap.h', 'sys/time.h', 'sys/timerfd.h',
        'sys/timex.h', 'sys/uio.h', 'sys/wait.h', 'sys/xattr.h', 'sys/klog.h', 'sys/vt.h', 'sys/kd.h', 'net/if.h',
        'net/route.h', 'scsi/sg.h', 'scsi/scsi_ioctl.h', 'sys/ucontext.h', 'endian.h', 'wchar.h']
LIBC_NAMES = re.compile(
    r'^((ADJ|AF|AT|CLD|CLOCK|CLONE|DT|EFD|EPOLL|EV|FAN|FD|GRND|IN|IN6ADDR|IFF|IP|IPC|IPPORT|IPPROTO|IPV6|ITIMER|LOCK|MADV|MAP'
    r'|MCAST|MCL|MFD|MNT|MLOCK|MREMAP|MS|MSG|O|PF|PIDFD|PKEY|POLL|POSIX_FADV|POSIX_MADV|PR|PRIO|PROT|PTRACE|RB|RENAME'
    r'|RLIM|RLIMIT|RUSAGE|RWF|S|SA|SCHED|SCM|SEEK|SEM|SFD|SG|SCSI_IOCTL|SHM|SHUT|SI|SIGEV|SO|SOCK|SOL|SS|ST|STA|STATX|SWAP'
    r'|TCP|TFD|TIMER|TRAP|UDP|UMOUNT|UTIME|XATTR|ILL|FPE|SEGV|BUS|F|P|R|W|X|REG|RT|SPLICE|FALLOC|FUTEX|SYSLOG)_\w+'
    r'|E[A-Z0-9]+|SIG[A-Z0-9]+|W(NOHANG|UNTRACED|STOPPED|EXITED|CONTINUED|NOWAIT)|SOMAXCONN|NFDBITS|NGREG|NSIG'
    r'|MINSIGSTKSZ|NCCS?|FAPPEND|FASYNC|FFSYNC|FNDELAY|FNONBLOCK|B\d+|T(C|IOC)[A-Z0-9_]+|EXT[AB]|CBAUDEX?|CRTSCTS'
    r'|__W(?:ALL|CLONE|NOTHREAD)|POLL[A-Z]+|CAP_[A-Z_]+|NGROUPS|MAXPATHLEN|WCHAR_M(AX|IN)|(BIG|LITTLE|PDP)_ENDIAN|BYTE_ORDER)$')
# Requests that ioctl(2) takes and that are written as plain numbers.
LEGACY_IOCTL = {
    'asm/ioctls.h': r'^(TC|TIOC|FIO)(?!SER_TEMT|PKT_|M_)', 'asm-generic/ioctls.h': r'^(TC|TIOC|FIO)(?!SER_TEMT|PKT_|M_)',
    'asm/sockios.h': r'^(SIOC|FIO)', 'asm-generic/sockios.h': r'^(SIOC|FIO)', 'linux/sockios.h': r'^SIOC(?!DEVPRIVATE|PROTOPRIVATE)',
    'linux/wireless.h': r'^SIOC', 'linux/kd.h': r'^(G|P)IO_|^KD(G|S|D|A|E|M|F|U|K|DEL)[A-Z0-9]+$|^KIOC', 'linux/vt.h': r'^VT_[A-Z]+$',
    'linux/cdrom.h': r'^(CDROM(?!_)|CDROM_(SELECT|SET|CLEAR|DRIVE_STATUS|DISC|CHANGER_N|MEDIA|LOCK|DEBUG|GET|NEXT|LAST|SEND|TIMED)'
                     r'|DVD_(READ_STRUCT|WRITE_STRUCT|AUTH))',
    'linux/loop.h': r'^LOOP_(SET|CLR|GET|CHANGE|CTL|CONFIGURE)', 'linux/hdreg.h': r'^HDIO_', 'linux/lp.h': r'^LP[A-Z]+$',
    'scsi/sg.h': r'^SG_(?!DEF|FLAG|DXFER|INFO|MAX|INTERFACE|BIG|SCSI_RESET_|ERR)', 'scsi/scsi_ioctl.h': r'^SCSI_IOCTL',
    'linux/if_bonding.h': r'^$',
}
# Not numbers that a policy could mean: names of the headers' own machinery.
NOT_TAKEN = re.compile(r'^(_(?!_W(ALL|CLONE|NOTHREAD)$)|.*_H_?$|.*_H_INCLUDED$|UAPI_|LINUX_|HAVE_)|^(BITS_PER_LONG|NULL|INT_MAX|UINT_MAX|TRUE|FALSE)$'
                       r'|^SIOCSIWFIRST$|_TYPESAFE$|^(AUDIT_ARCH_CONVENTION)')
DEFINITION = re.compile(r'#define ([A-Z]\w*|__W(?:ALL|CLONE|NOTHREAD))[ \t]+(\S.*)')
MARKER = re.compile(r'# \d+ "([^"]*)"')
# How _IOC() looks where it is written out: the direction goes above type, number and size.
EXPANDED_REQUEST = re.compile(r'<<\s*\(\(\(0\s*\+\s*8\)\s*\+\s*8\)\s*\+\s*14\)')
RESULT = re.compile(r'^@harvest_(\w+) = .*global i64 (-?\d+|zeroinitializer)')
SUBFOLDERS = ('linux', 'asm', 'asm-generic', 'drm', 'sound', 'mtd', 'misc', 'rdma', 'scsi', 'video', 'xen', 'cxl', 'fwctl',
              'regulator')


KERNEL_PRELUDE = ''.join(f'#include <{h}>\n' for h in (
    'stddef.h', 'linux/types.h', 'linux/ioctl.h', 'asm/termbits.h', 'linux/serial.h'))
LARGE_PRELUDE = ''.join(f'#include <{h}>\n' for h in (
    'stddef.h', 'stdint.h', 'sys/types.h', 'sys/time.h', 'time.h', 'sys/socket.h', 'linux/types.h', 'linux/ioctl.h', 'linux/sockios.h',
    'linux/major.h', 'linux/filter.h', 'linux/atmioc.h', 'linux/blktrace_api.h'))
LIBC_PRELUDE = '#include <stddef.h>\n#include <sys/types.h>\n'


class Architecture:
    def __init__(self, name, top):
        self.name = name
        target, folders = ARCHITECTURES[name]
        self.folders = [top / f for f in folders]
        self.command = ['clang', f'--target={target}', '-nostdlibinc', '-w', '-D_GNU_SOURCE', '-x', 'c', '-']
        self.command += [f'-isystem{f}' for f in self.folders]
        self.values = {}     # name -> (value, header, is ioctl)
        self.failed = {}     # name -> header

    def run(self, source, *options):
        out = subprocess.run([*self.command, *options], input=source, capture_output=True, text=True, errors='replace')
        return out.stdout, out.stderr

    def relative(self, path):
        for folder in self.folders:
            if path.startswith(f'{folder}/'):
                return path[len(str(folder)) + 1:]
        return path

    def headers(self):
        found = set()
        for folder in self.folders:
            for sub in SUBFOLDERS:
                found.update(p.relative_to(folder).as_posix() for p in (folder / sub).rglob('*.h'))
        return [h for h in WHOLE if h in found] + sorted(h for h in found if h not in WHOLE)


def wanted(header, name, is_ioctl, is_libc):
    if NOT_TAKEN.search(name):
        return False
    if header in WHOLE:
        return is_ioctl or re.search(WHOLE[header], name) is not None
    if is_libc:
        return LIBC_NAMES.match(name) is not None or legacy(header, name)
    return is_ioctl


def legacy(header, name):
    return header in LEGACY_IOCTL and re.search(LEGACY_IOCTL[header], name) is not None


def names_in(arch, prelude):
    """{name: header} of all macros and enumerators that including it defines, and which enumerators are requests."""
    text, _ = arch.run(prelude, '-E', '-dD')
    where, found, requests, plain = '', {}, set(), []
    for line in text.splitlines():
        marker = MARKER.match(line)
        if marker:
            where = arch.relative(marker.group(1))
            plain.append(f'\x01{where}\x02')
            continue
        macro = DEFINITION.match(line)
        if macro:
            found[macro.group(1)] = where
        elif not line.startswith('#'):
            plain.append(line)
    text = '\n'.join(plain)
    for enum in re.finditer(r'\benum\b\s*\w*\s*(?:__attribute__\S*\s*)?\{([^{}]*)\}', text):
        where = text.rfind('\x01', 0, enum.start())
        header = text[where + 1:text.find('\x02', where)] if where >= 0 else ''
        body = re.sub('\x01[^\x02]*\x02', '', enum.group(1))
        for item in body.split(','):
            name = re.match(r'\s*([A-Z]\w*)', item)
            if name:
                found.setdefault(name.group(1), header)
            if name and EXPANDED_REQUEST.search(item):
                requests.add(name.group(1))
    return found, requests


def requests_among(arch, prelude, names):
    """Those whose definition comes down to _IOC()."""
    lines = ''.join(f'@"{n}" {n}\n' for n in names)
    mark = '#undef _IOC\n#undef _IO\n#undef _IOR\n#undef _IOW\n#undef _IOWR\n' + ''.join(
        f'#define {m}(...) IS_REQUEST\n' for m in ('_IOC', '_IO', '_IOR', '_IOW', '_IOWR', '_IOR_BAD', '_IOW_BAD', '_IOWR_BAD'))
    text, _ = arch.run(f'{prelude}\n{mark}\n{lines}', '-E', '-P')
    return {m.group(1) for m in re.finditer(r'@"(\w+)" [^@]*?\bIS_REQUEST\b', text)}


def evaluate(arch, prelude, names):
    """Values of those that are whole numbers."""
    names = list(names)
    first = prelude.count('\n') + 2
    for _ in range(40):
        source = prelude + '\n' + ''.join(f'unsigned long long harvest_{n} = ({n}) | 0ULL;\n' for n in names)
        text, errors = arch.run(source, '-S', '-emit-llvm', '-o', '-', '-ferror-limit=0', '-fno-builtin')
        bad = {int(m.group(1)) - first for m in re.finditer(r'^<stdin>:(\d+):\d+: (?:fatal )?error', errors, re.M)}
        bad = {b for b in bad if 0 <= b < len(names)}
        if not bad:
            break
        names = [n for i, n in enumerate(names) if i not in bad]
    found = {}
    for line in text.splitlines():
        m = RESULT.match(line)
        if m:
            found[m.group(1)] = 0 if m.group(2) == 'zeroinitializer' else int(m.group(2))
    return found


def take(arch, header, prelude, is_libc):
    """False when something that is wanted could not be evaluated."""
    found, requests = names_in(arch, prelude)
    found = {n: w for n, w in found.items() if n not in arch.values and not NOT_TAKEN.search(n)}
    if found:
        requests |= requests_among(arch, prelude, found)
    chosen = {}
    for name, where in found.items():
        kernel = where.split('/')[0] in SUBFOLDERS and not where.startswith('scsi/')
        if where and wanted(where, name, name in requests or legacy(where, name), not kernel):
            chosen[name] = where
    values = evaluate(arch, prelude, chosen) if chosen else {}
    for name, where in chosen.items():
        if name in values:
            arch.values[name] = (values[name] % 2**64, where, name in requests or legacy(where, name))
            arch.failed.pop(name, None)
        else:
            arch.failed[name] = where
    return header not in arch.failed.values()


def harvest_constants(name, top):
    arch = Architecture(name, top)
    for header in arch.headers():
        good = take(arch, header, f'{KERNEL_PRELUDE}#include <{header}>\n', False)
        # Some requests carry the size of a structure that yet another header has.
        if not good:
            take(arch, header, f'{LARGE_PRELUDE}#include <{header}>\n', False)
    for header in LIBC:
        take(arch, header, f'{LIBC_PRELUDE}#include <{header}>\n', True)
    arch.failed = {n: h for n, h in arch.failed.items() if n not in arch.values}
    return arch


def harvest_syscalls(name, top):
    arch = Architecture(name, top)
    text, _ = arch.run('#include <asm/unistd.h>\n', '-E', '-dM')
    names = {m.group(1): m.group(2) for m in re.finditer(r'#define __NR_(\w+) +(\S.*)', text)}
    skip = re.compile(r'^(SYSCALL_MASK|syscalls|OABI_SYSCALL_BASE|arch_specific_syscall|BASE|SYSCALL_BASE)$')
    source = '#include <asm/unistd.h>\n' + ''.join(
        f'unsigned long long harvest_{n} = __NR_{n};\n' for n in names if not skip.match(n))
    if name == 'arm':
        private = ('breakpoint', 'cacheflush', 'usr26', 'usr32', 'set_tls', 'get_tls')
        source += ''.join(f'unsigned long long harvest_{n} = __ARM_NR_{n};\n' for n in private)
    text, errors = arch.run(source, '-S', '-emit-llvm', '-o', '-')
    if 'error:' in errors:
        sys.exit(f'{name}: {errors}')
    found = {}
    for line in text.splitlines():
        m = RESULT.match(line)
        if m:
            found[m.group(1)] = (0 if m.group(2) == 'zeroinitializer' else int(m.group(2))) & 0xffffffff
    return found


SYSCALLS_HEADER = '''\
# SPDX-License-Identifier: GPL-2.0-or-later
#
# System calls: name, the kernel version that first had it on any architecture ("-": not known, or nothing but a
# reserved number), its number on each architecture ("-": has none). Numbers of x32 are without bit 30. The private
# calls of arm have the names that strace and libseccomp give them.
#
# Source of names and numbers: <asm/unistd.h> of {kernel}, for each architecture.
# Source of the versions: syscalls(2) of the Linux man-pages 6.20; release notes of Linux 5.12 to 7.0 for later calls.
# harvest.py writes this file anew; versions are kept, and are to be written by hand for new calls.
#
# name since {names}
'''
CONSTANTS_HEADER = '''\
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Named constants: name, kind ("errno": error numbers, "ioctl": requests of ioctl(2), "-": others), value, and then
# those of architectures that have another or ("-") none.
# Negative numbers reach the kernel sign-extended to 64 bits. Structures have the size that the C library's default
# gives them: on i386 and arm time_t has 32 bits, so SO_TIMESTAMP is SO_TIMESTAMP_OLD there, and so on.
#
# Source: {kernel}; where the kernel's headers lack a name ("libc" sections)
# {libc}.
# Written by harvest.py, see docs/HACKING.md; what it cannot find in the headers of today
# and of 2025 stands in added.txt.
'''


def number_text(value):
    if value >= 2**64 - 4096:
        return str(value - 2**64)
    single_bit = value >= 16 and value & (value - 1) == 0
    return str(value) if value < 100 and not single_bit else hex(value)


def values_text(per_arch):
    """The commonest value, then "arch,arch=value" for others."""
    values = [per_arch.get(a) for a in ARCHITECTURES]
    common = max((v for v in values if v is not None), key=values.count)
    text = number_text(common)
    for other in sorted({v for v in values if v != common}, key=values.index):
        names = ','.join(a for a, v in zip(ARCHITECTURES, values) if v == other)
        text += f' {names}={"-" if other is None else number_text(other)}'
    return text


def write_syscalls(path, found, since, kernel):
    names = sorted(set().union(*found.values()))
    width = max(map(len, names))
    lines = [SYSCALLS_HEADER.format(kernel=kernel, names=' '.join(ARCHITECTURES))]
    for name in names:
        numbers = [found[a].get(name) for a in ARCHITECTURES]
        cells = ['-' if n is None else str(n & 0x3fffffff) for n in numbers]
        lines.append(f'{name:<{width}} {since.get(name, "-"):<7} ' + ' '.join(f'{c:>6}' for c in cells) + '\n')
    path.write_text(''.join(lines), encoding='utf-8')
    return [n for n in names if n not in since]


def is_kernel(header):
    return header.split('/')[0] in SUBFOLDERS and not header.startswith('scsi/')


def write_constants(path, archs, kernel, libc):
    """Of names that the newest headers lack, the section says which have them."""
    sections = {}
    for name in sorted(set().union(*(a.values for a in archs))):
        per_arch = {a.name: a.values[name] for a in archs if name in a.values}
        _, header, is_request, *release = next(iter(per_arch.values()))
        where = ' of '.join([header if is_kernel(header) else f'libc {header}', *release])
        kind = 'ioctl' if is_request else 'errno' if header.rpartition('/')[2].startswith('errno') else '-'
        values = values_text({a: v[0] for a, v in per_arch.items()})
        sections.setdefault(where, []).append(f'{name} {kind} {values}\n')
    text = CONSTANTS_HEADER.format(kernel=kernel, libc=libc)
    for where in sorted(sections):
        text += f'\n# {where}\n' + ''.join(sections[where])
    path.write_text(text, encoding='utf-8')


def read_since():
    since = {}
    path = HERE / 'syscalls.txt'
    for line in path.read_text(encoding='utf-8').splitlines() if path.exists() else []:
        if line and not line.startswith('#'):
            name, version = line.split()[:2]
            since[name] = version
    return since


def add_older(arch, everywhere, older, release):
    for name, value in older.values.items():
        if name not in everywhere:
            arch.values[name] = (*value, release)


def report(archs, unknown, known):
    if unknown:
        print(f'no version known for: {", ".join(unknown)}')
    everywhere = set().union(*(a.values for a in archs))
    for arch in archs:
        lost = sorted(n for n in arch.failed if n in everywhere)
        print(f'{arch.name}: {len(arch.values)} constants; no value here, though elsewhere: {", ".join(lost) or "none"}')
    never = sorted(set().union(*(a.failed for a in archs)) - everywhere)
    print(f'no whole number anywhere: {", ".join(never)}')
    for setting in known:
        name, _, path = setting.partition('=')
        arch = next(a for a in archs if a.name == name)
        theirs = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))['constants']
        print(f'{path}: not here: {", ".join(n for n in theirs if n not in arch.values) or "none"}')
        print(f'{path}: different: ' + (', '.join(
            f'{n} ({v}, here {arch.values[n][0]})' for n, v in theirs.items()
            if n in arch.values and arch.values[n][0] != v % 2**64) or 'none'))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split('usage: ')[1].split('\n')[0])
    parser.add_argument('--known', action='append', default=[])
    parser.add_argument('headers', type=pathlib.Path, nargs='+')
    parser.add_argument('output', type=pathlib.Path)
    options = parser.parse_args()
    releases = [(top / 'versions').read_text(encoding='utf-8').splitlines() for top in options.headers]
    kernel, libc = releases[0]
    syscalls = {a: harvest_syscalls(a, options.headers[0]) for a in ARCHITECTURES}
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        archs, *older = [list(pool.map(harvest_constants, ARCHITECTURES, [top] * len(ARCHITECTURES)))
                         for top in options.headers]
    for others, (release, _) in zip(older, releases[1:]):
        everywhere = set().union(*(a.values for a in archs))
        for arch, other in zip(archs, others):
            add_older(arch, everywhere, other, release)
    unknown = write_syscalls(options.output / 'syscalls.txt', syscalls, read_since(), kernel)
    write_constants(options.output / 'constants.txt', archs, kernel, libc)
    report(archs, unknown, options.known)
    return 0


if __name__ == '__main__':
    sys.exit(main())
