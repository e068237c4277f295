/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Random calls of an interface that nobody wrote down here: its members are read from what the broker answers
 * to Introspect. Most calls are nearly right, as those get furthest.
 */

#include "fuzz-values.h"
#include "rig.h"

enum fuzz_kind {
	FUZZ_MANAGER,
	FUZZ_SANDBOX,
	FUZZ_PROFILE,
};

struct fuzz_member {
	enum fuzz_kind kind;
	char *interface, *name;
	GVariantType *arguments; /* a tuple */
	char *rights;            /* org.bailiff.Authorization, NULL for the standard interfaces */
};

struct fuzz_interface {
	GPtrArray *members;    /* struct fuzz_member */
	GPtrArray *interfaces; /* names of all of them */
	GPtrArray *properties; /* names */
};

/* Reads what object path of this kind has. */
void fuzz_interface_read(struct fuzz_interface *i, GDBusConnection *c, const char *path, enum fuzz_kind kind);
void fuzz_interface_init(struct fuzz_interface *i);
void fuzz_interface_done(struct fuzz_interface *i);
/* A call; @ret: the member that it may reach, NULL if there is none such. Free with g_object_unref(). */
GDBusMessage *fuzz_call(
	struct fuzz_values *v, const struct fuzz_interface *i, const struct fuzz_member **ret);
