/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/warm.h"
#include "base/error.h"
#include "base/io.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/process.h"
#include "launcher/adopt.h"
#include "plan/plan.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

/* What is mounted has changed: no jail that is parked has it. */
static void mounts_changed(struct server *server, struct source *source, uint32_t events)
{
	parking_leave_all(&server->parking, now_boottime_usec() + PARKED_MOUNTS_USEC);
}

/* Asking takes the event: it comes no more. */
static void check_mounts(struct server *server)
{
	struct pollfd p = { .fd = server->mounts.fd, .events = POLLPRI };

	if (server->mounts.fd < 0 || poll(&p, 1, 0) > 0)
		mounts_changed(server, &server->mounts, 0);
}

static void memory_short(struct server *server, struct source *source, uint32_t events)
{
	if (server->parking.n > 0)
		log_info("memory is short: no jails are parked for a while");
	parking_relieve(&server->parking, now_boottime_usec());
}

/* Without it there are no parked jails. */
static int watch_mounts(struct server *server)
{
	if (server->mounts.fd >= 0)
		return 0;
	server->mounts.handle = mounts_changed;
	server->mounts.fd = openat(server->jail.proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	return server->mounts.fd < 0 ? errno_or_eio() : server_watch(server, &server->mounts, EPOLLPRI);
}

/* The host's, of which ours would show the same. Without it all that wait stay when memory is short. */
static void watch_memory(struct server *server)
{
	int r;

	if (server->memory.fd >= 0)
		return;
	server->memory.handle = memory_short;
	server->memory.fd = r = machine_watch_memory(server->jail.host_proc_fd);
	if (r >= 0)
		r = server_watch(server, &server->memory, EPOLLPRI);
	if (r >= 0)
		return;
	log_info("/proc/pressure/memory can not be watched: %s", strerror(-r));
	server_close(server, &server->memory);
}

void warm_set_catalog(struct server *server)
{
	struct parking *p = &server->parking;
	int r = parking_set_catalog(p, server->current->catalog);

	if (r >= 0 && p->n_classes > 0)
		r = watch_mounts(server);
	if (r < 0) {
		(void)parking_set_catalog(p, NULL);
		(void)log_errno(LOG_WARNING, r, "no jails are parked");
	}
	if (p->n_classes == 0)
		server_close(server, &server->mounts);
	if (p->n_classes > 0 || p->spare.most > 0)
		watch_memory(server);
	else
		server_close(server, &server->memory);
}

static void unwatch(struct server *server, struct parked *one)
{
	server_unwatch(server, &one->report);
	server_unwatch(server, &one->process);
}

/* @end: what ends a jail, and waits for its processes or does not. */
static void let_go(
	struct server *server, struct parked *one, void (*end)(struct jail_context *, struct jail *))
{
	const struct sandbox s = parked_sandbox(one);

	unwatch(server, one);
	end(&server->jail, &one->jail);
	if (s.id != 0) /* it was made */
		keep_release(server, &s);
	parking_free(&server->parking, one, &server->uids);
}

static int watch(struct server *server, struct parked *one);

static void hear(struct server *server, struct parked *one)
{
	/* its report is closed when it was read to its end */
	unwatch(server, one);
	if (parking_hear(&server->parking, one, now_boottime_usec()) && watch(server, one) < 0)
		parking_leave(&server->parking, one);
}

static void parked_reports(struct server *server, struct source *source, uint32_t events)
{
	hear(server, CONTAINER_OF(source, struct parked, report));
}

static void parked_ended(struct server *server, struct source *source, uint32_t events)
{
	hear(server, CONTAINER_OF(source, struct parked, process));
}

/* One that is built says no more, and its end its report would not tell while its table is still ours. */
static int watch(struct server *server, struct parked *one)
{
	int r;

	one->process = (struct source){ .fd = parked_process(one), .handle = parked_ended };
	r = server_watch(server, &one->process, EPOLLIN);
	if (r < 0 || one->jail.built)
		return r;
	one->report = (struct source){ .fd = one->jail.report_fd, .handle = parked_reports };
	return server_watch(server, &one->report, EPOLLIN);
}

struct parked *warm_find(struct server *server, const struct compiled_profile *profile)
{
	struct parked *one;
	uint64_t now;

	if (server->parking.n_classes == 0 || profile->max_warm == 0)
		return NULL;
	now = now_boottime_usec();
	check_mounts(server);
	/* of one that died the loop may not have heard yet; one that was stopped would not answer */
	while ((one = parking_find(&server->parking, profile, now))) {
		if (jail_waits(&one->jail))
			return one;
		parking_lose(&server->parking, one, now_boottime_usec());
	}
	return NULL;
}

void warm_take(struct server *server, struct parked *one, struct sandbox *s)
{
	if (!one->spec.spare) /* else it is the init that is watched */
		server_pass_on(server, &one->process, &s->process, EPOLLIN);
	unwatch(server, one);
	s->jail = one->jail;
	s->uid = one->spec.uid;
	s->dynamic_uid = one->dynamic_uid;
	parking_free(&server->parking, one, NULL);
}

static size_t room(const struct server *server)
{
	return parking_room(&server->parking, registry_live(&server->registry), server->current);
}

int warm_wait(struct server *server)
{
	return parking_wait(&server->parking, room(server), now_boottime_usec());
}

/* The keeper holds it as any jail, but there is no record: if this launcher dies, the next one kills it. */
static int hold_and_watch(struct server *server, struct parked *one)
{
	struct sandbox s = parked_sandbox(one);
	int r;

	if (parked_process(one) < 0) /* it is only a control group */
		return 0;
	r = keep_hold(server, &s, (1U << _HOLD_MAX) - 1);
	jail_find_host_pid(&server->jail, &one->jail);
	return r < 0 ? r : watch(server, one);
}

static int plan(struct server *server, const struct compiled_profile *profile, struct parked *one)
{
	uid_t uid = 0;
	int r = 0;

	if (profile->dynamic_user)
		r = parking_take_uid(&server->parking, one, &server->uids, &server->jail,
			server->current->catalog->config.dynamic_quarantine_usec, &uid);
	return r < 0 ? r : plan_park(profile, uid, &one->spec);
}

static int start(struct server *server, const struct compiled_profile *profile, struct parked *one,
	struct jail_error *reterr)
{
	int r = profile ? plan(server, profile, one) : 0;

	if (r >= 0)
		r = parked_fill(one, registry_reserve_id(&server->registry), server->jail.null_fd);
	if (r >= 0)
		r = server_start_jail(server, &one->spec, &one->jail, reterr);
	return r < 0 ? r : hold_and_watch(server, one);
}

/* What fails here is nobody's launch. */
static void park_one(struct server *server, struct parked_class *class)
{
	struct jail_error e = { .stage = STAGE_NONE };
	struct parked *one = parking_add(&server->parking, class, now_boottime_usec());
	int r = one ? start(server, class->profile, one, &e) : 0;

	if (r < 0)
		parking_fail(&server->parking, one, &e, r, now_boottime_usec());
}

void warm_use_silence(struct server *server)
{
	struct parked *leaving = parking_leaving(&server->parking);
	struct parked_class *class;

	if (leaving) {
		let_go(server, leaving, jail_leave);
		return;
	}
	class = parking_lacking(&server->parking, room(server), now_boottime_usec());
	if (!class && parking_settle(&server->parking))
		process_own_memory();
	if (!class)
		return;
	if (class->profile) /* a spare one has nothing mounted */
		check_mounts(server);
	park_one(server, class);
}

void warm_done(struct server *server)
{
	struct parked *one;

	(void)parking_set_catalog(&server->parking, NULL);
	TAILQ_FOREACH(one, &server->parking.leaving, entry)
	{
		jail_kill(&one->jail);
	}
	while ((one = parking_leaving(&server->parking)))
		let_go(server, one, jail_done);
	parking_done(&server->parking);
	server_close(server, &server->mounts);
	server_close(server, &server->memory);
}
