/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiff-compiler as the keeper starts it: as the user bailiff, without capabilities, on the profiles that
 * are shipped; and started in ways that the keeper would not. Arguments: the program, the folder with
 * policies/.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "base/strv.h"
#include "catalog/catalog.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"
#include "wire/messages.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MSEC 60000 /* sanitizers are slow; a hang is longer */
#define FILE_BYTES  (1024 * 1024)
#define MANY        300
/* daemon/compiler/give-way.c */
#define POLITE_MSEC 200
#define EACH_USEC   250
#define LATER_MSEC  2

static const char *program, *shipped;
static bool stands_back; /* as for a reload */
/* of the last one that ran: how often it left the processor by itself, and how long it had it */
static long pauses, worked_msec;

/* Copies the shipped files of a folder to where root owns them: a checkout may belong to anybody. */
static unsigned copy_folder(const struct tree *t, const char *from, const char *to)
{
	DIR *dir;
	unsigned n = 0;
	char path[512], name[512];

	(void)snprintf(path, sizeof(path), "%s/%s", shipped, from);
	dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		char *data = NULL;
		size_t size;
		int fd;

		if (e->d_name[0] == '.' || e->d_type == DT_DIR)
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
		assert_int_equal(read_fd_to_end(fd, FILE_BYTES, &data, &size), 0);
		assert_int_equal(close(fd), 0);
		(void)snprintf(name, sizeof(name), "%s/%.200s", to, e->d_name);
		tree_write(t, name, data);
		free(data);
		n++;
	}
	assert_int_equal(closedir(dir), 0);
	return n;
}

/* With those that are only included. */
static void copy_policies(const struct tree *t)
{
	assert_true(copy_folder(t, "seccomp", "policies") >= 2);
	assert_true(copy_folder(t, "seccomp/parts", "policies/parts") >= 2);
}

/* In the child: fd 3 is the channel, or with -1 nothing; the user is bailiff if there is one. */
static void become_compiler(int channel, char *const *arguments)
{
	const struct passwd *bailiff = getpwnam("bailiff");
	char *argv[] = { strdup("bailiff-compiler"), arguments[0], arguments[1], NULL };
	int null = open("/dev/null", O_RDWR);

	if (stands_back && sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }) < 0)
		_exit(98);
	if (dup2(null, 2) < 0 || (channel >= 0 ? dup2(channel, 3) : close(3)) < 0)
		_exit(98);
	if (bailiff && (setgroups(0, NULL) < 0 || setgid(bailiff->pw_gid) < 0 || setuid(bailiff->pw_uid) < 0))
		_exit(98);
	(void)execv(program, argv);
	_exit(99);
}

/* Runs it; returns its wait status, and the catalog if it sent one. */
static int run(const char *config_dir, struct keeper_message *ret_message, struct catalog **ret)
{
	int pair[2], status, fds[KEEPER_FDS_MAX], r;
	char argument[128], level[] = "--log-level=error";
	char *arguments[] = { argument, level };
	struct rusage usage;
	struct pollfd p;
	pid_t pid;

	*ret = NULL;
	(void)snprintf(argument, sizeof(argument), "--config-dir=%s", config_dir);
	assert_int_equal(wire_channel_pair(pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_compiler(pair[1], arguments);
	assert_int_equal(close(pair[1]), 0);
	p = (struct pollfd){ .fd = pair[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, ANSWER_MSEC), 1);
	r = keeper_receive(pair[0], ret_message, fds);
	if (r == 1) {
		assert_int_equal(catalog_from_memfd(fds[0], false, ret), 0);
		fd_close_many(fds, ELEMENTS(fds));
	}
	assert_int_equal(close(pair[0]), 0);
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	pauses = usage.ru_nvcsw;
	worked_msec = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
		      (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
	return status;
}

/* What shipped profiles open beyond base.profile; nothing for one that is not listed. */
static const struct {
	const char *name;
	uint64_t capabilities;
	uint32_t missing_namespaces;
} opened[] = {
	{ "network-service", 0, JAIL_NS_NET },
	{ "packet-capture", UINT64_C(1) << CAP_NET_RAW, JAIL_NS_NET },
	{ "ping", UINT64_C(1) << CAP_NET_RAW, JAIL_NS_NET },
	{ "traceroute", 0, JAIL_NS_NET },
};

static void check_opened(const struct compiled_profile *p)
{
	uint64_t capabilities = 0;
	uint32_t missing = 0;

	for (size_t i = 0; i < ELEMENTS(opened); i++)
		if (strcmp(opened[i].name, p->name) == 0) {
			capabilities = opened[i].capabilities;
			missing = opened[i].missing_namespaces;
		}
	assert_int_equal(p->bounding, capabilities);
	assert_int_equal(p->ambient, capabilities);
	assert_int_equal(p->namespaces, JAIL_NS_DEFAULT & ~missing);
}

static void test_shipped(void **state)
{
	struct keeper_message m = { 0 };
	struct tree *t = *state;
	struct catalog *c;
	unsigned n;

	tree_need_root();
	n = copy_folder(t, "profiles", "profiles");
	assert_true(n >= 2);
	copy_policies(t);
	assert_int_equal(run(t->root, &m, &c), 0);
	assert_non_null(c);
	assert_int_equal(m.type, WIRE_COMPILED);
	STRV_FOREACH (e, c->errors)
		print_error("%s\n", *e);
	assert_int_equal(m.value, 0);
	assert_int_equal(c->n_profiles, n);
	for (size_t i = 0; i < c->n_profiles; i++) {
		const struct compiled_profile *p = &c->profiles[i];

		assert_false(p->invalid);
		assert_true(p->n_filter > 0);
		assert_true(p->description && p->description[0]);
		/* nobody is let in by what is shipped */
		assert_int_equal(p->n_access, 0);
		assert_false(p->allow_detach);
		assert_true(p->dynamic_user);
		assert_true(p->minimal_root);
		check_opened(p);
	}
	for (size_t i = 0; i < ELEMENTS(opened); i++)
		assert_true(catalog_index(c, opened[i].name) >= 0);
	assert_int_equal(catalog_index(c, "decoder"), 1);
	catalog_free(c);
}

/* What base.profile writes out is what a profile has that says nothing but Policy=. */
static void test_base_is_the_default(void **state)
{
	struct keeper_message m = { 0 };
	struct tree *t = *state;
	struct compiled_profile *base, *nothing;
	struct buf a = BUF_INIT(0), b = BUF_INIT(0);
	struct catalog *c;

	tree_need_root();
	(void)copy_folder(t, "profiles", "profiles");
	copy_policies(t);
	tree_write(t, "profiles/basf.profile",
		"[Profile]\nDescription=No privilege at all; a template for other profiles\n"
		"[Seccomp]\nPolicy=base.policy\n");
	assert_int_equal(run(t->root, &m, &c), 0);
	assert_int_equal(mprotect(c->arena.data, c->arena.size, PROT_READ | PROT_WRITE), 0);
	base = &c->profiles[catalog_index(c, "base")];
	nothing = &c->profiles[catalog_index(c, "basf")];
	memset(base->sha256, 0, sizeof(base->sha256));
	memset(nothing->sha256, 0, sizeof(nothing->sha256));
	nothing->name[3] = 'e';
	assert_int_equal(strlen(nothing->source_path), strlen(base->source_path));
	memcpy(nothing->source_path, base->source_path, strlen(base->source_path));
	assert_int_equal(
		catalog_encode(
			&(struct catalog){ .config = c->config, .profiles = base, .n_profiles = 1 }, &a),
		0);
	assert_int_equal(
		catalog_encode(
			&(struct catalog){ .config = c->config, .profiles = nothing, .n_profiles = 1 }, &b),
		0);
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
	buf_done(&a);
	buf_done(&b);
	catalog_free(c);
}

/* All that is wrong comes back in one catalog, and the program does not fail. */
static void test_errors(void **state)
{
	struct keeper_message m = { 0 };
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "profiles/a.profile", "[Exec]\nUMask=9\n[User]\nUser=no-such-user\n");
	tree_write(t, "profiles/b.profile", "[Access]\nAllowUser=daemon\n");
	assert_int_equal(run(t->root, &m, &c), 0);
	assert_int_equal(m.value, 2);
	assert_int_equal(c->n_profiles, 2);
	assert_true(c->profiles[0].invalid);
	assert_false(c->profiles[1].invalid);
	assert_int_equal(c->profiles[1].access[0].id, 1);
	catalog_free(c);
}

static void write_many(const struct tree *t)
{
	copy_policies(t);
	for (unsigned i = 0; i < MANY; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "profiles/p%03u.profile", i);
		tree_write(t, name,
			"[Access]\nAllowUser=daemon\nAllowGroup=video\n[Seccomp]\nPolicy=base.policy\n");
	}
}

/* Enough of everything that memory, time and sorting show whether the confinement leaves them room. */
static void test_many(void **state)
{
	struct keeper_message m = { 0 };
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	write_many(t);
	assert_int_equal(run(t->root, &m, &c), 0);
	assert_int_equal(m.value, 0);
	assert_int_equal(c->n_profiles, MANY);
	catalog_free(c);
}

/* At the start everybody waits for it; during a reload it pauses again and again, for as long as it is
 * polite, and its catalog is the same. */
static void test_gives_way(void **state)
{
	struct keeper_message m = { 0 };
	struct buf encoded[2] = { BUF_INIT(0), BUF_INIT(0) };
	struct tree *t = *state;
	long paused[2];

	tree_need_root();
	write_many(t);
	for (unsigned i = 0; i < 2; i++) {
		struct catalog *c;

		stands_back = i == 1;
		assert_int_equal(run(t->root, &m, &c), 0);
		assert_int_equal(m.value, 0);
		assert_int_equal(catalog_encode(c, &encoded[i]), 0);
		paused[i] = pauses;
		catalog_free(c);
	}
	stands_back = false;
	assert_true(paused[1] > 5 && paused[1] > 2 * paused[0]);
	assert_true(paused[1] < paused[0] + POLITE_MSEC * 1000 / EACH_USEC + worked_msec / LATER_MSEC + 100);
	assert_int_equal(encoded[0].size, encoded[1].size);
	assert_memory_equal(encoded[0].data, encoded[1].data, encoded[0].size);
	buf_done(&encoded[0]);
	buf_done(&encoded[1]);
}

/* Landlock: a policy outside of the configuration is out of reach, even if all may read it. */
static void test_confined(void **state)
{
	struct keeper_message m = { 0 };
	struct tree *t = *state, outside;
	char text[128];
	struct catalog *c;

	tree_need_root();
	tree_make(&outside);
	tree_write(&outside, "x.policy", "read: 1\n");
	(void)snprintf(text, sizeof(text), "@include %s/x.policy\nwrite: 1\n", outside.root);
	tree_write(t, "policies/p.policy", text);
	tree_write(t, "profiles/a.profile", "[Seccomp]\nPolicy=p.policy\n");
	assert_int_equal(run(t->root, &m, &c), 0);
	assert_true(m.value > 0);
	assert_true(c->profiles[0].invalid);
	catalog_free(c);
	tree_remove(&outside);
}

static void test_missing_directory(void **state)
{
	struct keeper_message m = { 0 };
	struct catalog *c;
	int status;

	(void)state;
	tree_need_root();
	status = run("/nonexistent/bailiff", &m, &c);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_null(c);
}

/* By hand: no channel, or wrong arguments. */
static void test_by_hand(void **state)
{
	char config[] = "--config-dir=/tmp", relative[] = "--config-dir=tmp", unknown[] = "--help",
	     stray[] = "x";
	char *rows[][2] = { { config, NULL }, { relative, NULL }, { unknown, NULL }, { config, stray } };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		int pair[2] = { -1, -1 }, status;
		pid_t pid;

		if (i > 0)
			assert_int_equal(wire_channel_pair(pair), 0);
		pid = fork();
		if (pid == 0)
			become_compiler(pair[1], rows[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 1);
		fd_close_many(pair, 2);
	}
}

#define PROGRAM_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(test_shipped),
		PROGRAM_TEST(test_base_is_the_default),
		PROGRAM_TEST(test_errors),
		PROGRAM_TEST(test_many),
		PROGRAM_TEST(test_gives_way),
		PROGRAM_TEST(test_confined),
		PROGRAM_TEST(test_missing_directory),
		PROGRAM_TEST(test_by_hand),
	};

	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s COMPILER POLICIES-FOLDER\n", argv[0]);
		return 2;
	}
	program = argv[1];
	shipped = argv[2];
	return cmocka_run_group_tests_name("compiler-program", tests, NULL, NULL);
}
