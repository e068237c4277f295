/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy-programs.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "seccomp/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM_BYTES_MAX (BPF_MAXINSNS * sizeof(struct sock_filter))

const char *const compiler_names[_COMPILER_MAX] = { "bailiff", "libseccomp-1", "libseccomp-2", "minijail-c",
	"minijail-linear", "minijail-bst" };

void program_done(struct program *p)
{
	free(p->filter);
	samples_done(&p->compiling);
	*p = (struct program){};
}

static int compile_bailiff(const char *text, size_t size, struct program *ret)
{
	struct seccomp_result result;
	uint64_t start = now_nsec();
	int r = seccomp_compile_text(text, size, -1, "bench", NULL, &result);

	if (r == 0) {
		samples_add(&ret->compiling, now_nsec() - start);
		free(ret->filter);
		ret->filter = steal_ptr(result.filter);
		ret->n = result.n_filter;
	} else if (result.n_diagnostics > 0) {
		fprintf(stderr, "%s\n", result.diagnostics[0].rendered);
	}
	seccomp_result_done(&result);
	return r;
}

static struct scmp_arg_cmp compare_to(const struct bench_atom *atom)
{
	switch ((enum bench_op)atom->op) {
	case BENCH_EQ:
		return SCMP_CMP64(atom->argument, SCMP_CMP_EQ, atom->value);
	case BENCH_NE:
		return SCMP_CMP64(atom->argument, SCMP_CMP_NE, atom->value);
	case BENCH_IN:
		break;
	}
	return SCMP_CMP64(atom->argument, SCMP_CMP_MASKED_EQ, ~atom->value, 0);
}

static int add_to_libseccomp(scmp_filter_ctx context, const struct bench_rule *rule)
{
	struct scmp_arg_cmp compares[6];
	unsigned n = 0;
	int r = 0;

	if (rule->n_atoms == 0)
		return seccomp_rule_add(context, SCMP_ACT_ALLOW, (int)rule->number, 0);
	for (size_t i = 0; i < rule->n_atoms && r == 0; i++) {
		compares[n++] = compare_to(&rule->atoms[i]);
		if (!rule->atoms[i].last)
			continue;
		r = seccomp_rule_add_array(context, SCMP_ACT_ALLOW, (int)rule->number, n, compares);
		n = 0;
	}
	return r;
}

static int read_program(int fd, struct program *ret)
{
	_cleanup_free_ char *bytes = NULL;
	size_t size;
	int r = lseek(fd, 0, SEEK_SET) < 0 ? errno_or_eio()
					   : read_fd_to_end(fd, PROGRAM_BYTES_MAX, &bytes, &size);

	if (r < 0)
		return r;
	if (size == 0 || size % sizeof(struct sock_filter) != 0)
		return -EINVAL;
	free(ret->filter);
	ret->n = size / sizeof(struct sock_filter);
	ret->filter = reallocarray(NULL, ret->n, sizeof(struct sock_filter));
	if (!ret->filter)
		return -ENOMEM;
	memcpy(ret->filter, bytes, size);
	return 0;
}

static int compile_libseccomp(const struct rule_set *rules, unsigned level, int fd, struct program *ret)
{
	uint64_t start = now_nsec();
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = context ? seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, level) : -ENOMEM;

	if (r == 0)
		r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; i < rules->n && r == 0; i++)
		r = add_to_libseccomp(context, &rules->rules[i]);
	if (r == 0 && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0))
		r = errno_or_eio();
	if (r == 0)
		r = seccomp_export_bpf(context, fd);
	if (r == 0)
		samples_add(&ret->compiling, now_nsec() - start);
	seccomp_release(context);
	return r < 0 ? r : read_program(fd, ret);
}

static int run_quietly(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status, r;

	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return -r;
	if (waitpid(pid, &status, 0) != pid)
		return errno_or_eio();
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

/* Minijail's parser knows no other default than to kill: what would kill is refused instead, as the others
 * do. */
static void refuse_instead(struct program *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->filter[i].code == (BPF_RET | BPF_K) && p->filter[i].k == SECCOMP_RET_KILL_THREAD)
			p->filter[i].k = SECCOMP_RET_ERRNO | EPERM;
}

static int run_minijail(
	enum compiler compiler, const struct minijail *minijail, const char *in, const char *out)
{
	char script[4096], constants[4096], dump[64];
	const char *strategy = compiler == COMPILER_MINIJAIL_BST ? "bst" : "linear";
	const char *const python[] = { "python3", script, "--arch-json", constants, "--optimization-strategy",
		strategy, "--default-action", "return 1", in, out, NULL };
	const char *const parser[] = { minijail->parser, dump, in, NULL };

	if (snprintf(dump, sizeof(dump), "--dump=%s", out) >= (int)sizeof(dump))
		return -ENAMETOOLONG;
	if (compiler == COMPILER_MINIJAIL_PARSER)
		return run_quietly(parser);
	if (snprintf(script, sizeof(script), "%s/compile_seccomp_policy.py", minijail->tools) >=
			(int)sizeof(script) ||
		snprintf(constants, sizeof(constants), "%s/../constants.json", minijail->tools) >=
			(int)sizeof(constants))
		return -ENAMETOOLONG;
	return run_quietly(python);
}

static int compile_minijail(enum compiler compiler, const char *text, size_t size,
	const struct minijail *minijail, int fd, struct program *ret)
{
	char in[32], out[32];
	_cleanup_close_ int text_fd = memfd_create("policy", 0);
	uint64_t start;
	int r;

	if (text_fd < 0)
		return errno_or_eio();
	if (write(text_fd, text, size) != (ssize_t)size)
		return -EIO;
	/* The programs inherit the two files and open them by these names. */
	(void)snprintf(in, sizeof(in), "/proc/self/fd/%d", text_fd);
	(void)snprintf(out, sizeof(out), "/proc/self/fd/%d", fd);
	start = now_nsec();
	r = run_minijail(compiler, minijail, in, out);
	samples_add(&ret->compiling, now_nsec() - start);
	if (r == 0)
		r = read_program(fd, ret);
	if (r == 0 && compiler == COMPILER_MINIJAIL_PARSER)
		refuse_instead(ret);
	return r;
}

static bool is_there(enum compiler compiler, const struct minijail *minijail)
{
	if (compiler == COMPILER_MINIJAIL_PARSER)
		return minijail->parser;
	return (compiler != COMPILER_MINIJAIL_LINEAR && compiler != COMPILER_MINIJAIL_BST) || minijail->tools;
}

static int compile_once(enum compiler compiler, const struct rule_set *rules, const char *text, size_t size,
	const struct minijail *minijail, int fd, struct program *ret)
{
	switch (compiler) {
	case COMPILER_BAILIFF:
		return compile_bailiff(text, size, ret);
	case COMPILER_LIBSECCOMP_1:
		return compile_libseccomp(rules, 1, fd, ret);
	case COMPILER_LIBSECCOMP_2:
		return compile_libseccomp(rules, 2, fd, ret);
	case COMPILER_MINIJAIL_PARSER:
	case COMPILER_MINIJAIL_LINEAR:
	case COMPILER_MINIJAIL_BST:
		return compile_minijail(compiler, text, size, minijail, fd, ret);
	case _COMPILER_MAX:
		break;
	}
	return -EINVAL;
}

int program_make(enum compiler compiler, const struct rule_set *rules, const struct minijail *minijail,
	size_t rounds, struct program *ret)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	size_t size;
	int r;

	*ret = (struct program){};
	if (!is_there(compiler, minijail))
		return 0;
	if (compiler >= COMPILER_MINIJAIL_PARSER)
		rounds = 1;
	fd = memfd_create("program", 0);
	if (fd < 0)
		return errno_or_eio();
	r = rule_set_text(rules, compiler == COMPILER_BAILIFF ? "return 1" : NULL, &text, &size);
	if (r == 0)
		r = samples_init(&ret->compiling, rounds);
	for (size_t i = 0; i < rounds && r == 0; i++)
		r = compile_once(compiler, rules, text, size, minijail, fd, ret);
	samples_sort(&ret->compiling);
	if (r < 0) {
		fprintf(stderr, "bench: %s: %s\n", compiler_names[compiler], strerror(-r));
		program_done(ret);
	}
	return r;
}
