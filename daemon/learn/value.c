/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/value.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/constants.h"

#define REQUEST_PARTS    4  /* of _IOC(): direction, type, number, size */
#define SIGNAL_REAL_TIME 32 /* of the kernel's SIGRTMIN, which strace calls SIGRT_0 */

static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int number_parse(struct text t, uint64_t *ret)
{
	unsigned base = 10;
	uint64_t v = 0;

	if (t.n > 2 && (text_starts(t, "0x") || text_starts(t, "0X"))) {
		base = 16;
		t = text_skip(t, 2);
	} else if (t.n > 1 && *t.at == '0') {
		base = 8;
	}
	if (t.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < t.n; i++) {
		int digit = digit_of(t.at[i]);

		if (digit < 0 || (unsigned)digit >= base)
			return -EINVAL;
		if (v > (UINT64_MAX - (unsigned)digit) / base)
			return -ERANGE;
		v = v * base + (unsigned)digit;
	}
	*ret = v;
	return 0;
}

/* Names that are strace's own, or that the policy language spells otherwise. */
static int special_name(const struct architecture *a, struct text name, uint64_t *ret)
{
	char other[32];

	if (text_is(name, "SIGRTMIN")) {
		*ret = SIGNAL_REAL_TIME;
		return 0;
	}
	if (text_starts(name, "SIGRT_") && number_parse(text_skip(name, 6), ret) == 0 && *ret <= 32) {
		*ret += SIGNAL_REAL_TIME;
		return 0;
	}
	if (text_starts(name, "PF_") && name.n < sizeof(other)) {
		memcpy(other, name.at, name.n);
		other[0] = 'A';
		return constant_lookup(a, other, name.n, ret);
	}
	if (text_is(name, "_IOC_NONE")) {
		*ret = 0;
		return 0;
	}
	if (text_is(name, "_IOC_WRITE") || text_is(name, "_IOC_READ")) {
		*ret = text_is(name, "_IOC_WRITE") ? 1 : 2;
		return 0;
	}
	return -ENOENT;
}

/* A number or a name, and a shift of it. */
static int take_simple(const struct architecture *a, struct text *t, uint64_t *ret, struct text *reterr_name)
{
	bool negative = text_take(t, "-");
	struct text word = text_take_name(t);
	uint64_t v, shift;
	int r;

	if (word.n == 0)
		return -EINVAL;
	if (is_digit(*word.at)) {
		r = number_parse(word, &v);
	} else if (negative) {
		return -EINVAL;
	} else {
		r = constant_lookup(a, word.at, word.n, &v);
		if (r < 0)
			r = special_name(a, word, &v);
	}
	if (r < 0) {
		*reterr_name = word;
		return r == -EOPNOTSUPP ? -ENOENT : r;
	}
	if (text_take(t, "<<")) {
		r = number_parse(text_take_name(t), &shift);
		if (r < 0 || shift > 63)
			return -EINVAL;
		v <<= shift;
	}
	*ret = negative ? 0 - v : v;
	return 0;
}

/* A name in a comment, which says again what the number said. */
static int skip_comment(struct text *t)
{
	const char *end;

	text_skip_blanks(t);
	if (!text_take(t, "/*"))
		return 0;
	end = memmem(t->at, t->n, "*/", 2);
	if (!end)
		return -EINVAL;
	*t = text_skip(*t, (size_t)(end - t->at) + 2);
	text_skip_blanks(t);
	return 0;
}

/* Simple terms joined by "|", up to what is none. */
static int take_joined(const struct architecture *a, struct text *t, uint64_t *ret, struct text *reterr_name)
{
	uint64_t all = 0, v;
	int r;

	do {
		text_skip_blanks(t);
		r = take_simple(a, t, &v, reterr_name);
		if (r == 0)
			r = skip_comment(t);
		if (r < 0)
			return r;
		all |= v;
	} while (text_take(t, "|"));
	*ret = all;
	return 0;
}

/* Requests that strace writes with their parameter: the macros of linux/input.h and others. */
struct parametric {
	const char *name;
	char type;
	uint8_t number;    /* the first parameter is added where .added */
	uint8_t added;     /* there is a parameter for the number */
	uint16_t size;     /* 0: the last parameter */
	uint8_t direction; /* 1 write, 2 read */
};

static const struct parametric parametrics[] = {
	{ "EVIOCGABS", 'E', 0x40, 1, 24, 2 },
	{ "EVIOCGBIT", 'E', 0x20, 1, 0, 2 },
	{ "EVIOCGKEY", 'E', 0x18, 0, 0, 2 },
	{ "EVIOCGLED", 'E', 0x19, 0, 0, 2 },
	{ "EVIOCGMTSLOTS", 'E', 0x0a, 0, 0, 2 },
	{ "EVIOCGNAME", 'E', 0x06, 0, 0, 2 },
	{ "EVIOCGPHYS", 'E', 0x07, 0, 0, 2 },
	{ "EVIOCGPROP", 'E', 0x09, 0, 0, 2 },
	{ "EVIOCGSND", 'E', 0x1a, 0, 0, 2 },
	{ "EVIOCGSW", 'E', 0x1b, 0, 0, 2 },
	{ "EVIOCGUNIQ", 'E', 0x08, 0, 0, 2 },
	{ "EVIOCSABS", 'E', 0xc0, 1, 24, 1 },
	{ "HIDIOCGRAWNAME", 'H', 0x04, 0, 0, 2 },
	{ "HIDIOCGRAWPHYS", 'H', 0x05, 0, 0, 2 },
	{ "JSIOCGNAME", 'j', 0x13, 0, 0, 2 },
	{ "UI_GET_SYSNAME", 'U', 44, 0, 0, 2 },
};

/* include/uapi/asm-generic/ioctl.h, which all six architectures have. */
static int encode_request(const uint64_t part[REQUEST_PARTS], uint64_t *ret)
{
	if (part[0] > 3 || part[1] > 0xff || part[2] > 0xff || part[3] > 0x3fff)
		return -EINVAL;
	*ret = part[0] << 30 | part[3] << 16 | part[1] << 8 | part[2];
	return 0;
}

static int apply_request(struct text name, const uint64_t *arguments, size_t n, uint64_t *ret)
{
	if (text_is(name, "_IOC"))
		return n == REQUEST_PARTS ? encode_request(arguments, ret) : -EINVAL;
	for (size_t i = 0; i < ELEMENTSOF(parametrics); i++) {
		const struct parametric *p = &parametrics[i];
		size_t wanted = p->added + (p->size == 0 ? 1U : 0U);
		uint64_t part[REQUEST_PARTS] = { p->direction, (uint8_t)p->type, p->number, p->size };

		if (!text_is(name, p->name))
			continue;
		if (n != wanted)
			return -EINVAL;
		if (p->added)
			part[2] += arguments[0];
		if (p->size == 0)
			part[3] = arguments[n - 1];
		return encode_request(part, ret);
	}
	return -ENOENT;
}

/* "NAME(a, b, ...)". Returns 0 when it stands there, 1 when it does not. */
static int take_request(const struct architecture *a, struct text *t, uint64_t *ret, struct text *reterr_name)
{
	struct text rest = *t, name = text_take_name(&rest);
	uint64_t arguments[REQUEST_PARTS];
	size_t n = 0;
	int r;

	if (name.n == 0 || !text_take(&rest, "("))
		return 1;
	do {
		if (n >= REQUEST_PARTS)
			return -EINVAL;
		r = take_joined(a, &rest, &arguments[n++], reterr_name);
		if (r < 0)
			return r;
		text_skip_blanks(&rest);
	} while (text_take(&rest, ","));
	if (!text_take(&rest, ")"))
		return -EINVAL;
	r = apply_request(name, arguments, n, ret);
	if (r < 0) {
		*reterr_name = name;
		return r;
	}
	*t = rest;
	return 0;
}

static int take_term(const struct architecture *a, struct text *t, uint64_t *ret, struct text *reterr_name)
{
	int r = take_request(a, t, ret, reterr_name);

	if (r == 0)
		return skip_comment(t);
	return r < 0 ? r : take_joined(a, t, ret, reterr_name);
}

int value_parse(const struct architecture *a, struct text t, uint64_t *ret, struct text *reterr_name)
{
	uint64_t value = 0, v;
	bool known = false;
	struct text name = {};
	int r;

	/* Where one number has several names, strace gives them all; one that we know will do. */
	do {
		text_skip_blanks(&t);
		r = take_term(a, &t, &v, &name);
		if (r < 0 && r != -ENOENT)
			return r;
		if (r == 0 && known && v != value)
			return -EINVAL;
		if (r == 0) {
			value = v;
			known = true;
		}
		text_skip_blanks(&t);
	} while (text_take(&t, "or "));
	if (t.n > 0 && name.n == 0)
		return -EINVAL;
	if (t.n > 0 || !known) {
		*reterr_name = name;
		return -ENOENT;
	}
	*ret = value;
	return 0;
}
