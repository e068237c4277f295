/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Jails that are parked for launches to come: how they come and go. Which is for registry/parked.h. */

#include "launcher/server.h"

/* A catalog has come into force: those of the one before go. */
void warm_set_catalog(struct server *server);
/* A parked jail that lives and is built, for a launch of this profile; NULL if there is none. */
struct parked *warm_find(struct server *server, const struct compiled_profile *profile);
/* It becomes this sandbox, which has its id; *one is gone then. */
void warm_take(struct server *server, struct parked *one, struct sandbox *s);
/* Milliseconds of silence after which warm_use_silence() has something to do; -1: it has not. */
int warm_wait(struct server *server);
void warm_use_silence(struct server *server);
/* All go. */
void warm_done(struct server *server);
