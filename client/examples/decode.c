/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Has "xz -dc" decompress a file inside the profile "decoder". The sandbox gets two descriptors and no file
 * names: the opened file as its standard input, our standard output as its own.
 *
 *     cc decode.c $(pkg-config --cflags --libs bailiff) -o decode && ./decode archive.xz
 */

#include <bailiff/bailiff.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int explain(const bailiff_connection *c, const char *what, int error)
{
	const char *sentence = c ? bailiff_last_error_message(c) : "";

	fprintf(stderr, "%s: %s\n", what, *sentence ? sentence : strerror(-error));
	return 125;
}

static int make_request(int file, bailiff_request **ret)
{
	static const char *const argv[] = { "xz", "-dc", NULL };
	int r = bailiff_request_new(ret, "decoder");

	if (r == 0)
		r = bailiff_request_set_argv(*ret, argv);
	if (r == 0)
		r = bailiff_request_map_fd(*ret, STDIN_FILENO, file);
	if (r == 0)
		r = bailiff_request_map_fd(*ret, STDOUT_FILENO, STDOUT_FILENO);
	return r;
}

static int decode(bailiff_connection *c, const bailiff_request *request)
{
	bailiff_sandbox *sandbox = NULL;
	bailiff_exit end;
	int r = bailiff_launch(c, request, &sandbox);

	if (r == 0)
		r = bailiff_sandbox_wait(sandbox, BAILIFF_TIMEOUT_INFINITE, &end);
	if (r == 0) {
		fprintf(stderr, "%s\n", end.result);
		r = end.signal > 0 ? 128 + end.signal : end.code;
	} else
		r = explain(c, "decoder", r);
	bailiff_sandbox_free(sandbox);
	return r;
}

int main(int argc, char **argv)
{
	bailiff_connection *c = NULL;
	bailiff_request *request = NULL;
	int r, file;

	file = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0) {
		fprintf(stderr, "usage: decode FILE.xz\n");
		return 2;
	}
	r = bailiff_connect(&c);
	if (r == 0)
		r = make_request(file, &request);
	r = r == 0 ? decode(c, request) : explain(c, "request", r);
	bailiff_request_free(request);
	bailiff_connection_free(c);
	close(file);
	return r;
}
