/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/username.h"
#include "base/error.h"

#include <nettle/sha1.h>
#include <stdint.h>
#include <string.h>

bool username_valid(const char *name)
{
	size_t n = strnlen(name, USERNAME_MAX + 1);

	return n > 0 && n <= USERNAME_MAX;
}

/* Not tolower(3): the result must not depend on a locale. */
static uint8_t ascii_lower(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int username_sanitize(const void *salt, size_t salt_size, const char *name, char ret[SANITIZED_LENGTH + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t lowered[USERNAME_MAX], digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx ctx;
	size_t n;

	if (salt_size == 0 || !username_valid(name))
		return -EINVAL;
	n = strlen(name);
	for (size_t i = 0; i < n; i++)
		lowered[i] = ascii_lower(name[i]);
	sha1_init(&ctx);
	sha1_update(&ctx, salt_size, salt);
	sha1_update(&ctx, n, lowered);
	sha1_digest(&ctx, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++) {
		ret[2 * i] = digits[digest[i] >> 4];
		ret[2 * i + 1] = digits[digest[i] & 15];
	}
	ret[SANITIZED_LENGTH] = '\0';
	return 0;
}

bool username_is_sanitized(const char *s)
{
	return strspn(s, "0123456789abcdef") == SANITIZED_LENGTH && s[SANITIZED_LENGTH] == '\0';
}
