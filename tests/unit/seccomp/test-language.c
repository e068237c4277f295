/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The language, construct by construct: what is accepted and what it means, what is refused and in which
 * words. */

#include "../unit.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "messages.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"

#include <string.h>

#define ALLOW  SECCOMP_RET_ALLOW
#define KILL   SECCOMP_RET_KILL_PROCESS
#define ERR(n) (SECCOMP_RET_ERRNO | (n))

/* A policy, a call (number 900, so that no test depends on an architecture's table), and the verdict. */
struct good {
	const char *text;
	uint64_t arguments[3];
	uint32_t verdict;
};

static const struct good good[] = {
	/* what nothing is said about */
	{ "\n\n \t\n# only a comment", { 0 }, KILL },
	{ "\n\n \t\n# only a comment", { 0 }, KILL },
	{ "901: allow", { 0 }, KILL },
	{ "@default kill", { 0 }, KILL },
	/* actions */
	{ "900: 1", { 0 }, ALLOW },
	{ "900: allow", { 0 }, ALLOW },
	{ "900: kill", { 0 }, KILL },
	{ "900: kill-process", { 0 }, KILL },
	{ "900: kill-thread", { 0 }, SECCOMP_RET_KILL_THREAD },
	{ "900: trap", { 0 }, SECCOMP_RET_TRAP },
	{ "900: return 0", { 0 }, SECCOMP_RET_ERRNO },
	{ "900: log", { 0 }, SECCOMP_RET_LOG },
	{ "900: trace", { 0 }, SECCOMP_RET_TRACE },
	{ "900: user-notify", { 0 }, SECCOMP_RET_USER_NOTIF },
	{ "900: arg0 == 1; trace", { 1 }, SECCOMP_RET_TRACE },
	{ "900: 0x1", { 0 }, ALLOW },
	{ "900: return 1", { 0 }, ERR(1) },
	{ "900: return 4095", { 0 }, ERR(4095) },
	{ "900: return 0x26", { 0 }, ERR(38) },
	{ "900: return EPERM", { 0 }, ERR(1) },
	{ "900: return ENOSYS", { 0 }, ERR(38) },
	/* operators */
	{ "900: arg0 == 5", { 5 }, ALLOW },
	{ "900: arg0 == 5", { 5 | 1ULL << 32 }, KILL },
	{ "900: arg0 != 5", { 5 }, KILL },
	{ "900: arg0 != 5", { 5 | 1ULL << 63 }, ALLOW },
	{ "900: arg0 < 5", { 4 }, ALLOW },
	{ "900: arg0 < 5", { 5 }, KILL },
	{ "900: arg0 < 5", { 1ULL << 32 }, KILL },
	{ "900: arg0 < 0", { 0 }, KILL },
	{ "900: arg0 <= 5", { 5 }, ALLOW },
	{ "900: arg0 <= 5", { 6 }, KILL },
	{ "900: arg0 > 5", { 6 }, ALLOW },
	{ "900: arg0 > 5", { 5 }, KILL },
	{ "900: arg0 > 0x500000000", { 0x500000001 }, ALLOW },
	{ "900: arg0 > 0x500000000", { 0x4ffffffff }, KILL },
	{ "900: arg0 >= 5", { 5 }, ALLOW },
	{ "900: arg0 >= 5", { 4 }, KILL },
	{ "900: arg0 >= -1", { UINT64_MAX - 1 }, KILL },
	{ "900: arg0 >= 0", { 0 }, ALLOW },
	{ "900: arg0 & 6", { 4 }, ALLOW },
	{ "900: arg0 & 6", { 9 }, KILL },
	{ "900: arg0 & 0", { UINT64_MAX }, KILL },
	{ "900: arg0 & 0x100000000", { 1ULL << 32 }, ALLOW },
	{ "900: arg0 in 6", { 4 }, ALLOW },
	{ "900: arg0 in 6", { 0 }, ALLOW },
	{ "900: arg0 in 6", { 5 }, KILL },
	{ "900: arg0 in 6", { 4 | 1ULL << 40 }, KILL },
	{ "900: arg0 in ~0", { UINT64_MAX }, ALLOW },
	/* values */
	{ "900: arg0 == 010", { 8 }, ALLOW },
	{ "900: arg0 == 0XfF", { 255 }, ALLOW },
	{ "900: arg0 == 18446744073709551615", { UINT64_MAX }, ALLOW },
	{ "900: arg0 == -1", { UINT64_MAX }, ALLOW },
	{ "900: arg0 == -9223372036854775808", { 1ULL << 63 }, ALLOW },
	{ "900: arg0 == -0x10", { UINT64_MAX - 15 }, ALLOW },
	{ "900: arg0 == 1 | 2|4", { 7 }, ALLOW },
	{ "900: arg0 == ~1", { UINT64_MAX - 1 }, ALLOW },
	{ "900: arg0 == ~1 | 1", { UINT64_MAX }, ALLOW },
	{ "900: arg0 == ~(1 | 2)", { UINT64_MAX - 3 }, ALLOW },
	{ "900: arg0 == ~(~(1 | (2)) | 0)", { 3 }, ALLOW },
	{ "900: arg0 == ((((7))))", { 7 }, ALLOW },
	{ "900: arg0 == PROT_READ|PROT_WRITE", { 3 }, ALLOW },
	{ "900: arg0 == AT_FDCWD", { (uint64_t)-100 }, ALLOW },
	{ "900: arg0 in ~PROT_EXEC || arg0 in ~PROT_WRITE", { 6 }, KILL },
	{ "900: arg0 in ~PROT_EXEC || arg0 in ~PROT_WRITE", { 5 }, ALLOW },
	/* expressions */
	{ "900: arg0 == 1 && arg1 == 2", { 1, 2 }, ALLOW },
	{ "900: arg0 == 1 && arg1 == 2", { 1, 3 }, KILL },
	{ "900: arg0 == 1 || arg1 == 2", { 0, 2 }, ALLOW },
	{ "900: arg0 == 1 && arg1 == 2 || arg2 == 3", { 1, 0, 3 }, ALLOW },
	{ "900: arg0 == 1 || arg1 == 2 && arg2 == 3", { 0, 2, 0 }, KILL },
	{ "900: arg0 == 1 && arg0 == 2", { 1 }, KILL },
	{ "900: arg0 > 1 && arg0 < 5", { 3 }, ALLOW },
	{ "900: arg0 == 1 || arg0 == 0x100000002 || arg0 == 3", { 0x100000002 }, ALLOW },
	{ "900: arg0 == 1 || arg0 == 0x100000002 || arg0 == 3", { 2 }, KILL },
	/* the order: the first that applies decides */
	{ "900: arg0 == 1; return EPERM", { 1 }, ERR(1) },
	{ "900: arg0 == 1; return EPERM", { 2 }, KILL },
	{ "900: { arg0 == 1, return EPERM }", { 1 }, ALLOW },
	{ "900: { arg0 == 1, return EPERM }", { 2 }, ERR(1) },
	{ "900: { arg0 == 1; kill, arg0 < 5; trap, 1 }", { 1 }, KILL },
	{ "900: { arg0 == 1; kill, arg0 < 5; trap, 1 }", { 2 }, SECCOMP_RET_TRAP },
	{ "900: { arg0 == 1; kill, arg0 < 5; trap, 1 }", { 9 }, ALLOW },
	{ "900: arg0 == 1\n900: arg0 == 2; log\n900: return EPERM", { 2 }, SECCOMP_RET_LOG },
	{ "900: arg0 == 1\n900: arg0 == 2; log\n900: return EPERM", { 3 }, ERR(1) },
	{ "900: {1}", { 0 }, ALLOW },
	/* names */
	{ "{900}: 1", { 0 }, ALLOW },
	{ "{901, 900, 902}: arg0 == 1", { 1 }, ALLOW },
	{ "{read,write}: 1\n 0x384 : 1", { 0 }, ALLOW },
	{ "kill: 1\nmseal: 1\n900:1", { 0 }, ALLOW },
	/* the default */
	{ "@default return ENOSYS", { 0 }, ERR(38) },
	{ "900: arg0 == 1\n@default trap", { 0 }, SECCOMP_RET_TRAP },
	{ "@default trace", { 0 }, SECCOMP_RET_TRACE },
	{ "@default user-notify", { 0 }, SECCOMP_RET_USER_NOTIF },
	{ "@default kill-thread # so", { 0 }, SECCOMP_RET_KILL_THREAD },
	/* lines */
	{ "900: 1 # why", { 0 }, ALLOW },
	{ "900: 1# why", { 0 }, ALLOW },
	{ "900: \\\n 1", { 0 }, ALLOW },
	{ "900: arg0 == 1 \\\n || arg0 == \\\n\\\n 2", { 2 }, ALLOW },
	{ "# a comment \\\n900: 1", { 0 }, ALLOW },
	{ "900: arg0 == 1 || # the first \\\n arg0 == 2 # the second", { 2 }, ALLOW },
	{ "900: 1\r\n901: 1\r\n", { 0 }, ALLOW },
	{ "900: \\\r\n1\r\n", { 0 }, ALLOW },
	{ "# caf\xc3\xa9 \xff \x01\n900: 1", { 0 }, ALLOW },
	{ "900:arg0==1||arg1==2&&arg2==3;return EPERM", { 0, 2, 3 }, ERR(1) },
	{ "900: 1\n# ends in \\", { 0 }, ALLOW },
};

static void check_good(const struct good *g)
{
	struct seccomp_data data = { .nr = 900 };
	struct seccomp_result result;
	struct policy p;
	uint32_t verdict;

	policy_init(&p, architecture_native());
	data.arch = p.architecture->audit;
	memcpy(data.args, g->arguments, sizeof(g->arguments));
	if (seccomp_compile_text(g->text, strlen(g->text), -1, "p", NULL, &result) < 0)
		fail_msg("%s\nfor: %s", result.diagnostics[0].rendered, g->text);
	assert_int_equal(result.n_diagnostics, 0);
	assert_int_equal(filter_simulate(result.filter, result.n_filter, &data, &verdict), 0);
	if (verdict != g->verdict)
		fail_msg("0x%x instead of 0x%x for: %s", verdict, g->verdict, g->text);
	seccomp_result_done(&result);
}

static void test_good(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(good); i++)
		check_good(&good[i]);
	print_message("%zu policies accepted as they should be\n", ELEMENTSOF(good));
}

/* A policy and the first lines of its diagnostics (and their notes), joined by "|". */
struct bad {
	const char *text, *messages;
};

static const struct bad bad[] = {
	/* nothing at all */
	{ "", "p: error: the policy is empty; one that allows nothing says so: `@default kill-process`" },
	{ "\n\n \t\r\n",
		"p: error: the policy is empty; one that allows nothing says so: `@default kill-process`" },
	/* tokens */
	{ "900: $", "p(1:6): error: `$` has no meaning here" },
	{ "900: arg6 = 12ab && arg0 == FOOFOO; return 4096",
		"p(1:6): error: no argument of a system call: these are arg0 to arg5|"
		"p(1:11): error: `=` is no operator; write `==`|"
		"p(1:13): error: not a number|"
		"p(1:29): error: unknown constant `FOOFOO`|"
		"p(1:44): error: an error number is at most 4095" },
	{ "{4096, 0xg, raed}: frob",
		"p(1:2): error: `4096` is no number of a system call; they are 0 to 4095|"
		"p(1:8): error: not a number|"
		"p(1:13): error: unknown system call `raed`; did you mean `read`?|"
		"p(1:20): error: unknown action `frob`" },
	{ "900 = 1", "p(1:5): error: expected `:`, not `=`" },
	{ "900: 0x", "p(1:6): error: not a number" },
	{ "900: return 08", "p(1:13): error: not an octal number, which the leading 0 announces" },
	{ "900: arg0 = 1", "p(1:11): error: `=` is no operator; write `==`" },
	{ "900: !arg0", "p(1:6): error: `!` is no operator; there are `!=` and, in values, `~`" },
	{ "900: \x01", "p(1:6): error: a byte 0x01 can only stand in a comment" },
	{ "900: 1 \xc3\xa9", "p(1:8): error: a byte 0xc3 can only stand in a comment" },
	{ "900: 1\v", "p(1:7): error: a byte 0x0b can only stand in a comment" },
	{ "900:\r 1", "p(1:5): error: a byte 0x0d can only stand in a comment" },
	{ "900: \\ 1", "p(1:6): error: `\\` continues a line only as its very last character" },
	{ "900: 1 \\", "p(1:8): error: `\\` continues a line, but none follows" },
	{ "900: 1 \\\n", "p(1:8): error: `\\` continues a line, but none follows" },
	{ "900: arg0 == 08", "p(1:14): error: not an octal number, which the leading 0 announces" },
	{ "900: arg0 == 0x", "p(1:14): error: not a number" },
	{ "900: arg0 == 12ab", "p(1:14): error: not a number" },
	{ "900: arg0 == 0xfg", "p(1:14): error: not a number" },
	{ "900: arg0 == 1_000", "p(1:14): error: not a number" },
	{ "900: arg0 == 18446744073709551616", "p(1:14): error: the number does not fit into 64 bits" },
	{ "900: arg0 == 0x10000000000000000", "p(1:14): error: the number does not fit into 64 bits" },
	{ "900: arg0 == -9223372036854775809", "p(1:14): error: the number does not fit into 64 bits" },
	{ "900: arg0 == - 1", "p(1:14): error: `-` has no meaning here" },
	/* names */
	{ "raed: 1", "p(1:1): error: unknown system call `raed`; did you mean `read`?" },
	{ "fstatfss: 1", "p(1:1): error: unknown system call `fstatfss`; did you mean `fstatfs`?" },
	{ "msael: 1", "p(1:1): error: unknown system call `msael`; did you mean `mseal`?" },
	{ "qqqqqqqq: 1", "p(1:1): error: unknown system call `qqqqqqqq`" },
	{ "x: 1", "p(1:1): error: unknown system call `x`" },
	{ "READ: 1", "p(1:1): error: unknown system call `READ`; did you mean `read`?" },
	{ "4096: 1", "p(1:1): error: `4096` is no number of a system call; they are 0 to 4095" },
	{ "-1: 1", "p(1:1): error: `-1` is no number of a system call; they are 0 to 4095" },
	{ ": 1", "p(1:1): error: expected a system call's name, not `:`" },
	{ "{}: 1", "p(1:2): error: expected a system call's name, not `}`" },
	{ "{read,}: 1", "p(1:7): error: expected a system call's name, not `}`" },
	{ "{read write}: 1", "p(1:7): error: expected `,` or `}`, not `write`" },
	{ "{read: 1", "p(1:6): error: expected `,` or `}`, not `:`" },
	{ "{read", "p(1:1): error: this brace is not closed" },
	{ "{read, raed, wriet}: 1", "p(1:8): error: unknown system call `raed`; did you mean `read`?|"
				    "p(1:14): error: unknown system call `wriet`; did you mean `write`?" },
	{ "read", "p(1:5): error: expected `:`, but the line ends" },
	{ "read # 1", "p(1:9): error: expected `:`, but the line ends" },
	{ "read write: 1", "p(1:6): error: expected `:`, not `write`" },
	/* actions */
	{ "900:", "p(1:5): error: expected an action or a comparison, but the line ends" },
	{ "900: alow", "p(1:6): error: unknown action `alow`; did you mean `allow`?" },
	{ "900: returnfoo", "p(1:6): error: unknown action `returnfoo`; did you mean `return`?" },
	{ "900: frobnicate", "p(1:6): error: unknown action `frobnicate`" },
	{ "900: 2", "p(1:6): error: the only number that is an action is 1, which allows" },
	{ "900: 1 1", "p(1:8): error: expected the end of the line, not `1`" },
	{ "900: 1|", "p(1:7): error: expected the end of the line, not `|`" },
	{ "900: return", "p(1:12): error: expected an error such as EPERM, but the line ends" },
	{ "900: return 70000", "p(1:13): error: an error number is at most 4095" },
	{ "900: return -1", "p(1:13): error: an error number is at most 4095" },
	{ "900: return EPREM", "p(1:13): error: unknown error `EPREM`; did you mean `EPERM`?" },
	{ "900: return O_CREAT", "p(1:13): error: unknown error `O_CREAT`" },
	{ "900: returnEPERM", "p(1:6): error: unknown action `returnEPERM`; did you mean `return EPERM`?" },
	{ "900: return (1)", "p(1:13): error: expected an error such as EPERM, not `(`" },
	{ "900: arg0 == 1;", "p(1:16): error: expected an action, but the line ends" },
	{ "900: arg0 == 1; return 1; return 2", "p(1:25): error: expected the end of the line, not `;`" },
	/* expressions */
	{ "900: arg6 == 1", "p(1:6): error: no argument of a system call: these are arg0 to arg5" },
	{ "900: arg10 == 1", "p(1:6): error: no argument of a system call: these are arg0 to arg5" },
	{ "900: arg99999999999 == 1", "p(1:6): error: no argument of a system call: these are arg0 to arg5" },
	{ "900: arg == 1", "p(1:6): error: no argument of a system call: these are arg0 to arg5" },
	{ "900: arg0",
		"p(1:10): error: expected `==`, `!=`, `<`, `<=`, `>`, `>=`, `&` or `in`, but the line ends" },
	{ "900: arg0 1", "p(1:11): error: expected `==`, `!=`, `<`, `<=`, `>`, `>=`, `&` or `in`, not `1`" },
	{ "900: arg0 is 1",
		"p(1:11): error: expected `==`, `!=`, `<`, `<=`, `>`, `>=`, `&` or `in`, not `is`" },
	{ "900: arg0 ==",
		"p(1:13): error: expected a number, a constant's name, `~` or `(`, but the line ends" },
	{ "900: arg0 == 1|",
		"p(1:16): error: expected a number, a constant's name, `~` or `(`, but the line ends" },
	{ "900: arg0 == ~",
		"p(1:15): error: expected a number, a constant's name, `~` or `(`, but the line ends" },
	{ "900: arg0 == ~~1", "p(1:15): error: `~~` is nothing but a mistake" },
	{ "900: arg0 == ()", "p(1:15): error: expected a number, a constant's name, `~` or `(`, not `)`" },
	{ "900: arg0 == (1", "p(1:14): error: this parenthesis is not closed" },
	{ "900: arg0 == (1; 1", "p(1:14): error: this parenthesis is not closed" },
	{ "900: arg0 == 1)", "p(1:15): error: expected `&&`, `||`, `;` or the end of the line, not `)`" },
	{ "900: arg0 == arg1", "p(1:14): error: an argument can only stand left of an operator" },
	{ "900: arg0 == PROT_EXE", "p(1:14): error: unknown constant `PROT_EXE`; did you mean `PROT_EXEC`?" },
	{ "900: arg0 == NOSUCHTHING", "p(1:14): error: unknown constant `NOSUCHTHING`" },
	{ "900: arg0 == 1 &&", "p(1:18): error: expected an argument, arg0 to arg5, but the line ends" },
	{ "900: arg0 == 1 || 1", "p(1:19): error: expected an argument, arg0 to arg5, not `1`" },
	{ "900: arg0 == 1 && && arg0 == 1", "p(1:19): error: expected an argument, arg0 to arg5, not `&&`" },
	{ "900: arg0 == 1 arg1 == 1",
		"p(1:16): error: expected `&&`, `||`, `;` or the end of the line, not `arg1`" },
	{ "900: arg0 == 1, 1", "p(1:15): error: several rules stand in braces: `{ rule, rule }`" },
	/* braces */
	{ "900: {}", "p(1:7): error: expected an action or a comparison, not `}`" },
	{ "900: { arg0 == 1, }", "p(1:19): error: expected an action or a comparison, not `}`" },
	{ "900: { arg0 == 1", "p(1:6): error: this brace is not closed" },
	{ "900: { arg0 == 1 1", "p(1:18): error: expected `&&`, `||`, `;`, `,` or `}`, not `1`" },
	{ "900: { 1 } 1", "p(1:12): error: expected the end of the line, not `1`" },
	{ "900: { { 1 } }", "p(1:8): error: expected an action or a comparison, not `{`" },
	/* what contradicts itself */
	{ "900: 1\n900: kill",
		"p(2:6): error: `900` has an unconditional action already|p(1:6): note: here it is" },
	{ "900: 1\n900: arg0 == 1; kill",
		"p(2:6): error: never reached, because `900` has an unconditional action "
		"already|p(1:6): note: here it is" },
	{ "900: { arg0 == 1; return 5, 1 }\n900: kill",
		"p(2:6): error: `900` has an unconditional action already|p(1:29): note: here it is" },
	{ "900: arg0 == 1\n900: return 5\n900: arg0 == 2",
		"p(3:6): error: never reached, because `900` has an unconditional action "
		"already|p(2:6): note: here it is" },
	{ "900: { 1, kill }", "p(1:11): error: never reached, because the action before it is unconditional|"
			      "p(1:8): note: here it is" },
	{ "{read, write}: { arg0 == 1, 1, arg0 == 2 }",
		"p(1:32): error: never reached, because the action before it is unconditional|"
		"p(1:29): note: here it is" },
	{ "{900, 900}: 1",
		"p(1:13): error: `900` has an unconditional action already|p(1:13): note: here it is" },
	{ "{read, write}: 1\n\nwrite: 1", "p(3:8): error: `write` has an unconditional action already|"
					  "p(1:16): note: here it is" },
	/* directives */
	{ "@default", "p(1:9): error: expected an action, but the line ends" },
	{ "@default allow", "p(1:10): error: this default would let through all that is not listed" },
	{ "@default log", "p(1:10): error: this default would let through all that is not listed" },
	{ "@default: kill",
		"p(1:1): error: the directive is written `@default kill`, without a colon, and the "
		"group of that name `default@systemd`" },
	{ "@default[arch=arm]: 1", "p(1:1): error: the directive is written `@default kill`, without a "
				   "colon, and the group of that name `default@systemd`" },
	{ "@default kill 1", "p(1:15): error: expected the end of the line, not `1`" },
	{ "@default kill\n@default kill",
		"p(2:1): error: a second `@default`|p(1:1): note: the first is here" },
	{ "@frobnicate", "p(1:1): error: unknown directive or group of system calls `@frobnicate`" },
	{ "@defualt kill",
		"p(1:1): error: unknown directive or group of system calls `@defualt`; did you mean "
		"`@default`?" },
	{ "@inclued a: 1",
		"p(1:1): error: unknown directive or group of system calls `@inclued`; did you mean "
		"`@include`?" },
	{ "@frequency", "p(1:11): error: expected the path of a file of frequencies, but the line ends" },
	{ "@frequency a", "p(1:12): error: the file cannot be included from here" },
	{ "@include", "p(1:9): error: expected the path of a policy, but the line ends" },
	{ "@include a b", "p(1:12): error: expected the end of the line, not `b`" },
	{ "@include a#b", "p(1:11): error: a comment after a path needs a blank before it" },
	{ "@include a", "p(1:10): error: the file cannot be included from here" },
	{ "@include /a", "p(1:10): error: the file cannot be included from here" },
	/* all errors of a text come at once, and a line's error does not hide the next line's */
	{ "raed: 1\nread: 1\n900 1\n901: (\n",
		"p(1:1): error: unknown system call `raed`; did you mean "
		"`read`?|p(3:5): error: expected `:`, not `1`|"
		"p(4:6): error: there are no parentheses around comparisons; `&&` binds tighter than `||`" },
	{ "900: arg0 == \\\n  FOOFOO || arg0 == \\\n BARBAR\n901 1",
		"p(2:3): error: unknown constant `FOOFOO`|"
		"p(3:2): error: unknown constant `BARBAR`|"
		"p(4:5): error: expected `:`, not `1`" },
	{ "900: $ \\\n still 1 the same\n901 1",
		"p(1:6): error: `$` has no meaning here|p(3:5): error: expected `:`, not `1`" },
};

/* Returns whether it is refused in these words. */
static bool check_bad(const struct bad *b)
{
	_cleanup_free_ char *messages = NULL;
	struct seccomp_result result;
	int r = seccomp_compile_text(b->text, strlen(b->text), -1, "p", NULL, &result);

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

	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		wrong += !check_bad(&bad[i]);
	assert_int_equal(wrong, 0);
	print_message("%zu policies refused in the right words\n", ELEMENTSOF(bad));
}

/*
 * What the two compilers of Minijail 8d20993 take, as tried out with them, and what of it is taken here: all
 * that the one written in Python takes, but for what it reads otherwise than it looks.
 */
enum taken {
	BY_NONE = 0,
	BY_C = 1 << 0,
	BY_PYTHON = 1 << 1,
	BY_US = 1 << 2,
};

struct compared {
	const char *text;
	unsigned taken; /* of enum taken */
};

static const struct compared compared[] = {
	{ "read: 1", BY_C | BY_PYTHON | BY_US },
	{ "read: arg0 == 1 || arg1 in ~2 && arg2 != 3", BY_C | BY_PYTHON | BY_US },
	{ "read: arg0 == 1; return EPERM", BY_C | BY_PYTHON | BY_US },
	{ "read: return EPERM", BY_C | BY_PYTHON | BY_US },
	/* what mostly the richer dialect has */
	{ "read: 1 # comment", BY_PYTHON | BY_US },
	{ "read: allow", BY_PYTHON | BY_US },
	{ "read: kill", BY_PYTHON | BY_US },
	{ "read: trap", BY_PYTHON | BY_US },
	{ "read: trace", BY_PYTHON | BY_US },
	{ "read: log", BY_PYTHON | BY_US },
	{ "read: user-notify", BY_PYTHON | BY_US },
	{ "read: 0x1", BY_PYTHON | BY_US },
	{ "read: { arg0 == 1; kill, allow }", BY_PYTHON | BY_US },
	{ "{read, write}:1", BY_PYTHON | BY_US },
	{ "read[arch=x86_64]: 1", BY_PYTHON | BY_US },
	{ "@default kill-thread", BY_PYTHON | BY_US },
	{ "read: arg0==1", BY_PYTHON | BY_US },
	{ "read:arg0 in~1", BY_PYTHON | BY_US },
	{ "read: arg0 < 1 && arg0 >5||arg1==2", BY_PYTHON | BY_US },
	{ "read: arg0 == 1 | 2", BY_PYTHON | BY_US },
	{ "read: arg0 == ((1)|2)", BY_C | BY_PYTHON | BY_US },
	{ "read: arg0 == ~ 1", BY_PYTHON | BY_US },
	{ "read: return 0", BY_C | BY_PYTHON | BY_US },
	{ "read: arg0 == 1 ;return EPERM", BY_C | BY_PYTHON | BY_US },
	{ "\tread : 1\t", BY_C | BY_PYTHON | BY_US },
	{ "read:1\r\nwrite:1\r\n", BY_PYTHON | BY_US },
	{ "read: arg0 == 1\nread: arg0 == 2", BY_PYTHON | BY_US },
	/* what neither has */
	{ "0: 1", BY_US },
	{ "@default return EPERM", BY_US },
	{ "@default trace", BY_US },
	{ "{@swap, swap@systemd}: 1", BY_US },
	/* where they are lax */
	{ "read: arg0 == 1|", BY_C },
	{ "read: arg7 == 1", BY_C },
	{ "read: arg6 == 1", BY_C | BY_PYTHON },
	{ "read: return 70000", BY_C | BY_PYTHON },
	{ "read: return -1", BY_PYTHON },
	{ "read: return O_CREAT", BY_C | BY_PYTHON },
	{ "read: return", BY_C },
	{ "read: returnfoo", BY_C },
	{ "read: arg0 == 1; return 1; return 2", BY_C },
	{ "read: arg0 == 08", BY_PYTHON },
	{ "read: 1 \\", BY_C | BY_PYTHON },
	{ "read:\f1", BY_PYTHON },
	{ "@default kill\n@default trap", BY_PYTHON },
	{ "read[arch=mips]: 1", BY_PYTHON },
	{ "read[arch=x86_64,x86_64]: 1", BY_PYTHON },
	{ "read[arch=x86_64;os=linux]: 1", BY_PYTHON },
	{ "raed[arch=arm]: 1", BY_PYTHON },
	/* what we do not take, nor at least one of them */
	{ "read\n: 1", BY_NONE },
	{ "read: arg0 == 1;", BY_C },
	{ "read: {}", BY_NONE },
	{ "read: {1,}", BY_NONE },
	{ "{read,}: 1", BY_NONE },
	{ "read: arg0 & 1 & 2", BY_NONE },
	{ "read: arg0 == 5-3", BY_NONE },
	{ "read: arg0 == 1 || return 1", BY_NONE },
	{ "read: 1\nread: 1", BY_NONE },
	{ "@default log", BY_NONE },
};

static void test_minijail(void **state)
{
	const struct seccomp_options options = { .architecture = &architectures[ARCHITECTURE_X86_64] };
	struct seccomp_result result;

	for (size_t i = 0; i < ELEMENTSOF(compared); i++) {
		const struct compared *c = &compared[i];
		int r = seccomp_compile_text(c->text, strlen(c->text), -1, "p", &options, &result);

		if ((r == 0) != ((c->taken & BY_US) != 0))
			fail_msg("%s: %s", r == 0 ? "accepted" : result.diagnostics[0].rendered, c->text);
		seccomp_result_done(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_minijail),
	};

	return cmocka_run_group_tests_name("seccomp language", tests, NULL, NULL);
}
