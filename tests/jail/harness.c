/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Running one probe in one jail; see harness.h. */

#include "harness.h"
#include "base/capability.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "base/strv.h"
#include "jail/init.h"
#include "jail/steps.h"
#include "jail/template.h"
#include "machine.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MSEC   20000
#define TEMPLATE_TRIES 5
#define COPY_MAX       (64U * 1024 * 1024)
#define OUTPUT_MAX     (4U * 1024 * 1024)

int rig_main(int (*run)(void))
{
	const char *must = getenv("BAILIFF_MUST_WORK");

	if (geteuid() == 0)
		return run();
	(void)fprintf(stderr, "jail tests need root\n");
	return must && strcmp(must, "1") == 0 ? 1 : 77;
}

const char *rig_format(struct rig *r, const char *format, ...)
{
	va_list ap;
	char *s;

	va_start(ap, format);
	assert_true(vasprintf(&s, format, ap) >= 0);
	va_end(ap);
	assert_int_equal(strv_consume(&r->strings, s), 0);
	return s;
}

/* The most confined jail, with the probe in it, talking to our pipe. */
static void fill_spec(struct rig *r)
{
	static uint64_t id;
	struct jail_spec *s = &r->spec;

	*s = (struct jail_spec){
		.id = ++id,
		.executable = RIG_PROBE,
		.working_directory = "/",
		.umask = 0077,
		.uid = RIG_UID,
		.gid = RIG_GID,
		.namespaces = JAIL_NS_DEFAULT,
		.hostname = "jail",
		.minimal_root = true,
		.private_tmp = true,
		.private_devices = true,
		.mount_proc = true,
		.mounts = r->mounts,
		.restrictions = r->restrictions,
		.proc_hiding = PROC_INVISIBLE,
		.proc_subset = true,
	};
	rig_bind(r, r->probe, RIG_PROBE, MOUNT_READ_ONLY);
	rig_fd(r, r->context.null_fd, 0);
	rig_fd(r, r->output_end, 1);
	rig_fd(r, r->output_end, 2);
	rig_env(r, (const char *const[]){ "TEST=yes", NULL });
}

static void open_context(struct rig *r)
{
	int cgroup_fd = -1, host_proc_fd;

	r->cgroup = machine_make_cgroup(&cgroup_fd);
	host_proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(jail_context_open(&r->context, host_proc_fd, cgroup_fd), 0);
	assert_int_equal(
		jail_context_set_host_mounts(&r->context, open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)),
		0);
}

int rig_setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	const char *build = getenv("BAILIFF_BUILD_ROOT");
	char directory[] = "/tmp/bailiff-jail-XXXXXX";
	int out[2];

	if (!r || !build || asprintf(&r->probe, "%s/tests/jail/probe", build) < 0)
		return -1;
	r->before = machine_state();
	r->context = JAIL_CONTEXT_NULL;
	r->jail = JAIL_NULL;
	if (!mkdtemp(directory) || chmod(directory, 0755) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -1;
	r->directory = strdup(directory);
	r->output_fd = out[0];
	r->output_end = out[1];
	open_context(r);
	fill_spec(r);
	*state = r;
	return 0;
}

void rig_await_lingering(struct rig *r)
{
	for (int waited = 0; jail_collect(&r->context) && waited < TIMEOUT_MSEC; waited++)
		(void)usleep(1000);
}

int rig_teardown(void **state)
{
	struct rig *r = *state;
	unsigned makers;
	char *after;
	bool same;

	jail_done(&r->context, &r->jail);
	rig_await_lingering(r);
	makers = (templates_busy(&r->context) ? 1U : 0U) + (r->context.stock.maker_pidfd >= 0 ? 1U : 0U) +
		 (r->context.init_maker ? 1U : 0U);
	jail_context_close(&r->context);
	/* they are killed, and not waited for without end: who comes after a launcher takes them away */
	machine_reap_killed(makers);
	jail_spec_done(&r->spec);
	r->output_fd = fd_close(r->output_fd);
	r->output_end = fd_close(r->output_end);
	machine_remove_cgroup(r->cgroup);
	machine_remove_tree(r->directory);
	after = machine_state();
	same = machine_compare(r->before, after);
	free(after);
	free(r->before);
	free(r->probe);
	free(r->directory);
	free(r->cgroup);
	free(r->output);
	strv_free(r->strings);
	free(r);
	return same ? 0 : -1;
}

static struct compiled_mount *add_mount(
	struct rig *r, enum mount_type type, const char *target, uint32_t flags)
{
	struct compiled_mount *m = &r->mounts[r->spec.n_mounts];
	/* the copies live in r->strings */
	union {
		const char *constant;
		char *plain;
	} t = { rig_format(r, "%s", target) }, empty = { rig_format(r, "%s", "") };

	assert_true(r->spec.n_mounts < RIG_MOUNTS_MAX);
	r->spec.n_mounts++;
	*m = (struct compiled_mount){
		.type = type, .flags = flags, .source = empty.plain, .target = t.plain
	};
	return m;
}

void rig_bind(struct rig *r, const char *source, const char *target, uint32_t flags)
{
	union {
		const char *constant;
		char *plain;
	} s = { rig_format(r, "%s", source) };

	add_mount(r, MOUNT_BIND, target, flags)->source = s.plain;
}

void rig_tmpfs(struct rig *r, const char *target, uint32_t flags, uint64_t size, uint32_t mode)
{
	struct compiled_mount *m = add_mount(r, MOUNT_TMPFS, target, flags);

	m->size = size;
	m->mode = mode;
}

void rig_restrict(struct rig *r, enum restriction_type type, const char *path, bool optional)
{
	/* the copy lives in r->strings */
	union {
		const char *constant;
		char *plain;
	} p = { rig_format(r, "%s", path) };

	assert_true(r->spec.n_restrictions < RIG_RESTRICTIONS_MAX);
	r->restrictions[r->spec.n_restrictions++] =
		(struct compiled_restriction){ .type = type, .optional = optional, .path = p.plain };
}

void rig_limit(struct rig *r, uint32_t resource, uint64_t soft, uint64_t hard)
{
	struct jail_spec *s = &r->spec;

	s->limits = reallocarray(s->limits, s->n_limits + 1, sizeof(*s->limits));
	assert_non_null(s->limits);
	s->limits[s->n_limits++] = (struct compiled_limit){ resource, soft, hard };
}

void rig_fd(struct rig *r, int source, uint32_t target)
{
	struct jail_spec *s = &r->spec;

	s->fds = reallocarray(s->fds, s->n_fds + 1, sizeof(*s->fds));
	assert_non_null(s->fds);
	s->fds[s->n_fds++] = (struct jail_fd){ source, target };
}

static char **copy(const char *const *v)
{
	char **c = NULL;

	for (; *v; v++)
		assert_int_equal(strv_extend(&c, *v), 0);
	return c ? c : calloc(1, sizeof(*c));
}

void rig_env(struct rig *r, const char *const *env)
{
	strv_free(r->spec.envp);
	r->spec.envp = copy(env);
}

const char *rig_file(struct rig *r, const char *name, const char *text, mode_t mode)
{
	const char *path = rig_format(r, "%s/%s", r->directory, name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	return path;
}

const char *rig_copy(struct rig *r, const char *source, const char *name, mode_t mode)
{
	_cleanup_close_ int in = open(source, O_RDONLY | O_CLOEXEC), out = -1;
	const char *path = rig_format(r, "%s/%s", r->directory, name);
	_cleanup_free_ char *data = NULL;
	size_t size;

	assert_int_equal(read_fd_to_end(in, COPY_MAX, &data, &size), 0);
	out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write_full(out, data, size), 0);
	assert_int_equal(fchmod(out, mode), 0);
	return path;
}

const char *rig_mkdir(struct rig *r, const char *name, mode_t mode)
{
	const char *path = rig_format(r, "%s/%s", r->directory, name);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static size_t count_looks(const struct template *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += template_has_source(&t->items[i]) && (t->look || !t->watched[i]);
	return n;
}

/* What jail_start() finds; it notes, too, what it does not find. */
static bool choose(struct rig *r, size_t *ret_looks)
{
	struct namespace_plan namespaces = { .clone_flags = CLONE_NEWNS };
	struct mount_plan plan;
	struct jail_error unused;
	bool found;

	if (prepare_mounts(&r->context, &r->spec, &plan, &unused) < 0)
		return false;
	template_choose(&r->context, &r->spec, &namespaces, &plan);
	found = plan.template != NULL;
	*ret_looks = found ? count_looks(plan.template) : 0;
	assert_int_equal(namespaces.clone_flags, found ? 0 : CLONE_NEWNS);
	mount_plan_done(&plan);
	return found;
}

bool rig_has_template(struct rig *r)
{
	size_t unused;

	return choose(r, &unused);
}

size_t rig_looks(struct rig *r)
{
	size_t n;

	assert_true(choose(r, &n));
	return n;
}

bool rig_make_template(struct rig *r)
{
	struct pollfd p = { .events = POLLIN };

	/* what others mount on this machine may have it made again */
	for (int tries = 0; tries < TEMPLATE_TRIES && !rig_has_template(r); tries++) {
		if (jail_templates_wait(&r->context) < 0)
			return false;
		p.fd = jail_templates_make(&r->context);
		if (p.fd < 0)
			return false;
		while (templates_busy(&r->context)) {
			assert_int_equal(poll(&p, 1, TIMEOUT_MSEC), 1);
			jail_templates_event(&r->context);
		}
	}
	return rig_has_template(r);
}

/* What the report says next. Of a payload that ends while it shares our table, the pipe does not tell. */
static int next_report(struct rig *r)
{
	struct pollfd p[] = { { .fd = r->jail.report_fd, .events = POLLIN },
		{ .fd = r->jail.loan ? r->jail.pidfd : -1, .events = POLLIN } };

	if (poll(p, ELEMENTSOF(p), TIMEOUT_MSEC) <= 0)
		fail_msg("no report");
	return jail_read_report(&r->jail, &r->error);
}

/* Until it has said that it is built. */
static int await_parked(struct rig *r)
{
	int result = 0;

	while (result == 0 && !r->jail.built)
		result = next_report(r);
	return result;
}

int rig_park(struct rig *r)
{
	static char name[] = "parked";
	char *argv[] = { name, NULL }, *envp[] = { NULL };
	struct jail_fd fds[] = { { r->context.null_fd, 0 }, { r->context.null_fd, 1 },
		{ r->context.null_fd, 2 } };
	struct jail_spec parked = r->spec;
	int result;

	parked.park = true;
	parked.argv = argv;
	parked.envp = envp;
	parked.fds = fds;
	parked.n_fds = ELEMENTSOF(fds);
	result = jail_start(&r->context, &parked, &r->jail, &r->error);
	if (result >= 0)
		result = await_parked(r);
	if (result < 0)
		jail_done(&r->context, &r->jail);
	return result;
}

/* All tests once more, with launches of parked jails wherever one can be parked for what they ask. */
static bool is_warm(const struct rig *r)
{
	return getenv("BAILIFF_TEST_WARM") && jail_spec_fits(&r->spec, &r->spec) && jail_order_fits(&r->spec);
}

/* The launcher's threads, in whatever process of the test this is, with the rights that it has now. */
static void share(struct rig *r)
{
	if (r->sharer == getpid() || getenv("BAILIFF_TEST_COPIES"))
		return;
	r->sharer = getpid();
	/* on a kernel that is played, which may make no threads, they are copies */
	(void)jail_share_memory(&r->context);
}

void rig_without_maker(struct rig *r)
{
	share(r);
	init_maker_close(&r->context);
}

int rig_spare(struct rig *r)
{
	const struct jail_spec spare = { .id = r->spec.id,
		.spare = jail_spare_kind(r->spec.namespaces, r->spec.run_as_init,
			jail_may_share(r->spec.namespaces, r->spec.deny_write_execute, r->spec.mounts,
				r->spec.n_mounts)) };

	share(r);
	r->jail = JAIL_NULL;
	return jail_start(&r->context, &spare, &r->jail, &r->error);
}

void rig_arguments(struct rig *r, const char *const *argv)
{
	strv_free(r->spec.argv);
	r->spec.argv = copy(argv);
}

int rig_start(struct rig *r, const char *const *argv)
{
	rig_arguments(r, argv);
	return rig_start_again(r);
}

int rig_start_again(struct rig *r)
{
	r->error = (struct jail_error){ .stage = STAGE_NONE };
	share(r);
	if (getenv("BAILIFF_TEST_TEMPLATES"))
		(void)rig_make_template(r);
	if (is_warm(r)) {
		int result = rig_park(r);

		/* of what can not be parked the ordinary launch says why, where it still can be made */
		if (result == 0 || result == -ENOTRECOVERABLE)
			return result;
		/* the other one may not be gone yet, unless it never had a control group */
		if (r->error.stage != STAGE_CGROUP)
			r->spec.id += 100000;
	}
	r->error = (struct jail_error){ .stage = STAGE_NONE };
	if (getenv("BAILIFF_TEST_TEMPLATES") && rig_spare(r) < 0)
		return r->error.error;
	return jail_start(&r->context, &r->spec, &r->jail, &r->error);
}

int rig_report(struct rig *r)
{
	int result;

	do
		result = next_report(r);
	while (result == 0);
	return result;
}

/* The payload holds the only other writing end, so ours must go before end of file can come. */
void rig_read(struct rig *r, const char *until)
{
	size_t size = r->output ? strlen(r->output) : 0;

	r->output_end = fd_close(r->output_end);
	for (;;) {
		struct pollfd p = { .fd = r->output_fd, .events = POLLIN };
		ssize_t n;

		r->output = realloc(r->output, size + 4096 + 1);
		assert_non_null(r->output);
		r->output[size] = '\0';
		if (until && strstr(r->output, until))
			return;
		if (poll(&p, 1, TIMEOUT_MSEC) <= 0)
			fail_msg("no more output after:\n%s", r->output);
		n = read(r->output_fd, r->output + size, 4096);
		assert_true(n >= 0 && size < OUTPUT_MAX);
		size += (size_t)n;
		r->output[size] = '\0';
		if (n == 0) {
			if (until)
				fail_msg("\"%s\" did not come:\n%s", until, r->output);
			return;
		}
	}
}

void rig_finish(struct rig *r)
{
	struct pollfd p = { .fd = r->jail.pidfd, .events = POLLIN };

	if (poll(&p, 1, TIMEOUT_MSEC) <= 0)
		fail_msg("the payload does not end");
	assert_int_equal(jail_reap(&r->jail, &r->status), 1);
	jail_done(&r->context, &r->jail);
	/* the next one may have its id, and so its control group */
	rig_await_lingering(r);
}

void rig_launch(struct rig *r, const char *const *argv)
{
	int result = rig_start(r, argv);

	if (result >= 0)
		result = jail_go(&r->jail, &r->spec);
	if (result >= 0)
		result = rig_report(r);
	if (result < 0)
		fail_msg("%s: %s: %s", jail_stage_to_string(r->error.stage), r->error.object,
			strerror(-result));
}

void rig_run(struct rig *r, const char *const *argv)
{
	rig_launch(r, argv);
	rig_read(r, NULL);
	rig_finish(r);
}

void rig_fail(struct rig *r, enum jail_stage stage, int error, const char *object)
{
	int result = START(r, "see");

	if (result >= 0) {
		/* fails where the child has ended by now */
		(void)jail_go(&r->jail, &r->spec);
		result = rig_report(r);
		jail_done(&r->context, &r->jail);
	}
	assert_string_equal(jail_stage_to_string(r->error.stage), jail_stage_to_string(stage));
	if (!strstr(r->error.object, object))
		fail_msg("\"%s\" is not in \"%s\"", object, r->error.object);
	assert_int_equal(result, error);
	assert_int_equal(r->error.error, error);
	/* whoever got as far as running would have said something */
	r->output_end = fd_close(r->output_end);
	rig_read(r, NULL);
	assert_string_equal(r->output, "");
}

int rig_as_child(struct rig *r, int (*run)(struct rig *r))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int result = run(r);

		/* what it started is nobody's later */
		rig_await_lingering(r);
		_exit(result);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Traces the process and what it clones until it is told to end. What it traces can end meanwhile, and is not
 * its parent's to reap before that. */
static void trace(pid_t pid, int told_fd)
{
	struct pollfd p = { .fd = told_fd, .events = POLLIN };
	const long ready = ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK);
	int status;

	if (write(told_fd, &ready, sizeof(ready)) != sizeof(ready))
		_exit(1);
	while (poll(&p, 1, 1) == 0)
		while (waitpid(pid, &status, __WALL | WNOHANG) == pid)
			(void)ptrace(PTRACE_CONT, pid, NULL, status >> 16 ? 0 : WSTOPSIG(status));
	_exit(0);
}

pid_t rig_begin_trace(int *ret_fd)
{
	const pid_t pid = getpid();
	long ready = -1;
	int pair[2];
	pid_t tracer;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
	tracer = fork();
	if (tracer == 0) {
		(void)close(pair[0]);
		trace(pid, pair[1]);
	}
	(void)close(pair[1]);
	assert_int_equal(read(pair[0], &ready, sizeof(ready)), sizeof(ready));
	assert_int_equal(ready, 0);
	*ret_fd = pair[0];
	return tracer;
}

int rig_give_up(uint64_t capabilities, bool permitted)
{
	struct capability_sets sets;

	if (capability_get(&sets) < 0)
		return -1;
	sets.effective &= ~capabilities;
	if (permitted)
		sets.permitted &= ~capabilities;
	return capability_set(&sets);
}

static int launch_quietly(struct rig *r, const char *const *argv)
{
	int result = rig_start(r, argv);

	if (result < 0)
		return result;
	/* fails where the child has ended by now: the report says why */
	(void)jail_go(&r->jail, &r->spec);
	return rig_report(r);
}

bool rig_fails(struct rig *r, enum jail_stage stage, int error, const char *object)
{
	int result = launch_quietly(r, ARGS("see"));
	bool right = result == error && r->error.stage == stage && strstr(r->error.object, object);

	if (!right)
		fprintf(stderr, "%d at %s: %s\n", result, jail_stage_to_string(r->error.stage),
			r->error.object);
	jail_done(&r->context, &r->jail);
	return right;
}

/* The output does not end here: the test that this is a child of holds it as well. So what came by the
 * payload's end is all. */
static void read_rest(struct rig *r)
{
	struct pollfd p = { .fd = r->jail.pidfd, .events = POLLIN };
	char data[4096];
	size_t size = 0;

	if (p.fd >= 0)
		(void)poll(&p, 1, TIMEOUT_MSEC);
	p.fd = r->output_fd;
	while (size < sizeof(data) - 1 && poll(&p, 1, 0) > 0) {
		ssize_t n = read(r->output_fd, data + size, sizeof(data) - 1 - size);

		if (n <= 0)
			break;
		size += (size_t)n;
	}
	data[size] = '\0';
	free(r->output);
	r->output = strdup(data);
}

bool rig_prints(struct rig *r, const char *const *argv, const char *output)
{
	int result = launch_quietly(r, argv);
	bool right;

	read_rest(r);
	right = result == 1 && r->output && strcmp(r->output, output) == 0;
	if (!right)
		fprintf(stderr, "%d at %s: %s\n%s", result, jail_stage_to_string(r->error.stage),
			r->error.object, r->output ? r->output : "");
	jail_done(&r->context, &r->jail);
	return right;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

const char *rig_value(struct rig *r, const char *key)
{
	size_t n = strlen(key);

	for (const char *l = r->output; *l; l = next_line(l))
		if (strncmp(l, key, n) == 0 && (l[n] == ' ' || l[n] == '\n'))
			return rig_format(
				r, "%.*s", (int)strcspn(l + n + (l[n] == ' '), "\n"), l + n + (l[n] == ' '));
	return NULL;
}

bool rig_has_line(const struct rig *r, const char *line)
{
	size_t n = strlen(line);

	for (const char *l = r->output; *l; l = next_line(l))
		if (strncmp(l, line, n) == 0 && (l[n] == '\n' || l[n] == '\0'))
			return true;
	return false;
}

size_t rig_count(const struct rig *r, const char *key)
{
	size_t n = strlen(key), count = 0;

	for (const char *l = r->output; *l; l = next_line(l))
		count += strncmp(l, key, n) == 0 && l[n] == ' ';
	return count;
}
