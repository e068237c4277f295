/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/launch-again.h"
#include "base/error.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "dbus/names.h"

#include <string.h>

static const struct launch *find_under_way(const struct launch *l)
{
	const struct launch *other = l->broker->launches;

	while (other && (other->uid != l->uid || strcmp(other->token.name, l->token.name) != 0))
		other = other->next;
	return other;
}

static int refuse_other(const struct launch *l, sd_bus_error *error)
{
	return error_invalid_args(error,
		"Option token: \"%s\" is the token of another launch of this user, with other parameters: "
		"draw "
		"a new one",
		l->token.name);
}

/* Signals go to who asked last, when who asked first is not there any more. */
static int inherit(struct sandbox *s, const struct launch *l)
{
	if (s->owner_name)
		return 0;
	s->owner_name = strdup(l->owner_name);
	return s->owner_name ? 0 : -ENOMEM;
}

int launch_again(struct launch *l, const struct launch_request *request, sd_bus_error *error)
{
	const struct launch *other;
	struct sandbox *s;
	int r;

	if (l->token.name[0] == '\0')
		return 0;
	r = token_digest(request, l->profile, l->token.digest);
	if (r < 0)
		return r;
	other = find_under_way(l);
	if (other)
		return token_is_same(&l->token, &other->token)
			       ? sd_bus_error_set(error, BAILIFF_ERROR_BUSY,
					 "The launch of this token is under way: try again")
			       : refuse_other(l, error);
	s = sandboxes_find_token(&l->broker->sandboxes, l->uid, l->token.name);
	if (!s)
		return 0;
	if (!token_is_same(&l->token, &s->token))
		return refuse_other(l, error);
	if (!sandbox_is_live(s) && s->token.streams != 0)
		return sd_bus_error_set(error, BAILIFF_ERROR_FAILED,
			"The sandbox of this token has ended, and its streams went with the first answer: "
			"Wait() of its object tells how");
	if (!sandbox_is_live(s))
		return sd_bus_error_set(error, BAILIFF_ERROR_NO_SUCH_SANDBOX,
			"The sandbox of this token has ended: Wait() of its object tells how");
	r = inherit(s, l);
	if (r >= 0)
		r = launch_answer_again(l, s);
	return r < 0 ? r : 1;
}
