/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A table of keys applied to a file: finds the key, says what is unknown, misplaced or not there yet, and
 * calls the key's setter. Profiles have one table, bailiffd.conf another; the setters for plain values are
 * shared.
 */

#include "profile/lexer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SETTING_LIST_MAX 1024U /* elements of one list; bounds the work that a file can cause */

struct setting;

/* Puts a value into *target at key->offset. 0, -EBADMSG after setting_error(), -ENOMEM. */
typedef int (*setter)(const struct setting *s, void *target);

struct key {
	const char *section, *name;
	setter set;    /* NULL: a key of a later version, refused */
	unsigned id;   /* index of the state; an alias has the id of its key */
	size_t offset; /* of the value in the target */
	uint64_t min, max;
	bool list;                /* the setter sees empty values too: they clear the list */
	const char *const *names; /* of an enumeration, NULL-terminated */
};

struct key_table {
	const struct key *keys;
	size_t n;
};

/* Whether a key has a value, and where it was last given. An empty assignment unsets a key that is no list.
 */
struct setting_state {
	bool set;
	bool assigned; /* anything, also nothing */
	struct place place;
};

/* One assignment on its way to a setter. */
struct setting {
	const struct key *key;
	const struct source *source;
	const struct item *item;
	const char *value; /* the item's */
	struct diagnostics *diagnostics;
};

/* Applies all assignments of a file. -EBADMSG if any was wrong (the others were applied), -ENOMEM. */
int settings_apply(const struct key_table *table, const struct source *source, void *target,
	struct setting_state *states, struct diagnostics *d);

/* The place of a byte of the value. */
struct place setting_place(const struct setting *s, size_t offset);
/* Reports an error there. Returns -EBADMSG or -ENOMEM. */
int setting_error(const struct setting *s, size_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The next word of the value with specifiers expanded; errors are reported. As word_next(). */
int setting_word(const struct setting *s, size_t *at, bool escapes, char **ret, size_t *ret_offset);
/* Told of a word by setting_words(), and may take it over (steal_ptr()). -EBADMSG: it is wrong, which is
 * reported. */
typedef int (*setting_take)(const struct setting *s, void *data, char **word, size_t offset);
/* All words of the value from a byte on; a wrong one does not keep those behind it from being looked at.
 * -EBADMSG if any was wrong, -ENOMEM. */
int setting_words(const struct setting *s, size_t at, bool escapes, setting_take take, void *data);
/* The whole value with specifiers expanded; errors are reported. */
int setting_text(const struct setting *s, char **ret);
/* Where the value lies in the target. */
void *setting_slot(const struct setting *s, void *target);
/* Appends to a list of at most SETTING_LIST_MAX, unless it is there already; takes over text. */
int setting_append(const struct setting *s, char ***list, char *text);

/* A word that sets bits of a mask. */
struct setting_flag {
	const char *word;
	uint32_t bit;
};

/* The words of the value from a byte on, into a mask, on top of what is there. @expected: the words there
 * are, for the message. */
int setting_flag_words(const struct setting *s, size_t at, const struct setting_flag *flags, size_t n,
	const char *expected, uint32_t *mask);
/* Words into the uint32_t of the key, on top of what is there. @expected: the words there are, for the
 * message. */
int setting_flags(const struct setting *s, void *target, const struct setting_flag *flags, size_t n,
	const char *expected);

int set_bool(const struct setting *s, void *target);       /* bool */
int set_always_yes(const struct setting *s, void *target); /* no value: only "yes" is taken */
int set_u32(const struct setting *s, void *target);        /* uint32_t in min..max */
int set_mode(const struct setting *s, void *target);       /* mode_t, octal, up to max */
int set_usec(const struct setting *s, void *target); /* uint64_t, min..max or infinity (if max is infinity) */
int set_signal(const struct setting *s, void *target); /* int */
int set_enum(const struct setting *s, void *target);   /* unsigned, index in names */
int set_string(const struct setting *s, void *target); /* char *, up to max bytes */
int set_path(const struct setting *s, void *target);   /* char *, normalized absolute path */
int set_paths(const struct setting *s, void *target);  /* char **, words, each a path */
