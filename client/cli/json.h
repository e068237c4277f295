/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Writes JSON (RFC 8259), never reads it. Strings that are not UTF-8 get U+FFFD for what is not. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 16

struct json {
	FILE *f;
	bool pretty;
	unsigned depth;
	bool after_key;
	bool filled[JSON_DEPTH_MAX]; /* has this level an element already */
	char closer[JSON_DEPTH_MAX];
};

#define JSON_INIT(file, indent) ((struct json){ .f = (file), .pretty = (indent) })

void json_array(struct json *j);
void json_object(struct json *j);
/* Ends the innermost array or object; the outermost with a newline. */
void json_end(struct json *j);
void json_key(struct json *j, const char *key);
void json_string(struct json *j, const char *s);
void json_unsigned(struct json *j, uint64_t v);
void json_signed(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
/* One digit behind the point. */
void json_decimal(struct json *j, double v);
void json_null(struct json *j);
void json_strv(struct json *j, char *const *v);
