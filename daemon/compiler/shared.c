/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compiler/shared.h"
#include "base/buf.h"
#include "base/error.h"
#include "seccomp/syscalls.h"

#include <stdlib.h>
#include <string.h>

static void shared_filter_free(struct shared_filter *f)
{
	buf_done(&f->key);
	free(f->filter);
	free(f->policy_path);
	free(f);
}

void shared_filters_done(struct shared_filters *s)
{
	struct shared_filter *next;

	for (struct shared_filter *f = s->first; f; f = next) {
		next = f->next;
		shared_filter_free(f);
	}
	s->first = NULL;
}

static void put_list(struct buf *b, const struct call_list *l)
{
	buf_put_u32(b, l->kind);
	buf_put_u32(b, l->otherwise);
	for (size_t i = 0; l->marks && i < n_syscall_rows; i++)
		buf_put_u64(b, (uint64_t)l->marks[i].listed << 33 | (uint64_t)l->marks[i].answered << 32 |
				       l->marks[i].action);
}

/* Each member: one that is left out would have profiles share what is not the same. */
static void put_layers(struct buf *b, const struct seccomp_layers *l)
{
	const bool keys[] = { l->namespaces_none, l->deny_write_execute, l->lock_personality,
		l->restrict_realtime, l->restrict_suid_sgid, l->protect_hostname, l->protect_clock,
		l->protect_modules, l->protect_logs };

	put_list(b, &l->filter);
	put_list(b, &l->log);
	buf_put_u32(b, l->families.kind);
	buf_put_u64(b, l->families.families);
	buf_put_u32(b, l->namespaces_denied);
	for (size_t i = 0; i < ELEMENTSOF(keys); i++)
		buf_put_u8(b, keys[i]);
}

int shared_filter_key(const struct seccomp_layers *l, const char *policy,
	const bool wanted[_ARCHITECTURE_MAX], struct buf *ret)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	/* the name first: by it most differ */
	buf_put_u8(&b, policy != NULL);
	buf_put_str(&b, policy);
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		buf_put_u8(&b, wanted[i]);
	put_layers(&b, l);
	if (buf_error(&b) < 0)
		return buf_error(&b);
	*ret = b;
	b = BUF_INIT(0);
	return 0;
}

const struct shared_filter *shared_filter_find(const struct shared_filters *s, const struct buf *key)
{
	const struct shared_filter *f = s->first;

	while (f && (f->key.size != key->size || memcmp(f->key.data, key->data, key->size) != 0))
		f = f->next;
	return f;
}

int shared_filter_add(struct shared_filters *s, struct buf *key, const struct sock_filter *filter, size_t n,
	const char *policy_path)
{
	struct shared_filter *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->filter = calloc(n + 1, sizeof(*filter));
	f->policy_path = policy_path ? strdup(policy_path) : NULL;
	if (!f->filter || (policy_path && !f->policy_path)) {
		shared_filter_free(f);
		return -ENOMEM;
	}
	if (n > 0)
		memcpy(f->filter, filter, n * sizeof(*filter));
	f->n_filter = n;
	f->key = *key;
	*key = BUF_INIT(0);
	f->next = s->first;
	s->first = f;
	return 0;
}

struct shared_filter *shared_filter_of(
	const struct shared_filters *s, const struct sock_filter *filter, size_t n)
{
	struct shared_filter *f = s->first;

	while (f && (f->n_filter != n || (n > 0 && memcmp(f->filter, filter, n * sizeof(*filter)) != 0)))
		f = f->next;
	return f;
}
