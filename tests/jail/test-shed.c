/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a parked jail's process has of the launcher's memory while it waits: nothing but the room that it
 * waits in; and whatever the order brings, and however it ends, it has what that takes.
 */

#include "base/error.h"
#include "base/filter.h"
#include "harness.h"
#include "jail/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEXT_MAX 65536
#define MARKED   65536

/* With it the filter is loaded before the order; munmap(2) is not permitted whatever its arguments are. */
static const struct filter_rule rules[] = { { SYS_munmap, FILTER_FAIL(EXDEV), 1, FILTER_WHOLE_ARG, 12345 },
	{ SYS_sethostname, FILTER_KILL, 0, 0, 0 } };

static bool sheds(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return false;
#else
	return true;
#endif
}

static void use_filter(struct rig *r, struct sock_filter **ret)
{
	assert_int_equal(filter_build(rules, ELEMENTSOF(rules), FILTER_PERMIT, ret, &r->spec.n_filter), 0);
	r->spec.filter = *ret;
	r->spec.violations = VIOLATIONS_TOLD;
}

/* /proc/PID/maps once the process waits for its order: then it sleeps, in recvmsg(2). */
static const char *maps_of(pid_t pid)
{
	static char text[TEXT_MAX];
	const char *call = NULL;
	char path[64], line[32], waits[16];
	size_t n;
	FILE *f;

	(void)snprintf(waits, sizeof(waits), "%d ", SYS_recvmsg);
	for (int i = 0; !call && i < 20000; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
		f = fopen(path, "re");
		assert_non_null(f);
		call = fgets(line, sizeof(line), f);
		assert_int_equal(fclose(f), 0);
		if (!call || strncmp(line, waits, strlen(waits)) != 0)
			call = NULL;
		(void)usleep(1000);
	}
	assert_non_null(call);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	assert_true(n > 0 && n < sizeof(text) - 1);
	text[n] = '\0';
	assert_int_equal(fclose(f), 0);
	return text;
}

static bool has(const char *maps, const void *address)
{
	unsigned long from, to, wanted = (unsigned long)(uintptr_t)address;

	for (const char *line = maps; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(sscanf(line, "%lx-%lx", &from, &to), 2);
		if (from <= wanted && wanted < to)
			return true;
	}
	return false;
}

/* Without what the kernel shows of itself. */
static size_t count_mappings(const char *maps)
{
	size_t n = 0;

	for (const char *line = maps; *line; line = strchr(line, '\n') + 1)
		n += strncmp(line, "ffffffff", 8) != 0;
	return n;
}

static void park(struct rig *r, struct sock_filter **ret_policy)
{
	use_filter(r, ret_policy);
	if (rig_park(r) < 0)
		fail_msg("%s: %s", r->error.object, strerror(-r->error.error));
	(void)maps_of(r->jail.pid);
}

static void go(struct rig *r)
{
	rig_arguments(r, ARGS("see"));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
}

static void see(struct rig *r)
{
	go(r);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
}

static void end_failed(struct rig *r, enum jail_stage stage, int error, const char *object)
{
	assert_int_equal(rig_report(r), error);
	assert_int_equal(r->error.stage, stage);
	assert_string_equal(r->error.object, object);
	jail_done(&r->context, &r->jail);
}

static void test_memory(void **state)
{
	static int of_the_program;
	struct rig *r = *state;
	void *heap = malloc(1), *mapped = mmap(NULL, MARKED, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct sock_filter *policy;
	const char *maps;

	assert_ptr_not_equal(mapped, MAP_FAILED);
	park(r, &policy);
	maps = maps_of(r->jail.pid);
	assert_true(has(maps, r->jail.last_word));
	if (sheds()) {
		assert_false(has(maps, heap));
		assert_false(has(maps, mapped));
		assert_false(has(maps, r->spec.filter));
		assert_false(has(maps, r));
	}
	if (sheds() && ROOM_STANDS_ALONE) {
		assert_false(has(maps, &of_the_program));
		/* the code, the room, the report */
		assert_int_equal(count_mappings(maps), 3);
	}
	rig_limit(r, RLIMIT_NOFILE, 40, 50);
	r->spec.working_directory = "/tmp";
	see(r);
	assert_value(r, "cwd", "/tmp");
	assert_value(r, "limit_NOFILE", "40 50");
	assert_int_equal(munmap(mapped, MARKED), 0);
	free(heap);
	free(policy);
}

/* Without a filter there is nothing that could not be done when the order comes, and nothing is given back.
 */
static void test_no_filter(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_park(r), 0);
	assert_true(has(maps_of(r->jail.pid), r));
	rig_arguments(r, ARGS("see"));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_int_equal(rig_count(r, "fd"), 3);
}

/* What failed is still named. */
static void test_exec_fails(void **state)
{
	struct rig *r = *state;
	const char *copy = rig_copy(r, r->probe, "program", 0755);
	struct sock_filter *policy;

	rig_bind(r, copy, "/program", 0);
	r->spec.executable = "/program";
	park(r, &policy);
	assert_int_equal(chmod(copy, 0600), 0);
	go(r);
	end_failed(r, STAGE_EXEC, -EACCES, "/program");
	free(policy);
}

/* Has a program ask for a loader that is nowhere. */
static void misname_loader(const char *path)
{
	static const char wanted[] = "/ld-linux";
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char head[4096], *at;
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, head, sizeof(head));
	assert_true(n > 0);
	at = memmem(head, (size_t)n, wanted, strlen(wanted));
	assert_non_null(at);
	assert_int_equal(pwrite(fd, "/no", 3, at - head), 3);
	assert_int_equal(close(fd), 0);
}

/* The kernel's error is one of those that have a text of their own. */
static void test_no_loader(void **state)
{
	struct rig *r = *state;
	const char *copy = rig_copy(r, "/proc/self/exe", "program", 0755);
	struct sock_filter *policy;

	misname_loader(copy);
	rig_bind(r, copy, "/program", 0);
	r->spec.executable = "/program";
	park(r, &policy);
	go(r);
	end_failed(r, STAGE_EXEC, -ENOENT, "the program's loader is missing inside of the jail: /program");
	free(policy);
}

static void test_no_directory(void **state)
{
	struct rig *r = *state;
	struct sock_filter *policy;

	park(r, &policy);
	r->spec.working_directory = rig_format(r, "/%0300d", 7);
	go(r);
	/* cut where there is no more room */
	end_failed(r, STAGE_EXEC, -ENAMETOOLONG,
		rig_format(r, "working directory /%0*d",
			JAIL_OBJECT_MAX - 1 - (int)strlen("working directory /"), 0));
	free(policy);
}

/* What was asked for is set as it is, or the launch fails; a default is cut to what there is. */
static void test_limits(void **state)
{
	struct rig *r = *state;
	struct sock_filter *policy;

	rig_limit(r, RLIMIT_MEMLOCK, 4096, 8192);
	park(r, &policy);
	r->spec.limits[0].hard++;
	go(r);
	end_failed(r, STAGE_RLIMITS, -EPERM, "LimitMEMLOCK");
	free(policy);
	r->spec.id++;
	r->spec.limits[0].hard--;
	park(r, &policy);
	r->spec.n_limits = 0;
	see(r);
	assert_value(r, "limit_MEMLOCK", "8192 8192");
	free(policy);
}

/* Each has the number that was asked for, whatever came in between is closed. */
static void test_descriptors(void **state)
{
	const uint32_t targets[] = { 7, 3, 127, 60, 61 };
	struct rig *r = *state;
	struct sock_filter *policy;
	int files[ELEMENTSOF(targets)];

	park(r, &policy);
	for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
		files[i] = memfd_create("test", MFD_CLOEXEC);
		assert_true(files[i] >= 0);
		rig_fd(r, files[i], targets[i]);
	}
	see(r);
	for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
		struct stat st;

		assert_int_equal(fstat(files[i], &st), 0);
		assert_line(r, rig_format(r, "fd %u %ju:%ju %o %d 0", targets[i], (uintmax_t)st.st_dev,
				       (uintmax_t)st.st_ino, st.st_mode & S_IFMT, O_RDWR));
		assert_int_equal(close(files[i]), 0);
	}
	assert_int_equal(rig_count(r, "fd"), 3 + ELEMENTSOF(targets));
	free(policy);
}

/* With a descriptor, or -1. */
static void send_raw(struct rig *r, struct order *order, size_t from, size_t size, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct cmsghdr *head = (struct cmsghdr *)(void *)control;
	struct iovec part = { (char *)order + from, size };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	*head = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (fd >= 0) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
	}
	assert_int_equal(sendmsg(r->jail.go_fd, &m, 0), size);
	r->jail.went = true;
}

static void test_bad_orders(void **state)
{
	struct rig *r = *state;
	struct order *bad = calloc(1, sizeof(*bad));
	struct sock_filter *policy;
	const struct order_head heads[] = {
		{ .size = sizeof(*bad) + 1 },
		{ .size = sizeof(bad->head) - 1 },
		{ .size = sizeof(bad->head) + 1, .n_fds = 1 },
		{ .size = sizeof(bad->head) + 1, .n_argv = ORDER_STRINGS_MAX, .n_env = 1 },
		{ .size = sizeof(bad->head) + 1, .n_argv = UINT32_MAX, .n_env = 1 },
		{ .size = sizeof(bad->head) + 1, .n_argv = 1 },
		{ .size = sizeof(bad->head) + 2, .n_argv = 1, .n_env = 1 },
	};

	assert_non_null(bad);
	for (size_t i = 0; i < ELEMENTSOF(heads); i++) {
		bool of_text = i >= ELEMENTSOF(heads) - 2;

		park(r, &policy);
		bad->head = heads[i];
		send_raw(r, bad, 0, sizeof(bad->head) + (i < 2 ? 0 : heads[i].size - sizeof(bad->head)), -1);
		end_failed(r, STAGE_EXEC, -EBADMSG, of_text ? "order of a launch" : "waiting for a launch");
		free(policy);
		r->spec.id++;
	}
	free(bad);
}

/* One that is shorter than its head, a descriptor with the end of one, and one that is not to be where ours
 * are. */
static void test_odd_orders(void **state)
{
	const size_t whole = sizeof(struct order_head) + 1;
	struct rig *r = *state;
	struct order *odd = calloc(1, sizeof(*odd));
	struct sock_filter *policy;

	assert_non_null(odd);
	park(r, &policy);
	odd->head.size = sizeof(odd->head.size);
	send_raw(r, odd, 0, odd->head.size, -1);
	end_failed(r, STAGE_EXEC, -EBADMSG, "waiting for a launch");
	free(policy);
	r->spec.id++;
	park(r, &policy);
	odd->head.size = (uint32_t)whole;
	send_raw(r, odd, 0, whole - 1, -1);
	(void)usleep(20000); /* it has come by then, mostly: else both come together, which is as bad */
	send_raw(r, odd, whole - 1, 1, r->context.null_fd);
	end_failed(r, STAGE_EXEC, -EBADMSG, "waiting for a launch");
	free(policy);
	r->spec.id++;
	park(r, &policy);
	odd->head.n_fds = 1;
	odd->head.targets[0] = FD_PARKED_SLOTS;
	send_raw(r, odd, 0, whole, r->context.null_fd);
	end_failed(r, STAGE_FDS, -EINVAL, "file descriptor 128");
	free(policy);
	free(odd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_memory),
		TEST(test_no_filter),
		TEST(test_exec_fails),
		TEST(test_no_loader),
		TEST(test_no_directory),
		TEST(test_limits),
		TEST(test_descriptors),
		TEST(test_bad_orders),
		TEST(test_odd_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
