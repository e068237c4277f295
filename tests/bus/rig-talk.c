/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Conversations over the rig: a client's calls, and the launcher's answers. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "broker/note.h"
#include "dbus/names.h"
#include "rig.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

sd_bus_message *rig_call_path(
	struct rig *r, const char *sender, const char *path, const char *interface, const char *member)
{
	sd_bus_message *m;

	assert_true(
		sd_bus_message_new_method_call(r->bus, &m, BAILIFF_BUS_NAME, path, interface, member) >= 0);
	if (sender)
		assert_true(sd_bus_message_set_sender(m, sender) >= 0);
	return m;
}

sd_bus_message *rig_call(struct rig *r, const char *sender, uint64_t id, const char *member)
{
	char path[128];

	if (id == 0)
		return rig_call_path(r, sender, BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, member);
	(void)snprintf(path, sizeof(path), "%s/%" PRIu64, BAILIFF_SANDBOX_PREFIX, id);
	return rig_call_path(r, sender, path, BAILIFF_SANDBOX_INTERFACE, member);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
	const sd_bus_error *error = sd_bus_message_get_error(m);
	struct reply *reply = userdata;

	reply->there = true;
	reply->message = sd_bus_message_ref(m);
	reply->error = error ? error->name : NULL;
	reply->text = error ? error->message : NULL;
	return 1;
}

void rig_send(struct rig *r, sd_bus_message *m, struct reply *reply)
{
	*reply = (struct reply){ 0 };
	assert_true(sd_bus_call_async(r->bus, NULL, m, on_reply, reply, UINT64_MAX) >= 0);
	sd_bus_message_unref(m);
}

void rig_wait(struct rig *r, struct reply *reply)
{
	rig_until(r, reply->there);
}

void reply_done(struct reply *reply)
{
	reply->message = sd_bus_message_unref(reply->message);
}

void rig_expect(struct rig *r, sd_bus_message *m, const char *error, struct reply *ret)
{
	struct reply reply;

	rig_send(r, m, &reply);
	rig_wait(r, &reply);
	if (error && reply.error)
		assert_string_equal(reply.error, error);
	else if (error || reply.error)
		fail_msg("expected %s, got %s: %s", error ? error : "success",
			reply.error ? reply.error : "success", reply.text ? reply.text : "");
	if (ret)
		*ret = reply;
	else
		reply_done(&reply);
}

void rig_expect_text(struct rig *r, sd_bus_message *m, const char *error, const char *text)
{
	struct reply reply;

	rig_expect(r, m, error, &reply);
	if (!reply.text || !strstr(reply.text, text))
		fail_msg("expected \"%s\", got \"%s\"", text, reply.text ? reply.text : "");
	reply_done(&reply);
}

sd_bus_message *rig_launch(struct rig *r, const char *sender, const char *profile)
{
	sd_bus_message *m = rig_call(r, sender, 0, "LaunchSandboxed");

	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", profile, 1, "/bin/true", 0, 0, 0) >= 0);
	return m;
}

void rig_leave(struct rig *r, const char *name)
{
	struct person *p = rig_person(r, name);
	sd_bus_message *m;

	if (p)
		p->gone = true;
	assert_true(sd_bus_message_new_signal(r->bus, &m, "/org/freedesktop/DBus", "org.freedesktop.DBus",
			    "NameOwnerChanged") >= 0);
	assert_true(sd_bus_message_set_sender(m, "org.freedesktop.DBus") >= 0);
	assert_true(sd_bus_message_append(m, "sss", name, name, "") >= 0);
	assert_true(sd_bus_send(r->bus, m, NULL) >= 0);
	sd_bus_message_unref(m);
}

void rig_take(struct rig *r, uint32_t type, struct request *ret)
{
	uint32_t got;
	int k;

	wire_record_init(&ret->record);
	rig_until(r, (k = wire_receive(r->launcher, &ret->record)) != -EAGAIN);
	assert_int_equal(k, 1);
	ret->body = CURSOR_INIT(ret->record.data, ret->record.size);
	assert_int_equal(wire_head(&ret->body, &got, &ret->serial), 0);
	assert_int_equal(got, type);
	if (type == WIRE_PROCESS) {
		r->n_processes++;
		r->n_process_fds += (unsigned)ret->record.n_fds;
	}
}

void request_done(struct request *q)
{
	wire_record_done(&q->record);
}

void rig_take_abandon(struct rig *r, uint32_t launch)
{
	struct request q;
	uint64_t serial;

	rig_take(r, WIRE_ABANDON, &q);
	assert_int_equal(decode_id(&q.body, &serial), 0);
	assert_int_equal(serial, launch);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
}

bool rig_launcher_idle(struct rig *r)
{
	struct wire_record record;
	int k;

	rig_settle(r);
	wire_record_init(&record);
	k = wire_receive(r->launcher, &record);
	wire_record_done(&record);
	return k == -EAGAIN;
}

static void send_record_fds(struct rig *r, struct buf *b, const int *fds, size_t n)
{
	assert_int_equal(buf_error(b), 0);
	assert_int_equal(wire_send(r->launcher, b->data, b->size, fds, n), 0);
	buf_done(b);
}

static void send_record(struct rig *r, struct buf *b, int fd)
{
	send_record_fds(r, b, &fd, fd >= 0);
}

void rig_answer_done(struct rig *r, uint32_t serial, int error)
{
	struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	(void)encode_done(&b, serial, &(struct done){ .error = error });
	send_record(r, &b, -1);
}

void rig_answer_process(struct rig *r, uint32_t serial)
{
	_cleanup_free_ char *cgroup = strdup(r->process.cgroup ? r->process.cgroup : "0::/\n");
	_cleanup_free_ char *loginuid = strdup(r->process.loginuid ? r->process.loginuid : "4294967295");
	const struct process_answer answer = { .error = r->process.error,
		.uid = r->process.uid > 0 ? r->process.uid : 1000,
		.cgroup = cgroup,
		.loginuid = loginuid };
	struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	(void)encode_process_answer(&b, serial, &answer);
	send_record(r, &b, -1);
}

void rig_answer_launched(struct rig *r, uint32_t serial, uint64_t id)
{
	rig_answer_launched_pty(r, serial, id, -1);
}

void rig_answer_launched_pty(struct rig *r, uint32_t serial, uint64_t id, int master)
{
	char cgroup[] = "/bailiff/1";
	const struct launched launched = { .id = id,
		.host_pid = 4711,
		.uid = 65534,
		.started_boottime_usec = 1,
		.started_realtime_usec = 2,
		.setup_usec = 300,
		.layers = 1U << 1 | 1U << 5,
		.cgroup = cgroup,
		.has_pty = master >= 0,
		.stage_usec = { 5, 100, 0, 7 } };
	int fds[] = { process_pidfd_open(getpid()), master };
	struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	assert_true(fds[0] >= 0);
	(void)encode_launched(&b, serial, &launched);
	send_record_fds(r, &b, fds, master >= 0 ? 2 : 1);
	(void)fd_close(fds[0]);
}

void rig_tell_exited(struct rig *r, uint64_t id, enum sandbox_result result, int code, int signal)
{
	const struct sandbox_exit ended = { .id = id,
		.result = result,
		.exit_code = code,
		.exit_signal = signal,
		.exited_realtime_usec = 1000 + id,
		.usage = { .has = USAGE_CPU, .cpu_usec = 77 } };
	struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	(void)encode_sandbox_exit(&b, &ended);
	send_record(r, &b, -1);
}

void rig_launch_sandbox(
	struct rig *r, const char *sender, const char *profile, uint64_t id, struct reply *reply)
{
	struct request q;

	rig_send(r, rig_launch(r, sender, profile), reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_answer_launched(r, q.serial, id);
	request_done(&q);
	rig_wait(r, reply);
	assert_null(reply->error);
}

void rig_next_launcher(struct rig *r, struct request *q)
{
	const struct keeper_message m = { .type = WIRE_PEER, .serial = 2 };
	int pair[2];

	assert_int_equal(wire_channel_pair(pair), 0);
	assert_int_equal(keeper_send(r->keeper, &m, &pair[1], 1), 0);
	(void)fd_close(pair[1]);
	r->launcher = pair[0];
	rig_take(r, WIRE_LIST, q);
}

static void fill_note(struct rig *r, const struct rig_kept *k, struct sandbox_entry *e)
{
	e->n_note = 0;
	if (k->owner_name && k->owner_name[0] == '\0')
		return;
	assert_int_equal(note_write(r->broker.bus, k->owner_name ? k->owner_name : ALICE, &k->token, e->note,
				 &e->n_note),
		0);
	if (!k->owner_name)
		e->note[3] ^= 1; /* in the id of the bus */
}

void rig_tell_kept(struct rig *r, uint32_t serial, const struct rig_kept *k)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	_cleanup_close_ int pidfd = process_pidfd_open(getpid());
	char profile[] = "decoder", tag[] = "kept", cgroup[] = "";
	struct sandbox_entry e = {
		.launched = { .id = k->id, .host_pid = 1, .uid = 65534, .cgroup = cgroup },
		.generation = 1,
		.profile = profile,
		.tag = tag,
		.owner = k->owner,
		.stop_signal = 15,
		.state = k->exited ? SANDBOX_EXITED : SANDBOX_RUNNING,
		.detach = k->detach,
		.exit = { .id = k->id, .result = RESULT_EXIT_CODE, .exit_code = 3, .exited_realtime_usec = 5 }
	};

	fill_note(r, k, &e);
	assert_int_equal(encode_sandbox_entry(&b, serial, &e), 0);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, &pidfd, !k->exited), 0);
}

size_t rig_count_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}
