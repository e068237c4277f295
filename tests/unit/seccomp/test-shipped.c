/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The policies that are installed: real programs must run under them as they do in a sandbox (no_new_privs,
 * filter, execveat of an open file), each class on real input. Renderers and the network have tests of their
 * own.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "shipped.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA_SIZE (3 * 1024 * 1024)

static struct seccomp_result base, decoder, viewer, collector, shell, probe;

static int setup(void **state)
{
	shipped_compile("base", NULL, &base);
	shipped_compile("decoder", NULL, &decoder);
	shipped_compile("file-viewer", NULL, &viewer);
	shipped_compile("log-collector", NULL, &collector);
	shipped_compile("shell", NULL, &shell);
	shipped_compile_file("tests/unit/seccomp/probe.policy", NULL, false, &probe);
	return 0;
}

static int teardown(void **state)
{
	seccomp_result_done(&base);
	seccomp_result_done(&decoder);
	seccomp_result_done(&viewer);
	seccomp_result_done(&collector);
	seccomp_result_done(&shell);
	seccomp_result_done(&probe);
	return 0;
}

static char *make_data(void)
{
	char *data = malloc(DATA_SIZE);
	uint32_t state = 1;

	assert_non_null(data);
	for (size_t i = 0; i < DATA_SIZE; i++) {
		state = state * 1664525 + 1013904223;
		/* Some of it can be compressed, some not. */
		data[i] = (i / 4096) % 2 == 0 ? (char)(state >> 24) : (char)('a' + (i % 7));
	}
	return data;
}

struct program {
	const char *path;
	const char *compress[5],
		*decompress[5]; /* arguments; without .decompress the data come out unchanged */
};

static const struct program programs[] = {
	{ "/usr/bin/cat", { "cat" }, {} },
	{ "/usr/bin/xz", { "xz", "-0", "-c" }, { "xz", "-d", "-c" } },
	{ "/usr/bin/xz", { "xz", "-0", "-T3", "-c" }, { "xz", "-d", "-T0", "-c" } },
	{ "/usr/bin/gzip", { "gzip", "-1", "-c" }, { "gzip", "-d", "-c" } },
	{ "/usr/bin/bzip2", { "bzip2", "-1", "-c" }, { "bzip2", "-d", "-c" } },
	{ "/usr/bin/lz4", { "lz4", "-1", "-c" }, { "lz4", "-d", "-c" } },
	{ "/usr/bin/zstd", { "zstd", "-1", "-c", "-" }, { "zstd", "-d", "-c", "-" } },
	{ "/usr/bin/zstd", { "zstd", "-1", "-T3", "-c" }, { "zstd", "-d", "-c" } },
};

static void convert(const struct program *program, const char *const argv[], int in, int out)
{
	shipped_expect(
		&(struct shipped_run){
			.policy = &decoder, .path = program->path, .argv = argv, .in = in, .out = out },
		0);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
}

static void check_program(const struct program *program, const char *data)
{
	_cleanup_close_ int in = shipped_memory_file(data, DATA_SIZE), middle = shipped_memory_file(NULL, 0),
			    out = shipped_memory_file(NULL, 0);
	_cleanup_free_ char *result = NULL;
	size_t size;

	convert(program, program->compress, in, middle);
	if (program->decompress[0])
		convert(program, program->decompress, middle, out);
	assert_int_equal(read_fd_to_end(program->decompress[0] ? out : middle, DATA_SIZE, &result, &size), 0);
	assert_int_equal(size, DATA_SIZE);
	assert_memory_equal(result, data, DATA_SIZE);
}

static void test_decoders_run(void **state)
{
	_cleanup_free_ char *data = make_data();
	unsigned n = 0;

	for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
		if (!shipped_installed(programs[i].path))
			continue;
		check_program(&programs[i], data);
		n++;
	}
	print_message("%u programs came through their data unharmed under decoder.policy\n", n);
}

/* A decoder that is given a damaged stream says so; it is not killed. */
static void test_decoder_reports_errors(void **state)
{
	static const char *const argv[] = { "gzip", "-d", "-c", NULL };
	_cleanup_close_ int in = shipped_memory_file("\x1f\x8b\x08\0damaged, as can be seen", 26);

	shipped_expect(
		&(struct shipped_run){ .policy = &decoder, .path = "/usr/bin/gzip", .argv = argv, .in = in },
		1);
}

static void check_start(const char *program, const char *expected)
{
	const char *const argv[] = { "probe", "x", NULL };
	_cleanup_free_ char *path = shipped_built(program), *result = NULL;

	if (!path) {
		print_message("%s was not built\n", program);
		return;
	}
	result = shipped_output((struct shipped_run){ .policy = &base, .path = path, .argv = argv }, 0);
	if (!strstr(result, expected))
		fail_msg("%s: %s", program, result);
}

static void test_programs_start(void **state)
{
	check_start("start-probe", "Name:\tstart-probe\n1\n");
	check_start("static-start-probe", "Name:\tstatic-start-pr\n1\n");
	check_start("static-probe", "probe: 2 arguments\n");
}

/* A program, and what must be in its output, or "" for nothing special; its status; and what it has to read.
 */
struct reader {
	const char *path;
	const char *argv[6];
	const char *expected;
	int status;
};

static void check_readers(
	const struct seccomp_result *policy, const char *directory, const struct reader *readers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *output = NULL;

		if (!shipped_installed(readers[i].path))
			continue;
		output = shipped_output((struct shipped_run){ .policy = policy,
						.path = readers[i].path,
						.argv = readers[i].argv,
						.working_directory = directory,
						.unprivileged = true },
			readers[i].status);
		if (!strstr(output, readers[i].expected))
			fail_msg("%s: no \"%s\" in: %s", readers[i].path, readers[i].expected, output);
	}
}

static const char document[] =
	"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count "
	"1>>endobj\n"
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Contents 4 0 R/Resources<</Font<</F 5 0 "
	"R>>>>>>endobj\n"
	"4 0 obj<</Length 37>>stream\nBT /F 18 Tf 20 100 Td (In a jail) Tj ET\nendstream endobj\n"
	"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n";

static void write_text(int dir_fd, const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, text, strlen(text)), 0);
}

/* A directory with a document and some logs; freed by free_tree(). */
static char *make_tree(void)
{
	char *path = strdup("/tmp/bailiff-shipped-XXXXXX");
	_cleanup_close_ int fd = -1;

	assert_non_null(path);
	assert_non_null(mkdtemp(path));
	assert_int_equal(chmod(path, 0755), 0);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	write_text(fd, "document.pdf", document);
	assert_int_equal(mkdirat(fd, "log", 0755), 0);
	write_text(fd, "log/messages", "first\nsecond error\nthird\n");
	write_text(fd, "log/daemon.log", "nothing happened\n");
	return path;
}

static void free_tree(char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(unlinkat(fd, "log/messages", 0) + unlinkat(fd, "log/daemon.log", 0), 0);
	assert_int_equal(unlinkat(fd, "log", AT_REMOVEDIR) + unlinkat(fd, "document.pdf", 0), 0);
	assert_int_equal(rmdir(path), 0);
	free(path);
}

static void test_viewers_run(void **state)
{
	static const struct reader readers[] = {
		{ "/usr/bin/file", { "file", "-b", "document.pdf" }, "PDF document", 0 },
		/* It would start a helper. */
		{ "/usr/bin/file", { "file", "/proc/self/exe", "." }, "directory", 0 },
		{ "/usr/bin/pdftotext", { "pdftotext", "document.pdf", "-" }, "In a jail", 0 },
		/* fontconfig would write its cache; the pixels go to standard output. */
		{ "/usr/bin/pdftoppm", { "pdftoppm", "-r", "20", "document.pdf" }, "P6\n", 0 },
		{ "/usr/bin/sort", { "sort", "-r", "log/messages" }, "third\nsecond", 0 },
	};
	char *tree = make_tree();

	check_readers(&viewer, tree, readers, ELEMENTSOF(readers));
	free_tree(tree);
}

static void test_collectors_run(void **state)
{
	static const struct reader readers[] = {
		{ "/usr/bin/cat", { "cat", "log/messages", "log/daemon.log" }, "third\nnothing happened", 0 },
		{ "/usr/bin/grep", { "grep", "-r", "error", "log" }, "log/messages:second error", 0 },
		{ "/usr/bin/find", { "find", "log", "-name", "*.log", "-ls" }, "log/daemon.log", 0 },
		{ "/usr/bin/ls", { "ls", "-lR", "." }, "daemon.log", 0 },
		{ "/usr/bin/tail", { "tail", "-n1", "log/messages" }, "third", 0 },
		{ "/usr/bin/tar", { "tar", "-cf", "-", "log" }, "log/", 0 },
		/* What packs would be a child: tar says that it got none, and ends with an error. */
		{ "/usr/bin/tar", { "tar", "-czf", "-", "log" }, "", 2 },
		{ "/usr/bin/xz", { "xz", "-c", "log/messages" },
			"\xfd"
			"7zXZ",
			0 },
	};
	char *tree = make_tree();

	check_readers(&collector, tree, readers, ELEMENTSOF(readers));
	free_tree(tree);
}

/* Where there is a collector, somebody wants the archive: the two halves of "tar -cz" in sandboxes of their
 * own. */
static void test_archive_is_whole(void **state)
{
	static const char *const pack[] = { "tar", "-cf", "-", "log", NULL },
				 *const squeeze[] = { "gzip", "-c", NULL },
				 *const list[] = { "tar", "-tzf", "-", NULL };
	_cleanup_close_ int archive = shipped_memory_file(NULL, 0), packed = shipped_memory_file(NULL, 0);
	_cleanup_free_ char *names = NULL;
	char *tree = make_tree();

	shipped_expect(&(struct shipped_run){ .policy = &collector,
			       .path = "/usr/bin/tar",
			       .argv = pack,
			       .out = archive,
			       .working_directory = tree },
		0);
	assert_int_equal(lseek(archive, 0, SEEK_SET), 0);
	shipped_expect(&(struct shipped_run){ .policy = &decoder,
			       .path = "/usr/bin/gzip",
			       .argv = squeeze,
			       .in = archive,
			       .out = packed },
		0);
	assert_int_equal(lseek(packed, 0, SEEK_SET), 0);
	names = shipped_output(
		(struct shipped_run){ .policy = &shell, .path = "/usr/bin/tar", .argv = list, .in = packed },
		0);
	assert_non_null(strstr(names, "log/messages\n"));
	assert_non_null(strstr(names, "log/daemon.log\n"));
	free_tree(tree);
}

/* Pipelines, job control without a terminal, files of every kind, signals, limits. */
#define SCRIPT                                                                                               \
	"set -e; d=$(mktemp -d); (echo a; echo b) | cat >$d/f; cp -a $d/f $d/g; mv $d/g $d/h; mkfifo $d/p; " \
	"ln -s f $d/l; ln $d/f $d/i; touch $d/t; chmod 700 $d/t; ! chmod u+s $d/t 2>$d/e; "                  \
	"grep -q 'Operation not permitted' $d/e; [ ! -u $d/t ]; wc -l <$d/f; ls -lR $d >/dev/null; "         \
	"seq 1000 | sort -rn | awk '{s+=$1} END {print s}'; find $d -type f | xargs -P2 rm; rm -r $d; "      \
	"sleep 5 & kill $!; wait $! || [ $? -eq 143 ]; trap 'echo caught' USR1; kill -USR1 $$; "             \
	"ulimit -c 0; id -u >/dev/null; timeout 5 true; ! unshare -U true 2>/dev/null; "                     \
	"! mount -t tmpfs x /mnt 2>/dev/null; (exit 3)"

static void check_shell(const struct seccomp_result *policy, const char *path)
{
	const char *const argv[] = { "sh", "-c", SCRIPT, NULL };
	_cleanup_free_ char *output = NULL;

	output = shipped_output(
		(struct shipped_run){ .policy = policy, .path = path, .argv = argv, .unprivileged = true },
		3);
	assert_string_equal(output, "2\n500500\ncaught\n");
}

static void test_shells_run(void **state)
{
	static const char *const paths[] = { "/usr/bin/dash", "/usr/bin/bash" };

	for (size_t i = 0; i < ELEMENTSOF(paths); i++)
		if (shipped_installed(paths[i]))
			check_shell(&shell, paths[i]);
}

/* The tests' own policy lets a shell do what shells do. */
static void test_shell_runs_for_probes(void **state)
{
	static const char *const argv[] = { "sh", "-c",
		"set -e; d=$(mktemp -d); (echo a; echo b) | cat >$d/f; wc -l <$d/f; rm -r $d; (exit 3)",
		NULL };
	_cleanup_free_ char *output =
		shipped_output((struct shipped_run){ .policy = &probe, .path = "/bin/sh", .argv = argv }, 3);

	assert_string_equal(output, "2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decoders_run),
		cmocka_unit_test(test_decoder_reports_errors),
		cmocka_unit_test(test_programs_start),
		cmocka_unit_test(test_viewers_run),
		cmocka_unit_test(test_collectors_run),
		cmocka_unit_test(test_archive_is_whole),
		cmocka_unit_test(test_shells_run),
		cmocka_unit_test(test_shell_runs_for_probes),
	};

	return cmocka_run_group_tests_name("seccomp shipped policies", tests, setup, teardown);
}
