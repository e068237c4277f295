/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Real files under shipped profiles, and under the example that docs/ has: pictures that ImageMagick
 * converts, a journal that systemd wrote and journalctl(1) reads, saved lines of the kernel that dmesg(1)
 * shows.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXAMPLE "docs/examples/image-converter.profile"
#define CONVERT "convert-im6.q16"
#define WRITER  "/lib/systemd/systemd-journal-remote"
#define ADM     4 /* Debian's group of those who may read logs */
#define WIDTH   640
#define HEIGHT  480
#define PIXELS  (WIDTH * HEIGHT * 3)

#define ARGV(...)                                                                                            \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}

/* Logs whose contents the test knows, in place of the machine's. */
static const char collector_site[] = "[Filesystem]\nBindReadOnlyPaths=\nBindReadOnlyPaths=%s/log:/var/log\n";

/* As a machine sends its journal to another: one entry of the kernel, one of a service. */
static const char entries[] = "__REALTIME_TIMESTAMP=1700000000000000\n__MONOTONIC_TIMESTAMP=1000\n"
			      "_BOOT_ID=0123456789abcdef0123456789abcdef\n_TRANSPORT=kernel\nPRIORITY=3\n"
			      "SYSLOG_IDENTIFIER=kernel\nMESSAGE=a disk failed\n\n"
			      "__REALTIME_TIMESTAMP=1700000001000000\n__MONOTONIC_TIMESTAMP=2000\n"
			      "_BOOT_ID=0123456789abcdef0123456789abcdef\n_TRANSPORT=journal\nPRIORITY=6\n"
			      "SYSLOG_IDENTIFIER=door\nMESSAGE=a door opened\n\n";

static void run_outside(const char *const *argv)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *err = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &err,
		    &status, &error))
		fail_msg("%s: %s", argv[0], error->message);
	if (status != 0)
		fail_msg("%s: %s", argv[0], err);
}

/* For group adm, as Debian has its logs. */
static void give(const char *path, mode_t mode)
{
	assert_return_code(chown(path, 0, ADM), errno);
	assert_return_code(chmod(path, mode), errno);
}

static void write_logs(struct rig *rig)
{
	g_autofree char *log = g_build_filename(rig->dir, "log", NULL),
			*sent = g_build_filename(rig->dir, "sent", NULL),
			*journal = g_build_filename(log, "system.journal", NULL),
			*kernel = g_build_filename(log, "dmesg", NULL),
			*output = g_strconcat("--output=", journal, NULL);

	assert_return_code(mkdir(log, 0755), errno);
	assert_true(g_file_set_contents(sent, entries, -1, NULL));
	run_outside(ARGV(WRITER, output, sent));
	give(journal, 0640);
	assert_true(g_file_set_contents(kernel, "<3>[    1.500000] sda: a sector is bad\n", -1, NULL));
	give(kernel, 0640);
}

static void load(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);
	g_autoptr(GVariant) v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	g_autofree char *text = g_variant_print(v, FALSE);

	/* the errors */
	if (!g_str_has_suffix(text, ", [])") && !g_str_has_suffix(text, ", @as [])"))
		fail_msg("%s", text);
	rig_disconnect(rig, root);
}

static int set_up(void **state)
{
	g_autofree char *example = g_build_filename(g_getenv("BAILIFF_SOURCE_ROOT"), EXAMPLE, NULL),
			*text = NULL, *collector = NULL;
	int r = rig_setup(state);
	struct rig *rig = *state;

	if (r != 0)
		return r;
	write_logs(rig);
	collector = g_strdup_printf(collector_site, rig->dir);
	assert_true(g_file_get_contents(example, &text, NULL, NULL));
	rig_write(rig, "profiles/image-converter.profile", text);
	rig_write(rig, "profiles/log-collector.profile.d/10-site.conf", collector);
	load(rig);
	/* the compiler, too, has ended */
	rig_wait_jailed(rig, 0);
	return 0;
}

struct output {
	char *out, *err, *result;
	size_t size;
};

static void output_done(struct output *o)
{
	g_free(o->out);
	g_free(o->err);
	g_free(o->result);
}

/* Runs a program to its end; in: its standard input, or NULL. */
static struct output run(
	GDBusConnection *c, const char *profile, const char *const *argv, const void *in, size_t size)
{
	struct rig_launch l = { .profile = profile, .argv = argv };
	struct rig_sandbox s;
	struct output o;

	if (in) {
		int fd = memfd_create("input", MFD_CLOEXEC);
		g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

		assert_return_code(fd, errno);
		assert_int_equal(write(fd, in, size), size);
		l.fds[1] = open(path, O_RDONLY | O_CLOEXEC);
		assert_return_code(l.fds[1], errno);
		l.n_fds = 1;
		(void)close(fd);
	}
	l.options =
		in ? g_variant_new_parsed("{'stdio': <{uint32 1: 'pipe', 2: 'pipe'}>}") : rig_options_piped();
	rig_launch(c, &l, &s);
	if (in)
		(void)close(l.fds[1]);
	o.out = rig_read_all(s.stream[1], &o.size);
	o.err = rig_read_all(s.stream[2], NULL);
	o.result = rig_wait(c, &s, NULL, NULL);
	rig_sandbox_done(&s);
	return o;
}

static struct output convert(
	GDBusConnection *c, const char *const *argv, const void *in, size_t size, const char *magic)
{
	struct output o = run(c, "image-converter", argv, in, size);

	if (strcmp(o.result, "success") != 0 || o.size < strlen(magic) ||
		memcmp(o.out, magic, strlen(magic)) != 0)
		fail_msg("%s to %s: %s: %s", argv[1], argv[2], o.result, o.err);
	return o;
}

/* Red grows to the right, green downwards. */
static GByteArray *make_picture(void)
{
	static const char head[] = "P6\n640 480\n255\n";
	GByteArray *a = g_byte_array_new();

	g_byte_array_append(a, (const guint8 *)head, sizeof(head) - 1);
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++) {
			guint8 p[] = { (guint8)(x * 255 / WIDTH), (guint8)(y * 255 / HEIGHT), 64 };

			g_byte_array_append(a, p, sizeof(p));
		}
	return a;
}

/* To PNG and back it is the same, by JPEG and half as large it is nearly. */
static void test_pictures(void **state)
{
	static const char half_head[] = "P6\n320 240\n255\n";
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	g_autoptr(GByteArray) picture = make_picture();
	struct output png = convert(
			      c, ARGV(CONVERT, "ppm:-", "png:-"), picture->data, picture->len, "\x89PNG"),
		      back = convert(c, ARGV(CONVERT, "png:-", "ppm:-"), png.out, png.size, "P6\n"), jpeg,
		      half;
	const guchar *middle;

	assert_int_equal(back.size, picture->len);
	assert_memory_equal(back.out, picture->data, picture->len);
	jpeg = convert(c, ARGV(CONVERT, "png:-", "-strip", "-resize", "320x240", "jpeg:-"), png.out, png.size,
		"\xff\xd8\xff");
	half = convert(c, ARGV(CONVERT, "jpeg:-", "-depth", "8", "ppm:-"), jpeg.out, jpeg.size, half_head);
	assert_int_equal(half.size, strlen(half_head) + PIXELS / 4);
	middle = (const guchar *)half.out + strlen(half_head) + (size_t)3 * (120 * 320 + 160);
	assert_in_range(middle[0], 123, 132);
	assert_in_range(middle[1], 123, 132);
	assert_in_range(middle[2], 58, 70);
	output_done(&png);
	output_done(&back);
	output_done(&jpeg);
	output_done(&half);
	rig_disconnect(rig, c);
}

/* Pictures that are none, and words that are more than pictures. */
static void test_bad_pictures(void **state)
{
	static const char *const refused[] = { "/etc/passwd", "label:@/etc/passwd", "msl:-", "mvg:-",
		"-write", "https://localhost/", "ephemeral:-", "png:/tmp/x", "|id" };
	static const char cut[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff";
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	struct output o;

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		struct rig_launch l = { .profile = "image-converter",
			.argv = ARGV(CONVERT, refused[i], "png:-") };

		rig_launch_fails(c, &l, RIG_ERROR("ArgvDenied"), "Argument=");
	}
	o = run(c, "image-converter", ARGV(CONVERT, "png:-", "ppm:-"), cut, sizeof(cut) - 1);
	assert_string_equal(o.result, "exit-code");
	assert_int_equal(o.size, 0);
	output_done(&o);
	rig_disconnect(rig, c);
}

static void expect(struct rig *rig, const char *const *argv, const char *expected)
{
	GDBusConnection *c = rig_connect(rig, 0);
	struct output o = run(c, "log-collector", argv, NULL, 0);

	if (strcmp(o.result, "success") != 0 || strcmp(o.out, expected) != 0)
		fail_msg("%s: %s: %s%s", argv[0], o.result, o.out, o.err);
	output_done(&o);
	rig_disconnect(rig, c);
}

static void test_journal(void **state)
{
	static const char file[] = "--file=/var/log/system.journal";

	expect(*state, ARGV("journalctl", file, "--no-pager", "-q", "-o", "cat"),
		"a disk failed\na door opened\n");
	expect(*state, ARGV("journalctl", file, "--no-pager", "-q", "-o", "cat", "-p", "err"),
		"a disk failed\n");
	expect(*state, ARGV("journalctl", file, "--no-pager", "-q", "-o", "cat", "SYSLOG_IDENTIFIER=door"),
		"a door opened\n");
	expect(*state, ARGV("journalctl", file, "--no-pager", "-q", "-o", "short-unix", "--utc", "-n1"),
		"1700000001.000000 door: a door opened\n");
	expect(*state,
		ARGV("journalctl", "-D/var/log", "-b", "--no-pager", "-q", "-o", "cat", "-p", "warning"),
		"a disk failed\n");
	expect(*state, ARGV("journalctl", "--directory=/var/log", "--no-pager", "-q", "-F", "PRIORITY"),
		"6\n3\n");
}

/* The kernel's own buffer takes a right that no profile gives: without it, that is said. */
static void test_dmesg(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	struct output o;

	expect(rig, ARGV("dmesg", "-F", "/var/log/dmesg"), "[    1.500000] sda: a sector is bad\n");
	expect(rig, ARGV("dmesg", "-F", "/var/log/dmesg", "--level=info"), "");
	o = run(c, "log-collector", ARGV("dmesg"), NULL, 0);
	if (strcmp(o.result, "success") != 0)
		assert_non_null(strstr(o.err, "Operation not permitted"));
	output_done(&o);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_pictures),
		rig_test(test_bad_pictures),
		rig_test(test_journal),
		rig_test(test_dmesg),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("real files", tests, set_up, rig_teardown);
}
