/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "query.h"

#include "dbus/names.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

static int ask_ping(bailiff_connection *c, void *bus)
{
	return sd_bus_call_method(bus, BAILIFF_BUS_NAME, BAILIFF_OBJECT_PATH, "org.freedesktop.DBus.Peer",
		"Ping", NULL, NULL, "");
}

static int ask_profiles(bailiff_connection *c, void *bus)
{
	bailiff_profile_info *list = NULL;
	int r = bailiff_list_profiles(c, &list);

	bailiff_profile_info_free(list);
	return r;
}

static int ask_sandboxes(bailiff_connection *c, void *bus)
{
	bailiff_sandbox_info *list = NULL;
	int r = bailiff_list_sandboxes(c, &list);

	bailiff_sandbox_info_free(list);
	return r;
}

static int ask_sanitize(bailiff_connection *c, void *bus)
{
	char *name = NULL;
	int r = bailiff_sanitize_username(c, "user@example.com", &name);

	free(name);
	return r;
}

struct query queries[] = {
	{ .name = "Peer.Ping", .ask = ask_ping },
	{ .name = "ListProfiles", .ask = ask_profiles },
	{ .name = "ListSandboxes", .ask = ask_sandboxes },
	{ .name = "GetSanitizedUsername", .ask = ask_sanitize },
};

const size_t n_queries = sizeof(queries) / sizeof(queries[0]);

static int open_bus(const char *address, sd_bus **ret)
{
	int r = sd_bus_new(ret);

	if (r >= 0)
		r = sd_bus_set_address(*ret, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(*ret, 1);
	return r < 0 ? r : sd_bus_start(*ret);
}

static int ask_once(struct query *q, bailiff_connection *c, sd_bus *bus)
{
	uint64_t start = now_nsec();
	int r = q->ask(c, bus);

	if (r < 0) {
		fprintf(stderr, "bench: %s: %s\n", q->name, strerror(-r));
		return r;
	}
	samples_add(&q->took, now_nsec() - start);
	return 0;
}

int measure_queries(bailiff_connection *c, const char *address, size_t n)
{
	__attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
	int r = open_bus(address, &bus);

	for (size_t q = 0; r >= 0 && q < n_queries; q++)
		r = samples_init(&queries[q].took, n);
	for (size_t i = 0; r >= 0 && i < n; i++)
		for (size_t q = 0; r >= 0 && q < n_queries; q++)
			r = ask_once(&queries[q], c, bus);
	for (size_t q = 0; q < n_queries; q++)
		samples_sort(&queries[q].took);
	return r < 0 ? r : 0;
}
