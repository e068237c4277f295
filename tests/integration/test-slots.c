/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Mount slots over the bus: what a caller opens is what the program finds, each refusal has its name, and
 * neither the bus nor the split of the daemon makes more of an fd than it is. Rows F10 and J28 of the threat
 * model. */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INVALID_ARGS "org.freedesktop.DBus.Error.InvalidArgs"
#define INVALID_FD   RIG_ERROR("InvalidFd")

static const char slots_profile[] = "[Access]\nAllowUser=man\n"
				    "[Exec]\nExecutable=/usr/bin/dash\n"
				    "[User]\nUser=lp\n"
				    "[Filesystem]\nMountSlot=input ro\nMountSlot=output /srv/output\n";
static const char mapped_profile[] = "[Access]\nAllowUser=man\n"
				     "[Exec]\nExecutable=/usr/bin/dash\n"
				     "[Filesystem]\nMountSlot=input ro idmap\n";

static int set_up(void **state)
{
	int r = rig_setup(state);

	if (r != 0)
		return r;
	rig_write(*state, "profiles/slots.profile", slots_profile);
	rig_write(*state, "profiles/mapped.profile", mapped_profile);
	rig_reload(*state);
	return 0;
}

/* A file or directory below the rig's, of this owner. */
static char *make(struct rig *rig, const char *name, const char *text, mode_t mode, uid_t owner)
{
	char *path = g_build_filename(rig->dir, name, NULL);

	if (text)
		assert_true(g_file_set_contents(path, text, -1, NULL));
	else
		assert_true(mkdir(path, mode) == 0 || errno == EEXIST);
	assert_return_code(chown(path, owner, owner), errno);
	assert_return_code(chmod(path, mode), errno);
	return path;
}

static int open_fd(const char *path, int mode)
{
	int fd = open(path, mode | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

/* Runs a script with one fd in a slot; what it prints. Free. */
static char *run(struct rig *rig, const char *profile, const char *script, int fd, const char *binds)
{
	const char *argv[] = { "dash", "-c", script, NULL };
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *options =
		g_strdup_printf("{'stdio': <{uint32 1: 'pipe', 2: 'pipe'}>, 'bind-fds': <%s>}", binds);
	struct rig_launch l = { .profile = profile,
		.argv = argv,
		.more = { fd },
		.n_more = 1,
		.options = g_variant_new_parsed(options) };
	g_autofree char *result = NULL;
	struct rig_sandbox s;
	char *out;

	rig_launch(c, &l, &s);
	out = rig_read_all(s.stream[1], NULL);
	result = rig_wait(c, &s, NULL, NULL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	return out;
}

static void test_directory(void **state)
{
	g_autofree char *directory = make(*state, "d", NULL, 0755, RIG_ALICE);
	g_autofree char *out = NULL;
	int fd = open_fd(directory, O_RDONLY | O_DIRECTORY);

	g_free(make(*state, "d/file", "alice's\n", 0644, RIG_ALICE));
	out = run(*state, "slots", "cat /input/file; echo x >/input/new || echo refused; ls /srv/output", fd,
		"[(handle 0, 'input', false)]");
	(void)close(fd);
	assert_string_equal(out, "alice's\nrefused\n");
}

static void test_file(void **state)
{
	g_autofree char *file = make(*state, "f", "alice's\n", 0666, RIG_ALICE), *out = NULL, *text = NULL;
	int fd = open_fd(file, O_RDWR);

	out = run(*state, "slots", "cat /srv/output; echo changed >/srv/output; ls /input", fd,
		"[(handle 0, 'output', false)]");
	(void)close(fd);
	assert_string_equal(out, "alice's\n");
	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	assert_string_equal(text, "changed\n");
}

/* The caller's flag, and a file that is open for reading only. */
static void test_read_only(void **state)
{
	static const char script[] = "echo x >/srv/output || echo refused";
	g_autofree char *file = make(*state, "f", "alice's\n", 0666, RIG_ALICE), *one = NULL, *two = NULL;
	int both = open_fd(file, O_RDWR), reading = open_fd(file, O_RDONLY);

	one = run(*state, "slots", script, both, "[(handle 0, 'output', true)]");
	two = run(*state, "slots", script, reading, "[(handle 0, 'output', false)]");
	(void)close(both);
	(void)close(reading);
	assert_string_equal(one, "refused\n");
	assert_string_equal(two, "refused\n");
}

/* What nobody else may read: by the owner's own mapping only. */
static void test_private_file(void **state)
{
	static const char script[] = "cat /input || echo refused";
	g_autofree char *file = make(*state, "f", "alice's\n", 0600, RIG_ALICE), *one = NULL, *two = NULL;
	int fd = open_fd(file, O_RDONLY);

	one = run(*state, "slots", script, fd, "[(handle 0, 'input', true)]");
	two = run(*state, "mapped", script, fd, "[(handle 0, 'input', true)]");
	(void)close(fd);
	assert_string_equal(one, "refused\n");
	assert_string_equal(two, "alice's\n");
}

struct wrong {
	const char *profile, *binds, *error, *text;
};

static void check_wrong(struct rig *rig, const struct wrong *w, int fd)
{
	static const char *const argv[] = { "dash", NULL };
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *options = g_strdup_printf("{'bind-fds': <%s>}", w->binds);
	struct rig_launch l = { .profile = w->profile,
		.argv = argv,
		.more = { fd },
		.n_more = 1,
		.options = g_variant_new_parsed(options) };

	rig_launch_fails(c, &l, w->error, w->text);
	rig_disconnect(rig, c);
}

static void test_wrong_requests(void **state)
{
	static const struct wrong rows[] = {
		{ "slots", "[(handle 0, 'in', true)]", INVALID_FD,
			"has no mount slot in; it has: input, output" },
		{ "tool", "[(handle 0, 'input', true)]", INVALID_FD, "profile tool has no mount slot" },
		{ "slots", "[(handle 0, '../x', true)]", INVALID_FD, "no name of a mount slot" },
		{ "slots", "[(handle 0, '', true)]", INVALID_FD, "no name of a mount slot" },
		{ "slots", "[(handle 0, 'input', true), (handle 0, 'input', true)]", INVALID_FD,
			"mount slot input is given twice" },
		{ "slots", "[(handle 1, 'input', true)]", INVALID_ARGS, NULL },
		{ "slots", "[(handle -1, 'input', true)]", INVALID_ARGS, NULL },
		{ "slots", "[(handle 0, 'input')]", INVALID_ARGS, "give a(hsb)" },
		{ "slots", "['input']", INVALID_ARGS, "give a(hsb)" },
	};
	g_autofree char *file = make(*state, "f", "alice's\n", 0644, RIG_ALICE);
	int fd = open_fd(file, O_RDONLY);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		check_wrong(*state, &rows[i], fd);
	(void)close(fd);
}

static void test_too_many(void **state)
{
	g_autoptr(GString) binds = g_string_new("[");
	g_autofree char *file = make(*state, "f", "alice's\n", 0644, RIG_ALICE);
	struct wrong w = { "slots", NULL, INVALID_FD, "more than 16 entries" };
	int fd = open_fd(file, O_RDONLY);

	for (int i = 0; i < 17; i++)
		g_string_append_printf(binds, "%s(handle 0, 'input', true)", i > 0 ? ", " : "");
	g_string_append(binds, "]");
	w.binds = binds->str;
	check_wrong(*state, &w, fd);
	(void)close(fd);
}

static void test_wrong_kinds(void **state)
{
	static const struct {
		const char *path;
		int mode;
		const char *text;
	} rows[] = {
		{ "/proc", O_RDONLY, "is of kind other" },
		{ "/proc/self", O_RDONLY, "is of kind other" },
		{ "/proc/self/status", O_RDONLY, "is of kind other" },
		{ "/sys", O_RDONLY, "is of kind other" },
		{ "/sys/kernel", O_RDONLY, "is of kind other" },
		{ "/dev/null", O_RDONLY, "is of kind null" },
		{ "/usr", O_PATH, "opened with O_PATH; open it for reading" },
	};
	struct wrong w = { "slots", "[(handle 0, 'input', true)]", INVALID_FD, NULL };
	int pipes[2];

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		int fd = open_fd(rows[i].path, rows[i].mode);

		w.text = rows[i].text;
		check_wrong(*state, &w, fd);
		(void)close(fd);
	}
	assert_return_code(pipe2(pipes, O_CLOEXEC), errno);
	w.text = "is of kind pipe";
	check_wrong(*state, &w, pipes[0]);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

/* The test is root: alice got an fd of what she may not open. */
static void test_rights(void **state)
{
	g_autofree char *secret = make(*state, "secret", "root's\n", 0600, 0);
	g_autofree char *closed = make(*state, "closed", NULL, 0700, 0);
	g_autofree char *roots = make(*state, "roots", NULL, 0755, 0);
	const struct wrong rows[] = {
		{ "slots", "[(handle 0, 'input', true)]", RIG_ERROR("InvalidFd"),
			"the caller has no right to read it; choose another for mount slot input" },
		{ "slots", "[(handle 0, 'output', false)]", RIG_ERROR("InvalidFd"),
			"no right to read and write it; ask for it read-only" },
		{ "mapped", "[(handle 0, 'input', true)]", RIG_ERROR("InvalidFd"), "must be the caller's" },
	};
	const char *paths[] = { secret, roots, roots };

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		int fd = open_fd(paths[i], O_RDONLY);

		check_wrong(*state, &rows[i], fd);
		(void)close(fd);
	}
	for (int i = 0; i < 2; i++) {
		int fd = open_fd(closed, O_RDONLY);

		check_wrong(*state, &rows[0], fd);
		(void)close(fd);
	}
}

/* Mounts below, another namespace's view: what the launcher's own namespace shows is not what counts. */
static void test_views(void **state)
{
	static const struct wrong below = { "slots", "[(handle 0, 'input', true)]", RIG_ERROR("InvalidFd"),
		"the directory has mounts below it" };
	static const struct wrong elsewhere = { "slots", "[(handle 0, 'input', true)]",
		RIG_ERROR("InvalidFd"), "another mount namespace" };
	g_autofree char *directory = make(*state, "d", NULL, 0755, RIG_ALICE);
	g_autofree char *path = NULL;
	int fd = open_fd("/", O_RDONLY), ends[2], status;
	char word;
	pid_t pid;

	check_wrong(*state, &below, fd);
	(void)close(fd);
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &word, 1), 1);
	path = g_strdup_printf("/proc/%d/root%s", pid, directory);
	fd = open_fd(path, O_RDONLY);
	check_wrong(*state, &elsewhere, fd);
	(void)close(fd);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* Who may not launch is not asked for what. */
static void test_other_user(void **state)
{
	static const char *const argv[] = { "dash", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_BOB);
	int fd = open_fd("/proc", O_RDONLY);
	struct rig_launch l = { .profile = "slots",
		.argv = argv,
		.more = { fd },
		.n_more = 1,
		.options = g_variant_new_parsed("{'bind-fds': <[(handle 0, 'input', true)]>}") };

	rig_launch_fails(c, &l, RIG_ERROR("AccessDenied"), NULL);
	(void)close(fd);
	rig_disconnect(rig, c);
}

static void test_feature(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autoptr(GVariant) features = rig_property(c, RIG_PATH, RIG_MANAGER, "Features");
	g_autofree const char **v = g_variant_get_strv(features, NULL);

	assert_true(g_strv_contains(v, "option:bind-fds"));
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_directory),
		rig_test(test_file),
		rig_test(test_read_only),
		rig_test(test_private_file),
		rig_test(test_wrong_requests),
		rig_test(test_too_many),
		rig_test(test_wrong_kinds),
		rig_test(test_rights),
		rig_test(test_views),
		rig_test(test_other_user),
		rig_test(test_feature),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("mount slots", tests, set_up, rig_teardown);
}
