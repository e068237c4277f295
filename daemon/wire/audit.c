/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/audit.h"
#include "base/error.h"
#include "wire/channel.h"

#include <assert.h>
#include <string.h>

/* No padding: what is sent was set. */
static_assert(sizeof(struct audit_message) ==
		      6 * sizeof(uint32_t) + 2 * sizeof(uint64_t) + PROFILE_NAME_MAX + 8 + 48 + 32 + 3 * 256,
	"struct audit_message has padding");

void audit_message_text(char *to, size_t size, const char *text)
{
	size_t n = text ? strnlen(text, size - 1) : 0;

	memset(to, 0, size);
	if (n > 0)
		memcpy(to, text, n);
}

/* One way to send a text: nothing but NULs after the first. */
static bool text_valid(const char *text, size_t size)
{
	size_t n = strnlen(text, size);

	if (n == size)
		return false;
	for (; n < size; n++)
		if (text[n])
			return false;
	return true;
}

static bool valid(const struct audit_message *m)
{
	return m->event < _AUDIT_EVENT_MAX && text_valid(m->profile, sizeof(m->profile)) &&
	       text_valid(m->outcome, sizeof(m->outcome)) && text_valid(m->method, sizeof(m->method)) &&
	       text_valid(m->rule, sizeof(m->rule)) && text_valid(m->unit, sizeof(m->unit)) &&
	       text_valid(m->label, sizeof(m->label));
}

int audit_message_send(int fd, const struct audit_message *m)
{
	return valid(m) ? wire_send(fd, m, sizeof(*m), NULL, 0) : -EINVAL;
}

int audit_message_receive(int fd, struct audit_message *ret)
{
	size_t n_fds;
	int r = wire_receive_fixed(fd, ret, sizeof(*ret), NULL, 0, &n_fds);

	if (r <= 0)
		return r;
	return valid(ret) ? 1 : -EBADMSG;
}
