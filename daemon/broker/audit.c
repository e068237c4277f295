/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/audit.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "plan/plan.h"

#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RECORD_MAX   16384U /* all fields at their longest; the journal takes much more */
#define WINDOW_USEC  (10 * UINT64_C(1000000))
#define WINDOW_MAX   30 /* refusals of one user: three a second; more is no news to whoever reads the log */
#define FACILITY     10 /* authpriv: not for everybody to read */
#define MESSAGE_SIZE (2 * PLAN_MESSAGE_MAX)

/* Kinds of records, for ever: bailiff.journal-fields(7). */
static const struct kind {
	const char *id, *name;
	int level;
	bool limited;
} kinds[_AUDIT_EVENT_MAX] = {
	[AUDIT_LAUNCHED] = { "b085886b2d02456eb6b40f40357217c5", "launched", LOG_INFO, false },
	[AUDIT_REFUSED] = { "a706afe7203c48659750e77ee625e0a2", "refused", LOG_NOTICE, true },
	[AUDIT_FAILED] = { "114a4bfb939e4bb9a6cb001c9ba51ba4", "failed", LOG_NOTICE, true },
	[AUDIT_ENDED] = { "2d96b12fef5c40a6b5232530838c66c2", "ended", LOG_INFO, false },
	[AUDIT_ADMIN] = { "2708bcc4786e46eb9ed7487c8c2e4c91", "administered", LOG_NOTICE, false },
	[AUDIT_ADMIN_REFUSED] = { "fd76f417e67442928afad026565152d5", "administration-refused", LOG_NOTICE,
		true },
	[AUDIT_SUPPRESSED] = { "c4d01a638fdf417f8265b4e4b71821d0", "suppressed", LOG_NOTICE, false },
};

const char *audit_reason(
	char buf[AUDIT_REASON_MAX], const char *outcome, const char *rule, const char *sentence, bool quote)
{
	/* Their sentences have no word of argv or the environment. What is not here may have. */
	static const char *const plain[] = { "AccessDenied", "ProfileUnknown", "ProfileInvalid",
		"QuotaExceeded", "InvalidFd", "Busy", "IdentityChanged" };

	if (quote || strncmp(outcome, "Setup.", strlen("Setup.")) == 0)
		return sentence;
	for (size_t i = 0; i < ELEMENTSOF(plain); i++)
		if (strcmp(outcome, plain[i]) == 0)
			return sentence;
	(void)snprintf(buf, AUDIT_REASON_MAX, "%s%s%s", outcome, rule[0] ? ", by " : "", rule);
	return buf;
}

int audit_open(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno_or_eio();
	return steal_fd(fd);
}

/* NAME, a newline, the length, the value, a newline: nothing in the value means anything. */
static void put_text(struct buf *b, const char *name, const char *value)
{
	size_t n = value ? strlen(value) : 0;
	const uint64_t size = htole64(n);

	if (n == 0)
		return;
	buf_put(b, name, strlen(name));
	buf_put_u8(b, '\n');
	buf_put(b, &size, sizeof(size));
	buf_put(b, value, n);
	buf_put_u8(b, '\n');
}

static void __attribute__((format(printf, 2, 3))) put_line(struct buf *b, const char *format, ...)
{
	char line[128];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	assert(n > 0 && (size_t)n < sizeof(line));
	buf_put(b, line, (size_t)n);
	buf_put_u8(b, '\n');
}

static void put_caller(struct buf *b, const struct audit_record *r)
{
	const struct caller *c = r->caller;

	if (!c) {
		if (r->uid != (uid_t)-1)
			put_line(b, "BAILIFF_CALLER_UID=%u", r->uid);
		return;
	}
	put_line(b, "BAILIFF_CALLER_UID=%u", c->uid);
	if (c->identity.pid > 0)
		put_line(b, "BAILIFF_CALLER_PID=%" PRIu32, c->identity.pid);
	if (c->looked && c->loginuid != LOGINUID_UNSET)
		put_line(b, "BAILIFF_CALLER_LOGINUID=%" PRIu32, c->loginuid);
	put_text(b, "BAILIFF_CALLER_UNIT", c->unit);
	put_text(b, "BAILIFF_CALLER_LABEL", c->identity.label);
}

static void put_record(struct buf *b, const struct audit_record *r, const char *message)
{
	const struct kind *k = &kinds[r->event];

	put_text(b, "MESSAGE", message);
	put_line(b, "MESSAGE_ID=%s", k->id);
	put_line(b, "PRIORITY=%d", k->level);
	put_line(b, "SYSLOG_FACILITY=%d", FACILITY);
	put_line(b, "SYSLOG_IDENTIFIER=bailiff-broker");
	put_line(b, "BAILIFF_EVENT=%s", k->name);
	put_line(b, "BAILIFF_OUTCOME=%s", r->outcome ? r->outcome : "done");
	put_caller(b, r);
	put_text(b, "BAILIFF_PROFILE", r->profile);
	if (r->generation > 0)
		put_line(b, "BAILIFF_GENERATION=%" PRIu32, r->generation);
	if (r->sandbox > 0)
		put_line(b, "BAILIFF_SANDBOX_ID=%" PRIu64, r->sandbox);
	put_text(b, "BAILIFF_RULE", r->rule);
	put_text(b, "BAILIFF_METHOD", r->method);
	put_text(b, "BAILIFF_COMMAND_LINE", r->command_line);
	if (r->event == AUDIT_ENDED) {
		put_line(b, "BAILIFF_EXIT_CODE=%d", r->exit_code);
		put_line(b, "BAILIFF_EXIT_SIGNAL=%d", r->exit_signal);
	}
	if (r->suppressed > 0)
		put_line(b, "BAILIFF_SUPPRESSED=%" PRIu32, r->suppressed);
}

/* One datagram. False: it has to go elsewhere. */
static bool send_record(struct audit *a, const struct audit_record *r, const char *message)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(RECORD_MAX);

	if (a->fd < 0)
		return false;
	put_record(&b, r, message);
	if (buf_error(&b) < 0)
		return false;
	if (write(a->fd, b.data, b.size) >= 0)
		return true;
	if (errno != EAGAIN)
		return false;
	/* full: waiting would make the journal's troubles everybody's */
	a->n_lost++;
	return true;
}

static void set_kernel_caller(struct audit_message *m, const struct audit_record *r)
{
	const struct caller *c = r->caller;

	m->uid = c ? c->uid : r->uid;
	m->loginuid = AUDIT_UNKNOWN_ID;
	if (!c)
		return;
	m->pid = c->identity.pid;
	if (c->looked)
		m->loginuid = c->loginuid;
	audit_message_text(m->unit, sizeof(m->unit), c->unit);
	audit_message_text(m->label, sizeof(m->label), c->identity.label);
}

static void send_to_kernel(struct audit *a, const struct audit_record *r)
{
	struct audit_message m = {
		.event = r->event,
		.generation = r->generation,
		.suppressed = r->suppressed,
		.sandbox = r->sandbox,
		.exit_code = r->exit_code,
		.exit_signal = r->exit_signal,
	};

	if (!a->kernel_wanted)
		return;
	set_kernel_caller(&m, r);
	audit_message_text(m.profile, sizeof(m.profile), r->profile);
	audit_message_text(m.outcome, sizeof(m.outcome), r->outcome ? r->outcome : "done");
	audit_message_text(m.method, sizeof(m.method), r->method);
	audit_message_text(m.rule, sizeof(m.rule), r->rule);
	/* without an auditor, too, as between two of them */
	if (audit_message_send(a->kernel_fd, &m) < 0)
		a->n_kernel_lost++;
}

static void emit(struct audit *a, const struct audit_record *r, const char *message)
{
	if (!send_record(a, r, message))
		log_write(kinds[r->event].level, "%s", message);
	send_to_kernel(a, r);
}

void audit_set_kernel(struct audit *a, int fd)
{
	(void)fd_close(a->kernel_fd);
	a->kernel_fd = fd;
}

void audit_want_kernel(struct audit *a, bool wanted)
{
	a->kernel_wanted = wanted;
	if (!wanted)
		audit_set_kernel(a, -1);
}

static void tell_window(struct audit *a, struct audit_window *w)
{
	const struct audit_record r = {
		.event = AUDIT_SUPPRESSED, .uid = w->uid, .suppressed = w->suppressed
	};
	char message[128];

	if (w->suppressed == 0)
		return;
	(void)snprintf(message, sizeof(message), "%" PRIu32 " more refusals of uid %u were not logged",
		w->suppressed, w->uid);
	w->suppressed = 0;
	emit(a, &r, message);
}

static void tell_lost(uint32_t *n, const char *where)
{
	const uint32_t lost = *n;

	*n = 0;
	if (lost > 0)
		log_warning("%s did not take %" PRIu32 " records", where, lost);
}

void audit_flush(struct audit *a)
{
	for (size_t i = 0; i < a->n_windows; i++)
		tell_window(a, &a->windows[i]);
	tell_lost(&a->n_lost, "The journal");
	tell_lost(&a->n_kernel_lost, "The auditor");
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct audit *a = userdata;

	a->timer = sd_event_source_disable_unref(a->timer);
	audit_flush(a);
	return 0;
}

/* What was counted would otherwise wait for the next record. */
static void tell_later(struct audit *a, sd_event *event)
{
	if (!a->timer)
		(void)sd_event_add_time_relative(
			event, &a->timer, CLOCK_BOOTTIME, WINDOW_USEC, 0, on_timer, a);
}

/* The window of this user; when all are taken, that of the one who was refused something longest ago. */
static struct audit_window *window_of(struct audit *a, uid_t uid, uint64_t now)
{
	struct audit_window *oldest = a->windows;

	for (size_t i = 0; i < a->n_windows; i++) {
		if (a->windows[i].uid == uid)
			return &a->windows[i];
		if (a->windows[i].begin_usec < oldest->begin_usec)
			oldest = &a->windows[i];
	}
	if (a->n_windows < AUDIT_USERS_MAX)
		oldest = &a->windows[a->n_windows++];
	else
		tell_window(a, oldest);
	*oldest = (struct audit_window){ .uid = uid, .begin_usec = now };
	return oldest;
}

static bool admit(struct audit *a, sd_event *event, uid_t uid)
{
	const uint64_t now = now_boottime_usec();
	struct audit_window *w = window_of(a, uid, now);

	if (now - w->begin_usec >= WINDOW_USEC) {
		tell_window(a, w);
		*w = (struct audit_window){ .uid = uid, .begin_usec = now };
	}
	if (w->n < WINDOW_MAX) {
		w->n++;
		return true;
	}
	w->suppressed++;
	tell_later(a, event);
	return false;
}

void audit_write(struct audit *a, sd_event *event, const struct audit_record *r, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list ap;

	if (kinds[r->event].limited && !admit(a, event, r->caller ? r->caller->uid : r->uid))
		return;
	va_start(ap, format);
	(void)vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	emit(a, r, message);
	if (a->n_lost > 0 || a->n_kernel_lost > 0)
		tell_later(a, event);
}

void audit_done(struct audit *a)
{
	a->timer = sd_event_source_disable_unref(a->timer);
	audit_flush(a);
	a->fd = fd_close(a->fd);
	audit_set_kernel(a, -1);
}
