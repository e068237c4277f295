/* SPDX-License-Identifier: GPL-2.0-or-later */

/* In sanitizer builds only: the leak check at exit would trace the process from a clone of it, and the
 * symbolizer would start a program; the broker's filter lets it do neither. Leaks are looked for in
 * tests/bus, where there is none. */

const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "detect_leaks=0:symbolize=0";
}
