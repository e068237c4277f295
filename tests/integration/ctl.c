/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 80

struct ctl_stage ctl_stage;

/* The build tree need not be readable for users: program and library are copied to where they are. */
static void copy(const char *name, const char *to)
{
	g_autofree char *from = g_build_filename(g_getenv("BAILIFF_BUILD_ROOT"), "client", name, NULL);
	g_autofree char *data = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;

	if (!g_file_get_contents(from, &data, &size, &error) ||
		!g_file_set_contents(to, data, (gssize)size, &error))
		fail_msg("%s: %s", name, error->message);
	assert_return_code(chmod(to, 0755), errno);
}

void ctl_use(struct rig *rig)
{
	g_autofree char *library = NULL;

	ctl_stage.rig = rig;
	ctl_stage.program = g_build_filename(ctl_stage.rig->dir, "bailiffctl", NULL);
	library = g_build_filename(ctl_stage.rig->dir, "libbailiff.so.0", NULL);
	ctl_stage.library_path = g_strdup(ctl_stage.rig->dir);
	copy("bailiffctl", ctl_stage.program);
	copy("libbailiff.so.0", library);
}

int ctl_set_up(void **state)
{
	int r = rig_setup(state);

	ctl_use(*state);
	return r;
}

int ctl_tear_down(void **state)
{
	g_free(ctl_stage.program);
	g_free(ctl_stage.library_path);
	return rig_teardown(state);
}

/* In a child: becomes the user and the program. */
void ctl_become(uid_t uid, const char *const *args)
{
	const char *argv[ARGS_MAX + 2] = { ctl_stage.program };

	for (size_t i = 0; args[i]; i++) {
		if (i == ARGS_MAX)
			_exit(98);
		argv[i + 1] = args[i];
	}
	(void)close_range(3, ~0U, 0);
	(void)setenv("BAILIFF_ADDRESS", ctl_stage.rig->client_address, 1);
	(void)setenv("LD_LIBRARY_PATH", ctl_stage.library_path, 1);
	if (setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0)
		(void)execv(ctl_stage.program, (char *const *)(uintptr_t)argv);
	_exit(99);
}

static void take(int from, int to)
{
	if (from < 0)
		(void)close(to);
	else
		(void)dup2(from, to);
}

pid_t ctl_start(uid_t uid, const struct ctl_streams *s, const char *const *args)
{
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid > 0)
		return pid;
	take(s->in, 0);
	take(s->out, 1);
	take(s->err, 2);
	if (!s->follows)
		(void)alarm(CTL_LIMIT_S);
	ctl_become(uid, args);
}

int ctl_status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int ctl_temporary(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

char *ctl_contents(int fd)
{
	assert_return_code((int)lseek(fd, 0, SEEK_SET), errno);
	return rig_read_all(fd, NULL);
}

void ctl_said_done(struct ctl_said *s)
{
	g_free(s->out);
	g_free(s->err);
}

struct ctl_said ctl_as(uid_t uid, const char *const *args)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), out = ctl_temporary(), err = ctl_temporary();
	struct ctl_streams s = { null, out, err };
	struct ctl_said said;

	said.status = ctl_status_of(ctl_start(uid, &s, args));
	said.out = ctl_contents(out);
	said.err = ctl_contents(err);
	(void)close(null);
	(void)close(out);
	(void)close(err);
	return said;
}

void ctl_expect_as(uid_t uid, int status, const char *out, const char *err, const char *const *args)
{
	struct ctl_said s = ctl_as(uid, args);

	if (s.status != status || (out && !strstr(s.out, out)) || (err && !strstr(s.err, err)) ||
		(!err && *s.err))
		fail_msg("%s %s: status %d, wanted %d; out \"%s\", wanted \"%s\"; err \"%s\", wanted \"%s\"",
			args[0], args[0] ? args[1] : "", s.status, status, s.out, out ? out : "", s.err,
			err ? err : "");
	/* One line says it. */
	if (err)
		assert_ptr_equal(strchr(s.err, '\n'), s.err + strlen(s.err) - 1);
	ctl_said_done(&s);
}
