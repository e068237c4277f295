/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "messages.h"

#include "../unit.h"
#include "base/strv.h"

#include <string.h>

char *messages_of(const struct seccomp_result *result)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (size_t i = 0; i < result->n_diagnostics; i++) {
		_cleanup_(strv_freep) char **split = NULL;

		assert_int_equal(strv_split(result->diagnostics[i].rendered, "\n", &split), 0);
		STRV_FOREACH (line, split)
			if (strstr(*line, ": error: ") || strstr(*line, ": note: "))
				fprintf(f, "%s%s", ftell(f) > 0 ? "|" : "", *line);
	}
	assert_int_equal(fclose(f), 0);
	return text;
}
