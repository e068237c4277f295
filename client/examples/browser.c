/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A browser in small: this process is trusted and has a renderer for each document, in a sandbox of profile
 * "renderer", at the other end of a socket pair. Whatever a document does to its renderer, the others go on,
 * and the browser can tell the user what happened.
 *
 *     cc browser.c $(pkg-config --cflags --libs bailiff) -o browser
 *     ./browser [-t SECONDS] /usr/lib/example/browser-renderer "a text" "another"
 *
 * where /etc/bailiff/profiles/renderer.profile.d/10-site.conf has AllowUser= in [Access] and
 * Executable=/usr/lib/example/browser-renderer in [Exec]. Documents that misbehave: see browser-renderer.c.
 * What does not answer for some seconds (-t, 5) is closed.
 */

#define _GNU_SOURCE

#include <bailiff/bailiff.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TABS_MAX      64
#define CHANNEL       3 /* in the renderer, as its profile says */
#define SECOND        1000000ULL
#define PATIENCE_MAX  3600                  /* seconds */
#define CPU_SECONDS   1                     /* of one renderer, less than the profile gives */
#define MEMORY        (64ULL * 1024 * 1024) /* likewise */
#define OUT_OF_MEMORY 9                     /* what our renderer exits with */

struct tab {
	const char *document;
	bailiff_sandbox *sandbox;
	int channel;     /* -1: done with it */
	char answer[80]; /* "": none came */
	int closed;      /* by us, as it did not answer */
};

static int fail(const bailiff_connection *c, const char *what, int error)
{
	const char *sentence = c ? bailiff_last_error_message(c) : "";

	fprintf(stderr, "%s: %s\n", what, *sentence ? sentence : strerror(-error));
	return 1;
}

/* A renderer needs less than its profile gives: a request can only tighten. */
static int make_request(const char *renderer, int channel, bailiff_request **ret)
{
	const char *argv[] = { NULL, NULL };
	int r = bailiff_request_new(ret, "renderer");

	argv[0] = renderer;
	if (r == 0)
		r = bailiff_request_set_argv(*ret, argv);
	if (r == 0)
		r = bailiff_request_map_fd(*ret, CHANNEL, channel);
	if (r == 0)
		r = bailiff_request_set_rlimit(*ret, RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1);
	if (r == 0)
		r = bailiff_request_set_rlimit(*ret, RLIMIT_DATA, MEMORY, MEMORY);
	if (r == 0)
		r = bailiff_request_set_stop_timeout(*ret, SECOND);
	return r;
}

static int open_tab(bailiff_connection *c, const char *renderer, struct tab *tab)
{
	bailiff_request *request = NULL;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r = make_request(renderer, pair[1], &request);
	if (r == 0)
		r = bailiff_launch(c, request, &tab->sandbox);
	bailiff_request_free(request);
	/* The renderer has the other end now, and it alone: when it ends, ours tells. */
	close(pair[1]);
	tab->channel = pair[0];
	if (r == 0 && send(tab->channel, tab->document, strlen(tab->document), MSG_NOSIGNAL) < 0)
		r = -errno;
	return r;
}

static void close_channel(struct tab *tab)
{
	close(tab->channel);
	tab->channel = -1;
}

/* An answer, or the end of the renderer. It ends by itself once its channel is closed. */
static void receive(struct tab *tab)
{
	ssize_t n = recv(tab->channel, tab->answer, sizeof(tab->answer) - 1, MSG_DONTWAIT);

	tab->answer[n > 0 ? n : 0] = '\0';
	close_channel(tab);
}

/* What has not answered in time is stopped, and its channel closed when it has ended. */
static void stop_silent_tabs(struct tab *tabs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (tabs[i].channel >= 0) {
			tabs[i].closed = 1;
			bailiff_sandbox_stop(tabs[i].sandbox, BAILIFF_TIMEOUT_INFINITE);
			close_channel(&tabs[i]);
		}
}

/* Until every document is rendered, or its renderer gone, or everybody's patience at an end. */
static int serve(struct tab *tabs, unsigned n, int patience_msec)
{
	struct pollfd fds[TABS_MAX] = { 0 };
	unsigned open;

	do {
		int r;

		open = 0;
		for (unsigned i = 0; i < n; i++) {
			fds[i].fd = tabs[i].channel;
			fds[i].events = POLLIN;
			open += tabs[i].channel >= 0;
		}
		r = open > 0 ? poll(fds, n, patience_msec) : 1;
		if (r < 0)
			return -errno;
		if (r == 0)
			stop_silent_tabs(tabs, n);
		for (unsigned i = 0; r > 0 && i < n; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				receive(&tabs[i]);
	} while (open > 0);
	return 0;
}

/* The user is told what happened, not which system call said so. */
static void explain(const struct tab *tab, const bailiff_exit *end)
{
	if (tab->answer[0])
		printf("%s: %s\n", tab->document, tab->answer);
	else if (strcmp(end->result, "violation") == 0)
		printf("%s: stopped: it did what no page may do\n", tab->document);
	else if (strcmp(end->result, "oom") == 0 || (end->signal == 0 && end->code == OUT_OF_MEMORY))
		printf("%s: stopped: it needed too much memory\n", tab->document);
	else if (strcmp(end->result, "killed") == 0 && tab->closed)
		printf("%s: closed: it did not respond\n", tab->document);
	else if (end->signal == SIGXCPU)
		printf("%s: stopped: it computed for too long\n", tab->document);
	else if (end->signal > 0)
		printf("%s: crashed with signal %d (%s)\n", tab->document, end->signal, end->result);
	else
		printf("%s: ended with %s, status %d\n", tab->document, end->result, end->code);
}

static int close_tabs(bailiff_connection *c, struct tab *tabs, unsigned n)
{
	int status = 0;

	for (unsigned i = 0; i < n; i++) {
		bailiff_exit end;
		int r = bailiff_sandbox_wait(tabs[i].sandbox, 10 * SECOND, &end);

		if (r == 0)
			explain(&tabs[i], &end);
		else
			status = fail(c, tabs[i].document, r);
		tabs[i].sandbox = bailiff_sandbox_free(tabs[i].sandbox);
	}
	return status;
}

/* Opens a tab for each document; the number of tabs in *ret_n, also when one failed. */
static int open_tabs(bailiff_connection *c, char **words, struct tab *tabs, unsigned *ret_n)
{
	int r = 0;

	for (*ret_n = 0; r == 0 && words[*ret_n + 1]; ++*ret_n) {
		tabs[*ret_n].document = words[*ret_n + 1];
		r = open_tab(c, words[0], &tabs[*ret_n]);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct tab tabs[TABS_MAX] = { 0 };
	bailiff_connection *c = NULL;
	int r, option, patience = 5;
	unsigned n = 0;

	while ((option = getopt(argc, argv, "+t:")) != -1)
		patience = option == 't' ? (int)strtoul(optarg, NULL, 10) : 0;
	if (argc - optind < 2 || argc - optind > TABS_MAX || patience < 1 || patience > PATIENCE_MAX) {
		fprintf(stderr, "usage: browser [-t SECONDS] RENDERER DOCUMENT...\n");
		return 2;
	}
	r = bailiff_connect(&c);
	if (r == 0)
		r = open_tabs(c, argv + optind, tabs, &n);
	if (r == 0)
		r = serve(tabs, n, 1000 * patience);
	/* When something failed, the sandboxes end with the connection. */
	r = r == 0 ? close_tabs(c, tabs, n) : fail(c, "browser", r);
	bailiff_connection_free(c);
	return r;
}
