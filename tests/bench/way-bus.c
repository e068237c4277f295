/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Over D-Bus: an empty call of an empty service, which is what a bus costs at least; and transient units of
 * systemd. */

#include "base/error.h"
#include "base/fd.h"
#include "way.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BENCH_NAME      "org.bailiff.Bench" /* what the bus' configuration lets root own */
#define BENCH_PATH      "/org/bailiff/Bench"
#define SYSTEMD_NAME    "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define PATIENCE_USEC   30000000U
#define UNIT_MAX        64

static int open_bus(const char *address, sd_bus **ret)
{
	int r = sd_bus_new(ret);

	if (r >= 0)
		r = sd_bus_set_address(*ret, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(*ret, 1);
	return r < 0 ? r : sd_bus_start(*ret);
}

static int open_peer(int fd, bool server, sd_bus **ret)
{
	int r = sd_bus_new(ret);

	if (r >= 0)
		r = sd_bus_set_fd(*ret, fd, fd);
	if (r >= 0 && server)
		r = sd_bus_set_server(*ret, 1,
			SD_ID128_MAKE(b5, 1d, 2f, 60, 5c, 0e, 4d, 11, 8f, 3c, 0a, 97, 4e, 66, 21, d0));
	return r < 0 ? r : sd_bus_start(*ret);
}

static int on_empty(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
	return sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable empty_service[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Empty", "", "", on_empty, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

/* The service, a process of its own; ends with the bench. */
__attribute__((noreturn)) static void serve(const char *address, int fd, int ready)
{
	sd_bus *bus = NULL;
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = fd >= 0 ? open_peer(fd, true, &bus) : open_bus(address, &bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, BENCH_PATH, BENCH_NAME, empty_service, NULL);
	if (r >= 0 && fd < 0)
		r = sd_bus_request_name(bus, BENCH_NAME, 0);
	if (r < 0)
		fprintf(stderr, "bench: the empty service: %s\n", strerror(-r));
	(void)!write(ready, r < 0 ? "n" : "y", 1);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	_exit(0);
}

/* Words: the bus' address, or "peer" for a connection without a bus. */
static int open_ping(struct way *w)
{
	const bool peer = strcmp(w->words[0], "peer") == 0;
	int pair[2] = { -1, -1 }, ready[2];
	char word = 'n';
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0 ||
		(peer && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0))
		return errno_or_eio();
	pid = fork();
	if (pid == 0)
		serve(w->words[0], pair[1], ready[1]);
	(void)fd_close(pair[1]);
	(void)fd_close(ready[1]);
	if (pid < 0 || read(ready[0], &word, 1) != 1 || word != 'y')
		return -ECONNREFUSED;
	(void)fd_close(ready[0]);
	return peer ? open_peer(pair[0], false, &w->bus) : open_bus(w->words[0], &w->bus);
}

static int launch_ping(struct way *w, uint64_t *ret_start, uint64_t *ret_end)
{
	int r;

	*ret_start = ticks_now();
	r = sd_bus_call_method(w->bus, BENCH_NAME, BENCH_PATH, BENCH_NAME, "Empty", NULL, NULL, "");
	*ret_end = *w->page = ticks_now();
	return r < 0 ? r : 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
	struct way *w = userdata;
	char wanted[UNIT_MAX];
	const char *unit;

	(void)snprintf(wanted, sizeof(wanted), "bailiff-bench-%d-%u.service", (int)getpid(), w->n);
	if (sd_bus_message_read_basic(m, 's', &unit) > 0 && strcmp(unit, wanted) == 0)
		w->page[1] = ticks_now();
	return 0;
}

/* Words: the address of a bus or of systemd itself, the payload, and properties NAME=VALUE. */
static int open_systemd(struct way *w)
{
	int r = strcmp(w->words[0], "system") == 0 ? sd_bus_open_system(&w->bus)
						   : open_bus(w->words[0], &w->bus);

	if (r >= 0)
		r = sd_bus_match_signal(w->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
			"UnitRemoved", on_removed, w);
	if (r >= 0)
		r = sd_bus_call_method(
			w->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL, NULL, "");
	return r < 0 ? r : 0;
}

/* NAME=VALUE as the type that systemd wants: yes and no are booleans, "s:…" strings, "u:…" and "t:…" numbers
 * in hex, "l:…" a list of system calls that are allowed. */
static int append_property(sd_bus_message *m, const char *word)
{
	const char *equals = strchr(word, '=');
	char name[UNIT_MAX];

	if (!equals || (size_t)(equals - word) >= sizeof(name))
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	if (strcmp(equals, "=yes") == 0 || strcmp(equals, "=no") == 0)
		return sd_bus_message_append(m, "(sv)", name, "b", equals[1] == 'y');
	if (strncmp(equals, "=t:", 3) == 0)
		return sd_bus_message_append(m, "(sv)", name, "t", (uint64_t)strtoull(equals + 3, NULL, 0));
	if (strncmp(equals, "=l:", 3) == 0)
		return sd_bus_message_append(m, "(sv)", name, "(bas)", 1, 1, equals + 3);
	return sd_bus_message_append(
		m, "(sv)", name, "s", strncmp(equals, "=s:", 3) == 0 ? equals + 3 : equals + 1);
}

static int fill_unit(struct way *w, sd_bus_message *m)
{
	const char *payload = w->words[1];
	char unit[UNIT_MAX];
	int r;

	(void)snprintf(unit, sizeof(unit), "bailiff-bench-%d-%u.service", (int)getpid(), w->n);
	r = sd_bus_message_append(m, "ss", unit, "fail");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)(sv)", "ExecStart", "a(sasb)", 1, payload, 1, payload,
			0, "StandardOutputFileDescriptor", "h", w->page_fd, "CollectMode", "s",
			"inactive-or-failed");
	for (size_t i = 2; r >= 0 && i < w->n_words; i++)
		r = append_property(m, w->words[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_append(m, "a(sa(sv))", 0);
}

/* The end is seen as systemd tells it: when the unit is gone. */
static int launch_systemd(struct way *w, uint64_t *ret_start, uint64_t *ret_end)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	int r;

	w->page[1] = 0;
	*ret_start = ticks_now();
	r = sd_bus_message_new_method_call(
		w->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
	if (r >= 0)
		r = fill_unit(w, m);
	if (r >= 0)
		r = sd_bus_call(w->bus, m, PATIENCE_USEC, NULL, NULL);
	while (r >= 0 && w->page[1] == 0) {
		r = sd_bus_process(w->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(w->bus, PATIENCE_USEC) > 0 ? 0 : -ETIMEDOUT;
	}
	*ret_end = w->page[1];
	return r < 0 ? r : 0;
}

const struct way_kind way_ping = { .name = "ping", .n_words = 1, .open = open_ping, .launch = launch_ping };
const struct way_kind way_systemd = {
	.name = "systemd", .n_words = 2, .open = open_systemd, .launch = launch_systemd
};
