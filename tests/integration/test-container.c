/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A container that has the broker's own socket and nothing else of the machine: mount, pid, network, IPC and
 * UTS namespaces of its own, an empty root with the system's programs, no bus, no /etc. The library and
 * bailiffctl work in it as an ordinary user, and the broker sees the same process there as the machine does.
 */

#include "user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ROOT "/tmp/bailiff-container-XXXXXX"

struct container {
	char root[sizeof(ROOT)];
	char *socket, *client; /* the broker's; where bailiffctl and the library are */
};

/* The user inside; its failures end the container's first process, and with it the container. */
struct inside {
	uid_t uid;
	int talk;
	void (*part)(struct user *u);
};

static void bind_mount(struct user *u, const char *from, const char *to, unsigned long flags)
{
	IS(mount(from, to, NULL, MS_BIND, NULL), 0);
	if (flags)
		IS(mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | flags, NULL), 0);
}

/* What the tests' programs need: the system's programs and libraries, read-only, in a root that is empty. */
static void make_root(struct user *u, const struct container *c)
{
	static const char *const links[] = { "bin", "lib", "lib64" };

	IS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	IS(mount("none", c->root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), 0);
	IS(chdir(c->root), 0);
	IS(mkdir("usr", 0755), 0);
	bind_mount(u, "/usr", "usr", MS_RDONLY | MS_NOSUID | MS_NODEV);
	for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
		g_autofree char *target = g_build_filename("usr", links[i], NULL);

		IS(symlink(target, links[i]), 0);
	}
	IS(mkdir("client", 0755), 0);
	bind_mount(u, c->client, "client", MS_RDONLY | MS_NOSUID | MS_NODEV);
	IS(mkdir("proc", 0755), 0);
	IS(mount("none", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), 0);
	IS(mkdir("dev", 0755), 0);
	IS(close(open("dev/null", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	bind_mount(u, "/dev/null", "dev/null", 0);
	IS(mkdir("run", 0755), 0);
	IS(mkdir("run/bailiff", 0755), 0);
	IS(close(open("run/bailiff/broker", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	bind_mount(u, c->socket, "run/bailiff/broker", 0);
	IS(syscall(SYS_pivot_root, ".", "."), 0);
	IS(umount2(".", MNT_DETACH), 0);
	IS(chdir("/"), 0);
}

static size_t count_entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		(void)closedir(d);
	return n;
}

/* Nothing of the machine but that socket. */
static void look_around(struct user *u)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq loopback = { .ifr_name = "lo" };

	IS(getpid(), 1);
	IS(count_entries("/run"), 1);
	IS(count_entries("/run/bailiff"), 1);
	IS(count_entries("/dev"), 1);
	IS(count_entries("/"), 8);
	IS(access("/run/dbus", F_OK), -1);
	IS(access("/etc", F_OK), -1);
	IS(if_nametoindex("lo"), 1);
	IS(if_nametoindex("eth0"), 0);
	IS(ioctl(fd, SIOCGIFFLAGS, &loopback), 0);
	HOLDS(!(loopback.ifr_flags & IFF_UP));
	(void)close(fd);
}

static void live(const struct container *c, const struct inside *i)
{
	struct user user = { .talk = i->talk }, *u = &user;

	(void)alarm(60);
	make_root(u, c);
	look_around(u);
	IS(clearenv(), 0);
	IS(setgroups(0, NULL), 0);
	IS(setresgid(i->uid, i->uid, i->uid), 0);
	IS(setresuid(i->uid, i->uid, i->uid), 0);
	/* where a client looks first */
	IS(bailiff_connect(&u->c), 0);
	i->part(u);
	(void)bailiff_connection_free(u->c);
	_exit(0);
}

/* The first process of the container, as the machine counts. */
static pid_t start(struct rig *rig, struct container *c, const struct inside *i)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	pid_t pid;

	*c = (struct container){ ROOT, g_build_filename(rig->dir, "run", "broker", NULL),
		g_build_filename(g_getenv("BAILIFF_BUILD_ROOT"), "client", NULL) };
	assert_non_null(mkdtemp(c->root));
	pid = (pid_t)syscall(SYS_clone, (long)(flags | SIGCHLD), NULL, NULL, NULL, NULL);
	assert_return_code(pid, errno);
	if (pid == 0)
		live(c, i);
	return pid;
}

static void finish(struct container *c, pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_return_code(rmdir(c->root), errno);
	g_free(c->socket);
	g_free(c->client);
	assert_int_equal(status, 0);
}

static void run(void **state, uid_t uid, void (*part)(struct user *u))
{
	struct rig *rig = *state;
	struct container c;
	pid_t pid = start(rig, &c, &(struct inside){ uid, -1, part });

	finish(&c, pid);
	rig_wait_jailed(rig, 0);
}

static void part_library(struct user *u)
{
	static const char *const argv[] = { "dash", "-c", "cat; echo err >&2; exit 3", NULL };
	bailiff_sandbox_status *status = NULL;
	bailiff_request *r = request(u, "tool", argv);
	bailiff_sandbox *s = NULL;
	char text[16];

	for (int child = 0; child < 3; child++)
		IS(bailiff_request_set_stdio(r, child, BAILIFF_STDIO_PIPE), 0);
	IS(bailiff_launch(u->c, r, &s), 0);
	(void)bailiff_request_free(r);
	IS(bailiff_sandbox_get_status(s, &status), 0);
	IS(status->owner, RIG_ALICE);
	/* a pid of the machine: what is in the container never sees that process */
	HOLDS(status->pid > 1 && status->pid == bailiff_sandbox_pid(s));
	IS(kill(status->pid, 0), -1);
	(void)bailiff_sandbox_status_free(status);
	IS(write(bailiff_sandbox_stream(s, 0), "bytes\n", 6), 6);
	(void)close(bailiff_sandbox_steal_stream(s, 0));
	IS(read(bailiff_sandbox_stream(s, 1), text, sizeof(text)), 6);
	HOLDS(memcmp(text, "bytes\n", 6) == 0);
	IS(read(bailiff_sandbox_stream(s, 2), text, sizeof(text)), 4);
	ends(u, s, "exit-code", 3, 0);
	(void)bailiff_sandbox_free(s);
	/* by the lifeline of the connection */
	s = launch(u, forever);
	u->c = bailiff_connection_free(u->c);
	IS(poll(&(struct pollfd){ .fd = bailiff_sandbox_pidfd(s), .events = POLLIN }, 1, 20000), 1);
	(void)bailiff_sandbox_free(s);
}

/* Nobody is more there than outside. */
static void part_denied(struct user *u)
{
	bailiff_request *r = request(u, "tool", forever);
	bailiff_sandbox_info *list = NULL;
	bailiff_sandbox *s = NULL;

	IS(bailiff_launch(u->c, r, &s), -EACCES);
	IS(bailiff_kill_all(u->c, "tool", SIGKILL, NULL), -EACCES);
	IS(bailiff_list_sandboxes(u->c, &list), 0);
	HOLDS(list == NULL);
	(void)bailiff_request_free(r);
}

/* Runs bailiffctl with one end of a pipe as standard output; *ret is the status of its exit. Free. */
static char *run_ctl(struct user *u, const char *const *argv, int *ret)
{
	int out[2];
	char *output;
	pid_t pid;

	IS(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)setenv("LD_LIBRARY_PATH", "/client", 1);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)execv("/client/bailiffctl", (char *const *)(uintptr_t)argv);
		_exit(99);
	}
	(void)close(out[1]);
	output = rig_read_all(out[0], NULL);
	(void)close(out[0]);
	IS(waitpid(pid, ret, 0), pid);
	*ret = WIFEXITED(*ret) ? WEXITSTATUS(*ret) : -1;
	return output;
}

static void part_bailiffctl(struct user *u)
{
	static const char *const program[] = { "bailiffctl", "run", "tool", "--", "dash", "-c",
		"echo inside; exit 5", NULL };
	static const char *const profiles[] = { "bailiffctl", "profiles", "--json=short", NULL };
	g_autofree char *said = NULL, *listed = NULL;
	int status;

	said = run_ctl(u, program, &status);
	IS(status, 5);
	HOLDS(strcmp(said, "inside\n") == 0);
	listed = run_ctl(u, profiles, &status);
	IS(status, 0);
	HOLDS(strstr(listed, "\"tool\""));
}

static void test_library(void **state)
{
	run(state, RIG_ALICE, part_library);
}

static void test_others(void **state)
{
	run(state, RIG_BOB, part_denied);
}

static void test_bailiffctl(void **state)
{
	run(state, RIG_ALICE, part_bailiffctl);
}

/* Whether the broker holds a pidfd of this process. */
static bool broker_knows(struct rig *rig, pid_t pid)
{
	g_autofree char *directory = g_strdup_printf("/proc/%d/fdinfo", rig_pid(rig, RIG_BROKER)),
			*line = g_strdup_printf("\nPid:\t%d\n", (int)pid);
	DIR *d = opendir(directory);
	bool found = false;

	assert_non_null(d);
	for (struct dirent *e; !found && (e = readdir(d));) {
		g_autofree char *path = g_build_filename(directory, e->d_name, NULL), *text = NULL;

		found = g_file_get_contents(path, &text, NULL, NULL) && strstr(text, line);
	}
	(void)closedir(d);
	return found;
}

static void part_is_known(struct user *u)
{
	bailiff_sandbox_info *list = NULL;

	IS(bailiff_list_sandboxes(u->c, &list), 0);
	say(u->talk);
	HOLDS(hear(u->talk));
}

/* The caller is this process, whose number inside is 1, and not the machine's first. */
static void test_identity(void **state)
{
	struct rig *rig = *state;
	struct container c;
	int talk[2];
	pid_t pid;

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, talk), errno);
	pid = start(rig, &c, &(struct inside){ RIG_ALICE, talk[1], part_is_known });
	assert_true(hear(talk[0]));
	assert_true(broker_knows(rig, pid));
	assert_false(broker_knows(rig, 1));
	say(talk[0]);
	finish(&c, pid);
	(void)close(talk[0]);
	(void)close(talk[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_library),
		rig_test(test_others),
		rig_test(test_bailiffctl),
		rig_test(test_identity),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("container", tests, rig_setup, rig_teardown);
}
