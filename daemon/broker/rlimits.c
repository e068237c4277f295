/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/rlimits.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "dbus/names.h"

#include <string.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	uint32_t resource;
} resources[] = {
#define RESOURCE(n, r) { n, (uint32_t)(r) },
	BAILIFF_RLIMIT_NAMES(RESOURCE)
#undef RESOURCE
};

int rlimit_from_name(const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(resources); i++)
		if (strcmp(resources[i].name, name) == 0) {
			*ret = resources[i].resource;
			return 0;
		}
	return -EINVAL;
}

const char *rlimit_name(uint32_t resource)
{
	for (size_t i = 0; i < ELEMENTSOF(resources); i++)
		if (resources[i].resource == resource)
			return resources[i].name;
	return "";
}
