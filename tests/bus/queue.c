/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue.h"
#include "dbus/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int queue_setup(void **state)
{
	int r = rig_setup(state);
	struct rig *rig = *state;
	struct compiled_config *config = &rig->broker.catalog->config;

	config->max_calls_per_user = 64;
	config->max_sandboxes_per_user = 128;
	/* as on a machine with processors for all */
	rig->broker.launch_turns.n_shared = LAUNCHES_AT_ONCE;
	rig->broker.catalog->profiles[4].max_per_user = 0;
	rig->broker.catalog->profiles[4].max_fds = FDS_MAX;
	rig_person(rig, BOB)->gids[0] = 44;
	/* before its first answer a connection may not ask for much at once; and launches come in their order
	 * when its process was looked at */
	rig_expect(rig, rig_launch(rig, ALICE, "admin"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	return r;
}

sd_bus_message *queue_launch(struct rig *r, const char *sender, size_t number)
{
	sd_bus_message *m = rig_call(r, sender, 0, "LaunchSandboxed");
	char tag[24];

	(void)snprintf(tag, sizeof(tag), "t%zu", number);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 0, 1, "tag",
			    "s", tag) >= 0);
	return m;
}

uint32_t queue_take(struct rig *r, uid_t uid, size_t number)
{
	struct launch_request l = { 0 };
	char tag[24];
	struct request q;
	uint32_t serial;

	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(decode_launch_request(&q.body, &l), 0);
	(void)snprintf(tag, sizeof(tag), "t%zu", number);
	assert_int_equal(l.uid, uid);
	assert_string_equal(l.tag, tag);
	serial = q.serial;
	launch_request_done(&l);
	request_done(&q);
	return serial;
}

void queue_ask(struct rig *r, const char *sender, struct reply *replies, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rig_send(r, queue_launch(r, sender, i), &replies[i]);
	rig_settle(r);
}

void queue_expect(struct rig *r, struct reply *reply, const char *error)
{
	rig_wait(r, reply);
	if (error)
		assert_string_equal(reply->error, error);
	else
		assert_null(reply->error);
	reply_done(reply);
}

void queue_ask_with_channel(struct rig *r, struct reply *reply)
{
	sd_bus_message *m = rig_call(r, ALICE2, 0, "LaunchSandboxed");
	const uint32_t number = 10;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)&number, .iov_len = sizeof(number) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS } };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	int pair[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	memcpy(CMSG_DATA(&control.head), &null, sizeof(null));
	assert_true(sendmsg(pair[0], &h, MSG_NOSIGNAL) >= 0);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 0, 1,
			    "fd-channel", "h", pair[1]) >= 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)close(null);
	rig_send(r, m, reply);
	rig_settle(r);
}
