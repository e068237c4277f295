/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The profiles that are shipped, as they are: each with the program that it is for, doing its work on real
 * input, launched over the bus by an administrator. What a profile leaves to the site (a renderer's program)
 * comes from a drop-in, as on a site.
 */

#include "network.h"
#include "rig.h"
#include "tests/localhost.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixconnection.h>
#include <linux/landlock.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define DOCUMENT_SIZE 1000003 /* no multiple of anything */
#define N_DOCUMENTS   3
#define ARGV(...)                                                                                            \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}

static const char *const shipped[] = { "base", "decoder", "file-viewer", "gpu", "log-collector",
	"network-service", "packet-capture", "ping", "renderer", "shell", "traceroute" };

/* A renderer belongs to an application, so the profile has no program. */
static const char renderer_site[] =
	"[Exec]\nExecutable=/renderer\n"
	"[Filesystem]\nBindReadOnlyPaths=%s/tests/unit/seccomp/renderer-probe:/renderer\n"
	"[Landlock]\nFsPathReadExecute=/renderer\n";
/* Logs whose contents the test knows, in place of the machine's. */
static const char collector_site[] =
	"[Filesystem]\nBindReadOnlyPaths=\n"
	"BindReadOnlyPaths=%s/log:/var/log -/etc/machine-id -/etc/passwd -/etc/group\n";
static const char absent_profile[] = "[Profile]\nTemplate=traceroute.profile\n"
				     "[Exec]\nExecutable=\nExecutable=/usr/bin/not-installed\n";

/* A program that the renderer's rules do not have, and the network without its rules. */
static const char outside_profile[] = "[Profile]\nTemplate=renderer.profile\n"
				      "[Exec]\nExecutable=\nExecutable=/usr/bin/cat\n";
static const char unscoped_profile[] = "[Profile]\nTemplate=network-service.profile\n[Landlock]\nScope=\n";

/* Another network than the host's. */
static const char far_profile[] = "[Profile]\nTemplate=packet-capture.profile\n"
				  "[Namespaces]\nNetworkNamespacePath=" NETWORK_FAR "\n";

static void write_log(struct rig *rig, const char *name, mode_t mode, gid_t gid, const char *text)
{
	g_autofree char *path = g_build_filename(rig->dir, "log", name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_return_code(chown(path, 0, gid), errno);
	assert_return_code(chmod(path, mode), errno);
}

#define ADM 4 /* Debian's group of those who may read logs */

static int set_up(void **state)
{
	g_autofree char *renderer = g_strdup_printf(renderer_site, g_getenv("BAILIFF_BUILD_ROOT")),
			*collector = NULL, *log = NULL;
	struct rig *rig;
	int r = rig_setup(state);

	rig = *state;
	log = g_build_filename(rig->dir, "log", NULL);
	collector = g_strdup_printf(collector_site, rig->dir);
	assert_return_code(mkdir(log, 0755), errno);
	write_log(rig, "messages", 0640, ADM, "first\nsecond error\nthird\n");
	write_log(rig, "daemon.log", 0644, 0, "nothing happened\n");
	write_log(rig, "private.log", 0600, 0, "root's alone\n");
	write_log(rig, "dmesg", 0640, ADM, "<6>[    1.000000] kernel: a line of the kernel\n");
	rig_write(rig, "profiles/renderer.profile.d/10-site.conf", renderer);
	rig_write(rig, "profiles/log-collector.profile.d/10-site.conf", collector);
	rig_write(rig, "profiles/absent.profile", absent_profile);
	rig_write(rig, "profiles/far.profile", far_profile);
	rig_write(rig, "profiles/outside.profile", outside_profile);
	rig_write(rig, "profiles/unscoped.profile", unscoped_profile);
	rig_reload(rig);
	return r;
}

struct output {
	char *out, *err, *result;
	size_t n_out;
	int code;
};

static void output_done(struct output *o)
{
	g_free(o->out);
	g_free(o->err);
	g_free(o->result);
}

/* Runs a program to its end; in: its standard input, -1 for none. */
static struct output run(GDBusConnection *c, const char *profile, const char *const *argv, int in)
{
	struct rig_launch l = { .profile = profile,
		.argv = argv,
		.fds = { 0, in },
		.n_fds = in >= 0 ? 1 : 0,
		.options = in >= 0 ? g_variant_new_parsed("{'stdio': <{uint32 1: 'pipe', 2: 'pipe'}>}")
				   : rig_options_piped() };
	struct rig_sandbox s;
	struct output o;

	rig_launch(c, &l, &s);
	o.out = rig_read_all(s.stream[1], &o.n_out);
	o.err = rig_read_all(s.stream[2], NULL);
	o.result = rig_wait(c, &s, &o.code, NULL);
	rig_sandbox_done(&s);
	return o;
}

/* The program must end with 0 and say expected. */
static void check_with_input(
	struct rig *rig, const char *profile, const char *const *argv, int in, const char *expected)
{
	GDBusConnection *c = rig_connect(rig, 0);
	struct output o = run(c, profile, argv, in);

	if (strcmp(o.result, "success") != 0 || !strstr(o.out, expected))
		fail_msg("%s in %s: %s, status %d, no \"%s\" in: %s%s", argv[0], profile, o.result, o.code,
			expected, o.out, o.err);
	output_done(&o);
	rig_disconnect(rig, c);
}

static void check(struct rig *rig, const char *profile, const char *const *argv, const char *expected)
{
	check_with_input(rig, profile, argv, -1, expected);
}

/* The caller gets no sandbox for these arguments. */
static void check_refused(struct rig *rig, const char *profile, const char *const *argv)
{
	GDBusConnection *c = rig_connect(rig, 0);
	struct rig_launch l = { .profile = profile, .argv = argv };

	rig_launch_fails(c, &l, RIG_ERROR("ArgvDenied"), "Argument=");
	rig_disconnect(rig, c);
}

/* These bytes in memory, open for reading. */
static int file_of(const void *data, size_t size)
{
	int writable = memfd_create("input", MFD_CLOEXEC), fd;
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", writable);

	assert_return_code(writable, errno);
	assert_int_equal(write(writable, data, size), size);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, errno);
	(void)close(writable);
	return fd;
}

/* The set as it is shipped is valid whatever is installed, and is for administrators alone. */
static void test_all_are_valid_and_closed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0), *bob = rig_connect(rig, RIG_BOB);
	g_autoptr(GVariant) list = rig_call_ok(bob, RIG_PATH, RIG_MANAGER, "ListProfiles", NULL),
			    errors = NULL;
	g_autofree char *text = g_variant_print(list, FALSE), *wrong = NULL;

	errors = rig_property(root, RIG_PATH, RIG_MANAGER, "ProfileErrors");
	wrong = g_variant_print(errors, FALSE);
	assert_string_equal(wrong, "[]");
	for (size_t i = 0; i < G_N_ELEMENTS(shipped); i++) {
		g_autofree char *name = g_strdup_printf("'%s'", shipped[i]);
		struct rig_launch l = { .profile = shipped[i], .argv = ARGV("x") };

		if (!strstr(text, name))
			fail_msg("no %s in %s", name, text);
		rig_launch_fails(bob, &l, RIG_ERROR("AccessDenied"), shipped[i]);
	}
	rig_disconnect(rig, bob);
	rig_disconnect(rig, root);
}

/* What is not installed is an error of the launch, by name, and none of the profile. */
static void test_program_that_is_not_there(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	struct rig_launch l = { .profile = "absent", .argv = ARGV("not-installed", "localhost") };

	rig_launch_fails(c, &l, RIG_ERROR("Setup.Exec"), "/usr/bin/not-installed");
	rig_disconnect(rig, c);
}

/* What goes in comes out again, by way of each of the packers. */
static void test_decoder(void **state)
{
	static const char *const packers[] = { "xz", "gzip", "bzip2", "zstd", "lz4" };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	g_autofree char *data = g_malloc(DOCUMENT_SIZE);

	for (size_t i = 0; i < DOCUMENT_SIZE; i++)
		data[i] = (char)('a' + (i * i >> 7) % 23);
	for (size_t i = 0; i < G_N_ELEMENTS(packers); i++) {
		int plain = file_of(data, DOCUMENT_SIZE), packed;
		struct output small = run(c, "decoder", ARGV(packers[i], "-c"), plain), whole;

		assert_string_equal(small.result, "success");
		assert_true(small.n_out < DOCUMENT_SIZE);
		packed = file_of(small.out, small.n_out);
		whole = run(c, "decoder", ARGV(packers[i], "-dc"), packed);
		assert_string_equal(whole.result, "success");
		assert_int_equal(whole.n_out, DOCUMENT_SIZE);
		assert_memory_equal(whole.out, data, DOCUMENT_SIZE);
		output_done(&small);
		output_done(&whole);
		(void)close(plain);
		(void)close(packed);
	}
	rig_disconnect(rig, c);
}

/* The kernel's version of Landlock. */
static long landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* One document as shared memory over the channel; the picture that comes back is its complement. */
static void exchange(GUnixConnection *channel, guchar first)
{
	g_autofree guchar *document = g_malloc(DOCUMENT_SIZE);
	g_autoptr(GError) error = NULL;
	const guchar *picture;
	struct stat st;
	int in, out;

	for (size_t i = 0; i < DOCUMENT_SIZE; i++)
		document[i] = (guchar)(i * 7 + first);
	in = file_of(document, DOCUMENT_SIZE);
	if (!g_unix_connection_send_fd(channel, in, NULL, &error))
		fail_msg("to the renderer: %s", error->message);
	(void)close(in);
	out = g_unix_connection_receive_fd(channel, NULL, &error);
	if (out < 0)
		fail_msg("from the renderer: %s", error->message);
	assert_return_code(fstat(out, &st), errno);
	assert_int_equal(st.st_size, DOCUMENT_SIZE);
	picture = mmap(NULL, DOCUMENT_SIZE, PROT_READ, MAP_SHARED, out, 0);
	assert_true(picture != MAP_FAILED);
	for (size_t i = 0; i < DOCUMENT_SIZE; i++)
		if (picture[i] != 255 - document[i])
			fail_msg("byte %zu of the picture is wrong", i);
	assert_return_code(munmap((void *)(uintptr_t)picture, DOCUMENT_SIZE), errno);
	(void)close(out);
}

/* A renderer with a socket as its descriptor 3, and device, if not -1, as 4. */
static void check_renderer(struct rig *rig, const char *profile, int device)
{
	GDBusConnection *c = rig_connect(rig, 0);
	g_autoptr(GSocket) s = NULL;
	g_autoptr(GSocketConnection) channel = NULL;
	g_autofree char *result = NULL;
	struct rig_launch l = { .profile = profile, .argv = ARGV("renderer", "pair") };
	struct rig_sandbox sandbox;
	int pair[2], code;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
	l.fds[0] = 3;
	l.fds[1] = pair[1];
	l.fds[2] = 4;
	l.fds[3] = device;
	l.n_fds = device >= 0 ? 2 : 1;
	rig_launch(c, &l, &sandbox);
	(void)close(pair[1]);
	s = g_socket_new_from_fd(pair[0], NULL);
	channel = g_socket_connection_factory_create_connection(s);
	for (guchar i = 0; i < N_DOCUMENTS; i++)
		exchange(G_UNIX_CONNECTION(channel), i);
	assert_true(g_io_stream_close(G_IO_STREAM(channel), NULL, NULL));
	result = rig_wait(c, &sandbox, &code, NULL);
	if (strcmp(result, "success") != 0)
		fail_msg("%s: %s, status %d", profile, result, code);
	rig_sandbox_done(&sandbox);
	rig_disconnect(rig, c);
}

static void test_renderer(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	struct rig_launch l = { .profile = "renderer", .argv = ARGV("renderer") };

	check_renderer(rig, "renderer", -1);
	/* without its channel there is nothing to launch */
	rig_launch_fails(c, &l, RIG_ERROR("InvalidFd"), "needs fd 3");
	rig_disconnect(rig, c);
}

/* Libraries are all that a renderer can open: no program of /usr/bin can stand in for it. */
static void test_renderer_sees_libraries_alone(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	struct rig_launch l = { .profile = "outside", .argv = ARGV("cat"), .n_fds = 1 };
	int pair[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
	l.fds[0] = 3;
	l.fds[1] = pair[1];
	if (landlock() >= 3)
		rig_launch_fails(c, &l, RIG_ERROR("Setup.Exec"), "/usr/bin/cat");
	else
		print_message("this kernel's Landlock can not do that\n");
	(void)close(pair[0]);
	(void)close(pair[1]);
	rig_disconnect(rig, c);
}

/* Any character device stands for the render node: the machine need not have one. A container may have
 * neither. */
static void test_gpu(void **state)
{
	int device = open("/dev/kmsg", O_RDONLY | O_CLOEXEC);

	check_renderer(*state, "gpu", -1);
	if (device >= 0)
		check_renderer(*state, "gpu", device);
	else
		print_message("no device to hand over\n");
	(void)close(device);
}

static const char document[] =
	"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count "
	"1>>endobj\n"
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Contents 4 0 R/Resources<</Font<</F 5 0 "
	"R>>>>>>endobj\n"
	"4 0 obj<</Length 37>>stream\nBT /F 18 Tf 20 100 Td (In a jail) Tj ET\nendstream endobj\n"
	"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n";

/* By the mount slot: the file itself, or the directory that it is in. */
static void check_bound(struct rig *rig, const char *path, const char *const *argv, const char *expected)
{
	GDBusConnection *c = rig_connect(rig, 0);
	struct rig_launch l = { .profile = "file-viewer",
		.argv = argv,
		.more = { open(path, O_RDONLY | O_CLOEXEC) },
		.n_more = 1,
		.options = g_variant_new_parsed("{'stdio': <{uint32 1: 'pipe', 2: 'pipe'}>, "
						"'bind-fds': <[(handle 0, 'input', false)]>}") };
	g_autofree char *out = NULL, *err = NULL, *result = NULL;
	struct rig_sandbox s;

	assert_return_code(l.more[0], errno);
	rig_launch(c, &l, &s);
	(void)close(l.more[0]);
	out = rig_read_all(s.stream[1], NULL);
	err = rig_read_all(s.stream[2], NULL);
	result = rig_wait(c, &s, NULL, NULL);
	if (strcmp(result, "success") != 0 || !strstr(out, expected))
		fail_msg("%s of %s: %s, no \"%s\" in: %s%s", argv[0], path, result, expected, out, err);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void test_file_viewer_slot(void **state)
{
	struct rig *rig = *state;
	g_autofree char *directory = g_build_filename(rig->dir, "documents", NULL);
	g_autofree char *file = g_build_filename(directory, "a document.pdf", NULL);

	assert_return_code(mkdir(directory, 0755), errno);
	assert_true(g_file_set_contents(file, document, sizeof(document) - 1, NULL));
	assert_return_code(chmod(file, 0644), errno);
	check_bound(rig, file, ARGV("pdftotext", "-layout", "/input", "-"), "In a jail");
	check_bound(rig, directory, ARGV("pdftotext", "/input/a document.pdf", "-"), "In a jail");
	check_bound(rig, directory, ARGV("file", "-b", "/input/a document.pdf"), "PDF document");
	check_bound(rig, directory, ARGV("pdfinfo", "/input/a document.pdf"), "Pages:           1");
	check_bound(rig, directory, ARGV("pdftoppm", "-r", "20", "/input/a document.pdf"), "P6\n");
	/* nothing is there but what is bound */
	check(rig, "file-viewer", ARGV("file", "-b", "/input"), "directory");
	check_refused(rig, "file-viewer", ARGV("file", "/inputs"));
}

static void test_file_viewer(void **state)
{
	static const struct {
		const char *argv[6], *expected;
	} viewers[] = {
		{ { "file", "-b", "-" }, "PDF document" },
		{ { "file", "-b", "--mime-type", "-" }, "application/pdf" },
		{ { "pdfinfo", "-" }, "Pages:           1" },
		{ { "pdftotext", "-layout", "-", "-" }, "In a jail" },
		{ { "pdftoppm", "-r", "20", "-" }, "P6\n" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(viewers); i++) {
		int in = file_of(document, sizeof(document) - 1);

		check_with_input(*state, "file-viewer", viewers[i].argv, in, viewers[i].expected);
		(void)close(in);
	}
	check_refused(*state, "file-viewer", ARGV("file", "/etc/hostname"));
	check_refused(*state, "file-viewer", ARGV("file", "-z", "-"));
}

static void test_ping(void **state)
{
	check(*state, "ping", ARGV("ping", "-n", "-c2", "-i0.1", NETWORK_TARGET), " 2 received");
	check(*state, "ping", ARGV("ping", "-c", "1", "-4", localhost()), " 1 received");
	check_refused(*state, "ping", ARGV("ping", "-f", NETWORK_TARGET));
	check_refused(*state, "ping", ARGV("ping", "-c1", "--", "-f"));
}

static void test_traceroute(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	struct output o = run(c, "traceroute", ARGV("traceroute", "-n", "-q1", NETWORK_TARGET), -1);

	assert_string_equal(o.result, "success");
	if (!strstr(o.out, "\n 1  " NETWORK_ROUTER) || !strstr(o.out, "\n 2  " NETWORK_TARGET))
		fail_msg("not the way: %s%s", o.out, o.err);
	output_done(&o);
	check_refused(rig, "traceroute", ARGV("traceroute", "-T", NETWORK_TARGET));
	rig_disconnect(rig, c);
}

/* Reads until the text came. */
static void await(int fd, const char *text)
{
	g_autoptr(GString) s = g_string_new(NULL);
	char chunk[512];

	while (!strstr(s->str, text)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&p, 1, RIG_TIMEOUT_MS) == 1 ? read(fd, chunk, sizeof(chunk)) : 0;

		if (n <= 0)
			fail_msg("no \"%s\" in: %s", text, s->str);
		g_string_append_len(s, chunk, n);
	}
}

static void capture(struct rig *rig, const char *profile, const char *const *argv, const char *expected)
{
	GDBusConnection *c = rig_connect(rig, 0);
	struct rig_launch l = { .profile = profile, .argv = argv, .options = rig_options_piped() };
	g_autofree char *out = NULL, *result = NULL;
	struct rig_sandbox s;
	size_t size;

	rig_launch(c, &l, &s);
	await(s.stream[2], "istening on ");
	check(rig, "ping", ARGV("ping", "-n", "-c2", "-i0.1", NETWORK_TARGET), " 2 received");
	out = rig_read_all(s.stream[1], &size);
	result = rig_wait(c, &s, NULL, NULL);
	assert_string_equal(result, "success");
	if (!memmem(out, size, expected, strlen(expected)))
		fail_msg("%zu bytes, not what was expected: %s", size, out);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void test_packet_capture(void **state)
{
	static const char text[] = "> " NETWORK_TARGET ": ICMP echo request", magic[] = "\xd4\xc3\xb2\xa1";

	capture(*state, "packet-capture",
		ARGV("tcpdump", "-n", "-c4", "-i" NETWORK_DEVICE, "icmp and host " NETWORK_TARGET), text);
	capture(*state, "packet-capture", ARGV("tcpdump", "-n", "-c4", "-i" NETWORK_DEVICE, "-w-", "icmp"),
		magic);
	/* the same packets as they arrive, in the network of the target */
	capture(*state, "far", ARGV("tcpdump", "-n", "-c4", "-i" NETWORK_FAR_DEVICE, "icmp"), text);
	check_refused(*state, "packet-capture", ARGV("tcpdump", "-w/tmp/x"));
	check_refused(*state, "packet-capture", ARGV("tcpdump", "-zsh"));
}

static void test_network_service(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	struct output o;

	check(rig, "network-service", ARGV("curl", "-sS", "http://" NETWORK_TARGET ":8080/"), NETWORK_PAGE);
	/* its root is not the caller's */
	o = run(c, "network-service", ARGV("curl", "-sS", "file:///etc/shadow"), -1);
	assert_string_equal(o.result, "exit-code");
	assert_string_equal(o.out, "");
	output_done(&o);
	rig_disconnect(rig, c);
}

#define CURL_CAN_NOT_CONNECT 7
#define CURL_TIMED_OUT       28

/* With the host's network come its abstract sockets, behind which nobody looks at file modes. */
static void test_network_service_has_no_abstract_sockets(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0bailiff-test-profiles" };
	static const char *const argv[] = { "curl", "-m1", "-sS", "--abstract-unix-socket",
		"bailiff-test-profiles", "http://localhost/", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct output o;

	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&address,
				   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[4]))),
		errno);
	assert_return_code(listen(fd, 5), errno);
	o = run(c, "network-service", argv, -1);
	assert_int_equal(o.code, landlock() >= 6 ? CURL_CAN_NOT_CONNECT : CURL_TIMED_OUT);
	output_done(&o);
	/* it is this rule that keeps it away */
	o = run(c, "unscoped", argv, -1);
	assert_int_equal(o.code, CURL_TIMED_OUT);
	output_done(&o);
	(void)close(fd);
	rig_disconnect(rig, c);
}

/* The archive that came out, looked into from a sandbox. */
static void check_archive(struct rig *rig, const struct output *o)
{
	int in = file_of(o->out, o->n_out);

	check_with_input(rig, "shell",
		ARGV("bash", "-c",
			"mkdir d && cd d && tar -xf - && cat messages daemon.log && ! test -e private.log"),
		in, "third\nnothing happened\n");
	(void)close(in);
}

static void test_log_collector(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	struct output o = run(c, "log-collector", ARGV("tar", "-C", "/var/log", "-cf-", "."), -1);

	/* a log that its group may not read is named, and left out */
	assert_string_equal(o.result, "exit-code");
	assert_non_null(strstr(o.err, "private.log: Cannot open: Permission denied"));
	check_archive(rig, &o);
	output_done(&o);
	check(rig, "log-collector", ARGV("tail", "-n1", "/var/log/messages"), "third\n");
	check(rig, "log-collector", ARGV("dmesg", "-F", "/var/log/dmesg"), "a line of the kernel");
	check(rig, "log-collector", ARGV("find", "/var/log", "-name", "*.log", "-ls"), "/var/log/daemon.log");
	o = run(c, "log-collector", ARGV("journalctl", "--no-pager", "-n1"), -1);
	assert_int_not_equal(strcmp(o.result, "violation"), 0);
	output_done(&o);
	rig_disconnect(rig, c);
}

#define SCRIPT                                                                                               \
	"set -e; [ $PWD = /tmp ]; (echo b; echo a) | sort >f; cp f g; mv g h; ln -s f l; wc -l <l; "         \
	"seq 1000 | awk '{s+=$1} END {print s}'; sleep 5 & kill $!; wait $! || [ $? -eq 143 ]; "             \
	"trap 'echo caught' USR1; kill -USR1 $$; [ ! -e /etc/shadow ]; [ ! -e /home ]; [ ! -e /root ]; "     \
	"! bash -c 'exec 3<>/dev/tcp/" NETWORK_TARGET "/8080' 2>/dev/null; ! touch /usr/x 2>/dev/null; "     \
	"! unshare -U true 2>/dev/null; ! mount -t tmpfs x /mnt 2>/dev/null; (exit 3)"

static void test_shell(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);

	for (unsigned i = 0; i < 2; i++) {
		struct output o = run(c, "shell", ARGV(i == 0 ? "bash" : "dash", "-c", SCRIPT), -1);

		if (o.code != 3 || strcmp(o.out, "2\n500500\ncaught\n") != 0)
			fail_msg("%s, status %d: %s%s", o.result, o.code, o.out, o.err);
		output_done(&o);
	}
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_all_are_valid_and_closed),
		rig_test(test_program_that_is_not_there),
		rig_test(test_decoder),
		rig_test(test_renderer),
		rig_test(test_renderer_sees_libraries_alone),
		rig_test(test_gpu),
		rig_test(test_file_viewer),
		rig_test(test_file_viewer_slot),
		rig_test(test_ping),
		rig_test(test_traceroute),
		rig_test(test_packet_capture),
		rig_test(test_network_service),
		rig_test(test_network_service_has_no_abstract_sockets),
		rig_test(test_log_collector),
		rig_test(test_shell),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	network_set_up();
	return cmocka_run_group_tests_name("shipped profiles", tests, set_up, rig_teardown);
}
