/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/token.h"
#include "base/error.h"
#include "wire/messages.h"

#include <nettle/sha2.h>
#include <string.h>

bool token_is_valid(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return n > 0 && n <= TOKEN_MAX && s[n] == '\0' && strspn(s, "0123456789") < n;
}

/* The request as the launcher gets it, so that no option can be forgotten here, without what is not the
 * caller's choice: who it is by now, over which connection, and which number the profile has. */
int token_digest(const struct launch_request *m, const char *profile, uint8_t ret[TOKEN_DIGEST])
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	struct launch_request asked = *m;
	struct sha256_ctx hash;
	int r;

	asked.generation = asked.profile = 0;
	asked.uid = 0;
	asked.gids = NULL;
	asked.n_gids = 0;
	asked.administrator = asked.polkit = asked.has_lifeline = asked.adoptable = false;
	asked.label = asked.unit = NULL;
	asked.n_note = 0;
	r = encode_launch_request(&buf, 0, &asked);
	if (r < 0)
		return r;
	sha256_init(&hash);
	sha256_update(&hash, strlen(profile) + 1, (const uint8_t *)profile);
	sha256_update(&hash, buf.size, buf.data);
	sha256_digest(&hash, TOKEN_DIGEST, ret);
	return 0;
}

bool token_is_same(const struct token *a, const struct token *b)
{
	return strcmp(a->name, b->name) == 0 && memcmp(a->digest, b->digest, TOKEN_DIGEST) == 0;
}
