/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "query.h"

#include "base/error.h"
#include "dbus/names.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define EMPTY_NAME      "org.bailiff.Bench" /* bench.sh lets it be */
#define EMPTY_INTERFACE "org.bailiff.Bench"
#define EMPTY_PATH      "/org/bailiff/Bench"
#define PROFILE         "bench"
#define WARM_UP         50

static int fill_profile(sd_bus_message *m)
{
	return sd_bus_message_append(m, "s", PROFILE);
}

static int fill_user(sd_bus_message *m)
{
	return sd_bus_message_append(m, "s", "user@example.com");
}

static int fill_explain(sd_bus_message *m)
{
	return sd_bus_message_append(m, "sasa{ss}a{sv}", PROFILE, 1, "/payload", 0, 0);
}

/* The broker recalls what it was asked before. */
static int fill_other_user(sd_bus_message *m)
{
	static unsigned n;
	char user[32];

	(void)snprintf(user, sizeof(user), "user%u@example.com", n++);
	return sd_bus_message_append(m, "s", user);
}

static int fill_other_explain(sd_bus_message *m)
{
	static unsigned n;
	char argument[32];

	(void)snprintf(argument, sizeof(argument), "%u", n++);
	return sd_bus_message_append(m, "sasa{ss}a{sv}", PROFILE, 2, "/payload", argument, 0, 0);
}

/* What is allowed has an answer that says a lot. */
static int fill_other_launch(sd_bus_message *m)
{
	static unsigned n;
	char value[32];

	(void)snprintf(value, sizeof(value), "%u", n++);
	return sd_bus_message_append(m, "sasa{ss}a{sv}", PROFILE, 1, "/app/payload", 1, "BENCH", value, 0);
}

struct query queries[] = {
	{ .name = "an empty method", .interface = EMPTY_INTERFACE, .member = "Empty" },
	{ .name = "Peer.Ping", .interface = "org.freedesktop.DBus.Peer", .member = "Ping" },
	{ .name = "ListProfiles", .interface = BAILIFF_MANAGER_INTERFACE, .member = "ListProfiles" },
	{ .name = "ListSandboxes", .interface = BAILIFF_MANAGER_INTERFACE, .member = "ListSandboxes" },
	{ .name = "GetProfile",
		.interface = BAILIFF_MANAGER_INTERFACE,
		.member = "GetProfile",
		.fill = fill_profile },
	{ .name = "GetSanitizedUsername",
		.interface = BAILIFF_MANAGER_INTERFACE,
		.member = "GetSanitizedUsername",
		.fill = fill_user },
	{ .name = "Explain",
		.interface = BAILIFF_MANAGER_INTERFACE,
		.member = "Explain",
		.fill = fill_explain },
	{ .name = "GetSanitizedUsername, anew",
		.interface = BAILIFF_MANAGER_INTERFACE,
		.member = "GetSanitizedUsername",
		.fill = fill_other_user },
	{ .name = "Explain, anew",
		.interface = BAILIFF_MANAGER_INTERFACE,
		.member = "Explain",
		.fill = fill_other_explain },
	{ .name = "Explain a launch, anew",
		.interface = BAILIFF_MANAGER_INTERFACE,
		.member = "Explain",
		.fill = fill_other_launch },
};

const size_t n_queries = sizeof(queries) / sizeof(queries[0]);

static int method_empty(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable empty_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Empty", NULL, NULL, method_empty, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

/* On a bus, by its address, or peer to peer over fd. */
static int open_bus(const char *address, int fd, bool server, sd_bus **ret)
{
	int r = sd_bus_new(ret);

	if (r >= 0 && address)
		r = sd_bus_set_address(*ret, address);
	if (r >= 0 && address)
		r = sd_bus_set_bus_client(*ret, 1);
	if (r >= 0 && !address)
		r = sd_bus_set_fd(*ret, fd, fd);
	if (r >= 0 && server)
		r = sd_bus_set_server(
			*ret, 1, SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16));
	return r < 0 ? r : sd_bus_start(*ret);
}

/* The service that is nothing but sd-bus; says over fd when it is on a bus. */
static void serve_empty(const char *address, int fd)
{
	sd_bus *bus = NULL;
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = open_bus(address, fd, !address, &bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, EMPTY_PATH, EMPTY_INTERFACE, empty_vtable, NULL);
	if (r >= 0 && address) {
		r = sd_bus_request_name(bus, EMPTY_NAME, 0);
		if (r >= 0 && write(fd, "", 1) < 0)
			r = errno_or_eio();
	}
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	_exit(r < 0);
}

/* What is asked whom. */
struct peer {
	sd_bus *bus, *empty_bus; /* the same, but beside the direct socket */
	bool direct;
	pid_t pid;
};

static int start_empty(struct peer *p, const char *address, bool direct)
{
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return errno_or_eio();
	p->pid = fork();
	if (p->pid < 0)
		return errno_or_eio();
	if (p->pid == 0)
		serve_empty(direct ? NULL : address, pair[1]);
	(void)close(pair[1]);
	if (direct)
		return open_bus(NULL, pair[0], false, &p->empty_bus);
	if (read(pair[0], &byte, 1) != 1) {
		(void)close(pair[0]);
		return -EIO;
	}
	(void)close(pair[0]);
	p->empty_bus = sd_bus_ref(p->bus);
	return 0;
}

static void peer_done(struct peer *p)
{
	sd_bus_flush_close_unref(p->bus);
	sd_bus_close_unref(p->empty_bus);
	if (p->pid <= 0)
		return;
	(void)kill(p->pid, SIGKILL);
	(void)waitpid(p->pid, NULL, 0);
}

static int ask(const struct peer *p, const struct query *q)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	const bool empty = q == queries;
	const char *name = !empty ? BAILIFF_BUS_NAME : p->direct ? NULL : EMPTY_NAME;
	sd_bus *bus = empty ? p->empty_bus : p->bus;
	int r;

	r = sd_bus_message_new_method_call(
		bus, &m, name, empty ? EMPTY_PATH : BAILIFF_OBJECT_PATH, q->interface, q->member);
	if (r >= 0 && q->fill)
		r = q->fill(m);
	return r < 0 ? r : sd_bus_call(bus, m, 0, NULL, NULL);
}

static int ask_once(const struct peer *p, struct query *q, bool counted)
{
	uint64_t start = now_nsec();
	int r = ask(p, q);

	if (r < 0)
		fprintf(stderr, "bench: %s: %s\n", q->name, strerror(-r));
	else if (counted)
		samples_add(&q->took, now_nsec() - start);
	return r;
}

int measure_queries(const char *address, bool direct, size_t n)
{
	__attribute__((cleanup(peer_done))) struct peer p = { .direct = direct };
	int r = open_bus(address, -1, false, &p.bus);

	if (r >= 0)
		r = start_empty(&p, address, direct);
	for (size_t q = 0; r >= 0 && q < n_queries; q++)
		r = samples_init(&queries[q].took, n);
	for (size_t i = 0; r >= 0 && i < n + WARM_UP; i++)
		for (size_t q = 0; r >= 0 && q < n_queries; q++)
			r = ask_once(&p, &queries[q], i >= WARM_UP);
	for (size_t q = 0; q < n_queries; q++)
		samples_sort(&queries[q].took);
	return r < 0 ? r : 0;
}
