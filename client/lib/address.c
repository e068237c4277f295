/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/address.h"

#include <stddef.h>
#include <string.h>

#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"

const char *address_choose(const char *own, const char *system_bus)
{
	if (own && *own)
		return own;
	if (system_bus && *system_bus)
		return system_bus;
	return SYSTEM_BUS;
}

bool address_passes_fds(const char *address)
{
	return strncmp(address, "unixexec:", strlen("unixexec:")) != 0;
}

bool address_is_direct(const char *address)
{
	const char *name = strrchr(address, '/');

	return name && strcmp(name, strrchr(ADDRESS_DIRECT, '/')) == 0;
}
