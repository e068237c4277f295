/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * How long one user's launches and queries take while another user is at every limit: as many live sandboxes,
 * launches under way and calls as the broker lets one user have, and more asked for without a pause. Rounds
 * without and with the other take turns within one run. Asserts nothing about time: fails when something did
 * not work.
 */

#include "stats.h"
#include "way.h"

#include "base/error.h"
#include "base/parse.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUND       10   /* of each kind, before the other pauses or goes on */
#define LIVE        100  /* of the 128 that a user may have: the others are for launches under way */
#define UNDER_WAY   96   /* more than the 64 calls of a user that may wait */
#define SETTLE_MSEC 1000 /* longer than it takes to launch what waits when the other pauses */
#define PAUSE_MSEC  1
#define PROFILE     "bench"
#define PAYLOAD     "/app/payload"
#define PAGE        4096

/* What the processes share. */
struct stage {
	atomic_bool paused, over;
	atomic_ulong launched, refused, asked;
};

struct flight {
	struct stage *stage;
	unsigned n;
};

static struct stage *stage;

static void pause_msec(long msec)
{
	const struct timespec t = { msec / 1000, msec % 1000 * 1000000L };

	(void)nanosleep(&t, NULL);
}

static void become(uid_t uid)
{
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		_exit(1);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static bailiff_request *request(const char *const *argv)
{
	bailiff_request *r = NULL;
	int page = memfd_create("page", MFD_CLOEXEC);

	if (page < 0 || ftruncate(page, PAGE) < 0 || bailiff_request_new(&r, PROFILE) < 0 ||
		bailiff_request_set_argv(r, argv) < 0 || bailiff_request_map_fd(r, STDOUT_FILENO, page) < 0)
		_exit(1);
	return r;
}

/* Holds what one may hold, and goes on asking for more. */
static void hold(bailiff_connection *c)
{
	static const char *const argv[] = { PAYLOAD, "stay", NULL };
	bailiff_request *r = request(argv);
	bailiff_sandbox *s;

	for (unsigned n = 0; n < LIVE && bailiff_launch(c, r, &s) == 0; n++)
		;
	for (;;) {
		char *name = NULL;

		if (stage->paused) {
			pause_msec(PAUSE_MSEC);
			continue;
		}
		(void)bailiff_sanitize_username(c, "user@example.com", &name);
		free(name);
		stage->asked++;
	}
}

static void on_launched(int error, bailiff_sandbox *s, void *userdata)
{
	struct flight *f = userdata;

	f->n--;
	*(error < 0 ? &f->stage->refused : &f->stage->launched) += 1;
	(void)bailiff_sandbox_free(s);
}

/* As many launches at once as are let, and some that are not. */
static void launch_on(bailiff_connection *c)
{
	const char *const argv[] = { PAYLOAD, NULL };
	bailiff_request *r = request(argv);
	struct flight f = { .stage = stage };

	for (;;) {
		struct pollfd p = { .fd = bailiff_connection_get_fd(c),
			.events = (short)bailiff_connection_get_events(c) };

		while (!stage->paused && f.n < UNDER_WAY && bailiff_launch_async(c, r, on_launched, &f) == 0)
			f.n++;
		(void)poll(&p, 1, PAUSE_MSEC);
		while (bailiff_connection_process(c) > 0)
			;
	}
}

static void ask_on(bailiff_connection *c)
{
	for (;;) {
		bailiff_profile_info *list = NULL;

		if (stage->paused) {
			pause_msec(PAUSE_MSEC);
			continue;
		}
		(void)bailiff_list_profiles(c, &list);
		(void)bailiff_profile_info_free(list);
		stage->asked++;
	}
}

static void start_other(const char *address, uid_t uid, pid_t pids[3])
{
	static void (*const roles[])(bailiff_connection *) = { hold, launch_on, ask_on };

	for (size_t i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			bailiff_connection *c = NULL;

			become(uid);
			if (bailiff_connect_address(address, &c) < 0)
				_exit(1);
			roles[i](c);
		}
	}
}

/* What is measured, without and with the other. */
struct figure {
	const char *name;
	struct samples idle, beside;
};

static int measure_one(struct way *w, struct figure *f, bool beside)
{
	struct samples *s = beside ? &f->beside : &f->idle;
	uint64_t begin = now_nsec();
	struct timing took = { 0 };
	int r;

	if (strcmp(f->name, "launch") == 0) {
		r = way_launch(w, &took);
		samples_add(s, took.first);
	} else {
		bailiff_sandbox_info *list = NULL;

		r = bailiff_list_sandboxes(w->connection, &list);
		samples_add(s, now_nsec() - begin);
		(void)bailiff_sandbox_info_free(list);
	}
	if (r < 0)
		fprintf(stderr, "bench: %s: %s %s\n", f->name, strerror(-r),
			bailiff_last_error_message(w->connection));
	return r;
}

static int measure(struct way *w, struct figure *figures, size_t n, size_t count)
{
	int r = 0;

	for (size_t done = 0; r == 0 && done < count; done += ROUND)
		for (int beside = 0; r == 0 && beside < 2; beside++) {
			stage->paused = !beside;
			pause_msec(SETTLE_MSEC);
			for (size_t i = 0; r == 0 && i < ROUND * n; i++)
				r = measure_one(w, &figures[i % n], beside != 0);
		}
	for (size_t i = 0; i < n; i++) {
		samples_sort(&figures[i].idle);
		samples_sort(&figures[i].beside);
	}
	return r;
}

static double ratio(const struct figure *f, double fraction)
{
	return samples_usec(&f->beside, fraction) / samples_usec(&f->idle, fraction);
}

static void print(const struct figure *figures, size_t n)
{
	struct utsname u = { 0 };
	double load[3] = { 0 };

	(void)uname(&u);
	(void)getloadavg(load, 3);
	printf("Linux %s, %s, %ld cores, load %.2f; microseconds\n\n", u.release, u.machine,
		sysconf(_SC_NPROCESSORS_ONLN), load[0]);
	printf("%-8s %9s %9s %9s %9s %7s %7s\n", "", "alone", "p99", "beside", "p99", "ratio", "of p99");
	for (size_t i = 0; i < n; i++) {
		const struct figure *f = &figures[i];

		printf("%-8s %9.0f %9.0f %9.0f %9.0f %7.2f %7.2f\n", f->name, samples_usec(&f->idle, 0.5),
			samples_usec(&f->idle, 0.99), samples_usec(&f->beside, 0.5),
			samples_usec(&f->beside, 0.99), ratio(f, 0.5), ratio(f, 0.99));
	}
	printf("beside: another user with %d sandboxes, launches without end (%lu done, %lu refused) and %lu "
	       "other calls\n",
		LIVE, stage->launched, stage->refused, stage->asked);
}

static int write_json(const char *path, const struct figure *figures, size_t n)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return errno_or_eio();
	fprintf(f, "{\"unit\":\"microseconds\"");
	for (size_t i = 0; i < n; i++) {
		fprintf(f, ",\"%s\":{\"alone\":", figures[i].name);
		samples_json(f, &figures[i].idle);
		fprintf(f, ",\"beside\":");
		samples_json(f, &figures[i].beside);
		fprintf(f, ",\"ratio\":%.3f,\"ratio-p99\":%.3f}", ratio(&figures[i], 0.5),
			ratio(&figures[i], 0.99));
	}
	fprintf(f, "}\n");
	return fclose(f) == 0 ? 0 : errno_or_eio();
}

/* In a process of the user's own; returns its exit status. */
static int run_measured(const char *address, uid_t uid, size_t count, const char *json)
{
	struct way w = { .kind = &way_bailiff,
		.name = "bailiff",
		.words = { address, PROFILE },
		.n_words = 2,
		.page_fd = -1,
		.file_fd = -1 };
	struct figure figures[] = { { .name = "launch" }, { .name = "query" } };
	const size_t n = sizeof(figures) / sizeof(figures[0]);
	int r;

	become(uid);
	ticks_calibrate();
	r = way_open(&w);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = samples_init(&figures[i].idle, count + ROUND);
		if (r >= 0)
			r = samples_init(&figures[i].beside, count + ROUND);
	}
	if (r >= 0)
		r = measure(&w, figures, n, count);
	if (r >= 0)
		print(figures, n);
	if (r >= 0 && json)
		r = write_json(json, figures, n);
	for (size_t i = 0; i < n; i++) {
		samples_done(&figures[i].idle);
		samples_done(&figures[i].beside);
	}
	way_close(&w);
	return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	uint64_t count = 300;
	pid_t others[3], measured;
	int status = 1, other, one;

	if (argc < 4 || argc > 6 || parse_int(argv[2], 1, INT32_MAX, &other) < 0 ||
		parse_int(argv[3], 1, INT32_MAX, &one) < 0 ||
		(argc > 4 && (parse_u64(argv[4], &count) < 0 || count == 0 || count > 100000))) {
		fprintf(stderr, "usage: bench-fairness ADDRESS OTHER-UID UID [COUNT [JSON]]\n");
		return 2;
	}
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stage == MAP_FAILED)
		return 1;
	start_other(argv[1], (uid_t)other, others);
	/* it has its sandboxes before anything is measured */
	pause_msec(5000);
	measured = fork();
	if (measured == 0)
		_exit(run_measured(argv[1], (uid_t)one, count, argc > 5 ? argv[5] : NULL) +
			(fflush(NULL) != 0));
	(void)waitpid(measured, &status, 0);
	for (size_t i = 0; i < 3; i++) {
		(void)kill(others[i], SIGKILL);
		(void)waitpid(others[i], NULL, 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
