/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peek.h"
#include "lib/internal.h"

char *const *peek_request_argv(const bailiff_request *r)
{
	return r->argv;
}
