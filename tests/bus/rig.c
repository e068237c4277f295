/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rig.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "broker/bus.h"
#include "dbus/names.h"

#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRIVER "org.freedesktop.DBus"

static const struct person everybody[] = {
	{ .name = ALICE, .uid = 1000, .gids = { 1000, 44 }, .n_gids = 2 },
	{ .name = ALICE2, .uid = 1000, .gids = { 1000, 44 }, .n_gids = 2 },
	{ .name = BOB, .uid = 1001, .gids = { 1001 }, .n_gids = 1 },
	{ .name = ROOT, .uid = 0, .gids = { 0 }, .n_gids = 1 },
};

struct person *rig_person(struct rig *r, const char *name)
{
	for (size_t i = 0; i < r->n_people; i++)
		if (strcmp(r->people[i].name, name) == 0)
			return &r->people[i];
	return NULL;
}

static void append_pidfd(sd_bus_message *m, const struct person *p)
{
	int fd = p->pidfd ? process_pidfd_open(getpid()) : -1;

	if (!p->pidfd)
		return;
	assert_true(fd >= 0);
	assert_true(sd_bus_message_append(m, "{sv}", "ProcessFD", "h", fd) >= 0);
	(void)fd_close(fd);
}

static void append_label(sd_bus_message *m, const struct person *p)
{
	size_t n = p->label_size > 0 ? p->label_size : p->label ? strlen(p->label) : 0;

	if (!p->label)
		return;
	assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
	assert_true(sd_bus_message_append(m, "s", "LinuxSecurityLabel") >= 0);
	assert_true(sd_bus_message_open_container(m, 'v', "ay") >= 0);
	assert_true(sd_bus_message_append_array(m, 'y', p->label, n) >= 0);
	assert_true(sd_bus_message_close_container(m) >= 0);
	assert_true(sd_bus_message_close_container(m) >= 0);
}

static void append_credentials(sd_bus_message *m, const struct person *p)
{
	const uint32_t uid = p->credentials == CREDENTIALS_BAD_UID ? UINT32_MAX : p->uid;

	assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
	if (p->credentials == CREDENTIALS_BAD_TYPE)
		assert_true(sd_bus_message_append(m, "{sv}", "UnixUserID", "s", "0") >= 0);
	else if (p->credentials != CREDENTIALS_NO_UID)
		assert_true(sd_bus_message_append(m, "{sv}", "UnixUserID", "u", uid) >= 0);
	if (p->credentials == CREDENTIALS_TWICE)
		assert_true(sd_bus_message_append(m, "{sv}", "UnixUserID", "u", 0) >= 0);
	assert_true(sd_bus_message_append(m, "{sv}", "ProcessID", "u", p->pid > 0 ? p->pid : 4711) >= 0);
	append_pidfd(m, p);
	append_label(m, p);
	if (p->credentials != CREDENTIALS_NO_GROUPS) {
		size_t n = p->credentials == CREDENTIALS_NO_GROUP ? 0 : p->n_gids;

		assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
		assert_true(sd_bus_message_append(m, "s", "UnixGroupIDs") >= 0);
		assert_true(sd_bus_message_open_container(m, 'v', "au") >= 0);
		assert_true(sd_bus_message_append_array(m, 'u', p->gids, n * sizeof(gid_t)) >= 0);
		assert_true(sd_bus_message_close_container(m) >= 0);
		assert_true(sd_bus_message_close_container(m) >= 0);
	}
	assert_true(sd_bus_message_close_container(m) >= 0);
}

/* Sends a reply as the driver; takes it over. */
static int send_as(struct rig *r, sd_bus_message *reply, const char *sender)
{
	assert_true(sd_bus_message_set_sender(reply, sender) >= 0);
	assert_true(sd_bus_send(r->bus, reply, NULL) >= 0);
	sd_bus_message_unref(reply);
	return 1;
}

static sd_bus_message *new_reply(sd_bus_message *call)
{
	sd_bus_message *reply;

	assert_true(sd_bus_message_new_method_return(call, &reply) >= 0);
	return reply;
}

static int answer_credentials(struct rig *r, sd_bus_message *m)
{
	sd_bus_message *reply;
	const char *name;
	struct person *p;

	assert_true(sd_bus_message_rewind(m, 1) >= 0);
	assert_true(sd_bus_message_read(m, "s", &name) > 0);
	p = rig_person(r, name);
	if (!p || p->gone || p->credentials == CREDENTIALS_ERROR) {
		assert_true(sd_bus_message_new_method_errorf(
				    m, &reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER, "no such name") >= 0);
		return send_as(r, reply, DRIVER);
	}
	if (p->credentials == CREDENTIALS_LATE) {
		r->late = sd_bus_message_ref(m);
		return 1;
	}
	reply = new_reply(m);
	append_credentials(reply, p);
	return send_as(r, reply, p->credentials == CREDENTIALS_FORGED ? ":1.66" : DRIVER);
}

void rig_answer_late(struct rig *r)
{
	rig_until(r, r->late != NULL);
	(void)answer_credentials(r, r->late);
	r->late = sd_bus_message_unref(r->late);
}

static int answer_has_owner(struct rig *r, sd_bus_message *m)
{
	const struct person *p;
	sd_bus_message *reply;
	const char *name;

	assert_true(sd_bus_message_read(m, "s", &name) > 0);
	p = rig_person(r, name);
	reply = new_reply(m);
	assert_true(sd_bus_message_append(reply, "b", p && !p->gone) >= 0);
	return send_as(r, reply, DRIVER);
}

static int answer_pid(struct rig *r, sd_bus_message *m)
{
	sd_bus_message *reply;
	const char *name;
	struct person *p;

	assert_true(sd_bus_message_read(m, "s", &name) > 0);
	p = rig_person(r, name);
	if (!p || p->gone || r->confirmed_pid == 1) {
		assert_true(sd_bus_message_new_method_errorf(
				    m, &reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER, "no such name") >= 0);
		return send_as(r, reply, DRIVER);
	}
	reply = new_reply(m);
	assert_true(sd_bus_message_append(reply, "u", r->confirmed_pid > 0 ? r->confirmed_pid : 4711) >= 0);
	return send_as(r, reply, DRIVER);
}

static sd_bus_message *polkit_reply(sd_bus_message *m, enum polkit_play play)
{
	static const char *const errors[] = { [PLAY_ABSENT] = SD_BUS_ERROR_SERVICE_UNKNOWN,
		[PLAY_REFUSES] = "org.freedesktop.PolicyKit1.Error.NotAuthorized",
		[PLAY_DIES] = SD_BUS_ERROR_NO_REPLY };
	sd_bus_message *reply;

	if (play < ELEMENTSOF(errors) && errors[play]) {
		assert_true(sd_bus_message_new_method_errorf(m, &reply, errors[play], "no") >= 0);
		return reply;
	}
	reply = new_reply(m);
	if (play == PLAY_GARBAGE)
		assert_true(sd_bus_message_append(reply, "b", 1) >= 0);
	else
		assert_true(sd_bus_message_append(reply, "(bba{ss})", play == PLAY_YES,
				    play == PLAY_CHALLENGE, 1, "polkit.result", "x") >= 0);
	return reply;
}

void rig_answer_polkit(struct rig *r, enum polkit_play play)
{
	assert_non_null(r->question);
	(void)send_as(r, polkit_reply(r->question, play), ":1.99");
}

static int play_polkit(struct rig *r, sd_bus_message *m, const char *member)
{
	if (strcmp(member, "CancelCheckAuthorization") == 0) {
		r->n_cancelled++;
		return 1;
	}
	assert_string_equal(member, "CheckAuthorization");
	r->n_polkit++;
	sd_bus_message_unref(r->question);
	r->question = sd_bus_message_ref(m);
	if (r->polkit != PLAY_SLOW)
		rig_answer_polkit(r, r->polkit);
	return 1;
}

/* As a bus does it: first the signal. */
static int play_release(struct rig *r, sd_bus_message *m)
{
	sd_bus_message *lost = NULL, *reply;

	r->n_released++;
	if (r->keep_name)
		return 1;
	assert_true(
		sd_bus_message_new_signal(r->bus, &lost, "/org/freedesktop/DBus", DRIVER, "NameLost") >= 0);
	assert_true(sd_bus_message_append(lost, "s", BAILIFF_BUS_NAME) >= 0);
	assert_true(sd_bus_message_set_destination(lost, ":1.0") >= 0);
	(void)send_as(r, lost, DRIVER);
	reply = new_reply(m);
	assert_true(sd_bus_message_append(reply, "u", 1) >= 0);
	return send_as(r, reply, DRIVER);
}

/* Hello, AddMatch, RequestName. */
static int answer_simple(struct rig *r, sd_bus_message *m, const char *member)
{
	sd_bus_message *reply;

	if (strstr(member, "Name") && r->early)
		rig_send(r, steal_ptr(r->early), &r->early_reply);
	if (strcmp(member, "ReleaseName") == 0)
		return play_release(r, m);
	reply = new_reply(m);
	if (strcmp(member, "Hello") == 0)
		assert_true(sd_bus_message_append(reply, "s", ":1.0") >= 0);
	else if (strcmp(member, "RequestName") == 0)
		assert_true(sd_bus_message_append(reply, "u", r->refuse_name ? 3 : 1) >= 0);
	return send_as(r, reply, DRIVER);
}

/* The driver, and what arrives for the clients. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m), *to = sd_bus_message_get_destination(m);
	struct rig *r = userdata;
	uint8_t type;

	assert_true(sd_bus_message_get_type(m, &type) >= 0);
	if (type == SD_BUS_MESSAGE_SIGNAL && strncmp(member, "Interfaces", strlen("Interfaces")) == 0) {
		if (r->n_managed >= ELEMENTSOF(r->managed))
			return 0;
		(void)snprintf(r->managed[r->n_managed].destination, 32, "%s", to ? to : "");
		(void)snprintf(r->managed[r->n_managed++].member, 32, "%s", member);
		return 0;
	}
	if (type == SD_BUS_MESSAGE_SIGNAL && r->n_signals < ELEMENTSOF(r->signals)) {
		(void)snprintf(r->signals[r->n_signals].destination, 32, "%s", to ? to : "");
		(void)snprintf(r->signals[r->n_signals++].member, 32, "%s", member);
		return 0;
	}
	if (type == SD_BUS_MESSAGE_METHOD_CALL && to && strcmp(to, "org.freedesktop.PolicyKit1") == 0)
		return play_polkit(r, m, member);
	if (type != SD_BUS_MESSAGE_METHOD_CALL || !to || strcmp(to, DRIVER) != 0)
		return 0;
	if (strcmp(member, "NameHasOwner") == 0)
		return answer_has_owner(r, m);
	if (strcmp(member, "GetConnectionCredentials") == 0) {
		r->n_asked++;
		return answer_credentials(r, m);
	}
	if (strcmp(member, "GetConnectionUnixProcessID") == 0)
		return answer_pid(r, m);
	return answer_simple(r, m, member);
}

/* Looks at every process as soon as it is asked to, so that tests of other things see launches alone. */
static void play_process(struct rig *r)
{
	struct request q;
	uint32_t type;

	if (r->process_by_hand || r->launcher < 0 ||
		recv(r->launcher, &type, sizeof(type), MSG_PEEK | MSG_DONTWAIT) < (ssize_t)sizeof(type) ||
		type != WIRE_PROCESS)
		return;
	rig_take(r, WIRE_PROCESS, &q);
	rig_answer_process(r, q.serial);
	request_done(&q);
}

void rig_step(struct rig *r)
{
	int a = 0, b;

	if (sd_event_get_state(r->broker_event) != SD_EVENT_FINISHED)
		a = sd_event_run(r->broker_event, 0);
	assert_true(a >= 0);
	b = sd_event_run(r->event, 0);
	assert_true(b >= 0);
	play_process(r);
	if (a == 0 && b == 0)
		(void)poll(NULL, 0, 1);
}

void rig_settle(struct rig *r)
{
	for (int i = 0; i < 30; i++)
		rig_step(r);
}

bool rig_broker_ended(struct rig *r, int *ret_status)
{
	return sd_event_get_state(r->broker_event) == SD_EVENT_FINISHED &&
	       sd_event_get_exit_code(r->broker_event, ret_status) >= 0;
}

/* What the compiler tells of a profile for people to look at. */
static void show_profile(struct compiled_profile *p)
{
	p->exposure = 17;
	p->intersection = INTERSECTION_UNCONFINED;
	p->settings = calloc(3, sizeof(*p->settings));
	p->settings[0] = (struct compiled_setting){ .key = strdup("PrivatePIDs"), .type = SETTING_YES };
	p->settings[1] = (struct compiled_setting){ .key = strdup("UMask"), .type = SETTING_TEXT };
	assert_true(strv_extend(&p->settings[1].values, "0077") >= 0);
	p->settings[2] = (struct compiled_setting){ .key = strdup("Executable"), .type = SETTING_LIST };
	assert_true(strv_extend(&p->settings[2].values, "/bin/true") >= 0);
	p->n_settings = 3;
}

static void add_profile(struct catalog *c, const char *name, enum access_type type, uint32_t id)
{
	struct compiled_profile *p = &c->profiles[c->n_profiles++];

	compiled_profile_init(p);
	p->name = strdup(name);
	p->description = strdup("a test");
	p->source_path = strdup("/etc/bailiff/profiles/test.profile");
	p->policy_path = strdup("");
	p->error = strdup("");
	p->working_directory = strdup("/");
	assert_true(strv_extend(&p->executables, "/bin/true") >= 0);
	assert_true(strv_extend(&p->pass_environment, "LANG") >= 0);
	p->uid = p->gid = 65534;
	p->slots = calloc(1, sizeof(*p->slots));
	p->slots[0] = (struct fd_slot){ .number = 3, .kinds = 1U << FD_KIND_PIPE, .access = 3 };
	p->n_slots = 1;
	p->mount_slots = calloc(1, sizeof(*p->mount_slots));
	p->mount_slots[0] = (struct mount_slot){ strdup("input"), strdup("/input"), MOUNT_READ_ONLY };
	p->n_mount_slots = 1;
	p->limits = calloc(1, sizeof(*p->limits));
	p->limits[0] = (struct compiled_limit){ .resource = RLIMIT_NOFILE, .soft = 1024, .hard = 4096 };
	p->n_limits = 1;
	p->access = calloc(1, sizeof(*p->access));
	p->access[0] = (struct access_rule){
		.type = type, .id = id, .name = strdup("x"), .origin = strdup("test:1")
	};
	p->n_access = 1;
	p->filter = calloc(1, sizeof(*p->filter));
	p->filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	p->n_filter = 1;
	show_profile(p);
}

/* Users 1000 and 2000 were in the group that may launch "decoder". */
static void add_members(struct catalog *c)
{
	c->groups = calloc(1, sizeof(*c->groups));
	c->groups[0].gid = 44;
	c->groups[0].uids = calloc(2, sizeof(*c->groups[0].uids));
	c->groups[0].uids[0] = 1000;
	c->groups[0].uids[1] = 2000;
	c->groups[0].n_uids = 2;
	c->n_groups = 1;
}

static void name_rule(struct access_rule *rule, const char *name)
{
	free(rule->name);
	rule->name = strdup(name);
}

/* For uid 1000, and for whom polkit permits. */
static void add_polkit(struct catalog *c)
{
	struct compiled_profile *p = &c->profiles[c->n_profiles];

	add_profile(c, "polkit", ACCESS_USER, 1000);
	p->access = reallocarray(p->access, 2, sizeof(*p->access));
	p->access[p->n_access++] = (struct access_rule){
		.type = ACCESS_POLKIT, .name = strdup("org.example.launch"), .origin = strdup("test:2")
	};
}

/* It takes a while to be read: some hundred parts. */
static void make_large(struct catalog *c)
{
	char name[16], text[4000];

	c->profiles = realloc(c->profiles, (c->n_profiles + RIG_MANY) * sizeof(*c->profiles));
	assert_non_null(c->profiles);
	memset(text, 'e', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < RIG_MANY; i++) {
		(void)snprintf(name, sizeof(name), "z%04u", i);
		add_profile(c, name, ACCESS_USER, 1000);
		c->profiles[c->n_profiles - 1].invalid = true;
		free(c->profiles[c->n_profiles - 1].error);
		c->profiles[c->n_profiles - 1].error = strdup(text);
	}
}

static struct catalog *make_catalog(unsigned variant)
{
	struct catalog *c = calloc(1, sizeof(*c));

	compiled_config_init(&c->config);
	c->config.max_calls_per_user = 4;
	c->config.max_retained_per_user = 2;
	c->config.max_sandboxes_per_user = 3;
	c->profiles = calloc(7, sizeof(*c->profiles));
	add_profile(c, "admin", ACCESS_USER, 4242);
	add_profile(c, "broken", ACCESS_USER, 1000);
	c->profiles[1].invalid = true;
	free(c->profiles[1].error);
	c->profiles[1].error = strdup("broken.profile:3: no such key");
	add_profile(c, "decoder", ACCESS_GROUP, 44);
	add_profile(c, "label", ACCESS_SELINUX_DOMAIN, 0);
	name_rule(&c->profiles[3].access[0], "chrome_t");
	add_profile(c, "open", ACCESS_USER, 1000);
	c->profiles[4].allow_detach = true;
	c->profiles[4].max_per_user = 2;
	add_polkit(c);
	add_profile(c, "unit", ACCESS_UNIT, 0);
	name_rule(&c->profiles[6].access[0], "chrome@*.service");
	add_members(c);
	if (variant == RIG_LARGE)
		make_large(c);
	else if (variant > 0)
		assert_true(strv_extend(&c->errors, "broken.profile:3: no such key") >= 0);
	return c;
}

int rig_catalog_memfd(unsigned variant)
{
	struct catalog *c = make_catalog(variant);
	int fd = -1;

	assert_int_equal(catalog_to_memfd(c, &fd), 0);
	(void)catalog_free(c);
	return fd;
}

static void send_keeper(struct rig *r, uint32_t type, int fd)
{
	const struct keeper_message m = { .type = type, .generation = 1 };

	assert_int_equal(keeper_send(r->keeper, &m, &fd, fd >= 0), 0);
}

static void make_bus(struct rig *r)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_true(sd_id128_randomize(&r->bus_id) >= 0);
	assert_true(sd_bus_new(&r->bus) >= 0);
	assert_true(sd_bus_set_fd(r->bus, pair[0], pair[0]) >= 0);
	assert_true(sd_bus_set_server(r->bus, 1, r->bus_id) >= 0);
	assert_true(sd_bus_set_anonymous(r->bus, 0) >= 0);
	assert_true(sd_bus_negotiate_fds(r->bus, 1) >= 0);
	assert_true(sd_bus_add_filter(r->bus, NULL, on_message, r) >= 0);
	assert_true(sd_bus_start(r->bus) >= 0);
	assert_true(sd_bus_attach_event(r->bus, r->event, 0) >= 0);

	broker_init(&r->broker, r->broker_event);
	assert_int_equal(bus_open(&r->broker, pair[1]), 0);
}

int rig_setup_unfinished(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	int pair[2], fd;

	log_open("test", getenv("RIG_LOG") ? LOG_DEBUG : LOG_EMERG);
	memcpy(r->people, everybody, sizeof(everybody));
	r->n_people = ELEMENTSOF(everybody);
	assert_true(sd_event_new(&r->event) >= 0);
	assert_true(sd_event_new(&r->broker_event) >= 0);
	make_bus(r);
	assert_int_equal(wire_channel_pair(pair), 0);
	r->keeper = pair[0];
	assert_true(keeper_client_open(&r->broker.keeper, &r->broker, pair[1]) >= 0);
	assert_true(bus_attach(&r->broker) >= 0);
	send_keeper(r, WIRE_START, -1);
	fd = rig_catalog_memfd(0);
	send_keeper(r, WIRE_CATALOG, fd);
	(void)fd_close(fd);
	assert_int_equal(wire_channel_pair(pair), 0);
	r->launcher = pair[0];
	send_keeper(r, WIRE_PEER, pair[1]);
	(void)fd_close(pair[1]);
	*state = r;
	return 0;
}

void rig_finish_start(struct rig *r, uint32_t list_serial)
{
	int fds[KEEPER_FDS_MAX];
	struct keeper_message m;
	int k;

	rig_answer_done(r, list_serial, 0);
	rig_until(r, (k = keeper_receive(r->keeper, &m, fds)) != -EAGAIN);
	assert_int_equal(k, 1);
	assert_int_equal(m.type, WIRE_READY);
	/* tests change what stands in it, which is only read otherwise */
	assert_int_equal(mprotect(r->broker.catalog->arena.data, r->broker.catalog->arena.size,
				 PROT_READ | PROT_WRITE),
		0);
}

int rig_setup(void **state)
{
	struct request q;
	int r = rig_setup_unfinished(state);

	rig_take(*state, WIRE_LIST, &q);
	rig_finish_start(*state, q.serial);
	request_done(&q);
	return r;
}

int rig_teardown(void **state)
{
	struct rig *r = *state;

	sd_bus_message_unref(r->late);
	sd_bus_message_unref(r->question);
	broker_done(&r->broker);
	r->bus = sd_bus_close_unref(r->bus);
	r->launcher = fd_close(r->launcher);
	r->keeper = fd_close(r->keeper);
	sd_event_unref(r->broker_event);
	sd_event_unref(r->event);
	free(r);
	return 0;
}
