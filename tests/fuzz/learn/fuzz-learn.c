/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any text as a log of strace or of the audit subsystem: whatever is learnt from it makes a policy that
 * compiles, permits what was seen, and nothing that was not. What is wrong is said in a way that is fit to
 * print. The first byte says which of both it is, and for which architecture.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/utf8.h"
#include "learn/audit.h"
#include "learn/strace.h"
#include "learn/tracked.h"
#include "learn/write.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"
#include "seccomp/syscalls.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Reused: a new one for each input takes longer than the rest. */
static int log_fd(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("log", MFD_CLOEXEC);
	require(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	require(write_full(fd, data, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void read_log(struct learning *l, bool audit, const uint8_t *data, size_t size)
{
	_cleanup_(strace_reader_done) struct strace_reader strace = {};
	_cleanup_(audit_reader_done) struct audit_reader records = {};
	int fd = log_fd(data, size), r;

	strace_reader_init(&strace, l, NULL);
	audit_reader_init(&records, l, NULL);
	r = audit ? audit_read(&records, fd, "log") : strace_read(&strace, fd, "log.7");
	require(r == 0 || r == -E2BIG || r == -EFBIG);
	require(strace_finish(&strace) == 0);
}

static void check_problems(const struct learning *l)
{
	for (size_t i = 0; i < l->n_problems; i++) {
		const char *text = l->problems[i].text;

		require(utf8_valid_prefix(text, strlen(text)) == strlen(text));
		for (; *text; text++)
			require((unsigned char)*text >= 0x20 && *text != 0x7f);
	}
}

static char *make_policy(const struct learning *l, const struct learn_write_options *o, size_t *ret_size)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_size);

	require(f && learn_write_policy(l, o, f) == 0 && fclose(f) == 0);
	return text;
}

static bool documented(const char *name)
{
	static const char *const names[] = { "execveat", "exit", "exit_group", "restart_syscall",
		"rt_sigreturn", "sigreturn" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool permits(const struct learning *l, const struct seccomp_result *p, uint32_t number,
	unsigned argument, uint64_t value)
{
	struct seccomp_data data = { .nr = (int)number, .arch = l->architecture->audit };
	uint32_t action;

	data.args[argument] = value;
	require(filter_simulate(p->filter, p->n_filter, &data, &action) == 0);
	return action == SECCOMP_RET_ALLOW;
}

static void check_call(
	const struct learning *l, const struct seccomp_result *p, const struct learn_call *call)
{
	const struct tracked_call *tracked = call->tracked;

	if (!tracked) {
		require(permits(l, p, call->number, 0, 0));
		return;
	}
	for (size_t i = 0; i < call->n_values && !tracked->behind_pointer; i++)
		require(permits(l, p, call->number, tracked->argument, call->values[i].value));
}

static void check_policy(const struct learning *l, const struct seccomp_result *p)
{
	for (uint32_t i = 0; i < 512; i++) {
		uint32_t number = l->architecture->first_number + i;
		const char *name = syscall_name(l->architecture, number);
		const struct learn_call *call = learning_find(l, number);

		if (call && call->count > 0)
			check_call(l, p, call);
		else if (!name || !documented(name))
			require(!permits(l, p, number, 0, 0));
	}
}

static size_t count_values(const struct learning *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_calls; i++)
		n += l->calls[i].n_values;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct learn_write_options o = { .origin = "fuzz", .command = "fuzz" };
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_(seccomp_result_done) struct seccomp_result result = {};
	_cleanup_free_ char *policy = NULL, *again = NULL;
	struct seccomp_options options = {};
	size_t n = 0, m = 0;
	int r;

	if (size == 0)
		return 0;
	options.architecture = &architectures[(data[0] >> 1) % _ARCHITECTURE_MAX];
	require(learning_init(&l, options.architecture) == 0);
	read_log(&l, (data[0] & 1) != 0, data + 1, size - 1);
	check_problems(&l);
	policy = make_policy(&l, &o, &n);
	again = make_policy(&l, &o, &m);
	require(n == m && memcmp(policy, again, n) == 0);
	r = seccomp_compile_text(policy, n, -1, "policy", &options, &result);
	/* Hundreds of values may be too many for a filter; that much must fit. */
	require(r == 0 || count_values(&l) > LEARN_VALUES_MAX);
	if (r == 0)
		check_policy(&l, &result);
	return 0;
}
