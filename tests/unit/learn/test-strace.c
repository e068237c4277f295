/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Every form of line that strace writes, and what is none: what is learnt, and what is refused. */

#include "rig.h"

#include "base/fd.h"
#include "learn/lines.h"
#include "learn/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define NOT_STRACE "not a line of strace"
#define UNBALANCED "the line ends inside of the call, or its brackets and quotes do not match"

static const struct rig_case cases[] = {
	{ "one call", "read(3, \"\", 10) = 0\n", "read=1" },
	{ "no final newline", "read(3, \"\", 10) = 0", "read=1" },
	{ "carriage returns", "read(3, \"\", 10) = 0\r\nclose(3) = 0\r\n", "read=1 close=1" },
	{ "padding before the result", "close(3)                                = 0\n", "close=1" },
	{ "an error", "close(3) = -1 EBADF (Bad file descriptor)\n", "close=1" },
	{ "no result", "exit_group(0) = ?\n", "exit_group=1" },
	{ "to be restarted", "pause() = ? ERESTARTNOHAND (To be restarted if no handler)\n", "pause=1" },
	{ "a pointer", "brk(NULL) = 0x5579dacb4000\n", "brk=1" },
	{ "an octal result", "umask(022) = 022\n", "umask=1" },
	{ "a result with more behind", "poll([{fd=3, events=POLLIN}], 1, 5) = 1 ([{fd=3, revents=POLLIN}])\n",
		"poll=1" },
	{ "a result with its path", "openat(AT_FDCWD, \"/x\", O_RDONLY) = 3</x>\n", "openat=1" },
	{ "a duration", "read(3, \"\", 10) = 0 <0.000012>\n", "read=1" },
	{ "injected", "getpid() = 7 (INJECTED)\n", "getpid=1" },
	{ "no arguments", "getppid() = 1\n", "getppid=1" },

	/* What stands before. */
	{ "-o -f", "17019 getpid() = 17019\n", "getpid=1" },
	{ "-f on the terminal", "[pid 17019] getpid() = 17019\n", "getpid=1" },
	{ "a padded pid", "[pid     7] getpid() = 7\n9     getpid() = 9\n", "getpid=2" },
	{ "-t", "12:34:56 getpid() = 7\n", "getpid=1" },
	{ "-tt", "7 12:34:56.123456 getpid() = 7\n", "getpid=1" },
	{ "-ttt", "[pid 7] 1700000000.123456 getpid() = 7\n", "getpid=1" },
	{ "whole seconds", "7 1700000000 getpid() = 7\n", "getpid=1" },
	{ "-r", "7      0.000123 getpid() = 7\n", "getpid=1" },
	{ "-r -t", "7 12:34:56 (+     0.000123) getpid() = 7\n", "getpid=1" },
	{ "-i", "7 [00007f2be27f4000] getpid() = 7\n", "getpid=1" },
	{ "-i without", "[????????????????] getpid() = 7\n", "getpid=1" },
	{ "-n", "7 [  39] getpid() = 7\n", "getpid=1" },
	{ "-r -n -i", "7      0.000139 [  12] [00007f9398781c47] brk(NULL) = 0x1\n", "brk=1" },
	{ "-Y", "17030<sh> 09:05:08.488612 getpid() = 17030<sh>\n", "getpid=1" },
	{ "-Y with an odd name", "17030<a\\74b\\76 -\\76 (> getpid() = 7\n", "getpid=1" },
	{ "-Y on the terminal", "[pid 17030<sh -c>] getpid() = 7\n", "getpid=1" },
	{ "--secontext", "7 [u:r:t:s0:c1] openat(AT_FDCWD, \"/x\" [u:r:t:s0], O_RDONLY) = 3\n", "openat=1" },

	/* What is no call. */
	{ "blank lines", "\n  \ngetpid() = 7\n", "getpid=1" },
	{ "a signal", "7 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---\n", "" },
	{ "a stop", "--- stopped by SIGSTOP ---\n", "" },
	{ "an exit", "7 +++ exited with 3 +++\n+++ killed by SIGKILL (core dumped) +++\n", "" },
	{ "a superseded thread", "7 +++ superseded by execve in pid 8 +++\n", "" },
	{ "messages", "strace: Process 7 attached\nstrace: Process 7 detached\nProcess 8 attached\n", "" },
	{ "a stack", "getpid() = 7\n > /lib/x.so(f+0x1) [0x20b1d]\n > unexpected_backtracing_error [0x7f]\n",
		"getpid=1" },
	{ "a process gone",
		"7 ??"
		"?( <unfinished ...>\n7 <... ??? resumed>) = ?\n",
		"" },
	{ "a restart", "restart_syscall(<... resuming interrupted nanosleep ...>) = 0\n",
		"restart_syscall=1" },
	{ "the end of a handler", "rt_sigreturn({mask=[]})                 = 0\n", "rt_sigreturn=1" },

	/* Quoted text means nothing. */
	{ "a call in a string", "write(1, \"ioctl(1, TCGETS) = 0\\n\", 21) = 21\n", "write=1" },
	{ "commas and brackets", "write(1, \"a, b) = 0 {[(\", 12) = 12\n", "write=1" },
	{ "a quote in a string", "write(1, \"\\\"), = 1\", 9) = 9\n", "write=1" },
	{ "a backslash at the end", "write(1, \"\\\\\", 1) = 1\n", "write=1" },
	{ "the mark in a string", "write(1, \"<unfinished ...>\", 16) = 16\n", "write=1" },
	{ "a comment in a string", "write(1, \"/* \", 3) = 3\n", "write=1" },
	{ "a shortened string", "write(1, \"abc\"..., 300) = 300\n", "write=1" },
	{ "the tracked argument in a string", "prctl(PR_SET_NAME, \"PR_SET_DUMPABLE, 1) = 0\") = 0\n",
		"prctl=1{f:1}" },
	{ "strings as arguments",
		"execve(\"/x\", [\"a\", \"b) = 0\"], 0x7f /* 3 vars, \"( */) = 0\n"
		"execve(\"/x\", [\"a\"], [\"A=1\", \"B=)\"]) = 0\n",
		"execve=1" },
	{ "an unfinished string", "write(1, \"abc\n", "", "1: " UNBALANCED },
	{ "a string that ends in a backslash", "write(1, \"abc\\", "", "1: " UNBALANCED },
	{ "the mark in a string without end", "write(1, \" <unfinished ...>\n", "", "1: " UNBALANCED },
	{ "a comment without end", "ioctl(1, 0x5401 /* TCGETS, 0) = 0\n", "", "1: " UNBALANCED },

	/* Paths and addresses behind descriptors. */
	{ "-y", "close(3</etc/ld, so).cache>) = 0\n", "close=1" },
	{ "-y with a dash at the end", "ioctl(3</etc/passwd->, FIONREAD, [0]) = 0\n", "ioctl=1{541b:1}" },
	{ "-y with brackets", "ioctl(3</tmp/[({>, FIONREAD, [0]) = 0\n", "ioctl=1{541b:1}" },
	{ "-y with signs escaped", "ioctl(3</tmp/\\74a\\76\\\">, FIONREAD, [0]) = 0\n", "ioctl=1{541b:1}" },
	{ "-y of a removed file", "ioctl(3</tmp/x>(deleted), FIONREAD, [0]) = 0\n", "ioctl=1{541b:1}" },
	{ "-yy of a terminal", "ioctl(0</dev/pts/0<char 136:0>>, TCGETS, {c_iflag=ICRNL}) = 0\n",
		"ioctl=1{5401:1}" },
	{ "-yy of a connection",
		"ioctl(3<TCP:[127.0.0.1:80->127.0.0.1:9]>, FIONREAD, [0]) = 0\n"
		"ioctl(3<TCPv6:[[::1]:80->[::1]:9]>, FIONREAD, [0]) = 0\n"
		"ioctl(3<UNIX-STREAM:[1->2, \"/tmp/]>, TCGETS\"]>, FIONREAD, [0]) = 0\n",
		"ioctl=3{541b:3}" },
	{ "-yy of others",
		"ioctl(3<anon_inode:inotify>, FIONREAD, [0]) = 0\n"
		"ioctl(3<pipe:[123]>, FIONREAD, [0]) = 0\n"
		"ioctl(3<NETLINK:[ROUTE:12]>, FIONREAD, [0]) = 0\n",
		"ioctl=3{541b:3}" },
	{ "the current directory",
		"execveat(-100 /* AT_FDCWD */</tmp>, \"\", [\"x\"], 0x7f /* 1 var */, "
		"0x1000 /* AT_EMPTY_PATH */) = 0\n",
		"execveat=1{1000:1}" },
	{ "a decoration without end", "close(3</etc/x) = 0\n", "", "1: " UNBALANCED },

	/* Numbers in all their styles. */
	{ "a request", "ioctl(1, TCGETS, 0x7f) = 0\n", "ioctl=1{5401:1}" },
	{ "-X raw", "ioctl(1, 0x5401, 0x7f) = 0\n", "ioctl=1{5401:1}" },
	{ "-X verbose", "ioctl(1, 0x5401 /* TCGETS */, {c_iflag=0x2d02 /* IXON|IXOFF */}) = 0\n",
		"ioctl=1{5401:1}" },
	{ "-e raw", "ioctl(0x1, 0x5401, 0x7ffd9ab5a870) = 0\n", "ioctl=1{5401:1}" },
	{ "two names", "ioctl(3, BTRFS_IOC_CLONE or FICLONE, 4) = 0\n", "ioctl=1{40049409:1}" },
	{ "two names, one of them known", "ioctl(3, NO_SUCH or FICLONE, 4) = 0\n", "ioctl=1{40049409:1}" },
	{ "two names for two numbers", "ioctl(1, TCSETS or TCGETS, 0x7f) = 0\n", "ioctl=1?1",
		"1: argument 1 of ioctl is no number" },
	{ "a request by its parts", "ioctl(3, _IOC(_IOC_READ|_IOC_WRITE, 0x64, 0xbf, 0x8), 0x7f) = 0\n",
		"ioctl=1{c00864bf+:1}" },
	{ "a request with a parameter",
		"ioctl(3, EVIOCGNAME(256), \"kbd\") = 4\n"
		"ioctl(3, EVIOCGBIT(0, 8), [EV_SYN]) = 8\n",
		"ioctl=2{80084520+:1,81004506+:1}" },
	{ "a request with bit 31", "ioctl(3, TIOCGPTN, [0]) = 0\n", "ioctl=1{80045430+:1}" },
	{ "a request of 64 bits", "ioctl(0x3, 0xffffffff80045430, 0x7f) = 0\n",
		"ioctl=1{ffffffff80045430:1}" },
	{ "flags", "mmap(NULL, 8, PROT_READ|PROT_WRITE, MAP_PRIVATE, -1, 0) = 0x7f\n", "mmap=1{3:1}" },
	{ "flags with a number", "mprotect(0x7f, 8, PROT_READ|0x40 /* PROT_??? */) = -1 EINVAL (x)\n",
		"mprotect=1{41:1}" },
	{ "no flags", "mprotect(0x7f, 8, PROT_NONE) = 0\n", "mprotect=1{0:1}" },
	{ "decimal and octal", "socket(1, SOCK_STREAM, 0) = 3\nsocket(02, SOCK_STREAM, 0) = 3\n",
		"socket=2{1:1,2:1}" },
	{ "an unknown family", "socket(0x27 /* AF_??? */, SOCK_STREAM, 0) = -1 EINVAL (x)\n",
		"socket=1{27:1}" },
	{ "the old name of a family", "socket(PF_INET, SOCK_STREAM, IPPROTO_IP) = 3\n", "socket=1{2:1}" },
	{ "minus one", "socket(-1, SOCK_STREAM, 0) = -1 EAFNOSUPPORT (x)\n", "socket=1{ffffffff+:1}" },
	{ "clone by names",
		"clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
		"child_tidptr=0x7f) = 8\n",
		"clone=1{1200011:1}" },
	{ "clone by position", "clone(0x1200011, 0, 0, 0x7f, 0) = 0x8\n", "clone=1{1200011:1}" },
	{ "clone with a real-time signal", "clone(child_stack=NULL, flags=CLONE_VM|SIGRT_3) = 8\n",
		"clone=1{123:1}" },
	{ "clone3",
		"clone3({flags=CLONE_VM|CLONE_THREAD, child_tid=0x7f, exit_signal=0, stack=0x7f} => "
		"{parent_tid=[9]}, 88) = 9\n"
		"clone3({flags=CLONE_NEWNS, exit_signal=SIGCHLD, stack=NULL}, 64) = 10\n",
		"clone3=2{10100:1,20011:1}" },
	{ "clone3 raw", "clone3(0x7f, 0x58) = 9\n", "clone3=1?1" },
	{ "a call by number", "syscall_0xfa0(0x1, 0x2) = -1 ENOSYS (x)\nSYS_4001(0x1) = -1 ENOSYS (x)\n",
		"4000=1 4001=1" },
	{ "a number past all", "syscall_0x1388(0x1) = -1 ENOSYS (x)\n", "",
		"1: unknown system call syscall_0x1388" },

	/* Calls in two parts. */
	{ "unfinished", "7 read(3,  <unfinished ...>\n8 getpid() = 8\n7 <... read resumed>\"abc\", 4) = 3\n",
		"read=1 getpid=1" },
	{ "the old form", "7 read(3,  <unfinished ...>\n7 <... read resumed> \"a)\", 4) = 3\n", "read=1" },
	{ "nothing more", "7 vfork( <unfinished ...>\n7 <... vfork resumed>) = 8\n", "vfork=1" },
	{ "no blank before the mark", "7 vfork(<unfinished ...>\n7 <... vfork resumed> ) = 8\n", "vfork=1" },
	{ "the tracked argument is there",
		"7 ioctl(3, TCGETS <unfinished ...>\n7 <... ioctl resumed>, {c_iflag=ICRNL}) = 0\n",
		"ioctl=1{5401:1}" },
	{ "it comes later", "7 ioctl(3,  <unfinished ...>\n7 <... ioctl resumed>TCGETS, 0x7f) = 0\n",
		"ioctl=1{5401:1}" },
	{ "clone3 in two parts",
		"7 clone3({flags=CLONE_VM, exit_signal=0} <unfinished ...>\n"
		"7 <... clone3 resumed> => {parent_tid=[0]}, 88) = 9\n",
		"clone3=1{100:1}" },
	{ "a structure in two parts",
		"7 msgrcv(3, {1, \"a\" <unfinished ...>\n7 <... msgrcv resumed>, \"b})\"}, 4, 0, 0) = 3\n",
		"msgrcv=1" },
	{ "never resumed", "7 read(3,  <unfinished ...>\n7 +++ killed by SIGKILL +++\n", "read=1" },
	{ "resumed and never ended",
		"7 futex(0x7f,  <unfinished ...>\n7 <... futex resumed> <unfinished ...>\n7 +++ exited with "
		"0 +++\n",
		"futex=1" },
	{ "detached", "read(0,  <detached ...>\n", "read=1" },
	{ "the last one has no pid",
		"[pid 7] wait4(-1,  <unfinished ...>\n[pid 8] exit_group(0) = ?\n"
		"<... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 8\n",
		"wait4=1 exit_group=1" },
	{ "a message in the line",
		"vfork(strace: Process 8 attached\n <unfinished ...>\n[pid 8] getpid() = 8\n"
		"[pid 7] <... vfork resumed>) = 8\n",
		"getpid=1 vfork=1" },
	{ "a message between arguments",
		"clone(child_stack=NULL, flags=CLONE_VM|SIGCHLDstrace: Process 8 attached\n"
		", child_tidptr=0x7f) = 8\n",
		"clone=1{111:1}" },
	{ "resumed from nowhere", "7 <... read resumed>\"abc\", 4) = 3\n", "",
		"1: the call goes on here, but its beginning is not in the log" },
	{ "another one resumed", "7 read(3,  <unfinished ...>\n7 <... write resumed>) = 3\n", "read=1",
		"2: the call goes on here, but its beginning is not in the log" },
	{ "resumed, then cut", "7 read(3,  <unfinished ...>\n7 <... read resumed>\"ab", "read=1",
		"2: " UNBALANCED },
	{ "resumed without a result", "7 read(3,  <unfinished ...>\n7 <... read resumed>\"ab\", 4)\n",
		"read=1", "2: no result behind the call" },
	{ "resumed without a name", "7 <... resumed>) = 0\n", "", "1: " NOT_STRACE },

	/* The start of the program, and executions that are not. */
	{ "the first execution", "7 execve(\"/bin/x\", [\"x\"], 0x7f /* 3 vars */) = 0\n7 brk(NULL) = 0x1\n",
		"brk=1" },
	{ "a later one", "7 execve(\"/bin/x\", [\"x\"], 0x7f) = 0\n7 execve(\"/bin/y\", [\"y\"], 0x7f) = 0\n",
		"execve=1" },
	{ "one in a child",
		"7 execve(\"/bin/x\", [\"x\"], 0x7f) = 0\n7 vfork( <unfinished ...>\n"
		"8 execve(\"/bin/y\", [\"y\"], 0x7f <unfinished ...>\n7 <... vfork resumed>) = 8\n"
		"8 <... execve resumed>) = 0\n",
		"vfork=1 execve=1" },
	{ "one that is not first", "getpid() = 7\nexecve(\"/bin/x\", [\"x\"], 0x7f) = 0\n",
		"getpid=1 execve=1" },

	/* Other modes and architectures. */
	{ "a process in 32-bit mode",
		"7 getpid() = 7\n[ Process PID=7 runs in 32 bit mode. ]\n7 socketcall(1, 0x7f) = 3\n7 "
		"nosuch(1) = 0\n",
		"getpid=1" },
	{ "and back",
		"strace: [ Process PID=7 runs in 32 bit mode. ]\n7 nosuch() = 7\n"
		"strace: [ Process PID=7 runs in 64 bit mode. ]\n7 getpid() = 7\n",
		"getpid=1" },
	{ "i386",
		"mmap2(NULL, 8, PROT_READ, MAP_PRIVATE, -1, 0) = 0x1\nmmap(NULL, 8, PROT_EXEC, 0, -1, 0) = "
		"0x2\n",
		"mmap=1{4:1} mmap2=1{1:1}", NULL, ARCHITECTURE_I386 },
	{ "sockets on i386", "socket(AF_UNIX, SOCK_STREAM, 0) = 3\n", "socketcall=1{1:1} socket=1{1:1}", NULL,
		ARCHITECTURE_I386 },
	{ "sockets that i386 has through socketcall only",
		"send(3, \"a\", 1, 0) = 1\naccept(3, NULL, NULL) = 4\n", "socketcall=2{5:1,9:1}", NULL,
		ARCHITECTURE_I386 },
	{ "x32", "ioctl(1, TCGETS, 0x7f) = 0\nsyscall_0xfff(0x1) = -1 ENOSYS (x)\n",
		"ioctl=1{5401:1} 1073745919=1", NULL, ARCHITECTURE_X32 },
	{ "arm", "set_tls(0x1) = 0\n", "set_tls=1", NULL, ARCHITECTURE_ARM },
	{ "a negative number of 32 bits", "mmap2(NULL, 8, -1, 0, -1, 0) = 0x1\n", "mmap2=1{ffffffff:1}", NULL,
		ARCHITECTURE_ARM },
	{ "another architecture's call", "ioctl(1, TCGETS) = 0\nopen(\"/x\", O_RDONLY) = 3\n",
		"ioctl=1{5401:1}", "2: arm64 has no system call open", ARCHITECTURE_ARM64 },

	/* What is not strace's. */
	{ "output between", "getpid() = 7\nHello, world\n", "getpid=1", "2: " NOT_STRACE },
	{ "several", "a\ngetpid() = 7\nb = c\n", "getpid=1", "1: " NOT_STRACE "\n3: " NOT_STRACE },
	{ "an unknown call", "raed(3, \"\", 1) = 0\n", "", "1: unknown system call raed (near read)" },
	{ "an unknown constant", "ioctl(3, NO_SUCH_REQUEST, 0) = 0\n", "ioctl=1?1",
		"1: unknown constant NO_SUCH_REQUEST; trace again with -e raw=ioctl" },
	{ "an unknown flag", "mprotect(0x7f, 8, PROT_READ|PROT_WHAT|PROT_EXEC) = 0\n", "mprotect=1?1",
		"1: unknown constant PROT_WHAT; trace again with -e raw=mprotect" },
	{ "a string for a number", "ioctl(3, \"TCGETS\", 0) = 0\n", "ioctl=1?1",
		"1: argument 1 of ioctl is no number" },
	{ "a number too large", "ioctl(3, 0x10000000000000000, 0) = 0\n", "ioctl=1?1",
		"1: argument 1 of ioctl is no number" },
	{ "no tracked argument", "ioctl(3) = 0\n", "ioctl=1?1" },
	{ "no result at all", "getpid()\n", "", "1: no result behind the call" },
	{ "a result that is none", "getpid() = seven\n", "", "1: no result behind the call" },
	{ "cut in the arguments", "read(3, ", "", "1: " UNBALANCED },
	{ "brackets that do not match", "poll([{fd=3, events=POLLIN]}, 1, 0) = 1\n", "", "1: " UNBALANCED },
	{ "a NUL", "read(3, \"\0\", 1) = 1\ngetpid() = 7\n", "getpid=1", "1: a NUL byte", 0, 33 },
	{ "a pid that is none", "99999999 getpid() = 7\n9999999999999999999999 getppid() = 7\n",
		"getpid=1 getppid=1" },
	{ "a zero pid", "0 getpid() = 7\n", "getpid=1" },
	{ "bytes of no text", "\xff\xfe\xfd(3) = 0\n", "", "1: " NOT_STRACE },
	{ "strace -c", "% time     seconds  usecs/call     calls    errors syscall\n", "", "1: " NOT_STRACE },
	{ "nothing", "", "" },
};

/* Each line of @actual begins with the line of @expected, and there are as many. */
static bool same_beginnings(const char *actual, const char *expected)
{
	while (*expected) {
		size_t n = strcspn(expected, "\n"), line = strcspn(actual, "\n");

		if (n > line || strncmp(actual, expected, n) != 0)
			return false;
		expected += n + (expected[n] ? 1 : 0);
		actual += line + (actual[line] ? 1 : 0);
	}
	return *actual == '\0';
}

static void test_cases(void **state)
{
	unsigned bad = 0;

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		const struct rig_case *c = &cases[i];
		_cleanup_(learning_done) struct learning l = {};
		_cleanup_free_ char *summary = NULL, *problems = NULL;

		assert_int_equal(learning_init(&l, &architectures[c->architecture]), 0);
		assert_int_equal(rig_strace(&l, "log", c->log, c->size), 0);
		summary = rig_summary(&l);
		problems = rig_problems(&l);
		if (strcmp(summary, c->summary) == 0 &&
			same_beginnings(problems, c->problems ? c->problems : ""))
			continue;
		print_error("%s:\n%s  learnt: %s\n  wanted: %s\n  problems: %s\n", c->what, c->log, summary,
			c->summary, problems);
		bad++;
	}
	print_message("%zu forms of lines\n", ELEMENTSOF(cases));
	assert_int_equal(bad, 0);
}

/* The log of -ff: each process has a file, and only the first one's begins with the start of the program. */
static void test_files(void **state)
{
	static const char *const parts[][2] = {
		{ "log.9", "execve(\"/bin/y\", [\"y\"], 0x7f) = 0\nclose(3) = 0\n" },
		{ "log.7", "execve(\"/bin/x\", [\"x\"], 0x7f) = 0\nvfork() = 9\ngetpid() = 7\n" },
	};
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_(strace_reader_done) struct strace_reader reader = {};
	_cleanup_free_ char *summary = NULL;

	assert_int_equal(learning_init(&l, &architectures[ARCHITECTURE_X86_64]), 0);
	strace_reader_init(&reader, &l, NULL);
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		FILE *f = tmpfile();

		assert_non_null(f);
		assert_true(fputs(parts[i][1], f) >= 0 && fflush(f) == 0);
		rewind(f);
		assert_int_equal(strace_read(&reader, fileno(f), parts[i][0]), 0);
		(void)fclose(f);
	}
	assert_int_equal(strace_finish(&reader), 0);
	summary = rig_summary(&l);
	assert_string_equal(summary, "close=1 getpid=1 vfork=1 execve=1");
	assert_int_equal(l.n_starts, 1);
	assert_int_equal(l.n_processes, 2);
}

static char *repeat(const char *before, char c, size_t n, const char *after)
{
	size_t a = strlen(before), b = strlen(after);
	char *text = malloc(a + n + b + 1);

	assert_non_null(text);
	memcpy(text, before, a);
	memset(text + a, c, n);
	memcpy(text + a + n, after, b + 1);
	return text;
}

static void expect(const char *log, int result, const char *wanted, const char *problem)
{
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_free_ char *summary = NULL, *problems = NULL;

	assert_int_equal(learning_init(&l, &architectures[ARCHITECTURE_X86_64]), 0);
	assert_int_equal(rig_strace(&l, "log", log, 0), result);
	summary = rig_summary(&l);
	problems = rig_problems(&l);
	assert_string_equal(summary, wanted);
	if (problem)
		assert_non_null(strstr(problems, problem));
	else
		assert_string_equal(problems, "");
}

static void test_large(void **state)
{
	_cleanup_free_ char *line = repeat("write(1, \"", 'x', 10 << 20, "\", 1) = 1\ngetpid() = 1\n"),
			    *unknown = repeat("", 'x', 10 << 20, "\ngetpid() = 1\n"),
			    *endless = repeat("write(1, \"", 'x', LOG_LINE_MAX, "\", 1) = 1\n"),
			    *open = repeat("write(1, \"", '\\', 10 << 20, ""),
			    *deep = repeat("ioctl(3, ", '(', 1 << 20, "\n"),
			    *nested = repeat("writev(3, ", '[', SCAN_DEPTH_MAX + 1, "\n");

	expect(line, 0, "write=1 getpid=1", NULL);
	expect(unknown, 0, "getpid=1", NOT_STRACE);
	expect(endless, -EFBIG, "", NULL);
	expect(open, 0, "", UNBALANCED);
	expect(deep, 0, "", "1: brackets nested more than 64 deep");
	expect(nested, 0, "", "1: brackets nested more than 64 deep");
}

static void test_flood(void **state)
{
	_cleanup_(learning_done) struct learning l = {};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (unsigned i = 0; i < 100000; i++)
		(void)fputs("what is this?\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(learning_init(&l, NULL), 0);
	assert_int_equal(rig_strace(&l, "log", text, size), -E2BIG);
	assert_int_equal(l.n_problems, LEARN_PROBLEMS_MAX);
	assert_int_equal(l.n_lines, LEARN_PROBLEMS_MAX + 1);
	free(text);
}

/* A device without lines, and without an end. */
static void test_zeros(void **state)
{
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_(strace_reader_done) struct strace_reader reader = {};
	_cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC),
			    dir = open("/", O_RDONLY | O_CLOEXEC);

	assert_int_equal(learning_init(&l, NULL), 0);
	strace_reader_init(&reader, &l, NULL);
	assert_int_equal(strace_read(&reader, fd, "zero"), -EFBIG);
	assert_int_equal(strace_read(&reader, dir, "dir"), -EISDIR);
}

static void test_many_values(void **state)
{
	_cleanup_(learning_done) struct learning l = {};
	const struct learn_call *call;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (unsigned i = 0; i < LEARN_VALUES_MAX + 44; i++)
		(void)fprintf(f, "ioctl(3, 0x%x, 0) = 0\n", 5000 - i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(learning_init(&l, &architectures[ARCHITECTURE_X86_64]), 0);
	assert_int_equal(rig_strace(&l, "log", text, size), 0);
	call = learning_find(&l, 16);
	assert_non_null(call);
	assert_int_equal(call->n_values, LEARN_VALUES_MAX);
	assert_int_equal(call->dropped, 44);
	for (size_t i = 1; i < call->n_values; i++)
		assert_true(call->values[i - 1].value < call->values[i].value);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_many_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
