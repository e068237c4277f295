/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Audit records in the forms of auditd, the kernel's log and the journal, and text that only looks like one.
 */

#include "rig.h"

#include <stdlib.h>

#define ID      "msg=audit(1700000000.123:45): "
#define CALLER  "pid=7 comm=\"cat\" exe=\"/bin/cat\" "
#define SECCOMP "auid=1000 uid=1000 gid=1000 ses=3 subj=unconfined " CALLER "sig=0 arch=c000003e "
#define REST    "compat=0 ip=0x7f2be27f4000 code=0x7ffc0000\n"
#define SYSCALL "success=yes exit=0 a0=3 a1=5401 a2=7ffd a3=0 items=0 ppid=1 " CALLER "key=(null)\n"
#define INVALID "a record without a valid arch= and syscall="

static const struct rig_case cases[] = {
	{ "auditd's", "type=SECCOMP " ID SECCOMP "syscall=0 " REST, "read=1" },
	{ "by number", "type=1326 " ID SECCOMP "syscall=0 " REST, "read=1" },
	{ "of a node", "node=host.example type=SECCOMP " ID SECCOMP "syscall=0 " REST, "read=1" },
	{ "enriched",
		"type=SECCOMP " ID SECCOMP "syscall=0 compat=0 code=0x7ffc0000\x1d"
		"ARCH=x86_64 SYSCALL=read AUID=\"joe\" syscall=1\n",
		"read=1" },
	{ "the kernel's log",
		"[  123.456789] audit: type=1326 audit(1700000000.123:45): " SECCOMP "syscall=1 " REST,
		"write=1" },
	{ "dmesg -T",
		"[Sun Nov 22 08:56:22 2026] audit: type=1326 audit(1700000000.123:45): " SECCOMP
		"syscall=1 " REST,
		"write=1" },
	{ "dmesg -x",
		"kern  :notice: [  123.456789] audit: type=1326 audit(1700000000.123:45): " SECCOMP
		"syscall=1 " REST,
		"write=1" },
	{ "dmesg -r", "<5>[  123.456789] audit: type=1326 audit(1.1:45): " SECCOMP "syscall=1 " REST,
		"write=1" },
	{ "without a time", "audit: type=1326 audit(1700000000.123:45): " SECCOMP "syscall=1 " REST,
		"write=1" },
	{ "syslog",
		"Nov 22 08:56:22 host kernel: [  123.456789] audit: type=1326 audit(1.1:45): " SECCOMP
		"syscall=1 " REST,
		"write=1" },
	{ "the journal's copy of the kernel's log",
		"Nov 22 08:56:22 host kernel: audit: type=1326 audit(1.1:45): " SECCOMP "syscall=1 " REST,
		"write=1" },
	{ "the journal's own", "Nov 22 08:56:22 host audit[123]: SECCOMP " SECCOMP "syscall=1 " REST,
		"write=1" },
	{ "the journal's own, without a pid",
		"Nov 22 08:56:22 host audit: SECCOMP " SECCOMP "syscall=1 " REST, "write=1" },
	{ "with a time of ISO 8601",
		"2026-11-22T08:56:22+0000 host audit[123]: SYSCALL arch=c000003e syscall=16 " SYSCALL,
		"ioctl=1{5401:1}" },
	{ "carriage returns", "type=SECCOMP " ID SECCOMP "syscall=0\r\n", "read=1" },

	{ "arguments", "type=SYSCALL " ID "arch=c000003e syscall=16 " SYSCALL, "ioctl=1{5401:1}" },
	{ "by number, with arguments", "type=1300 " ID "arch=c000003e syscall=16 " SYSCALL,
		"ioctl=1{5401:1}" },
	{ "with a personality", "type=SYSCALL " ID "arch=c000003e syscall=16 per=8 " SYSCALL,
		"ioctl=1{5401:1}" },
	{ "without arguments", "type=SECCOMP " ID SECCOMP "syscall=16 " REST, "ioctl=1?1" },
	{ "arguments of 64 bits",
		"type=SYSCALL " ID
		"arch=c000003e syscall=16 success=no exit=-25 a0=3 a1=ffffffff80045430 a2=0\n",
		"ioctl=1{ffffffff80045430:1}" },
	{ "an argument that is none", "type=SYSCALL " ID "arch=c000003e syscall=16 a0=3 a1=zebra\n",
		"ioctl=1?1" },
	{ "an argument that is not recorded", "type=SYSCALL " ID "arch=c000003e syscall=322 " SYSCALL,
		"execveat=1?1" },
	{ "clone3", "type=SYSCALL " ID "arch=c000003e syscall=435 " SYSCALL, "clone3=1?1" },
	{ "both records of an event",
		"type=SECCOMP " ID SECCOMP "syscall=16 " REST "type=SYSCALL " ID
		"arch=c000003e syscall=16 " SYSCALL,
		"ioctl=1{5401:1}" },
	{ "both, the other way",
		"type=SYSCALL " ID "arch=c000003e syscall=16 " SYSCALL "type=SECCOMP " ID SECCOMP
		"syscall=16 " REST,
		"ioctl=1{5401:1}" },
	{ "two events",
		"type=SYSCALL " ID "arch=c000003e syscall=16 " SYSCALL
		"type=SYSCALL msg=audit(1700000000.123:46): arch=c000003e syscall=16 " SYSCALL,
		"ioctl=2{5401:2}" },
	{ "without ids",
		"audit: SECCOMP " SECCOMP "syscall=0 " REST "audit: SECCOMP " SECCOMP "syscall=0 " REST,
		"read=2" },
	{ "a number without a name", "type=SECCOMP " ID SECCOMP "syscall=4000 " REST, "4000=1" },
	{ "arm64", "type=SYSCALL " ID "arch=c00000b7 syscall=29 " SYSCALL, "ioctl=1{5401:1}", NULL,
		ARCHITECTURE_ARM64 },
	{ "i386",
		"type=SYSCALL " ID "arch=40000003 syscall=54 a0=3 a1=ffffffff80045430\n"
		"type=SYSCALL msg=audit(1:2): arch=40000003 syscall=102 " SYSCALL,
		"ioctl=1{80045430:1} socketcall=1{3:1}", NULL, ARCHITECTURE_I386 },
	{ "x32 is not x86-64", "type=SECCOMP " ID SECCOMP "syscall=1073741824 " REST, "" },
	{ "x86-64 is not x32", "type=SECCOMP " ID SECCOMP "syscall=0 " REST, "", NULL, ARCHITECTURE_X32 },
	{ "x32", "type=SECCOMP " ID SECCOMP "syscall=1073741824 " REST, "read=1", NULL, ARCHITECTURE_X32 },
	{ "another architecture", "type=SECCOMP " ID "arch=40000003 syscall=3 " REST, "" },

	{ "a name in hexadecimal", "type=SECCOMP " ID "comm=612062 exe=\"/x\" arch=c000003e syscall=0\n",
		"read=1" },
	{ "the first of two fields counts", "type=SECCOMP " ID "arch=c000003e syscall=0 syscall=1\n",
		"read=1" },
	{ "a field in a name", "type=SECCOMP " ID "comm=\"syscall=59\" arch=c000003e syscall=0\n", "read=1" },
	{ "fields without a value", "type=SECCOMP " ID "x subj=a (enforce) arch=c000003e = syscall=0\n",
		"read=1" },

	{ "other records",
		"type=PATH " ID "item=0 name=\"/x\"\ntype=PROCTITLE " ID "proctitle=6C73\n"
		"type=USER_CMD " ID "msg='cwd=\"/\" syscall=1'\ntype=1327 audit(1:2): proctitle=00\n",
		"" },
	{ "other lines", "Nov 22 08:56:22 host cron[1]: (root) CMD (x)\n\n-- Boot 123 --\nrandom\n", "" },
	{ "a program's text",
		"Nov 22 08:56:22 host evil[7]: audit: type=1326 audit(1.1:45): " SECCOMP "syscall=59 " REST,
		"" },
	{ "a program's text with a time",
		"Nov 22 08:56:22 host evil: kernel: [ 1.2] audit: type=1326 audit(1.1:45): " SECCOMP
		"syscall=59 " REST,
		"" },
	{ "another part of the kernel",
		"[  1.2] evil: audit: type=1326 audit(1.1:45): " SECCOMP "syscall=59 " REST, "" },

	{ "no number", "type=SECCOMP " ID SECCOMP REST, "", "1: " INVALID },
	{ "no architecture", "type=SECCOMP " ID "syscall=0\n", "", "1: " INVALID },
	{ "a number that is none", "type=SECCOMP " ID SECCOMP "syscall=read\n", "", "1: " INVALID },
	{ "a number too large", "type=SECCOMP " ID SECCOMP "syscall=4294967296\n", "", "1: " INVALID },
	{ "an octal number", "type=SECCOMP " ID SECCOMP "syscall=010\n", "", "1: " INVALID },
	{ "a number past all", "type=SECCOMP " ID SECCOMP "syscall=5000\n", "",
		"1: x86_64 has no system call 5000" },
	{ "cut", "type=SECCOMP " ID "arch=c0", "", "1: " INVALID },
	{ "cut in a quoted value", "type=SECCOMP " ID "comm=\"ca", "", "1: " INVALID },
	{ "a NUL", "type=SECCOMP \0", "", "1: a NUL byte", 0, 14 },
	{ "nothing", "", "" },
};

static void test_cases(void **state)
{
	unsigned bad = 0;

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		const struct rig_case *c = &cases[i];
		_cleanup_(learning_done) struct learning l = {};
		_cleanup_free_ char *summary = NULL, *problems = NULL;
		const char *wanted = c->problems ? c->problems : "";

		assert_int_equal(learning_init(&l, &architectures[c->architecture]), 0);
		assert_int_equal(rig_audit(&l, NULL, c->log, c->size), 0);
		summary = rig_summary(&l);
		problems = rig_problems(&l);
		if (strcmp(summary, c->summary) == 0 && strncmp(problems, wanted, strlen(wanted)) == 0 &&
			(*wanted || !*problems))
			continue;
		print_error("%s:\n%s  learnt: %s\n  wanted: %s\n  problems: %s\n", c->what, c->log, summary,
			c->summary, problems);
		bad++;
	}
	print_message("%zu forms of records\n", ELEMENTSOF(cases));
	assert_int_equal(bad, 0);
}

static void expect(const struct audit_options *options, const char *wanted, uint64_t others)
{
	static const char log[] =
		"type=SECCOMP msg=audit(1:1): pid=1 comm=\"cat\" exe=\"/bin/cat\" arch=c000003e syscall=0\n"
		"type=SECCOMP msg=audit(1:2): pid=2 comm=\"cat\" exe=\"/tmp/cat\" arch=c000003e syscall=1\n"
		"type=SECCOMP msg=audit(1:3): pid=3 comm=6120636174 exe=2F746D702F6120622F63 arch=c000003e "
		"syscall=2\n"
		"type=SECCOMP msg=audit(1:4): pid=3 comm=\"a-very-long-nam\" exe=(null) arch=c000003e "
		"syscall=3\n";
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_free_ char *summary = NULL;

	assert_int_equal(learning_init(&l, &architectures[ARCHITECTURE_X86_64]), 0);
	assert_int_equal(rig_audit(&l, options, log, 0), 0);
	summary = rig_summary(&l);
	assert_string_equal(summary, wanted);
	assert_int_equal(l.n_others, others);
	assert_int_equal(l.n_problems, 0);
}

static void test_filters(void **state)
{
	expect(NULL, "read=1 write=1 open=1 close=1", 0);
	expect(&(struct audit_options){ .comm = "cat" }, "read=1 write=1", 2);
	expect(&(struct audit_options){ .comm = "a cat" }, "open=1", 3);
	expect(&(struct audit_options){ .comm = "a-very-long-name" }, "close=1", 3);
	expect(&(struct audit_options){ .comm = "ca" }, "", 4);
	expect(&(struct audit_options){ .exe = "/bin/cat" }, "read=1", 3);
	expect(&(struct audit_options){ .exe = "/tmp/a b/c" }, "open=1", 3);
	expect(&(struct audit_options){ .comm = "cat", .exe = "/tmp/cat" }, "write=1", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
