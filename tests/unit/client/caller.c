/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

int set_up(void **state)
{
	struct stand_in *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	stand_in_open(s);
	*state = s;
	return 0;
}

int tear_down(void **state)
{
	stand_in_close(*state);
	free(*state);
	return 0;
}

bailiff_connection *connect_to(struct stand_in *s)
{
	bailiff_connection *c = NULL;

	assert_int_equal(bailiff_connect_address(s->address, &c), 0);
	return c;
}

int launch(bailiff_connection *c, const char *profile, bailiff_sandbox **ret)
{
	bailiff_request *r = NULL;
	int k;

	assert_int_equal(bailiff_request_new(&r, profile), 0);
	k = bailiff_launch(c, r, ret);
	bailiff_request_free(r);
	return k;
}
