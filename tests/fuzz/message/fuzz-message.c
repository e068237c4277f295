/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a D-Bus message, with as many descriptors as the first byte says. What message_check() lets
 * through, sd-bus must take, and no descriptor of it may be left. The body's size is made to agree, or hardly
 * any input would be whole.
 */

#include "base/error.h"
#include "message/check.h"
#include "tests/unit/broker/sink.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sink sink;
	struct message_fault fault;
	_cleanup_free_ uint8_t *m = NULL;
	size_t n_fds;

	if (!sink.bus)
		sink_open(&sink);
	if (size < 1 + MESSAGE_HEAD_SIZE || size > MESSAGE_SIZE_MAX)
		return 0;
	n_fds = data[0] % 8;
	m = malloc(size - 1);
	if (!m)
		return 0;
	memcpy(m, data + 1, size - 1);
	message_fit_body(m, size - 1);
	if (message_check(m, size - 1, n_fds, &fault) == 0 && !sink_takes(&sink, m, size - 1, n_fds))
		abort();
	return 0;
}
