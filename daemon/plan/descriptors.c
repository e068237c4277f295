/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * File descriptors: each mapped one needs a place that the profile gives it (a slot, a standard stream that
 * callers may supply, or a share of MaxFileDescriptors=), and must be of a kind that may stand there.
 */

#include "base/error.h"
#include "plan/parts.h"

#include <stdio.h>

#define N_STDIO        3U
#define KINDS_TEXT_MAX 160

/* What may be passed where the profile names no kinds: bytes in and out, and nothing that leads elsewhere.
 * A directory or an O_PATH fd opens other files, a terminal takes input back, a listener makes new
 * connections. */
#define KINDS_ORDINARY                                                                                       \
	(1U << FD_KIND_REGULAR | 1U << FD_KIND_MEMFD | 1U << FD_KIND_PIPE | 1U << FD_KIND_SOCKET |           \
		1U << FD_KIND_NULL)

static const char *const stdio_keys[N_STDIO] = { "StandardInput=", "StandardOutput=", "StandardError=" };
static const char *const mode_names[_STDIO_MODE_MAX] = { [STDIO_NULL] = "null",
	[STDIO_PIPE] = "pipe",
	[STDIO_FD] = "fd",
	[STDIO_SOCKET] = "socket",
	[STDIO_PTY] = "pty",
	[STDIO_JOURNAL] = "journal",
	[STDIO_INHERIT] = "inherit" };

static const struct fd_slot *find_slot(const struct compiled_profile *p, uint32_t number)
{
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i].number == number)
			return &p->slots[i];
	return NULL;
}

static const struct plan_fd *find_fd(const struct plan_request *r, uint32_t target)
{
	for (size_t i = 0; i < r->n_fds; i++)
		if (r->fds[i].target == target)
			return &r->fds[i];
	return NULL;
}

static const char *kind_name(enum fd_kind kind)
{
	const char *name = fd_kind_to_string(kind);

	return name ? name : "unknown";
}

/* "pipe, socket" */
static void list_kinds(uint32_t kinds, char text[KINDS_TEXT_MAX])
{
	size_t n = 0;

	text[0] = '\0';
	for (int k = 0; k < _FD_KIND_MAX; k++)
		if ((kinds & (1U << k)) != 0 && n < KINDS_TEXT_MAX)
			n += (size_t)snprintf(text + n, KINDS_TEXT_MAX - n, "%s%s", n > 0 ? ", " : "",
				kind_name((enum fd_kind)k));
}

/* Does the object fit into the slot, or where there is none, is it an ordinary one? */
static int check_kind(const struct compiled_profile *p, const struct plan_fd *fd, const struct fd_slot *slot,
	struct plan_result *result)
{
	uint32_t kinds = slot ? slot->kinds : KINDS_ORDINARY;
	char text[KINDS_TEXT_MAX];

	list_kinds(kinds, text);
	if (fd->kind == FD_KIND_OTHER || (unsigned)fd->kind >= _FD_KIND_MAX)
		return refuse(result, p, "FileDescriptor=", REFUSAL_INVALID_FD, -EACCES,
			"fd %u is of a kind that is never passed (namespace, process, kernel file, device, "
			"...); "
			"profile %s takes here: %s",
			fd->target, p->name, text);
	if ((kinds & (1U << fd->kind)) == 0)
		return refuse(result, p, "FileDescriptor=", REFUSAL_INVALID_FD, -EACCES,
			"fd %u is of kind %s; profile %s takes here: %s%s", fd->target, kind_name(fd->kind),
			p->name, text, slot ? "" : " (other kinds need a FileDescriptor= line of their own)");
	if (slot && (fd->access & ~slot->access) != 0)
		return refuse(result, p, "FileDescriptor=", REFUSAL_INVALID_FD, -EACCES,
			"fd %u is open for %s; profile %s takes it here for %s only: open it so", fd->target,
			fd->access == (FD_ACCESS_READ | FD_ACCESS_WRITE) ? "reading and writing"
			: fd->access == FD_ACCESS_WRITE                  ? "writing"
									 : "reading",
			p->name, slot->access == FD_ACCESS_READ ? "reading" : "writing");
	return 0;
}

/* Numbers in range and each used once; no more than a launch carries. */
static int check_targets(
	const struct compiled_profile *p, const struct plan_request *r, struct plan_result *result)
{
	uint64_t seen[(FD_TARGET_MAX + 64) / 64] = { 0 };

	if (r->n_fds > FDS_MAX)
		return refuse(result, p, "(size)", REFUSAL_INVALID_FD, -EINVAL,
			"%zu fds are mapped, and a launch carries at most %d", r->n_fds, FDS_MAX);
	for (size_t i = 0; i < r->n_fds; i++) {
		uint32_t target = r->fds[i].target;
		uint64_t bit = UINT64_C(1) << (target % 64);

		if (target > FD_TARGET_MAX)
			return refuse(result, p, "(size)", REFUSAL_INVALID_FD, -EINVAL,
				"fd number %u is too high: 0 to %d can be mapped", target, FD_TARGET_MAX);
		if ((seen[target / 64] & bit) != 0)
			return refuse(result, p, "(size)", REFUSAL_INVALID_FD, -EINVAL,
				"fd number %u is mapped twice; one number can refer to one object only",
				target);
		seen[target / 64] |= bit;
	}
	return 0;
}

/* The fds above the standard streams. */
static int check_fds(
	const struct compiled_profile *p, const struct plan_request *r, struct plan_result *result)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_fds; i++) {
		const struct plan_fd *fd = &r->fds[i];
		const struct fd_slot *slot = find_slot(p, fd->target);
		int q;

		if (fd->target < N_STDIO)
			continue;
		n++;
		if (!slot && p->max_fds == 0)
			return refuse(result, p, "FileDescriptor=", REFUSAL_INVALID_FD, -EACCES,
				"profile %s has no place for fd %u; leave it out, or have an administrator "
				"add "
				"FileDescriptor=%u or MaxFileDescriptors=",
				p->name, fd->target, fd->target);
		q = check_kind(p, fd, slot, result);
		if (q < 0)
			return q;
	}
	if (p->max_fds > 0 && n > p->max_fds)
		return refuse(result, p, "MaxFileDescriptors=", REFUSAL_INVALID_FD, -EACCES,
			"%zu fds above 2 are mapped, and profile %s takes at most %u", n, p->name,
			p->max_fds);
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i].required && p->slots[i].number >= N_STDIO && !find_fd(r, p->slots[i].number))
			return refuse(result, p, "FileDescriptor=", REFUSAL_INVALID_FD, -EACCES,
				"profile %s needs fd %u and it is not mapped", p->name, p->slots[i].number);
	return 0;
}

/* A stream for which the caller mapped an fd. */
static int plan_mapped_stream(const struct compiled_profile *p, const struct plan_request *r,
	const struct plan_fd *fd, struct plan_result *result)
{
	unsigned i = fd->target;
	const struct fd_slot *slot = find_slot(p, i);

	if (r->stdio[i] != PLAN_STDIO_UNSET && r->stdio[i] != STDIO_FD)
		return refuse(result, p, stdio_keys[i], REFUSAL_INVALID_FD, -EINVAL,
			"fd %u is mapped, and option stdio asks for %s there; leave one out", i,
			mode_names[r->stdio[i]]);
	if (!slot && p->stdio[i] != STDIO_FD && p->stdio[i] != STDIO_INHERIT)
		return refuse(result, p, stdio_keys[i], REFUSAL_INVALID_FD, -EACCES,
			"profile %s takes no fd %u from callers (%s%s); leave it out, or have an "
			"administrator "
			"change that to fd or inherit",
			p->name, i, stdio_keys[i], mode_names[p->stdio[i]]);
	return check_kind(p, fd, slot, result);
}

/* A pipe of the broker's making, a stream in one direction, or a socket, which a slot must allow as if it
 * were the caller's. */
static int check_made(
	const struct compiled_profile *p, unsigned i, enum stdio_mode mode, struct plan_result *result)
{
	struct plan_fd made = {
		.target = i, .kind = FD_KIND_PIPE, .access = i == 0 ? FD_ACCESS_READ : FD_ACCESS_WRITE
	};
	const struct fd_slot *slot = find_slot(p, i);

	if (mode == STDIO_SOCKET)
		made = (struct plan_fd){
			.target = i, .kind = FD_KIND_SOCKET, .access = FD_ACCESS_READ | FD_ACCESS_WRITE
		};
	if (slot)
		return check_kind(p, &made, slot, result);
	if (p->stdio[i] == STDIO_NULL)
		return refuse(result, p, stdio_keys[i], REFUSAL_OVERRIDE_DENIED, -EACCES,
			"option stdio: profile %s has %snull, and a %s for fd %u would be more; leave it out",
			p->name, stdio_keys[i], mode_names[mode], i);
	return 0;
}

/* A terminal is more than a stream: a driver in the kernel that reads what is written, with requests of its
 * own. The journal keeps what it is sent, under a name that others trust. Neither without the profile's word.
 */
static int check_given(
	const struct compiled_profile *p, unsigned i, enum stdio_mode mode, struct plan_result *result)
{
	const struct fd_slot *slot = find_slot(p, i);

	if (mode == STDIO_JOURNAL && i == 0)
		return refuse(result, p, stdio_keys[i], REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option stdio: the journal is only written to; fd 0 can not be journal");
	if (p->stdio[i] == mode || (mode == STDIO_PTY && slot && (slot->kinds & (1U << FD_KIND_TTY))))
		return 0;
	return refuse(result, p, stdio_keys[i], REFUSAL_OVERRIDE_DENIED, -EACCES,
		"option stdio: profile %s has no %s%s%s; leave it out, or have an administrator add that "
		"line",
		p->name, stdio_keys[i], mode_names[mode],
		mode == STDIO_PTY ? ", nor a FileDescriptor= line with tty for it" : "");
}

/* A stream for which the caller mapped nothing. */
static int plan_made_stream(const struct compiled_profile *p, const struct plan_request *r, unsigned i,
	enum stdio_mode *ret_mode, struct plan_result *result)
{
	enum stdio_mode own = p->stdio[i] == STDIO_INHERIT ? STDIO_NULL : p->stdio[i];
	enum stdio_mode mode = r->stdio[i] == PLAN_STDIO_UNSET ? own : (enum stdio_mode)r->stdio[i];
	const struct fd_slot *slot = find_slot(p, i);
	int q;

	if (mode == STDIO_FD)
		return refuse(result, p, stdio_keys[i], REFUSAL_INVALID_FD, -EINVAL,
			"fd %u must be mapped (%s); map one", i,
			r->stdio[i] == STDIO_FD ? "option stdio asks for fd" : "the profile asks for fd");
	if (mode == STDIO_PIPE || mode == STDIO_SOCKET) {
		q = check_made(p, i, mode, result);
		if (q < 0)
			return q;
	} else if (mode == STDIO_PTY || mode == STDIO_JOURNAL) {
		q = check_given(p, i, mode, result);
		if (q < 0)
			return q;
	} else if (p->stdio[i] == STDIO_FD) {
		return refuse(result, p, stdio_keys[i], REFUSAL_OVERRIDE_DENIED, -EACCES,
			"option stdio: profile %s has %sfd; map fd %u, or ask for a pipe", p->name,
			stdio_keys[i], i);
	} else if (slot && slot->required) {
		return refuse(result, p, "FileDescriptor=", REFUSAL_INVALID_FD, -EACCES,
			"profile %s needs fd %u and it is not mapped", p->name, i);
	}
	*ret_mode = mode;
	return 0;
}

static int check_pty_size(const struct compiled_profile *p, const struct plan_request *r,
	const enum stdio_mode stdio[N_STDIO], struct plan_result *result)
{
	for (unsigned i = 0; i < N_STDIO; i++)
		if (stdio[i] == STDIO_PTY)
			return 0;
	if (!r->has_pty_size)
		return 0;
	return refuse(result, p, stdio_keys[0], REFUSAL_OVERRIDE_DENIED, -EINVAL,
		"option pty: no standard stream is a pty; leave it out, or have option stdio ask for one");
}

int plan_descriptors(const struct compiled_profile *p, const struct plan_request *r,
	enum stdio_mode ret_stdio[3], struct plan_result *result)
{
	enum stdio_mode stdio[N_STDIO];
	int q;

	q = check_targets(p, r, result);
	if (q < 0)
		return q;
	for (unsigned i = 0; i < N_STDIO; i++) {
		const struct plan_fd *fd = find_fd(r, i);

		if (r->stdio[i] != PLAN_STDIO_UNSET && r->stdio[i] >= STDIO_INHERIT)
			return refuse(result, p, stdio_keys[i], REFUSAL_OVERRIDE_DENIED, -EINVAL,
				"option stdio: %u is no mode for fd %u; null, pipe, fd, socket, pty and "
				"journal are",
				r->stdio[i], i);
		stdio[i] = STDIO_FD;
		q = fd ? plan_mapped_stream(p, r, fd, result) : plan_made_stream(p, r, i, &stdio[i], result);
		if (q < 0)
			return q;
	}
	q = check_fds(p, r, result);
	if (q < 0)
		return q;
	q = check_pty_size(p, r, stdio, result);
	if (q < 0)
		return q;
	for (unsigned i = 0; i < N_STDIO; i++)
		ret_stdio[i] = stdio[i];
	return 0;
}
