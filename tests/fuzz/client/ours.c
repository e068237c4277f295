/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Compiled with own-bus.h: what is called sd_bus_x here is of client/bus. */

#include "both.h"
#include "bus/bus.h"

#include <stdlib.h>
#include <string.h>

const struct calls ours = CALLS_INIT;

sd_bus_message *ours_receive(const uint8_t *data, size_t size, const int *fds, size_t n_fds)
{
	uint8_t *copy = malloc(size);
	int *fds_copy = n_fds > 0 ? malloc(n_fds * sizeof(*fds)) : NULL;
	sd_bus_message *m = NULL;

	if (!copy || (n_fds > 0 && !fds_copy))
		abort();
	memcpy(copy, data, size);
	if (fds_copy)
		memcpy(fds_copy, fds, n_fds * sizeof(*fds));
	return message_receive(copy, size, fds_copy, n_fds, &m) < 0 ? NULL : m;
}

sd_bus_message *ours_begin(void)
{
	static struct sd_bus bus = { .state = BUS_RUNNING };
	sd_bus_message *m = NULL;

	if (sd_bus_message_new_method_call(&bus, &m, "org.example.A", "/a/b", "org.example.I", "M") < 0)
		abort();
	return m;
}

int ours_seal(sd_bus_message *m, uint32_t serial, const uint8_t **ret, size_t *ret_size)
{
	int r = message_seal(m, serial, true);

	*ret = m->header.data;
	*ret_size = m->header.size;
	return r;
}
