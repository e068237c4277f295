/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Mount slots: what a caller opened is seen inside, never with more than the fd and the caller's own rights
 * allow. Rows F10 and J28 of the threat model. Runs in a mount namespace of its own, so that it can mount
 * below directories.
 */

#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALLER_UID   40001
#define CALLER_GID   40002
#define CALLER_GROUP 40003
#define STRANGER     40004
#define SLOTS        2
#define RACES        200
/* An fd that stays open to the end of a test. */
#define HELD _cleanup_close_ __attribute__((unused)) int

static const gid_t caller_gids[] = { CALLER_GID, CALLER_GROUP };

static char first_name[] = "input", first_place[] = "/input", second_name[] = "more",
	    second_place[] = "/srv/more";
static struct mount_slot slots[SLOTS];

/* Both slots, with nothing in them. */
static void want_slots(struct rig *r, uint32_t flags)
{
	slots[0] = (struct mount_slot){ first_name, first_place, flags };
	slots[1] = (struct mount_slot){ second_name, second_place, flags };
	free(r->spec.slots);
	r->spec.slots = calloc(SLOTS, sizeof(*r->spec.slots));
	assert_non_null(r->spec.slots);
	for (size_t i = 0; i < SLOTS; i++)
		r->spec.slots[i] = (struct jail_slot){
			.slot = &slots[i], .source = -1, .read_only = flags & MOUNT_READ_ONLY
		};
	r->spec.n_slots = SLOTS;
	r->spec.caller_uid = CALLER_UID;
	r->spec.caller_gids = caller_gids;
	r->spec.n_caller_gids = ELEMENTSOF(caller_gids);
}

/* The first slot with an fd in it, which the test closes. */
static int fill(struct rig *r, uint32_t flags, const char *path, int mode)
{
	int fd = open(path, mode | O_CLOEXEC);

	assert_true(fd >= 0);
	want_slots(r, flags);
	r->spec.slots[0].source = fd;
	return fd;
}

static const char *callers(struct rig *r, const char *path)
{
	assert_int_equal(chown(path, CALLER_UID, CALLER_GID), 0);
	return path;
}

/* A directory of the caller's with a file in it. */
static const char *make_data(struct rig *r, mode_t directory, mode_t file)
{
	const char *path = callers(r, rig_mkdir(r, "data", directory));

	callers(r, rig_file(r, "data/file", "callers\n", file));
	return path;
}

static void test_file(void **state)
{
	struct rig *r = *state;
	_cleanup_close_ int fd = -1;

	make_data(r, 0755, 0666);
	fd = fill(r, MOUNT_READ_ONLY, rig_format(r, "%s/data/file", r->directory), O_RDONLY);
	RUN(r, "cat", "/input", "--", "open", "/input", "rw", "--", "open", "/data");
	assert_line(r, "callers");
	assert_string_equal(r->output, "callers\ncat ok\nopen EROFS\nopen ENOENT\n");
}

static void test_directory(void **state)
{
	struct rig *r = *state;
	HELD fd = fill(r, MOUNT_READ_ONLY, make_data(r, 0777, 0644), O_RDONLY);

	RUN(r, "cat", "/input/file", "--", "write", "/input/new", "--", "list", "/input", "--", "mkdir",
		"/input/../above");
	assert_line(r, "callers");
	assert_value(r, "write", "EROFS");
	assert_value(r, "entry", "file");
	assert_value(r, "mkdir", "EROFS");
}

/* Programs of the caller's are no programs of the profile's. */
static void test_nothing_runs(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0755, 0644);
	_cleanup_close_ int fd = -1;

	rig_copy(r, r->probe, "data/program", 04755);
	assert_int_equal(mknod(rig_format(r, "%s/null", data), S_IFCHR | 0666, 0x103), 0);
	assert_int_equal(chmod(rig_format(r, "%s/null", data), 0666), 0);
	fd = fill(r, 0, callers(r, data), O_RDONLY);
	assert_int_equal(chmod(data, 0777), 0);
	RUN(r, "see", "--", "open", "/input/null", "--", "exec", "/input/program", "exit", "0");
	assert_value(r, "open", "EACCES");
	assert_value(r, "exec", "EACCES");
	if (!strstr(r->output, " /input rw,nosuid,nodev,noexec"))
		fail_msg("flags of the slot's mount:\n%s", r->output);
}

static void test_writable(void **state)
{
	struct rig *r = *state;
	HELD fd = fill(r, 0, make_data(r, 0777, 0644), O_RDONLY);
	struct stat st;

	RUN(r, "write", "/input/new", "--", "write", "/srv/more/new");
	assert_string_equal(r->output, "write ok\nwrite EROFS\n");
	assert_int_equal(stat(rig_format(r, "%s/data/new", r->directory), &st), 0);
	assert_int_equal(st.st_uid, RIG_UID);
}

/* Read-only by the caller's wish, or because the file is open so: the plan says it. */
static void test_tightened(void **state)
{
	struct rig *r = *state;
	HELD fd = fill(r, 0, make_data(r, 0777, 0666), O_RDONLY);

	r->spec.slots[0].read_only = true;
	RUN(r, "write", "/input/new", "--", "write", "/input/file");
	assert_string_equal(r->output, "write EROFS\nwrite EROFS\n");
}

static void test_empty(void **state)
{
	struct rig *r = *state;

	want_slots(r, 0);
	RUN(r, "list", "/input", "--", "write", "/input/new", "--", "mkdir", "/srv/more/new");
	assert_string_equal(r->output, "list ok\nwrite EROFS\nmkdir EROFS\n");
}

/* What the host has at the slot's place is not seen either way. */
static void test_hosts_root(void **state)
{
	struct rig *r = *state;
	const char *place = rig_mkdir(r, "place", 0755), *below = rig_file(r, "place/hosts", "hosts\n", 0644);
	HELD fd = fill(r, MOUNT_READ_ONLY, make_data(r, 0755, 0644), O_RDONLY);
	union {
		const char *constant;
		char *plain;
	} target = { place };

	slots[0].target = target.plain;
	r->spec.minimal_root = r->spec.private_tmp = false;
	r->spec.n_slots = 1;
	r->spec.n_mounts = 0;
	r->spec.executable = "/usr/bin/env";
	rig_bind(r, r->probe, "/usr/bin/env", MOUNT_READ_ONLY);
	rig_launch(r, ARGS("open", below, "--", "list", place, "--", "print", "1", "first"));
	rig_read(r, NULL);
	rig_finish(r);
	assert_value(r, "open", "ENOENT");
	assert_value(r, "entry", "file");
	assert_int_equal(rig_count(r, "entry"), 1);
}

static void test_hosts_root_empty(void **state)
{
	struct rig *r = *state;
	const char *place = rig_mkdir(r, "place", 0755), *below = rig_file(r, "place/hosts", "hosts\n", 0644);
	union {
		const char *constant;
		char *plain;
	} target = { place };

	want_slots(r, MOUNT_READ_ONLY);
	slots[0].target = target.plain;
	r->spec.n_slots = 1;
	r->spec.minimal_root = r->spec.private_tmp = false;
	r->spec.n_mounts = 0;
	r->spec.executable = "/usr/bin/env";
	rig_bind(r, r->probe, "/usr/bin/env", MOUNT_READ_ONLY);
	RUN(r, "open", below, "--", "list", place);
	assert_string_equal(r->output, "open ENOENT\nlist ok\n");
}

/* Files that are the caller's alone: the payload's user has no right to them without idmap. */
static void test_private_data(void **state)
{
	struct rig *r = *state;
	HELD fd = fill(r, MOUNT_READ_ONLY, make_data(r, 0700, 0600), O_RDONLY);

	RUN(r, "list", "/input", "--", "open", "/input/file");
	assert_value(r, "open", "EACCES");
}

static void test_idmap(void **state)
{
	struct rig *r = *state;
	HELD fd = fill(r, MOUNT_IDMAP, make_data(r, 0700, 0600), O_RDONLY);
	struct stat st;

	RUN(r, "cat", "/input/file", "--", "stat", "/input/file", "--", "write", "/input/new");
	assert_line(r, "callers");
	assert_value(r, "stat_owner", "54321 54322");
	assert_value(r, "write", "ok");
	assert_int_equal(stat(rig_format(r, "%s/data/new", r->directory), &st), 0);
	assert_int_equal(st.st_uid, CALLER_UID);
	assert_int_equal(st.st_gid, CALLER_GID);
}

static void test_two(void **state)
{
	struct rig *r = *state;
	const char *other = callers(r, rig_file(r, "other", "other\n", 0644));
	HELD fd = fill(r, MOUNT_READ_ONLY, make_data(r, 0755, 0644), O_RDONLY);
	_cleanup_close_ int second = open(other, O_RDONLY | O_CLOEXEC);

	r->spec.slots[1].source = second;
	RUN(r, "cat", "/srv/more", "--", "cat", "/input/file", "--", "list", "/srv");
	assert_string_equal(r->output, "other\ncat ok\ncallers\ncat ok\nentry more\nlist ok\n");
}

/* Renamed since it was opened, by way of a link, with blanks: it is the same directory. */
static void test_moved(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0755, 0644), *link = rig_format(r, "%s/link", r->directory);
	_cleanup_close_ int fd = -1;

	assert_int_equal(symlink(data, link), 0);
	fd = fill(r, MOUNT_READ_ONLY, link, O_RDONLY);
	assert_int_equal(rename(data, rig_format(r, "%s/a \\b\n#", r->directory)), 0);
	RUN(r, "cat", "/input/file");
	assert_line(r, "callers");
}

/* The caller's groups count, and only they. */
static void test_groups(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0770, 0644);
	HELD fd = fill(r, MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(chown(data, STRANGER, CALLER_GROUP), 0);
	r->spec.gid = CALLER_GROUP;
	RUN(r, "cat", "/input/file");
	assert_line(r, "callers");
}

/* Rights of the payload's process are what they are without a slot. */
static void test_rights_come_back(void **state)
{
	struct rig *r = *state;
	HELD fd = fill(r, MOUNT_READ_ONLY, make_data(r, 0755, 0644), O_RDONLY);

	RUN(r, "see");
	assert_value(r, "cap_permitted", "0000000000000000");
	assert_value(r, "uid", "54321 54321 54321 54321");
	assert_value(r, "gid", "54322 54322 54322 54322");
	assert_line(r, "groups");
}

static void expect(struct rig *r, int error, const char *object)
{
	rig_fail(r, STAGE_MOUNTS, error, object);
}

static void test_strangers_file(void **state)
{
	struct rig *r = *state;
	_cleanup_close_ int fd = -1;

	/* root opened it, and the caller has the fd */
	rig_file(r, "secret", "secret\n", 0600);
	fd = fill(r, MOUNT_READ_ONLY, rig_format(r, "%s/secret", r->directory), O_RDONLY);
	expect(r, -EACCES, "the caller has no right to read it; choose another for mount slot input");
}

/* Entries may be listed, and nothing may be reached. */
static void test_no_search(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0744, 0644);
	HELD fd = fill(r, MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(chown(data, STRANGER, STRANGER), 0);
	expect(r, -EACCES, "no right to read it");
}

static void test_no_write(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0755, 0644);
	HELD fd = fill(r, 0, data, O_RDONLY);

	assert_int_equal(chown(data, STRANGER, STRANGER), 0);
	expect(r, -EACCES, "no right to read and write it; ask for it read-only");
}

/* Opened for both while that was allowed. */
static void test_no_write_file(void **state)
{
	struct rig *r = *state;
	const char *file;
	_cleanup_close_ int fd = -1;

	make_data(r, 0755, 0644);
	file = rig_format(r, "%s/data/file", r->directory);
	fd = fill(r, 0, file, O_RDWR);
	assert_int_equal(chown(file, STRANGER, STRANGER), 0);
	expect(r, -EACCES, "no right to read and write it");
}

static void test_group_of_others(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0770, 0644);
	HELD fd = fill(r, MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(chown(data, STRANGER, STRANGER), 0);
	/* of the payload's: that would be the wrong question */
	r->spec.gid = STRANGER;
	expect(r, -EACCES, "no right to read it");
}

static void test_idmap_of_others(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0777, 0644);
	HELD fd = fill(r, MOUNT_IDMAP | MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(chown(data, STRANGER, CALLER_GID), 0);
	expect(r, -EPERM, "with idmap, user and group");
}

static void test_idmap_of_other_group(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0777, 0644);
	HELD fd = fill(r, MOUNT_IDMAP | MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(chown(data, CALLER_UID, STRANGER), 0);
	expect(r, -EPERM, "with idmap, user and group");
}

static void test_removed(void **state)
{
	struct rig *r = *state;
	const char *data = callers(r, rig_mkdir(r, "data", 0755));
	HELD fd = fill(r, MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(rmdir(data), 0);
	expect(r, -ENOENT, "not there on the host");
}

/* Something else has its name, which says "(deleted)". */
static void test_replaced(void **state)
{
	struct rig *r = *state;
	const char *data = callers(r, rig_mkdir(r, "data", 0755));
	HELD fd = fill(r, MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(rmdir(data), 0);
	rig_mkdir(r, "data (deleted)", 0755);
	expect(r, -ESTALE, "not there on the host");
}

/* Exchanges the two directories until it is killed. */
static int exchange_for_ever(const char *one, const char *other)
{
	int pidfd;

	if (process_clone(0, -1, &pidfd) == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
			_exit(1);
		for (;;)
			(void)renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
	}
	return pidfd;
}

/* What is bound is what was opened, or nothing, whatever has its name in the meantime. */
static void test_race(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0755, 0644), *other = callers(r, rig_mkdir(r, "other", 0755));
	HELD fd = fill(r, MOUNT_READ_ONLY, data, O_RDONLY);
	_cleanup_close_ int pidfd = -1;
	unsigned bound = 0;
	siginfo_t status;

	callers(r, rig_file(r, "other/file", "wrong\n", 0644));
	pidfd = exchange_for_ever(data, other);
	for (unsigned i = 0; i < RACES; i++) {
		int result;

		/* one that was killed may take longer to end than the launcher waits */
		r->spec.id++;
		result = rig_start(r, ARGS("cat", "/input/file"));
		assert_int_equal(result, 0);
		(void)jail_go(&r->jail, &r->spec);
		result = rig_report(r);
		if (result == 1)
			bound++;
		else if (result != -ESTALE && result != -ENOENT)
			fail_msg("%s: %s", r->error.object, strerror(-result));
		if (result == 1)
			rig_finish(r);
		else
			jail_done(&r->context, &r->jail);
	}
	assert_int_equal(process_signal(pidfd, SIGKILL), 0);
	assert_int_equal(process_wait(pidfd, 0, &status), 1);
	rig_read(r, NULL);
	assert_null(strstr(r->output, "wrong"));
	print_message("%u of %d bound\n", bound, RACES);
	assert_int_equal(rig_count(r, "cat"), bound);
}

/* Another file system lies over it now: whoever may see only that gets nothing else. */
static void test_hidden(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0755, 0644);
	HELD fd = fill(r, MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(mount("tmpfs", data, "tmpfs", 0, NULL), 0);
	expect(r, -ESTALE, "not there on the host");
	assert_int_equal(umount2(data, 0), 0);
}

static void test_mounts_below(void **state)
{
	struct rig *r = *state;
	const char *data = callers(r, rig_mkdir(r, "a \\b", 0755)), *sub = rig_mkdir(r, "a \\b/sub", 0755);
	HELD fd = fill(r, MOUNT_READ_ONLY, data, O_RDONLY);

	assert_int_equal(mount("tmpfs", sub, "tmpfs", 0, NULL), 0);
	expect(r, -EBUSY, "the directory has mounts below it");
	assert_int_equal(umount2(sub, 0), 0);
}

static void test_root(void **state)
{
	struct rig *r = *state;
	HELD fd = fill(r, MOUNT_READ_ONLY, "/", O_RDONLY);

	expect(r, -EBUSY, "the directory has mounts below it");
}

/* One with a name that only begins alike is none below it. */
static void test_mounts_beside(void **state)
{
	struct rig *r = *state;
	const char *beside = rig_mkdir(r, "data2", 0755);
	HELD fd = fill(r, MOUNT_READ_ONLY, make_data(r, 0755, 0644), O_RDONLY);

	assert_int_equal(mount("tmpfs", beside, "tmpfs", 0, NULL), 0);
	rig_launch(r, ARGS("cat", "/input/file"));
	assert_int_equal(umount2(beside, 0), 0);
	rig_read(r, NULL);
	rig_finish(r);
	assert_line(r, "callers");
}

static int elsewhere_pidfd = -1;

static int mount_elsewhere(const char *path, const char *hide, bool read_only)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (hide && mount("tmpfs", hide, "tmpfs", 0, NULL) < 0)
		return -1;
	if (!read_only)
		return 0;
	return mount(path, path, NULL, MS_BIND, NULL) < 0
		       ? -1
		       : mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
}

/* What a process with mounts of its own opens; it shares our table of fds, and keeps its mounts until
 * end_elsewhere(). @hide: a file system lies over it there. @read_only: the path is so there. */
static int open_elsewhere(const char *path, const char *hide, bool read_only)
{
	int ends[2], fd = -1;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	if (process_clone(CLONE_NEWNS | CLONE_FILES, -1, &elsewhere_pidfd) == 0) {
		fd = mount_elsewhere(path, hide, read_only) < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
		if (write(ends[1], &fd, sizeof(fd)) == (ssize_t)sizeof(fd))
			(void)pause();
		_exit(0);
	}
	assert_int_equal(read_full(ends[0], &fd, sizeof(fd)), sizeof(fd));
	assert_true(fd >= 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return fd;
}

static void end_elsewhere(void)
{
	siginfo_t status;

	assert_int_equal(process_signal(elsewhere_pidfd, SIGKILL), 0);
	assert_int_equal(process_wait(elsewhere_pidfd, 0, &status), 1);
	elsewhere_pidfd = fd_close(elsewhere_pidfd);
}

/* There, something lies over what the host has in it. */
static void test_other_namespace(void **state)
{
	struct rig *r = *state;
	const char *data = make_data(r, 0755, 0644), *hidden = rig_mkdir(r, "data/hidden", 0755);
	_cleanup_close_ int fd = open_elsewhere(data, hidden, false);

	want_slots(r, MOUNT_READ_ONLY);
	r->spec.slots[0].source = fd;
	expect(r, -EXDEV, "opened in another mount namespace than the host's");
	end_elsewhere();
}

/* A file is the same file everywhere. */
static void test_other_namespaces_file(void **state)
{
	struct rig *r = *state;
	_cleanup_close_ int fd = -1;

	make_data(r, 0755, 0644);
	fd = open_elsewhere(rig_format(r, "%s/data/file", r->directory), NULL, false);
	want_slots(r, MOUNT_READ_ONLY);
	r->spec.slots[0].source = fd;
	RUN(r, "cat", "/input");
	assert_line(r, "callers");
	end_elsewhere();
}

/* ... but for what its mount allows: that is stricter there. */
static void test_read_only_elsewhere(void **state)
{
	struct rig *r = *state;
	_cleanup_close_ int fd = -1;

	make_data(r, 0755, 0666);
	fd = open_elsewhere(rig_format(r, "%s/data/file", r->directory), NULL, true);
	want_slots(r, 0);
	r->spec.slots[0].source = fd;
	expect(r, -EROFS, "it can only be read");
	end_elsewhere();
}

/* root is asked nothing, and still gets no more than the mount allows. */
static void test_read_only_elsewhere_root(void **state)
{
	struct rig *r = *state;
	_cleanup_close_ int fd = -1;

	make_data(r, 0755, 0666);
	fd = open_elsewhere(rig_format(r, "%s/data/file", r->directory), NULL, true);
	want_slots(r, 0);
	r->spec.caller_uid = 0;
	r->spec.slots[0].source = fd;
	RUN(r, "write", "/input");
	assert_value(r, "write", "EROFS");
	end_elsewhere();
}

static void test_mounts_unknown(void **state)
{
	struct rig *r = *state;
	HELD fd = fill(r, MOUNT_READ_ONLY, make_data(r, 0755, 0644), O_RDONLY);

	r->context.host_mounts_fd = fd_close(r->context.host_mounts_fd);
	expect(r, -EOPNOTSUPP, "the host's mounts are not known");
}

static void test_no_place(void **state)
{
	struct rig *r = *state;
	static char place[] = "/etc/alternatives/input";
	HELD fd = fill(r, MOUNT_READ_ONLY, make_data(r, 0755, 0644), O_RDONLY);

	slots[0].target = place;
	expect(r, -ENOENT, "mount point /etc/alternatives/input");
}

static void test_no_namespace(void **state)
{
	struct rig *r = *state;

	want_slots(r, MOUNT_READ_ONLY);
	r->spec.namespaces &= ~JAIL_NS_MOUNT;
	r->spec.minimal_root = r->spec.private_tmp = r->spec.private_devices = false;
	r->spec.n_mounts = 0;
	expect(r, -EINVAL, "needs a mount namespace: MountSlot=");
}

static int own_mounts(void)
{
	return unshare(CLONE_NEWNS) < 0 ? -1 : mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file),
		TEST(test_directory),
		TEST(test_nothing_runs),
		TEST(test_writable),
		TEST(test_tightened),
		TEST(test_empty),
		TEST(test_hosts_root),
		TEST(test_hosts_root_empty),
		TEST(test_private_data),
		TEST(test_idmap),
		TEST(test_two),
		TEST(test_moved),
		TEST(test_groups),
		TEST(test_rights_come_back),
		TEST(test_strangers_file),
		TEST(test_no_search),
		TEST(test_no_write),
		TEST(test_no_write_file),
		TEST(test_group_of_others),
		TEST(test_idmap_of_others),
		TEST(test_idmap_of_other_group),
		TEST(test_removed),
		TEST(test_replaced),
		TEST(test_race),
		TEST(test_hidden),
		TEST(test_mounts_below),
		TEST(test_root),
		TEST(test_mounts_beside),
		TEST(test_other_namespace),
		TEST(test_other_namespaces_file),
		TEST(test_read_only_elsewhere),
		TEST(test_read_only_elsewhere_root),
		TEST(test_mounts_unknown),
		TEST(test_no_place),
		TEST(test_no_namespace),
	};

	if (own_mounts() < 0) {
		perror("making mounts to test with");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
