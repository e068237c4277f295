/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/remote.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/parse.h"
#include "cli/options.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_BYTES 255 /* of a host's name, with the user; a machine's has 64 */
#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* As D-Bus addresses have it: all that has no meaning of its own there stands for itself. */
static char *escape(const char *s)
{
	char *copy = reallocarray(NULL, strlen(s) + 1, 3), *to = copy;

	if (!copy)
		return NULL;
	for (; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("-_/.*", *s))
			*to++ = *s;
		else
			to += snprintf(to, 4, "%%%02x", (unsigned char)*s);
	*to = '\0';
	return copy;
}

static bool consists_of(const char *s, const char *letters)
{
	size_t n = strlen(s);

	return n > 0 && n <= NAME_MAX_BYTES && *s != '-' && strspn(s, letters) == n;
}

/* Cuts ":PORT" or "]:PORT" off; a host of more colons than one is an address of IPv6. */
static int split_port(char *host, char **ret_port, char **reterr_why)
{
	char *bracket = strrchr(host, ']'), *colon = strrchr(bracket ? bracket : host, ':');
	int port;

	*ret_port = NULL;
	if (!colon || (!bracket && strchr(host, ':') != colon))
		return 0;
	if (parse_int(colon + 1, 1, 65535, &port) < 0)
		return option_refuse(reterr_why, "%s is no port", colon + 1);
	*colon = '\0';
	*ret_port = colon + 1;
	return 0;
}

/* ssh wants addresses of IPv6 without brackets. */
static void drop_brackets(char *host)
{
	char *open = strchr(host, '['), *close = strrchr(host, ']');

	if (!open || !close || close[1] != '\0')
		return;
	*close = '\0';
	memmove(open, open + 1, strlen(open));
}

int remote_host_address(const char *host, char **ret, char **reterr_why)
{
	_cleanup_free_ char *name = strdup(host), *escaped = NULL;
	char *port, *at;
	int r;

	if (!name)
		return -ENOMEM;
	r = split_port(name, &port, reterr_why);
	if (r < 0)
		return r;
	drop_brackets(name);
	at = strchr(name, '@');
	if (!consists_of(name, LETTERS_DIGITS "-_.:@%") || (at && (at == name || !at[1] || at[1] == '-')) ||
		strchr(at ? at + 1 : name, '@'))
		return option_refuse(reterr_why, "must be HOST or USER@HOST, with :PORT if need be");
	escaped = escape(name);
	if (!escaped)
		return -ENOMEM;
	r = asprintf(ret, "unixexec:path=ssh,argv1=-xT%s%s,argv%d=--,argv%d=%s,argv%d=systemd-stdio-bridge",
		port ? ",argv2=-p,argv3=" : "", port ? port : "", port ? 4 : 2, port ? 5 : 3, escaped,
		port ? 6 : 4);
	return r < 0 ? -ENOMEM : 0;
}

int remote_machine_address(const char *machine, char **ret, char **reterr_why)
{
	if (strcmp(machine, ".host") != 0 &&
		(!consists_of(machine, LETTERS_DIGITS "-_.") || *machine == '.' || strlen(machine) > 64))
		return option_refuse(reterr_why, "is no name of a machine; machinectl list shows them");
	return asprintf(ret, "x-machine-unix:machine=%s", machine) < 0 ? -ENOMEM : 0;
}
