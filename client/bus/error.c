/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which errno stands for an error's name. */

#include "base/error.h"
#include "bus/bus.h"

#include <string.h>

#define SYSTEM_PREFIX "System.Error."
#define ERRNO_LAST    133

static const struct {
	const char *name;
	int error;
} known[] = {
	{ "Failed", EACCES },
	{ "NoMemory", ENOMEM },
	{ "ServiceUnknown", EHOSTUNREACH },
	{ "NameHasNoOwner", ENXIO },
	{ "NoReply", ETIMEDOUT },
	{ "IOError", EIO },
	{ "BadAddress", EADDRNOTAVAIL },
	{ "NotSupported", EOPNOTSUPP },
	{ "LimitsExceeded", ENOBUFS },
	{ "AccessDenied", EACCES },
	{ "AuthFailed", EACCES },
	{ "InteractiveAuthorizationRequired", EACCES },
	{ "NoServer", EHOSTDOWN },
	{ "Timeout", ETIMEDOUT },
	{ "NoNetwork", ENONET },
	{ "AddressInUse", EADDRINUSE },
	{ "Disconnected", ECONNRESET },
	{ "InvalidArgs", EINVAL },
	{ "FileNotFound", ENOENT },
	{ "FileExists", EEXIST },
	{ "UnknownMethod", EBADR },
	{ "UnknownObject", EBADR },
	{ "UnknownInterface", EBADR },
	{ "UnknownProperty", EBADR },
	{ "PropertyReadOnly", EROFS },
	{ "UnixProcessIdUnknown", ESRCH },
	{ "InvalidSignature", EINVAL },
	{ "InconsistentMessage", EBADMSG },
	{ "TimedOut", ETIMEDOUT },
	{ "MatchRuleNotFound", ENOENT },
	{ "MatchRuleInvalid", EINVAL },
	{ "InvalidFileContent", EINVAL },
	{ "SELinuxSecurityContextUnknown", ESRCH },
	{ "ObjectPathInUse", EBUSY },
};

static int system_error(const char *name)
{
	for (int i = 1; i <= ERRNO_LAST; i++) {
		const char *known_name = strerrorname_np(i);

		if (known_name && strcmp(name, known_name) == 0)
			return i;
	}
	return EIO;
}

int sd_bus_error_get_errno(const sd_bus_error *e)
{
	static const char prefix[] = "org.freedesktop.DBus.Error.";

	if (!e || !e->name)
		return 0;
	if (strncmp(e->name, SYSTEM_PREFIX, strlen(SYSTEM_PREFIX)) == 0)
		return system_error(e->name + strlen(SYSTEM_PREFIX));
	if (strncmp(e->name, prefix, strlen(prefix)) == 0)
		for (size_t i = 0; i < ELEMENTSOF(known); i++)
			if (strcmp(e->name + strlen(prefix), known[i].name) == 0)
				return known[i].error;
	return EIO;
}
