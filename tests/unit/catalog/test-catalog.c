/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The catalog: there and back, equal bytes each time, damaged in every single way, unsealed, and with each
 * value that the checks must refuse.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/strv.h"
#include "catalog/catalog.h"
#include "catalog/format.h"
#include "tests/unit/catalog/samples.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Profiles, of some size. */
#define MANY        500
#define ERROR_BYTES 1000

static void encode(const struct catalog *c, struct buf *ret)
{
	*ret = BUF_INIT(CATALOG_MAX_BYTES);
	assert_int_equal(catalog_encode(c, ret), 0);
}

/* Takes two catalogs that were made alike. */
static void check_round_trip(struct catalog *made, struct catalog *alike)
{
	_cleanup_(catalog_freep) struct catalog *c = made, *same = alike, *back = NULL;
	_cleanup_(buf_done) struct buf one, two, three;

	encode(c, &one);
	encode(same, &two);
	assert_int_equal(one.size, two.size);
	assert_memory_equal(one.data, two.data, one.size);
	assert_int_equal(catalog_decode(one.data, one.size, &back), 0);
	encode(back, &three);
	assert_int_equal(one.size, three.size);
	assert_memory_equal(one.data, three.data, one.size);
}

static void test_round_trip(void **state)
{
	check_round_trip(sample_catalog(), sample_catalog());
	check_round_trip(empty_catalog(), empty_catalog());
}

static void check_filesystem(const struct compiled_profile *q)
{
	assert_int_equal(q->propagation, PROPAGATION_SHARED);
	assert_int_equal(strv_length(q->daemon_stores), 2);
	assert_string_equal(q->daemon_stores[1], "cached.data");
	assert_int_equal(q->n_mount_slots, 2);
	assert_string_equal(q->mount_slots[0].name, "input");
	assert_string_equal(q->mount_slots[1].target, "/srv/out");
	assert_int_equal(q->mount_slots[1].flags, MOUNT_IDMAP);
	assert_int_equal(q->n_restrictions, 4);
	assert_true(q->restrictions[0].optional && !q->restrictions[1].optional);
	assert_int_equal(q->restrictions[2].type, RESTRICTION_NO_EXEC);
	assert_string_equal(q->restrictions[3].path, "/usr/lib/modules");
	assert_int_equal(q->proc_hiding, PROC_PTRACEABLE);
	assert_false(q->proc_subset || q->protect_kernel_tunables || q->protect_kernel_modules ||
		     q->protect_kernel_logs || q->protect_control_groups || q->protect_clock);
}

static void check_landlock(const struct compiled_landlock *l)
{
	assert_int_equal(l->restricts, _RESTRICT_ALL);
	assert_int_equal(l->n_rules, 2);
	assert_int_equal(l->rules[0].access, PATH_READ_EXECUTE);
	assert_true(l->rules[0].optional && !l->rules[1].optional);
	assert_string_equal(l->rules[0].path, "/usr");
	assert_int_equal(l->n_ports, 2);
	assert_int_equal(l->ports[1].port, 65535);
	assert_true(l->ports[0].bind && !l->ports[0].connect && l->ports[1].connect);
}

static void check_shown(const struct compiled_profile *q)
{
	assert_int_equal(q->n_settings, 4);
	assert_string_equal(q->settings[0].key, "PrivateTime");
	assert_int_equal(q->settings[0].type, SETTING_NO);
	assert_int_equal(q->settings[1].type, SETTING_YES);
	assert_int_equal(q->settings[3].type, SETTING_LIST);
	assert_string_equal(q->settings[3].values[1], "/usr/bin/convert");
	assert_int_equal(q->exposure, 17);
	assert_int_equal(q->intersection, INTERSECTION_UNCONFINED);
}

static void check_groups(const struct catalog *c)
{
	assert_int_equal(c->n_groups, 2);
	assert_true(catalog_is_member(c, 1000, 0) && catalog_is_member(c, 1000, 4294967294U));
	assert_false(catalog_is_member(c, 1000, 1001) || catalog_is_member(c, 44, 1000));
	assert_false(catalog_is_member(c, 45, 0));
}

static void check_base(const struct catalog *c)
{
	const struct compiled_profile *p = catalog_find(c, "base");

	assert_string_equal(p->devices[0], "/dev/tty");
	assert_string_equal(p->pool, "base-pool");
	assert_int_equal(c->config.dynamic_quarantine_usec, 7000001);
	assert_int_equal(c->config.max_sandboxes_per_user, 3);
	assert_int_equal(c->config.max_spare_jails, 5);
}

/* Member by member: what is between them is nobody's. */
static void check_group(const struct group_value *got, const struct group_value *want)
{
	for (size_t i = 0; i < _GROUP_LIMIT_MAX; i++) {
		assert_int_equal(got[i].unit, want[i].unit);
		assert_int_equal(got[i].value, want[i].value);
	}
}

static void check_tuning(const struct compiled_tuning *got, const struct compiled_tuning *want)
{
	assert_int_equal(got->set, want->set);
	assert_int_equal(got->nice, want->nice);
	assert_int_equal(got->oom_score_adjust, want->oom_score_adjust);
	assert_int_equal(got->io_class, want->io_class);
	assert_int_equal(got->io_priority, want->io_priority);
	assert_int_equal(got->timer_slack_nsec, want->timer_slack_nsec);
	assert_memory_equal(got->cpus, want->cpus, sizeof(want->cpus));
}

/* Equal bytes could be equally wrong: a look at the values themselves. */
static void test_values(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(buf_done) struct buf b;
	const struct compiled_profile *p, *q;

	encode(c, &b);
	assert_int_equal(catalog_decode(b.data, b.size, &back), 0);
	p = catalog_find(c, "decoder");
	q = catalog_find(back, "decoder");
	assert_non_null(q);
	assert_string_equal(q->description, p->description);
	assert_string_equal(q->drop_ins[0], p->drop_ins[0]);
	assert_memory_equal(q->sha256, p->sha256, sizeof(p->sha256));
	assert_int_equal(q->n_access, 5);
	assert_int_equal(q->access[3].type, ACCESS_UNIT);
	assert_string_equal(q->access[3].name, "user@*.service/chrome@*.service");
	assert_string_equal(q->access[4].name, "org.bailiff.Broker1.launch");
	assert_int_equal(q->launches_per_minute, 600);
	assert_int_equal(q->access[1].type, ACCESS_GROUP);
	assert_string_equal(q->access[1].origin, "site.conf:2");
	assert_true(q->allow_detach);
	assert_string_equal(q->executables[1], p->executables[1]);
	assert_string_equal(q->pass_environment[1], "DECODER_*");
	assert_int_equal(q->slots[1].number, FD_TARGET_MAX);
	assert_true(q->slots[0].required);
	assert_int_equal(q->stdio[2], STDIO_SOCKET);
	assert_int_equal(back->profiles[0].stdio[2], STDIO_PTY);
	assert_int_equal(q->umask, 0022);
	assert_false(q->dynamic_user);
	assert_int_equal(q->groups[1], 4294967294U);
	assert_int_equal(q->bounding, p->bounding);
	assert_int_equal(q->mounts[1].mode, 01777);
	assert_int_equal(q->mounts[1].size, 1 << 20);
	assert_int_equal(q->mounts[1].inodes, 4096);
	assert_string_equal(q->root_directory, "/srv/root");
	assert_string_equal(q->mounts[0].source, "/usr");
	check_filesystem(q);
	assert_int_equal(q->optional, OPTIONAL_LANDLOCK);
	check_landlock(&q->landlock);
	assert_int_equal(q->n_filter, 4);
	assert_int_equal(q->filter[1].k, 0xc000003e);
	assert_int_equal(q->filter[1].jt, 1);
	assert_int_equal(q->violations, VIOLATIONS_TOLD);
	assert_int_equal(q->limits[1].hard, UINT64_MAX);
	assert_int_equal(q->kill_signal, 2);
	assert_int_equal(q->warm, 4);
	assert_int_equal(q->max_warm, 16);
	check_group(q->group, p->group);
	assert_true(q->run_as_init && q->deny_write_execute);
	assert_string_equal(q->network_namespace_path, "/run/netns/test");
	assert_string_equal(q->selinux_context, "system_u:system_r:decoder_t:s0");
	check_tuning(&q->tuning, &p->tuning);
	check_shown(q);
	check_groups(back);
	assert_string_equal(back->config.salt_paths[1], "/home/.shadow/salt");
	assert_string_equal(back->errors[0], c->errors[0]);
	check_base(back);
	q = catalog_find(back, "broken");
	assert_true(q->invalid);
	assert_string_equal(q->error, c->errors[0]);
}

static void test_levels(void **state)
{
	static const struct {
		uint32_t tenths;
		const char *level;
	} rows[] = { { 0, "PERFECT" }, { 1, "SAFE" }, { 9, "SAFE" }, { 10, "OK" }, { 49, "OK" },
		{ 50, "MEDIUM" }, { 74, "MEDIUM" }, { 75, "EXPOSED" }, { 89, "EXPOSED" }, { 90, "UNSAFE" },
		{ 99, "UNSAFE" }, { 100, "DANGEROUS" } };

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		assert_string_equal(exposure_level(rows[i].tenths), rows[i].level);
}

static void test_confined(void **state)
{
	struct compiled_profile p;
	struct compiled_config config;
	const char *reason;

	compiled_profile_init(&p);
	assert_int_equal(p.n_access, 0);
	assert_int_equal(p.bounding | p.ambient, 0);
	assert_int_equal(p.namespaces, JAIL_NS_DEFAULT);
	assert_true(p.dynamic_user && p.minimal_root && p.private_tmp && p.private_devices);
	assert_false(p.mount_proc || p.allow_detach);
	assert_true(p.proc_subset && p.proc_hiding == PROC_INVISIBLE);
	assert_true(p.protect_kernel_tunables && p.protect_kernel_modules && p.protect_kernel_logs &&
		    p.protect_control_groups && p.protect_clock);
	assert_true(p.secure_bits & SECBIT_NOROOT_LOCKED);
	assert_int_not_equal(p.uid, 0);
	assert_int_not_equal(p.gid, 0);
	assert_int_equal(p.n_slots + p.max_fds, 0);
	assert_int_equal(p.umask, 0077);
	compiled_profile_done(&p);
	compiled_config_init(&config);
	assert_int_equal(compiled_config_check(&config, &reason), 0);
	compiled_config_done(&config);
	assert_null(catalog_free(NULL));
}

static void test_find(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *none = empty_catalog();

	assert_int_equal(catalog_index(c, "base"), 0);
	assert_int_equal(catalog_index(c, "broken"), 1);
	assert_int_equal(catalog_index(c, "decoder"), 2);
	assert_ptr_equal(catalog_find(c, "decoder"), &c->profiles[2]);
	assert_int_equal(catalog_index(c, ""), -ENOENT);
	assert_int_equal(catalog_index(c, "decode"), -ENOENT);
	assert_int_equal(catalog_index(c, "decoder2"), -ENOENT);
	assert_int_equal(catalog_index(c, "Decoder"), -ENOENT);
	assert_int_equal(catalog_index(c, "../decoder"), -ENOENT);
	assert_int_equal(catalog_index(none, "base"), -ENOENT);
	assert_null(catalog_find(none, "base"));
}

static void test_truncations(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	_cleanup_(buf_done) struct buf b;

	encode(c, &b);
	for (size_t n = 0; n < b.size; n++) {
		_cleanup_free_ uint8_t *cut = malloc(n > 0 ? n : 1);
		_cleanup_(catalog_freep) struct catalog *back = NULL;
		uint64_t size = n;

		assert_non_null(cut);
		memcpy(cut, b.data, n);
		assert_int_equal(catalog_decode(cut, n, &back), -EBADMSG);
		if (n < CATALOG_MAGIC_SIZE + 12)
			continue;
		/* and with a size in the head that agrees */
		memcpy(cut + CATALOG_MAGIC_SIZE + 4, &size, sizeof(size));
		assert_int_equal(catalog_decode(cut, n, &back), -EBADMSG);
	}
}

/* A changed bit is refused, or means something else and is written back as it was read. */
static void test_bit_flips(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	_cleanup_(buf_done) struct buf b;
	unsigned accepted = 0;

	encode(c, &b);
	for (size_t bit = 0; bit < b.size * 8; bit++) {
		_cleanup_(catalog_freep) struct catalog *back = NULL;
		_cleanup_(buf_done) struct buf again = BUF_INIT(0);
		int r;

		b.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		r = catalog_decode(b.data, b.size, &back);
		assert_true(r == 0 || r == -EBADMSG);
		if (r == 0) {
			accepted++;
			encode(back, &again);
			assert_int_equal(again.size, b.size);
			assert_memory_equal(again.data, b.data, b.size);
		}
		b.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_true(accepted > 0); /* letters of names and the like */
}

static void test_head(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(buf_done) struct buf b;

	encode(c, &b);
	b.data[CATALOG_MAGIC_SIZE] = CATALOG_VERSION + 1;
	assert_int_equal(catalog_decode(b.data, b.size, &back), -EBADMSG);
	b.data[CATALOG_MAGIC_SIZE] = CATALOG_VERSION;
	buf_put_u8(&b, 0);
	assert_int_equal(catalog_decode(b.data, b.size, &back), -EBADMSG);
	assert_int_equal(catalog_decode(b.data, b.size - 1, &back), 0);
	assert_int_equal(catalog_decode(b.data, CATALOG_MAX_BYTES + 1UL, &c), -EBADMSG);
}

static void test_order(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct compiled_profile swap = c->profiles[0];

	c->profiles[0] = c->profiles[1];
	c->profiles[1] = swap;
	assert_int_equal(catalog_encode(c, &b), -EINVAL);
	assert_int_equal(b.size, 0);
	free(c->profiles[0].name);
	c->profiles[0].name = strdup(c->profiles[1].name);
	assert_int_equal(catalog_encode(c, &b), -EINVAL);
}

/* The sample's bytes with another name of four letters for the profile "broken". */
static uint8_t *rename_broken(const struct buf *b, const char name[4], size_t *ret_size)
{
	const uint8_t *at = memmem(b->data, b->size, "broken", 6);
	uint8_t *copy = malloc(b->size);
	uint32_t name_size = 4;
	uint64_t size = b->size - 2;
	size_t n;

	assert_non_null(at);
	assert_non_null(copy);
	n = (size_t)(at - b->data);
	memcpy(copy, b->data, n);
	memcpy(copy + n - sizeof(name_size), &name_size, sizeof(name_size));
	memcpy(copy + n, name, 4);
	memcpy(copy + n + 4, at + 6, b->size - n - 6);
	memcpy(copy + CATALOG_MAGIC_SIZE + 4, &size, sizeof(size));
	*ret_size = size;
	return copy;
}

/* The reader sees equal and descending names by itself, without the writer's check. */
static void test_order_in_bytes(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} rows[] = { { "aaaa", -EBADMSG }, { "base", -EBADMSG }, { "basf", 0 }, { "deco", 0 },
		{ "eeee", -EBADMSG }, { "Base", -EBADMSG } };
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	_cleanup_(buf_done) struct buf b;

	encode(c, &b);
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_(catalog_freep) struct catalog *back = NULL;
		size_t size;
		_cleanup_free_ uint8_t *bytes = rename_broken(&b, rows[i].name, &size);

		assert_int_equal(catalog_decode(bytes, size, &back), rows[i].expected);
	}
}

static void test_memfd(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(buf_done) struct buf b;
	_cleanup_close_ int fd = -1, loose = -1, file = -1;

	assert_int_equal(catalog_to_memfd(c, &fd), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(catalog_from_memfd(fd, false, &back), 0);
	assert_int_equal(back->n_profiles, 3);
	assert_true(write(fd, "x", 1) < 0);
	assert_true(ftruncate(fd, 0) < 0);
	/* equal bytes without seals, and without all of them */
	encode(c, &b);
	loose = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(write_full(loose, b.data, b.size), 0);
	assert_int_equal(catalog_from_memfd(loose, false, &back), -EPERM);
	assert_int_equal(fcntl(loose, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	assert_int_equal(catalog_from_memfd(loose, false, &back), -EPERM);
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(catalog_from_memfd(file, false, &back) < 0);
	assert_true(catalog_from_memfd(-1, false, &back) < 0);
}

/* A sealed memfd of any bytes. */
static int sealed(const void *data, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(write_full(fd, data, size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL), 0);
	return fd;
}

/* What is decoded there is the same; of what children share nobody can get the right to write to it. */
static void test_arenas(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	_cleanup_(buf_done) struct buf b;

	encode(c, &b);
	for (int shared = 0; shared < 2; shared++) {
		_cleanup_(catalog_freep) struct catalog *back = NULL, *wrong = NULL;
		_cleanup_close_ int fd = sealed(b.data, b.size);
		_cleanup_(buf_done) struct buf again;

		assert_int_equal(catalog_from_memfd(fd, shared, &back), 0);
		encode(back, &again);
		assert_int_equal(again.size, b.size);
		assert_memory_equal(again.data, b.data, b.size);
		assert_non_null(back->arena.data);
		if (shared)
			assert_int_equal(
				mprotect(back->arena.data, back->arena.size, PROT_READ | PROT_WRITE), -1);
		for (size_t n = 1; n < b.size; n += 7) {
			_cleanup_close_ int cut = sealed(b.data, n);

			assert_int_equal(catalog_from_memfd(cut, shared, &wrong), -EBADMSG);
		}
	}
}

/* Nothing but empty strings: what becomes largest in memory still has room. */
static void test_arenas_have_room(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(buf_done) struct buf b;
	_cleanup_close_ int fd = -1;

	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(strv_extend(&c->errors, ""), 0);
	encode(c, &b);
	fd = sealed(b.data, b.size);
	assert_int_equal(catalog_from_memfd(fd, true, &back), 0);
	assert_int_equal(strv_length(back->errors), strv_length(c->errors));
	back = catalog_free(back);
	assert_int_equal(catalog_from_memfd(fd, false, &back), 0);
	assert_int_equal(strv_length(back->errors), strv_length(c->errors));
}

/* As many profiles as make some parts. */
static void make_large(struct catalog *c)
{
	const size_t n = c->n_profiles;
	char name[16];

	c->profiles = realloc(c->profiles, (n + MANY) * sizeof(*c->profiles));
	assert_non_null(c->profiles);
	for (size_t i = 0; i < MANY; i++) {
		struct compiled_profile *p = &c->profiles[n + i];

		compiled_profile_init(p);
		(void)snprintf(name, sizeof(name), "z%04zu", i);
		p->name = strdup(name);
		p->source_path = strdup("/etc/z");
		p->invalid = true;
		p->error = calloc(1, ERROR_BYTES);
		assert_true(p->name && p->source_path && p->error);
		memset(p->error, 'e', ERROR_BYTES - 1);
	}
	c->n_profiles += MANY;
}

/* In parts it is the same, a part is no more than a few profiles, and one may stop before its end. */
static void test_parts(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(catalog_reader_close) struct catalog_reader reader = CATALOG_READER_NULL;
	_cleanup_(buf_done) struct buf b;
	_cleanup_close_ int fd = -1;
	struct buf again;
	size_t parts = 1;

	make_large(c);
	encode(c, &b);
	fd = sealed(b.data, b.size);
	for (int shared = 0; shared < 2; shared++, parts = 1) {
		catalog_reader_open(&reader, fd, shared);
		while (catalog_reader_next(&reader, &back) == 0)
			parts++;
		assert_true(parts > b.size / (256 * 1024) && parts <= b.size / (128 * 1024) + 1);
		assert_null(reader.catalog);
		encode(back, &again);
		assert_int_equal(again.size, b.size);
		assert_memory_equal(again.data, b.data, b.size);
		buf_done(&again);
		back = catalog_free(back);
		/* given up */
		catalog_reader_open(&reader, fd, shared);
		assert_int_equal(catalog_reader_next(&reader, &back), 0);
		catalog_reader_close(&reader);
	}
}

/* The next part is due in a millisecond, and when it has taken long at once. */
static void test_pauses(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(catalog_reader_close) struct catalog_reader reader = CATALOG_READER_NULL;
	const uint64_t begin = now_boottime_usec();
	_cleanup_(buf_done) struct buf b;
	_cleanup_close_ int fd = -1;
	uint64_t before;

	make_large(c);
	encode(c, &b);
	fd = sealed(b.data, b.size);
	catalog_reader_open(&reader, fd, false);
	assert_true(reader.due_usec >= begin && reader.due_usec <= now_boottime_usec());
	assert_true(reader.polite_until >= begin + 100000);
	reader.polite_until = UINT64_MAX;
	before = now_boottime_usec();
	assert_int_equal(catalog_reader_next(&reader, &back), 0);
	assert_true(reader.due_usec >= before + 1000 && reader.due_usec <= now_boottime_usec() + 1000);
	reader.polite_until = now_boottime_usec();
	assert_int_equal(catalog_reader_next(&reader, &back), 0);
	assert_true(reader.due_usec <= now_boottime_usec());
}

/* An error in the last part is one. */
static void test_last_part(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(buf_done) struct buf b;
	_cleanup_close_ int fd = -1;
	uint8_t *name;

	make_large(c);
	encode(c, &b);
	name = memmem(b.data, b.size, "z0499", 5);
	assert_non_null(name);
	name[4] = '8'; /* that of the one before */
	fd = sealed(b.data, b.size);
	assert_int_equal(catalog_from_memfd(fd, false, &back), -EBADMSG);
	assert_int_equal(catalog_from_memfd(fd, true, &back), -EBADMSG);
}

/* What the compiler has found about a filter is carried. */
static void test_shared_network(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(buf_done) struct buf b;
	struct compiled_profile *p = &c->profiles[0];

	p->devices = strv_free(p->devices);
	p->pool[0] = '\0';
	p->shares_network = true;
	encode(c, &b);
	assert_int_equal(catalog_decode(b.data, b.size, &back), 0);
	assert_true(back->profiles[0].shares_network);
	assert_false(back->profiles[2].shares_network || back->profiles[0].reuses_network);
}

static void test_reused_network(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(buf_done) struct buf b;
	struct compiled_profile *p = &c->profiles[0];

	p->devices = strv_free(p->devices);
	p->pool[0] = '\0';
	p->reuses_network = true;
	encode(c, &b);
	assert_int_equal(catalog_decode(b.data, b.size, &back), 0);
	assert_true(back->profiles[0].reuses_network);
	assert_false(back->profiles[2].reuses_network || back->profiles[0].shares_network);
}

static void test_shared_ipc(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog(), *back = NULL;
	_cleanup_(buf_done) struct buf b;
	struct compiled_profile *p = &c->profiles[0];

	p->devices = strv_free(p->devices);
	p->pool[0] = '\0';
	p->shares_ipc = true;
	encode(c, &b);
	assert_int_equal(catalog_decode(b.data, b.size, &back), 0);
	assert_true(back->profiles[0].shares_ipc);
	assert_false(back->profiles[2].shares_ipc || back->profiles[0].shares_network ||
		     back->profiles[0].reuses_network);
}

/* The seeds that the fuzzer calls good still are: else it would start from nothing. */
static void test_seeds(void **state)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");

	(void)state;
	assert_non_null(root);
	for (unsigned i = 0; i < 5; i++) {
		_cleanup_(catalog_freep) struct catalog *c = NULL;
		_cleanup_free_ char *data = NULL;
		_cleanup_close_ int fd = -1;
		char path[4096];
		size_t size;

		(void)snprintf(path, sizeof(path), "%s/tests/fuzz/catalog/corpus/good-%02u", root, i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(read_fd_to_end(fd, CATALOG_MAX_BYTES, &data, &size), 0);
		if (catalog_decode(data, size, &c) < 0)
			fail_msg("%s is refused; make-catalog-corpus writes new seeds", path);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_order_in_bytes),
		cmocka_unit_test(test_memfd),
		cmocka_unit_test(test_arenas),
		cmocka_unit_test(test_arenas_have_room),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_last_part),
		cmocka_unit_test(test_shared_network),
		cmocka_unit_test(test_shared_ipc),
		cmocka_unit_test(test_reused_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
