/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What stands before the colon: architectures, numbers and groups, how what is said of a call is put
 * together, and deny lists.
 */

#include "../unit.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "messages.h"
#include "seccomp/loaded.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"
#include "seccomp/syscalls.h"

#include <string.h>

#define ALLOW  SECCOMP_RET_ALLOW
#define KILL   SECCOMP_RET_KILL_PROCESS
#define ERR(n) (SECCOMP_RET_ERRNO | (n))

#define DENYLIST SECCOMP_DENYLIST

#define X86_64  ARCHITECTURE_X86_64
#define I386    ARCHITECTURE_I386
#define X32     ARCHITECTURE_X32
#define ARM64   ARCHITECTURE_ARM64
#define ARM     ARCHITECTURE_ARM
#define RISCV64 ARCHITECTURE_RISCV64

/* A policy, a call on an architecture, and the verdict. */
struct good {
	const char *text;
	enum architecture_id architecture;
	const char *call; /* NULL: .number is one */
	uint32_t number;
	uint64_t argument;
	uint32_t verdict;
	unsigned flags;
};

static const struct good good[] = {
	/* the same name, other numbers */
	{ "read: 1", X86_64, NULL, 0, 0, ALLOW, 0 },
	{ "read: 1", I386, NULL, 3, 0, ALLOW, 0 },
	{ "read: 1", X32, NULL, 0x40000000, 0, ALLOW, 0 },
	{ "read: 1", X32, NULL, 0, 0, KILL, 0 },
	{ "read: 1", ARM64, NULL, 63, 0, ALLOW, 0 },
	{ "read: 1", ARM, NULL, 3, 0, ALLOW, 0 },
	{ "read: 1", RISCV64, NULL, 63, 0, ALLOW, 0 },
	/* numbers */
	{ "900: 1", X32, NULL, 0x40000000 + 900, 0, ALLOW, 0 },
	{ "0x40000384: 1", X32, NULL, 0x40000000 + 900, 0, ALLOW, 0 },
	{ "4095: 1", RISCV64, NULL, 4095, 0, ALLOW, 0 },
	{ "0xf0005: 1", ARM, NULL, 0xf0005, 0, ALLOW, 0 },
	{ "0xf0005[arch=arm]: 1\n900: 1", ARM64, NULL, 900, 0, ALLOW, 0 },
	/* statements for some architectures */
	{ "900[arch=x86_64]: 1", X86_64, NULL, 900, 0, ALLOW, 0 },
	{ "900[arch=x86_64]: 1", ARM, NULL, 900, 0, KILL, 0 },
	{ "900[ arch = arm , x86_64 ]: 1", X86_64, NULL, 900, 0, ALLOW, 0 },
	{ "900[arch=amd64,aarch64,x86]: 1", X86_64, NULL, 900, 0, ALLOW, 0 },
	{ "900[arch=amd64,aarch64,x86]: 1", ARM64, NULL, 900, 0, ALLOW, 0 },
	{ "900[arch=amd64,aarch64,x86]: 1", I386, NULL, 900, 0, ALLOW, 0 },
	{ "900[arch=amd64,aarch64,x86]: 1", RISCV64, NULL, 900, 0, KILL, 0 },
	{ "{900[arch=arm], 901}: 1", X86_64, NULL, 901, 0, ALLOW, 0 },
	{ "{900[arch=arm], 901}: 1", X86_64, NULL, 900, 0, KILL, 0 },
	{ "900[arch=arm]: kill\n900[arch=x86_64]: 1", X86_64, NULL, 900, 0, ALLOW, 0 },
	{ "open[arch=x86_64,i386,x32,arm]: 1\nopenat: 1", ARM64, "openat", 0, 0, ALLOW, 0 },
	{ "open[arch=x86_64,i386,x32,arm]: 1", ARM, "open", 0, 0, ALLOW, 0 },
	/* names of values are those of the statement's architectures */
	{ "900[arch=x86_64]: arg0 == ARCH_SET_FS\n901: 1", ARM64, NULL, 901, 0, ALLOW, 0 },
	{ "900[arch=x86_64]: arg0 == ARCH_SET_FS", X86_64, NULL, 900, 0x1002, ALLOW, 0 },
	{ "900[arch=x86_64]: arg0 == 0x100000000\n901: 1", ARM, NULL, 901, 0, ALLOW, 0 },
	/* words of 32 bits */
	{ "900: arg0 == -1", I386, NULL, 900, 0xffffffff, ALLOW, 0 },
	{ "900: arg0 == -1", I386, NULL, 900, 0x12345678ffffffff, ALLOW, 0 },
	{ "900: arg0 == 0xffffffff", I386, NULL, 900, UINT64_MAX, ALLOW, 0 },
	{ "900: arg0 == -2147483648", ARM, NULL, 900, 0x80000000, ALLOW, 0 },
	{ "900: arg0 == AT_FDCWD", ARM, NULL, 900, 0xffffff9c, ALLOW, 0 },
	{ "900: arg0 == ~1", ARM, NULL, 900, 0xfffffffe, ALLOW, 0 },
	{ "900: arg0 == ~(1 | ~3)", ARM, NULL, 900, 2, ALLOW, 0 },
	{ "900: arg0 > ~1", ARM, NULL, 900, 0xffffffff, ALLOW, 0 },
	{ "900: arg0 in 1", I386, NULL, 900, 0x7fffffff00000001, ALLOW, 0 },
	/* groups */
	{ "@swap: 1", X86_64, "swapon", 0, 0, ALLOW, 0 },
	{ "@swap: 1", X86_64, "read", 0, 0, KILL, 0 },
	{ "swap@systemd: 1", X86_64, "swapoff", 0, 0, ALLOW, 0 },
	{ "{@swap, read}: arg0 == 1", X86_64, "read", 0, 1, ALLOW, 0 },
	{ "{@swap, read}: arg0 == 1", X86_64, "swapon", 0, 2, KILL, 0 },
	{ "{@swap, @swap, swap@systemd}: 1", X86_64, "swapon", 0, 0, ALLOW, 0 },
	{ "@swap[arch=x86_64]: 1", X86_64, "swapon", 0, 0, ALLOW, 0 },
	{ "@swap[arch=x86_64]: 1", ARM64, "swapon", 0, 0, KILL, 0 },
	{ "@cpu-emulation[arch=i386]: 1", X86_64, "modify_ldt", 0, 0, KILL, 0 },
	{ "{@default}: return EPERM", X86_64, "brk", 0, 0, ERR(1), 0 },
	{ "default@systemd: return EPERM", X86_64, "brk", 0, 0, ERR(1), 0 },
	/* what is said by name takes the place of what groups say, whatever comes first */
	{ "@swap: 1\nswapon: arg0 == 1", X86_64, "swapon", 0, 1, ALLOW, 0 },
	{ "@swap: 1\nswapon: arg0 == 1", X86_64, "swapon", 0, 2, KILL, 0 },
	{ "@swap: 1\nswapon: arg0 == 1", X86_64, "swapoff", 0, 2, ALLOW, 0 },
	{ "swapon: arg0 == 1\n@swap: 1", X86_64, "swapon", 0, 2, KILL, 0 },
	{ "swapon: arg0 == 1\n@swap: 1\nswapon: arg0 == 3", X86_64, "swapon", 0, 3, ALLOW, 0 },
	{ "{@swap, swapon}: 1", X86_64, "swapon", 0, 0, ALLOW, 0 },
	{ "@swap: 1\nswapon: return EPERM", X86_64, "swapon", 0, 0, ERR(1), 0 },
	{ "@swap: arg0 == 1\nswapon: arg0 == 2", X86_64, "swapon", 0, 1, KILL, 0 },
	{ "@swap: 1\nswapon[arch=arm]: arg0 == 1", X86_64, "swapon", 0, 2, ALLOW, 0 },
	/* groups among themselves are joined in order, and may agree */
	{ "@swap: arg0 == 1\n@swap: arg0 == 2; kill\n@swap: return EPERM", X86_64, "swapon", 0, 1, ALLOW, 0 },
	{ "@swap: arg0 == 1\n@swap: arg0 == 2; kill\n@swap: return EPERM", X86_64, "swapon", 0, 2, KILL, 0 },
	{ "@swap: arg0 == 1\n@swap: arg0 == 2; kill\n@swap: return EPERM", X86_64, "swapon", 0, 3, ERR(1),
		0 },
	{ "@swap: 1\n@privileged: 1\n@swap: allow", X86_64, "swapon", 0, 0, ALLOW, 0 },
	{ "{@swap, @privileged}: { arg0 == 1; return EPERM, 1 }", X86_64, "swapon", 0, 1, ERR(1), 0 },
	{ "@process: 1\n@timer: return EPERM\ntimes: arg0 == 0", X86_64, "times", 0, 0, ALLOW, 0 },
	{ "@process: 1\n@timer: return EPERM\ntimes: arg0 == 0", X86_64, "times", 0, 1, KILL, 0 },
	/* deny lists */
	{ "@denylist\n900: return EPERM", X86_64, NULL, 900, 0, ERR(1), DENYLIST },
	{ "# all but\n\n@denylist # this\n900: return EPERM", X86_64, NULL, 901, 0, ALLOW, DENYLIST },
	{ "@denylist\n900: arg0 == 1; return EPERM", X86_64, NULL, 900, 1, ERR(1), DENYLIST },
	{ "@denylist\n900: arg0 == 1; return EPERM", X86_64, NULL, 900, 2, ALLOW, DENYLIST },
	{ "@denylist\n@swap: return EPERM", X86_64, "swapon", 0, 0, ERR(1), DENYLIST },
	/* where to name a call takes nothing back */
	{ "@denylist\n@swap: return EPERM\nswapon: arg0 == 1; return ENOENT", X86_64, "swapon", 0, 1, ERR(2),
		DENYLIST },
	{ "@denylist\n@swap: return EPERM\nswapon: arg0 == 1; return ENOENT", X86_64, "swapon", 0, 2, ERR(1),
		DENYLIST },
	{ "@denylist\nswapon: return ENOENT\n@swap: return EPERM", X86_64, "swapon", 0, 2, ERR(2), DENYLIST },
	{ "@denylist\n@swap: arg0 == 1; return 1\n@swap: arg0 == 2; return 2\n@swap: return 3", X86_64,
		"swapon", 0, 2, ERR(2), DENYLIST },
	{ "@denylist", X86_64, NULL, 0x40000000, 0, KILL, DENYLIST },
	{ "900: 1", X86_64, NULL, 901, 0, KILL, DENYLIST },
};

static void check_good(const struct good *g)
{
	const struct seccomp_options options = { .architecture = &architectures[g->architecture],
		.flags = g->flags | SECCOMP_KEEP };
	struct seccomp_data data = { .arch = options.architecture->audit, .args = { g->argument } };
	struct seccomp_result result;
	uint32_t number = g->number, verdict;

	if (g->call)
		assert_int_equal(syscall_lookup(options.architecture, g->call, strlen(g->call), &number), 0);
	data.nr = (int)number;
	if (seccomp_compile_text(g->text, strlen(g->text), -1, "p", &options, &result) < 0)
		fail_msg("%s\nfor: %s", result.diagnostics[0].rendered, g->text);
	assert_int_equal(filter_simulate(result.filter, result.n_filter, &data, &verdict), 0);
	if (verdict != g->verdict)
		fail_msg("0x%x instead of 0x%x on %s for: %s", verdict, g->verdict,
			options.architecture->name, g->text);
	assert_int_equal(policy_evaluate(&result.loaded->policy, &data), verdict);
	seccomp_result_done(&result);
}

static void test_good(void **state)
{
	for (size_t i = 0; i < ELEMENTS(good); i++)
		check_good(&good[i]);
	print_message("%zu policies accepted as they should be\n", ELEMENTS(good));
}

/* A policy and what is said about it. */
struct bad {
	const char *text;
	enum architecture_id architecture;
	unsigned flags;
	const char *messages;
};

static const struct bad bad[] = {
	/* names of other architectures */
	{ "open: 1", ARM64, 0,
		"p(1:1): error: `open` is no system call of arm64; if it is meant for those that have it, "
		"write `open[arch=x86_64,i386,x32,arm]`" },
	{ "{read, _llseek}: 1", X86_64, 0,
		"p(1:8): error: `_llseek` is no system call of x86_64; if it is meant for those that have "
		"it, "
		"write `_llseek[arch=i386,arm]`" },
	{ "open[arch=x86_64,arm64]: 1", X86_64, 0,
		"p(1:1): error: `open` is no system call of arm64; if it is meant for those that have it, "
		"write `open[arch=x86_64,i386,x32,arm]`" },
	{ "open[arch=arm64]: 1", X86_64, 0,
		"p(1:1): error: `open` is no system call of arm64; if it is meant for those that have it, "
		"write `open[arch=x86_64,i386,x32,arm]`" },
	{ "raed[arch=arm64]: 1", X86_64, 0,
		"p(1:1): error: unknown system call `raed`; did you mean `read`?" },
	/* a statement that is not for us is read all the same */
	{ "read[arch=arm]: arg0 == PROT_EXE; kil", X86_64, 0,
		"p(1:25): error: unknown constant `PROT_EXE`; did you mean `PROT_EXEC`?|"
		"p(1:35): error: unknown action `kil`; did you mean `kill`?" },
	{ "read[arch=arm]: 1 1", X86_64, 0, "p(1:19): error: expected the end of the line, not `1`" },
	{ "read[arch=arm]: arg0 == 0x100000000", X86_64, 0,
		"p(1:25): error: `0x100000000` does not fit into 32 bits, which is what arguments have on "
		"arm" },
	{ "900[arch=x86_64]: arg0 == ARCH_SET_FS\n901: arg0 == ARCH_SET_FS", ARM64, 0,
		"p(2:14): error: `ARCH_SET_FS` is no constant of arm64; put rules with it into a statement "
		"with [arch=x86_64,i386,x32]" },
	/* attributes */
	{ "read[arch=mips, x86_46]: 1", X86_64, 0,
		"p(1:11): error: unknown architecture `mips`|"
		"p(1:17): error: unknown architecture `x86_46`; did you mean `x86_64`?" },
	{ "read[arhc=arm]: 1", X86_64, 0, "p(1:6): error: unknown attribute `arhc`; did you mean `arch`?" },
	{ "read[arch=arm;os=linux,bsd]: 1", X86_64, 0, "p(1:15): error: unknown attribute `os`" },
	{ "read[arch=arm;arch=x86_64]: 1", X86_64, 0,
		"p(1:15): error: `arch` stands here already; one list has all architectures" },
	{ "read[arch=x86_64,amd64]: 1", X86_64, 0, "p(1:18): error: x86_64 stands in this list already" },
	{ "read[]: 1", X86_64, 0, "p(1:6): error: expected an attribute, `arch=...`, not `]`" },
	{ "read[arch]: 1", X86_64, 0, "p(1:10): error: expected `=`, not `]`" },
	{ "read[arch==arm]: 1", X86_64, 0, "p(1:10): error: expected `=`, not `==`" },
	{ "read[arch=]: 1", X86_64, 0, "p(1:11): error: expected the name of an architecture, not `]`" },
	{ "read[arch=arm,]: 1", X86_64, 0, "p(1:15): error: expected the name of an architecture, not `]`" },
	{ "read[arch=64]: 1", X86_64, 0, "p(1:11): error: expected the name of an architecture, not `64`" },
	{ "read[arch=arm: 1", X86_64, 0, "p(1:14): error: expected `,` or `]`, not `:`" },
	{ "read[arch=arm", X86_64, 0, "p(1:5): error: this bracket is not closed" },
	{ "read[arch=arm][arch=arm]: 1", X86_64, 0, "p(1:15): error: expected `:`, not `[`" },
	{ "{read}[arch=arm]: 1", X86_64, 0, "p(1:7): error: expected `:`, not `[`" },
	/* numbers */
	{ "0x40000384: 1", X86_64, 0,
		"p(1:1): error: `0x40000384` is no number of a system call; they are 0 to 4095" },
	{ "4096: 1", X32, 0, "p(1:1): error: `4096` is no number of a system call; they are 0 to 4095" },
	{ "0xf0005: 1", X86_64, 0,
		"p(1:1): error: `0xf0005` is no number of a system call; they are 0 to 4095" },
	{ "4294967296: 1", X86_64, 0,
		"p(1:1): error: `4294967296` is no number of a system call; they are 0 to 4095" },
	/* words of 32 bits */
	{ "900: arg0 == 0x100000000 | -2147483649", I386, 0,
		"p(1:14): error: `0x100000000` does not fit into 32 bits, which is what arguments have on "
		"i386|p(1:28): error: `-2147483649` does not fit into 32 bits, which is what arguments have "
		"on i386" },
	{ "900: arg0 == 0xffffffffffffffff", ARM, 0,
		"p(1:14): error: `0xffffffffffffffff` does not fit into 32 bits, which is what arguments "
		"have "
		"on arm" },
	/* groups */
	{ "@sawp: 1", X86_64, 0,
		"p(1:1): error: unknown directive or group of system calls `@sawp`; did you mean `@swap`?" },
	{ "{read, @sawp}: 1", X86_64, 0,
		"p(1:8): error: unknown group of system calls `@sawp`; did you mean `@swap`?" },
	{ "sawp@systemd: 1", X86_64, 0,
		"p(1:1): error: unknown group of system calls `sawp@systemd`; did you mean `@swap`?" },
	{ "swap@libc: 1", X86_64, 0,
		"p(1:1): error: no groups of system calls are called `@libc`: there are those of "
		"`@systemd`" },
	{ "swap@sytemd: 1", X86_64, 0,
		"p(1:1): error: no groups of system calls are called `@sytemd`: there are those of "
		"`@systemd`; did you mean `systemd`?" },
	{ "@: 1", X86_64, 0, "p(1:1): error: a group of system calls is written `@name` or `name@systemd`" },
	{ "swap@: 1", X86_64, 0,
		"p(1:1): error: a group of system calls is written `@name` or `name@systemd`" },
	{ "@swap@systemd: 1", X86_64, 0,
		"p(1:1): error: a group of system calls is written `@name` or `name@systemd`" },
	{ "@cpu-emulation: 1", ARM64, 0,
		"p(1:1): error: arm64 has no system call of `@cpu-emulation`; if it is meant for those that "
		"have some, write `@cpu-emulation[arch=x86_64,i386,x32]`" },
	{ "@cpu-emulation[arch=arm64]: 1", X86_64, 0,
		"p(1:1): error: arm64 has no system call of `@cpu-emulation`; if it is meant for those that "
		"have some, write `@cpu-emulation[arch=x86_64,i386,x32]`" },
	{ "@process: 1\n@timer: return EPERM", X86_64, 0,
		"p(2:9): error: `times` has an unconditional action through another group already; a "
		"statement with its name would settle it|p(1:11): note: here it is" },
	{ "@swap: 1\n@privileged: arg0 == 1; kill", X86_64, 0,
		"p(2:14): error: `swapoff` and 1 more have an unconditional action through another group "
		"already; statements with their names would settle it|p(1:8): note: here it is" },
	{ "@swap: 1\n@privileged: { arg0 == 1, kill }", X86_64, 0,
		"p(2:16): error: `swapoff` and 1 more have an unconditional action through another group "
		"already; statements with their names would settle it|p(1:8): note: here it is" },
	{ "@swap: 1\n{ @privileged, @swap }: kill", X86_64, 0,
		"p(2:25): error: `swapoff` and 1 more have an unconditional action through another group "
		"already; statements with their names would settle it|p(1:8): note: here it is" },
	{ "@swap: 1\n@swap: kill\nswapoff: 1\nraed: 1", X86_64, 0,
		"p(4:1): error: unknown system call `raed`; did you mean `read`?|"
		"p(2:8): error: `swapon` has an unconditional action through another group already; a "
		"statement with its name would settle it|p(1:8): note: here it is" },
	{ "@swap: { 1, kill }", X86_64, 0,
		"p(1:13): error: never reached, because the action before it is unconditional|"
		"p(1:10): note: here it is" },
	{ "read[arch=arm]: { 1, kill }", X86_64, 0,
		"p(1:22): error: never reached, because the action before it is unconditional|"
		"p(1:19): note: here it is" },
	/* deny lists */
	{ "@denylist\n900: return EPERM", X86_64, 0,
		"p(1:1): error: a deny list would let through every system call that nobody thought of; list "
		"those that are allowed" },
	{ "@denylist\n@swap: return EPERM\n@privileged: return ENOENT\nswapon: arg0 == 1; return 3\n"
	  "swapoff: return 1",
		X86_64, DENYLIST,
		"p(3:14): error: `swapon` has an unconditional action through another group already; a "
		"statement with its name would settle it|p(2:8): note: here it is" },
	{ "@denylist 1", X86_64, DENYLIST, "p(1:11): error: expected the end of the line, not `1`" },
	{ "900: return EPERM\n@denylist", X86_64, DENYLIST,
		"p(2:1): error: `@denylist` must stand before everything else in its file" },
	{ "@default kill\n@denylist", X86_64, DENYLIST,
		"p(2:1): error: `@denylist` must stand before everything else in its file" },
	{ "@denylist\n@denylist", X86_64, DENYLIST, "p(2:1): error: a second `@denylist`" },
	{ "@denylist\n@default kill", X86_64, DENYLIST,
		"p(2:1): error: a deny list allows what it does not name: it has no other default" },
	{ "@denylist\n900: kill\n901: arg0 == 1\n902: { arg0 == 1; return 1, allow }", X86_64, DENYLIST,
		"p(2:6): error: in a deny list each rule must `return` an error|"
		"p(3:6): error: in a deny list each rule must `return` an error|"
		"p(4:29): error: in a deny list each rule must `return` an error" },
};

/* Returns whether it is refused in these words. */
static bool check_bad(const struct bad *b)
{
	const struct seccomp_options options = { .architecture = &architectures[b->architecture],
		.flags = b->flags };
	_cleanup_free_ char *messages = NULL;
	struct seccomp_result result;
	int r = seccomp_compile_text(b->text, strlen(b->text), -1, "p", &options, &result);

	messages = messages_of(&result);
	assert_true((result.filter != NULL) == (r == 0));
	seccomp_result_done(&result);
	if (r == -EBADMSG && strcmp(messages, b->messages) == 0)
		return true;
	print_error("for:        %s\nexpected:   %s\nbut it says %s\n", b->text, b->messages, messages);
	return false;
}

static void test_bad(void **state)
{
	size_t wrong = 0;

	for (size_t i = 0; i < ELEMENTS(bad); i++)
		wrong += !check_bad(&bad[i]);
	assert_int_equal(wrong, 0);
	print_message("%zu policies refused in the right words\n", ELEMENTS(bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("seccomp names", tests, NULL, NULL);
}
