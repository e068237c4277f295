/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A renderer in small under renderer.policy and gpu.policy: linked dynamically and statically, and for i386
 * where the compiler can. Documents and pictures are passed as shared memory over a socket.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "pass-fd.h"
#include "shipped.h"

#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOCUMENT_SIZE 1000003 /* no multiple of anything */
#define N_DOCUMENTS   3

static void exchange(int channel, unsigned char first)
{
	_cleanup_free_ unsigned char *document = malloc(DOCUMENT_SIZE);
	_cleanup_close_ int in = -1, out = -1;
	const unsigned char *picture;
	struct stat st;

	assert_non_null(document);
	for (size_t i = 0; i < DOCUMENT_SIZE; i++)
		document[i] = (unsigned char)(i * 7 + first);
	in = shipped_memory_file(document, DOCUMENT_SIZE);
	assert_int_equal(pass_fd(channel, in), 0);
	out = take_fd(channel);
	if (out < 0)
		return; /* the status of the renderer tells why */
	assert_int_equal(fstat(out, &st), 0);
	assert_int_equal(st.st_size, DOCUMENT_SIZE);
	picture = mmap(NULL, DOCUMENT_SIZE, PROT_READ, MAP_SHARED, out, 0);
	assert_true(picture != MAP_FAILED);
	for (size_t i = 0; i < DOCUMENT_SIZE; i++)
		if (picture[i] != (document[i] ^ 0xff))
			fail_msg("byte %zu of the picture is wrong", i);
	assert_int_equal(munmap((void *)(uintptr_t)picture, DOCUMENT_SIZE), 0);
}

static void check_renderer(struct shipped_run r)
{
	int pair[2], status;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	r.extra[r.extra[0] > 0 ? 1 : 0] = pair[1];
	pid = shipped_start(&r);
	assert_int_equal(close(pair[1]), 0);
	for (unsigned i = 0; i < N_DOCUMENTS; i++)
		exchange(pair[0], (unsigned char)i);
	assert_int_equal(close(pair[0]), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s: wait status 0x%x", r.argv[0], (unsigned)status);
}

static void check_native(const char *policy_name, const char *program)
{
	const char *const argv[] = { program, "pair", NULL };
	_cleanup_free_ char *path = shipped_built(program);
	struct seccomp_result policy;

	if (!path) {
		print_message("%s was not built\n", program);
		return;
	}
	shipped_compile(policy_name, NULL, &policy);
	check_renderer(
		(struct shipped_run){ .policy = &policy, .path = path, .argv = argv, .unprivileged = true });
	seccomp_result_done(&policy);
}

static void test_renderer(void **state)
{
	check_native("renderer", "renderer-probe");
	check_native("renderer", "static-renderer-probe");
}

static void test_gpu(void **state)
{
	check_native("gpu", "renderer-probe");
	check_native("gpu", "static-renderer-probe");
}

/* A program that i386 calls are made by must load its filter itself; its loader runs under none. */
static void check_i386(const char *policy_name, const char *program, bool renderer)
{
	_cleanup_free_ char *loader = shipped_built("load-filter-i386"), *path = shipped_built(program);
	const char *const argv[] = { "load-filter-i386", path, NULL };
	struct shipped_run r = { .path = loader, .argv = argv };
	struct seccomp_result policy, none = {};
	struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };

	if (!loader || !path) {
		print_message("%s was not built\n", program);
		return;
	}
	shipped_compile(policy_name, architecture_find("i386", 4), &policy);
	none.filter = &allow;
	none.n_filter = 1;
	r.policy = &none;
	r.extra[0] = shipped_memory_file(policy.filter, policy.n_filter * sizeof(policy.filter[0]));
	if (renderer)
		check_renderer(r);
	else
		shipped_expect(&r, 0);
	assert_int_equal(close(r.extra[0]), 0);
	seccomp_result_done(&policy);
}

static void test_i386(void **state)
{
	check_i386("base", "start-probe-i386", false);
	check_i386("base", "static-start-probe-i386", false);
	check_i386("decoder", "start-probe-i386", false);
	check_i386("renderer", "renderer-probe-i386", true);
	check_i386("renderer", "static-renderer-probe-i386", true);
	check_i386("gpu", "renderer-probe-i386", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renderer),
		cmocka_unit_test(test_gpu),
		cmocka_unit_test(test_i386),
	};

	return cmocka_run_group_tests_name("seccomp shipped renderer", tests, NULL, NULL);
}
