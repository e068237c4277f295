/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The renderer of browser.c: documents come as messages over its descriptor 3, the number of their words goes
 * back. A document that is one of the words below does to it what a malicious one does to a real renderer.
 * It knows nothing of Bailiff; the profile "renderer" is where it runs.
 *
 *     cc browser-renderer.c -o browser-renderer
 */

#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHANNEL       3
#define DOCUMENT_MAX  4096
#define BLOCK         (1024 * 1024)
#define OUT_OF_MEMORY 9 /* exit status */

static unsigned count_words(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		if (!isspace((unsigned char)text[0]) && (!text[1] || isspace((unsigned char)text[1])))
			n++;
	return n;
}

/* A mistake in the parser. */
static void crash(void)
{
	(void)raise(SIGSEGV);
}

/* The mistake was put to use: code of the document's author asks for the network. */
static void call_home(void)
{
	_exit(socket(AF_INET, SOCK_STREAM, 0) < 0 ? 10 : 0);
}

/* A script that never ends. */
static void spin(void)
{
	volatile unsigned n = 0;

	for (;;)
		n++;
}

/* A picture of a million by a million dots. */
static void grow(void)
{
	/* Seen from elsewhere, or the compiler would leave out memory that nobody reads. */
	static void *volatile newest;

	for (;;) {
		newest = malloc(BLOCK);
		if (!newest)
			_exit(OUT_OF_MEMORY);
		memset(newest, 1, BLOCK);
	}
}

/* A document that waits for something that never comes. */
static void hang(void)
{
	for (;;)
		(void)poll(NULL, 0, -1);
}

static const struct {
	const char *document;
	void (*work)(void);
} tricks[] = {
	{ "crash", crash },
	{ "call-home", call_home },
	{ "spin", spin },
	{ "grow", grow },
	{ "hang", hang },
};

static int render(const char *document)
{
	char answer[64];
	int n;

	for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++)
		if (strcmp(document, tricks[i].document) == 0)
			tricks[i].work();
	n = snprintf(answer, sizeof(answer), "%u words", count_words(document));
	return send(CHANNEL, answer, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -1;
}

int main(void)
{
	char document[DOCUMENT_MAX + 1];
	ssize_t n;

	while ((n = recv(CHANNEL, document, DOCUMENT_MAX, 0)) > 0) {
		document[n] = '\0';
		if (render(document) < 0)
			return 1;
	}
	return n == 0 ? 0 : 2;
}
