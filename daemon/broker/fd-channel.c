/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/fd-channel.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "broker/broker.h"
#include "broker/deferred.h"
#include "broker/inquiry.h"
#include "dbus/names.h"
#include "wire/stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct fd_channel {
	struct fd_channel *next;
	struct broker *broker;
	sd_bus_message *message;
	struct deferred *call; /* while it waits */
	char *sender;
	uid_t uid;
	int socket; /* the message's */
	sd_event_source *source, *deadline;
	uint32_t targets[FDS_MAX];
	int fds[FDS_MAX]; /* owned */
	size_t n;
	uint32_t counted;   /* of them, against QUOTA_FDS */
	bool ended;         /* no more to come */
	sd_bus_error error; /* set: why it is no good */
};

bool fd_channel_suits(int fd)
{
	static const struct {
		int option, value;
	} wanted[] = { { SO_DOMAIN, AF_UNIX }, { SO_TYPE, SOCK_SEQPACKET }, { SO_ACCEPTCONN, 0 } };

	for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
		socklen_t size = sizeof(int);
		int value = -1;

		if (getsockopt(fd, SOL_SOCKET, wanted[i].option, &value, &size) < 0 ||
			value != wanted[i].value)
			return false;
	}
	return true;
}

static void stop_waiting(struct fd_channel *ch)
{
	ch->source = sd_event_source_disable_unref(ch->source);
	ch->deadline = sd_event_source_disable_unref(ch->deadline);
	ch->call = deferred_free(ch->call);
}

static void uncount(struct fd_channel *ch)
{
	if (ch->counted > 0)
		quota_give(&ch->broker->quota, ch->uid, QUOTA_FDS, ch->counted);
	ch->counted = 0;
}

static void drop(struct fd_channel *ch)
{
	struct fd_channel **at = &ch->broker->fd_channels;

	while (*at && *at != ch)
		at = &(*at)->next;
	if (*at)
		*at = ch->next;
	stop_waiting(ch);
	uncount(ch);
	fd_close_many(ch->fds, ch->n);
	sd_bus_error_free(&ch->error);
	sd_bus_message_unref(ch->message);
	free(ch->sender);
	free(ch);
}

static struct fd_channel *find(const struct broker *b, const sd_bus_message *m)
{
	struct fd_channel *ch = b->fd_channels;

	while (ch && ch->message != m)
		ch = ch->next;
	return ch;
}

void fd_channel_end(struct broker *b, sd_bus_message *m)
{
	struct fd_channel *ch = find(b, m);

	if (ch)
		drop(ch);
}

void fd_channels_client_gone(struct broker *b, const char *name)
{
	struct fd_channel *next;

	for (struct fd_channel *ch = b->fd_channels; ch; ch = next) {
		next = ch->next;
		if (strcmp(ch->sender, name) == 0)
			drop(ch);
	}
}

void fd_channels_refuse(struct broker *b)
{
	struct fd_channel *next;

	for (struct fd_channel *ch = b->fd_channels; ch; ch = next) {
		next = ch->next;
		if (!ch->call)
			continue;
		deferred_reply_failure(steal_ptr(ch->call), BAILIFF_ERROR_BUSY, BROKER_LEAVES);
		drop(ch);
	}
}

void fd_channels_done(struct broker *b)
{
	while (b->fd_channels)
		drop(b->fd_channels);
}

static int channel_new(
	struct broker *b, const struct caller *c, sd_bus_message *m, int socket, struct fd_channel **ret)
{
	struct fd_channel *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return -ENOMEM;
	ch->sender = strdup(c->name);
	if (!ch->sender) {
		free(ch);
		return -ENOMEM;
	}
	ch->broker = b;
	ch->message = sd_bus_message_ref(m);
	ch->uid = c->uid;
	ch->socket = socket;
	ch->next = b->fd_channels;
	b->fd_channels = ch;
	*ret = ch;
	return 0;
}

static int spoil(struct fd_channel *ch, const char *name, const char *why)
{
	return sd_bus_error_setf(&ch->error, name, "Option " BAILIFF_OPTION_FD_CHANNEL ": %s", why);
}

static int count(struct fd_channel *ch, uint32_t n)
{
	struct broker *b = ch->broker;
	int r;

	r = quota_take(&b->quota, ch->uid, QUOTA_FDS, n, b->catalog->config.max_fds_per_user);
	if (r >= 0)
		ch->counted += n;
	return r;
}

/* Takes the fds over, whatever comes of it. */
static int take_record(struct fd_channel *ch, const uint32_t *numbers, size_t size, int *fds, size_t n)
{
	const char *why = NULL;

	if (n == 0)
		why = "a record has no descriptors";
	else if (size != n * sizeof(*numbers))
		why = "a record has to be a number of 32 bits for each of its descriptors, and nothing else";
	else if (n > FDS_MAX - ch->n)
		why = "more than 64 descriptors";
	if (why || count(ch, (uint32_t)n) < 0) {
		fd_close_many(fds, n);
		return why ? spoil(ch, BAILIFF_ERROR_INVALID_FD, why)
			   : spoil(ch, BAILIFF_ERROR_QUOTA_EXCEEDED,
				     "launches of this user that are under way have too many descriptors "
				     "(MaxFileDescriptorsPerUser=): wait for their answers");
	}
	memcpy(ch->targets + ch->n, numbers, size);
	memcpy(ch->fds + ch->n, fds, n * sizeof(*fds));
	ch->n += n;
	return 0;
}

/* 0, -EAGAIN, or another error with ch->error set. A record brings one descriptor at least, so this ends. */
static int receive_one(struct fd_channel *ch)
{
	uint32_t numbers[STREAM_FDS_MAX + 1]; /* one more than fit beside descriptors: a longer one is seen */
	int fds[STREAM_FDS_MAX];
	size_t n_fds = 0;
	ssize_t n;

	n = stream_receive(ch->socket, numbers, sizeof(numbers), fds, &n_fds);
	if (n == -EAGAIN)
		return -EAGAIN;
	if (n < 0) {
		fd_close_many(fds, n_fds);
		return n == -EMFILE
			       ? spoil(ch, BAILIFF_ERROR_BUSY, "the broker is out of descriptors: try again")
			       : spoil(ch, BAILIFF_ERROR_INVALID_FD, strerror((int)-n));
	}
	if (n == 0 && n_fds == 0) {
		ch->ended = true;
		return 0;
	}
	return take_record(ch, numbers, (size_t)n, fds, n_fds);
}

/* As far as it goes without waiting. */
static int receive(struct fd_channel *ch)
{
	int r = 0;

	while (r >= 0 && !ch->ended)
		r = receive_one(ch);
	return r;
}

static void resume(struct fd_channel *ch)
{
	stop_waiting(ch);
	if (deferred_again(ch->message))
		return;
	inquiry_end(ch->broker, ch->message);
	drop(ch);
}

static int on_record(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct fd_channel *ch = userdata;

	if (receive(ch) != -EAGAIN)
		resume(ch);
	return 0;
}

static int on_too_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct fd_channel *ch = userdata;

	(void)spoil(ch, BAILIFF_ERROR_INVALID_FD,
		"its end has not come in 10 seconds: close it, or shut it down, after the last record");
	resume(ch);
	return 0;
}

static int begin_waiting(struct fd_channel *ch, const struct caller *c, sd_bus_error *error)
{
	struct broker *b = ch->broker;
	int r;

	r = deferred_new(b, c, ch->message, 0, error, &ch->call);
	if (r >= 0)
		r = sd_event_add_io(b->event, &ch->source, ch->socket, EPOLLIN, on_record, ch);
	if (r >= 0)
		r = sd_event_add_time(b->event, &ch->deadline, CLOCK_BOOTTIME,
			now_boottime_usec() + FD_CHANNEL_USEC, 0, on_too_late, ch);
	return r < 0 ? r : FD_CHANNEL_WAITS;
}

int fd_channel_read(struct broker *b, const struct caller *c, sd_bus_message *m, struct launch_args *a,
	sd_bus_error *error)
{
	struct fd_channel *ch = find(b, m);
	int r = 0;

	if (a->channel < 0)
		return 0;
	if (!ch)
		r = channel_new(b, c, m, a->channel, &ch);
	if (r < 0)
		return r;
	if (!ch->ended && !sd_bus_error_is_set(&ch->error) && receive(ch) == -EAGAIN)
		return begin_waiting(ch, c, error);
	if (sd_bus_error_is_set(&ch->error))
		return sd_bus_error_copy(error, &ch->error);
	uncount(ch); /* the launch counts them from here on */
	for (size_t i = 0; r >= 0 && i < ch->n; i++)
		r = launch_args_add_fd(a, ch->targets[i], ch->fds[i], b->proc_fd, error);
	return r;
}
