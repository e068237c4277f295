/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 2048 /* one write(2) a line, so that lines of the processes never mix */

static const char *log_name = "bailiff";
static int log_level = LOG_NOTICE;
static bool log_journal;

void log_open(const char *name, int level)
{
	log_name = name;
	log_level = level;
	log_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_set_level(int level)
{
	log_level = level;
}

int log_get_level(void)
{
	return log_level;
}

int log_level_from_string(const char *s, int *ret)
{
	static const char *const names[] = { "emerg", "alert", "crit", "error", "warning", "notice", "info",
		"debug" };

	for (int i = 0; i < (int)ELEMENTSOF(names); i++)
		if (strcmp(s, names[i]) == 0 || (s[0] == '0' + i && s[1] == '\0')) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

/* Copies src to dst with control characters written as \xNN; cuts at the end. Returns the bytes written. */
static size_t escape(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	for (; *src && n + 5 < size; src++)
		if ((unsigned char)*src < 0x20 || *src == 0x7f)
			n += (size_t)snprintf(dst + n, size - n, "\\x%02x", (unsigned char)*src);
		else
			dst[n++] = *src;
	dst[n] = '\0';
	return n;
}

static void log_line(int level, const char *text)
{
	char line[LINE_SIZE];
	size_t n;

	n = (size_t)(log_journal ? snprintf(line, sizeof(line), "<%d>", level)
				 : snprintf(line, sizeof(line), "%s: ", log_name));
	n += escape(line + n, sizeof(line) - n - 1, text);
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, n);
}

void log_write(int level, const char *format, ...)
{
	char text[LINE_SIZE];
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	log_line(level, text);
}

int log_errno(int level, int error, const char *format, ...)
{
	char text[LINE_SIZE];
	va_list ap;
	int n;

	if (level > log_level)
		return error;
	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(text))
		(void)snprintf(text + n, sizeof(text) - (size_t)n, ": %s", strerror(-error));
	log_line(level, text);
	return error;
}
