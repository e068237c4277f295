/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The launcher as a whole: one epoll loop over the keeper, the broker, a clock and what belongs to the
 * sandboxes. Nothing in it waits for a peer or a child.
 */

#include "jail/uids.h"
#include "registry/parked.h"
#include "registry/registry.h"
#include "wire/outbox.h"

/* WIRE_LIST in progress: entries are sent as the broker's queue has room for them. */
struct listing {
	bool due; /* the broker has not asked yet, as it will first of all */
	bool active;
	uint32_t serial;
	uint64_t next_id;
};

struct server {
	int epoll_fd;
	struct source keeper, broker, clock; /* fds owned */
	struct source stock, templates;      /* when there is news of what is made ahead; fds are jail's */
	/* when what is mounted changes, when memory is short; owned, -1 without parked jails */
	struct source mounts, memory;
	uint64_t clock_armed; /* deadline that the timerfd is set to */
	struct jail_context jail;
	/* the catalog in force, and the one before: requests made just before a reload name that one */
	struct generation *current, *previous;
	struct catalog_reader reader;  /* of the one to come */
	struct keeper_message offered; /* what came with it */
	struct registry registry;      /* no child has these two, which lie side by side: see server_init() */
	struct timers timers;
	struct uids uids;
	struct pools pools;
	struct parking parking;
	struct outbox outbox;
	struct listing listing;
	struct held *held; /* what the keeper gave us of jails, until they are adopted */
	size_t n_held;
	bool started;          /* WIRE_START came */
	uint32_t peer;         /* serial of the broker's introduction */
	bool broker_broken;    /* to be closed when the event at hand is done with */
	uint32_t broker_watch; /* the events that are waited for */
	bool broker_waits;     /* is not listened to yet: launches of the one before are being settled */
	bool stopping;         /* no launches any more */
	bool told_stopped;     /* and no sandbox is live: the keeper knows, and will close its channel */
	bool quit;
	/* launches between go and exec, and until when we stand back for them: see sandbox_begin() */
	unsigned n_going;
	uint64_t going_until;
	bool stands_back;
};

/* Takes over keeper_fd. */
int server_init(struct server *s, int keeper_fd);
void server_done(struct server *s);
/* Runs until the keeper said to stop or went away. */
int server_run(struct server *s);

/* Waits for events on source->fd. */
int server_watch(struct server *s, struct source *source, uint32_t events);
/* Stops waiting; the fd stays open. Must come before the fd is closed: a jail that is being set up may hold a
 * copy of it, which would keep the registration alive. Harmless when not watched. */
void server_unwatch(struct server *s, struct source *source);
/* What is watched is @to's from now on, as it was asked for; nobody's if that fails. */
void server_pass_on(struct server *s, struct source *from, struct source *to, uint32_t events);
/* The same, and closes it. */
void server_close(struct server *s, struct source *source);

/* A connection to a new broker takes the place of an old one. */
int server_set_broker(struct server *s, int fd, uint32_t serial);
/* The list that the broker is going to get has this sandbox in it, with all that has become of it by then. */
static inline bool server_lists_later(const struct server *s, uint64_t id)
{
	return s->listing.due || (s->listing.active && id >= s->listing.next_id);
}
/* A launch that the broker before had asked for has started or failed. */
void server_forsaken_settled(struct server *s);
/* Sends a record with at most one fd (-1: none) to the broker, if there is one. */
void server_send(struct server *s, const struct buf *b, int fd);
/* The same with at most OUTBOX_FDS_MAX fds, which stay the caller's. */
void server_send_fds(struct server *s, const struct buf *b, const int *fds, size_t n_fds);
/* Says in the log why, and has the connection closed, and the broker ended. */
void server_break_broker(struct server *s, const char *why, int error);
/* Stops every sandbox: each gets its own grace, but at most max_grace_usec; the loop ends with the last one.
 */
void server_stop(struct server *s, uint64_t max_grace_usec);
/* jail_start(); what there is no way back from ends the launcher. */
int server_start_jail(struct server *s, struct jail_spec *spec, struct jail *ret, struct jail_error *reterr);
/* Puts a new catalog in force, and takes it over. */
int server_set_catalog(struct server *s, uint32_t number, struct catalog *catalog);

/* Handlers of the two peers. */
void keeper_readable(struct server *s, struct source *source, uint32_t events);
/* Reads a part more of the catalog to come: the last part puts it in force. */
int keeper_read_on(struct server *s);
/* Says, once, that nothing lives any more. */
void keeper_tell_stopped(struct server *s);
void broker_readable(struct server *s, struct source *source, uint32_t events);
