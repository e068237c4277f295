/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Variables that never come from a caller, whatever PassEnvironment= says. Each of them makes some library or
 * interpreter load code, open files or change how input is understood, before the program's own first line;
 * the C library ignores the first group in programs that gain privileges by exec, and a jailed program may
 * hold privileges (capabilities, groups) that its caller lacks without the C library noticing. A name that
 * ends in "*" stands for all that begin so.
 */

#include "base/environment.h"
#include "base/cleanup.h"

#include <stdint.h>
#include <string.h>

static const struct {
	const char *name, *reason;
} never[] = {
	{ "LD_*", "the dynamic loader loads code and writes files by it" },
	{ "GLIBC_TUNABLES", "it changes the C library's hardening" },
	{ "GCONV_PATH", "the C library loads character set converters from it" },
	{ "GETCONF_DIR", "getconf(1) runs programs from it" },
	{ "LOCPATH", "the C library reads locale files from it" },
	{ "NLSPATH", "the C library reads message formats from it" },
	{ "MALLOC_*", "the C library's allocator writes files and loosens checks by it" },
	{ "HOSTALIASES", "the resolver reads the file that it names" },
	{ "LOCALDOMAIN", "it redirects the resolver" },
	{ "RESOLV_HOST_CONF", "the resolver reads the file that it names" },
	{ "RES_OPTIONS", "it redirects the resolver" },
	{ "NIS_PATH", "it redirects user look-ups" },
	{ "NOTIFY_SOCKET", "it comes with the option ready=notify" },
	{ "TMPDIR", "it moves temporary files to a place that the caller chose" },
	{ "TZDIR", "the C library reads files below it" },

	{ "IFS", "shells split words by it" },
	{ "ENV", "shells run the file that it names" },
	{ "BASH_ENV", "bash runs the file that it names" },
	{ "BASH_FUNC*", "bash takes functions from it" },
	{ "BASHOPTS", "it changes how bash understands scripts" },
	{ "SHELLOPTS", "it changes how bash understands scripts" },
	{ "PS4", "bash runs commands in it when tracing" },
	{ "PROMPT_COMMAND", "bash runs it" },
	{ "CDPATH", "it changes where cd(1) goes" },
	{ "GLOBIGNORE", "it changes what patterns match" },
	{ "ZDOTDIR", "zsh runs files from it" },

	{ "PYTHON*", "Python loads code by it" },
	{ "PERL*", "Perl loads code by it" },
	{ "RUBYLIB", "Ruby loads code from it" },
	{ "RUBYOPT", "Ruby loads code by it" },
	{ "GEM_*", "Ruby loads code from it" },
	{ "LUA_*", "Lua runs code by it" },
	{ "NODE_*", "Node.js loads code by it" },
	{ "PHPRC", "PHP reads its configuration from it" },
	{ "PHP_INI_SCAN_DIR", "PHP reads its configuration from it" },
	{ "TCL*", "Tcl loads code from it" },
	{ "GUILE_*", "Guile loads code by it" },
	{ "CLASSPATH", "Java loads code from it" },
	{ "JAVA_TOOL_OPTIONS", "Java loads code by it" },
	{ "JDK_JAVA_OPTIONS", "Java loads code by it" },
	{ "_JAVA_OPTIONS", "Java loads code by it" },

	{ "OPENSSL_*", "OpenSSL loads code by it" },
	{ "KRB5*", "Kerberos reads files and writes traces by it" },
	{ "GIO_EXTRA_MODULES", "GIO loads code from it" },
	{ "GIO_MODULE_DIR", "GIO loads code from it" },
	{ "GCONV_*", "the C library loads character set converters by it" },
	{ "GTK_*", "GTK loads code by it" },
	{ "GDK_PIXBUF_MODULE*", "GdkPixbuf loads code by it" },
	{ "GST_*", "GStreamer loads code and writes files by it" },
	{ "QT_*", "Qt loads code by it" },
	{ "QML*", "Qt loads code by it" },
	{ "SASL_*", "SASL loads code by it" },
	{ "TERMCAP", "terminal libraries read the file that it names" },
	{ "TERMINFO*", "terminal libraries read files below it" },
	{ "TERMPATH", "terminal libraries read the file that it names" },
	{ "ASAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "LSAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "MSAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "TSAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "UBSAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "LLVM_PROFILE_FILE", "profiled programs write the file that it names" },
	{ "GCOV_PREFIX*", "profiled programs write files below it" },
};

/* The length of what stands before a "*" at the end; *ret_open says whether there is one. */
static size_t stem_length(const char *pattern, bool *ret_open)
{
	size_t n = strlen(pattern);

	*ret_open = n > 0 && pattern[n - 1] == '*';
	return *ret_open ? n - 1 : n;
}

bool env_name_matches(const char *pattern, const char *name, size_t length)
{
	bool open;
	size_t n = stem_length(pattern, &open);

	return (open ? length >= n : length == n) && memcmp(pattern, name, n) == 0;
}

const char *env_never_reason(const char *name, size_t length)
{
	for (size_t i = 0; i < ELEMENTSOF(never); i++)
		if (env_name_matches(never[i].name, name, length))
			return never[i].reason;
	return NULL;
}

const char *env_pattern_never_reason(const char *pattern)
{
	bool open, never_open;
	size_t n = stem_length(pattern, &open);

	for (size_t i = 0; i < ELEMENTSOF(never); i++) {
		size_t stem = stem_length(never[i].name, &never_open);

		if ((never_open ? n >= stem : n == stem && !open) &&
			memcmp(never[i].name, pattern, stem) == 0)
			return never[i].reason;
	}
	return NULL;
}
