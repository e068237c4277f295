/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper-rig.h"
#include "base/fd.h"
#include "base/io.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char libexec[96], record[96], notify[96];
static int notify_fd = -1;

char dir[64], config[96], runtime[96], own_program[96];
const char *bus_mode;
bool program_stays, may_audit;
pid_t daemon_pid;

void in_dir(char buffer[96], const char *name)
{
	(void)snprintf(buffer, 96, "%s/%s", dir, name);
}

static void link_helper(const char *name, const char *variable)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", libexec, name);
	assert_non_null(getenv(variable));
	assert_int_equal(symlink(getenv(variable), path), 0);
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, text, strlen(text)), 0);
	(void)close(fd);
}

void write_profile(const char *text)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/profiles/one.profile", config);
	write_file(path, text);
}

static void open_notify(bool abstract)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t len;

	in_dir(notify, "notify");
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", notify);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(notify));
	if (abstract)
		sa.sun_path[0] = '\0';
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(notify_fd, (const struct sockaddr *)&sa, len + !abstract), 0);
	if (abstract)
		notify[0] = '@';
}

int setup(void **state)
{
	const struct passwd *pw = getpwnam("bailiff");
	char path[160];

	assert_non_null(pw);
	(void)umask(022);
	(void)snprintf(dir, sizeof(dir), "/tmp/bailiff-test-keeper.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	in_dir(config, "config");
	in_dir(runtime, "run");
	in_dir(libexec, "libexec");
	in_dir(record, "record");
	assert_int_equal(mkdir(config, 0755), 0);
	assert_int_equal(mkdir(libexec, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/profiles", config);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/policies", config);
	assert_int_equal(mkdir(path, 0755), 0);
	write_profile("[Profile]\nDescription=one\n[Exec]\nExecutable=/usr/bin/true\n");
	link_helper("bailiff-launcher", "BAILIFF_LAUNCHER");
	link_helper("bailiff-compiler", "BAILIFF_COMPILER");
	link_helper("bailiff-broker", "BAILIFF_FAKE_BROKER");
	write_file(record, "");
	assert_int_equal(chown(record, pw->pw_uid, pw->pw_gid), 0);
	daemon_pid = 0;
	may_audit = true;
	own_program[0] = '\0';
	program_stays = true;
	bus_mode = NULL;
	return 0;
}

static int remove_dir(const char *path)
{
	DIR *d = opendir(path);
	int r = 0;

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		char below[512];

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (unlink(below) < 0)
			r |= remove_dir(below);
	}
	if (d)
		(void)closedir(d);
	return r | rmdir(path);
}

int teardown(void **state)
{
	if (daemon_pid > 0) {
		(void)kill(daemon_pid, SIGTERM);
		(void)waitpid(daemon_pid, NULL, 0);
	}
	notify_fd = fd_close(notify_fd);
	return remove_dir(dir);
}

/* The daemon's program is started by fd where a test has put it: it may be gone from there by then. */
static void become_daemon(const char *address)
{
	const char *argv[] = { "bailiffd", "--config-dir", config, "--runtime-dir", runtime, "--libexec-dir",
		libexec, "--bus-address", address, bus_mode ? "--bus" : NULL, bus_mode, NULL };
	int fd;

	if (own_program[0] == '\0') {
		(void)execv(getenv("BAILIFF_DAEMON"), (char **)(uintptr_t)argv);
		return;
	}
	fd = open(own_program, O_PATH | O_CLOEXEC);
	if (!program_stays)
		(void)unlink(own_program);
	(void)fexecve(fd, (char **)(uintptr_t)argv, environ);
}

pid_t spawn(const char *mode, bool with_notify)
{
	char address[128];
	pid_t pid;

	(void)snprintf(address, sizeof(address), "%s:%s", mode, record);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)unsetenv("NOTIFY_SOCKET");
	if (with_notify)
		(void)setenv("NOTIFY_SOCKET", notify, 1);
	if (!may_audit)
		(void)prctl(PR_CAPBSET_DROP, CAP_AUDIT_WRITE, 0, 0, 0);
	/* an fd and a variable that nobody may inherit */
	(void)dup2(0, 77);
	(void)setenv("SECRET", "x", 1);
	if (!getenv("BAILIFF_TEST_VERBOSE"))
		(void)dup2(open("/dev/null", O_RDWR), 2);
	become_daemon(address);
	_exit(126);
}

void start(const char *mode, bool abstract)
{
	open_notify(abstract);
	daemon_pid = spawn(mode, true);
}

void expect_notify(const char *state)
{
	expect_either(state, state);
}

/* Started, and ready. */
void serve(const char *mode)
{
	start(mode, false);
	expect_notify("READY=1");
}

void expect_either(const char *state, const char *other)
{
	struct pollfd p = { .fd = notify_fd, .events = POLLIN };
	char text[128];
	ssize_t n;

	assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
	n = recv(notify_fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_true(strcmp(text, state) == 0 || strcmp(text, other) == 0);
}

int exit_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The exit status of the daemon. */
int ended(void)
{
	pid_t pid = daemon_pid;

	daemon_pid = 0;
	return exit_status(pid);
}

int stop(void)
{
	assert_int_equal(kill(daemon_pid, SIGTERM), 0);
	return ended();
}

/* What the broker wrote down so far. */
static char *read_record(void)
{
	int fd = open(record, O_RDONLY | O_CLOEXEC);
	char *text;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, 1024 * 1024, &text, &size), 0);
	(void)close(fd);
	return text;
}

size_t count(const char *word)
{
	char *text = read_record();
	size_t n = 0;

	for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
		n++;
	free(text);
	return n;
}

void wait_for(const char *word, size_t times)
{
	for (int i = 0; count(word) < times; i++) {
		assert_true(i < WAIT_MSEC / 20);
		(void)usleep(20000);
	}
}

void expect_line(const char *line)
{
	if (count(line) == 0)
		fail_msg("no line \"%s\" in:\n%s", line, read_record());
}

pid_t child_of(pid_t parent, const char *name)
{
	char path[64], text[1024], comm[64] = "";
	int fd;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	(void)fd_close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (char *save = NULL, *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		(void)snprintf(path, sizeof(path), "/proc/%s/comm", word);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd >= 0 ? read(fd, comm, sizeof(comm) - 1) : 0;
		(void)fd_close(fd);
		comm[n > 0 ? n : 0] = '\0';
		if (strncmp(comm, name, strlen(name)) == 0)
			return (pid_t)strtol(word, NULL, 10);
	}
	return 0;
}

void expect_clean(void)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/lock", runtime);
	assert_int_equal(access(path, F_OK), -1);
}
