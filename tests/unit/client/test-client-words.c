/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What goes out as text: UTF-8, escapes, tables, JSON; and which bus is spoken to. */

#include "cli/humane.h"
#include "cli/json.h"
#include "cli/remote.h"
#include "cli/text.h"
#include "lib/address.h"
#include "lib/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_address(void **state)
{
	assert_string_equal(address_choose("unix:path=/a", "unix:path=/b"), "unix:path=/a");
	assert_string_equal(address_choose(NULL, "unix:path=/b"), "unix:path=/b");
	assert_string_equal(address_choose("", "unix:path=/b"), "unix:path=/b");
	assert_string_equal(address_choose("", ""), "unix:path=/run/dbus/system_bus_socket");
	assert_string_equal(address_choose(NULL, NULL), "unix:path=/run/dbus/system_bus_socket");
}

static void test_utf8(void **state)
{
	static const char *const good[] = { "", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"a\xc3\xa4z" };
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z",
		"\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "ab\xf0\x90\x80", "\xe2\x82z" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(bad[i]));
	assert_int_equal(utf8_sequence("\xf0\x90\x80\x80z"), 4);
	assert_int_equal(utf8_sequence("\x80"), 0);
}

static void test_escape(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "plain \xc3\xa4", "plain \xc3\xa4" },
		{ "\033[2J", "\\x1b[2J" },
		{ "a\nb\x7f", "a\\x0ab\\x7f" },
		{ "\xc2\x9b"
		  "2J",
			"\\xc2\\x9b2J" },
		{ "\xff\xc3", "\\xff\\xc3" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = text_escape(cases[i].in);

		assert_non_null(got);
		assert_string_equal(got, cases[i].out);
		free(got);
	}
	assert_int_equal(text_width("a\xc3\xa4z"), 3);
}

/* What a writer puts into a file. */
static char *captured;
static size_t captured_size;

static FILE *capture(void)
{
	FILE *f = open_memstream(&captured, &captured_size);

	assert_non_null(f);
	return f;
}

static void expect_captured(FILE *f, const char *text)
{
	assert_int_equal(fclose(f), 0);
	assert_string_equal(captured, text);
	free(captured);
}

static void test_table(void **state)
{
	static const struct column columns[] = { { "ID", true }, { "NAME", false }, { "NOTE", false } };
	static const struct style plain = { 0 };
	struct table t = TABLE_INIT(columns);
	FILE *f = capture();

	table_print(&t, f, true, plain);
	expect_captured(f, "ID  NAME  NOTE\n");
	assert_int_equal(table_put_unsigned(&t, 1), 0);
	assert_int_equal(table_put(&t, "\xc3\xa4"), 0);
	assert_int_equal(table_put(&t, ""), 0);
	assert_int_equal(table_put_unsigned(&t, 1234), 0);
	assert_int_equal(table_put(&t, "longer"), 0);
	assert_int_equal(table_put(&t, "\033"), 0);
	f = capture();
	table_print(&t, f, true, plain);
	expect_captured(f, "  ID  NAME    NOTE\n   1  \xc3\xa4       -\n1234  longer  \\x1b\n");
	f = capture();
	table_print(&t, f, false, plain);
	expect_captured(f, "   1  \xc3\xa4       -\n1234  longer  \\x1b\n");
	table_done(&t);
}

static void test_table_style(void **state)
{
	static const struct column columns[] = { { "S", false, style_state }, { "NOTE", false } };
	const struct style narrow = { .width = 14 }, colored = { .color = true }, tiny = { .width = 3 };
	struct table t = TABLE_INIT(columns);
	FILE *f = capture();

	assert_int_equal(table_put(&t, "running"), 0);
	assert_int_equal(table_put(&t, "abcd\xc3\xa4"), 0);
	assert_int_equal(table_put(&t, "exited"), 0);
	assert_int_equal(table_put(&t, "abcd\xc3\xa4\xc3\xa4"), 0);
	table_print(&t, f, true, narrow);
	expect_captured(f, "S        NOTE\nrunning  abcd\xc3\xa4\nexited   abcd\xe2\x80\xa6\n");
	f = capture();
	table_print(&t, f, true, colored);
	expect_captured(f, "\033[1mS\033[0m        \033[1mNOTE\033[0m\n\033[32mrunning\033[0m  abcd\xc3\xa4\n"
			   "\033[90mexited\033[0m   abcd\xc3\xa4\xc3\xa4\n");
	f = capture();
	table_print(&t, f, false, tiny);
	expect_captured(f, "running  \nexited   \n");
	table_done(&t);
}

static void test_humane(void **state)
{
	static const struct {
		uint64_t n;
		const char *size, *span;
	} rows[] = {
		{ 0, "0B", "0us" },
		{ 999, "999B", "999us" },
		{ 1023, "1023B", "1ms" },
		{ 1024, "1.0K", "1ms" },
		{ 1536, "1.5K", "1ms" },
		{ 1024 * 1024 - 1, "1023.9K", "1.048s" },
		{ 59999999, "57.2M", "59.999s" },
		{ 60000000, "57.2M", "1min" },
		{ 125000000, "119.2M", "2min 5s" },
		{ 5400000000, "5.0G", "1h 30min" },
		{ 86400000000, "80.4G", "1d" },
		{ 273600000000, "254.8G", "3d 4h" },
		{ UINT64_MAX, "15.9E", "213503982d 8h" },
	};
	char text[HUMANE_MAX], end[16] = "";
	unsigned days = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		humane_size(rows[i].n, text);
		assert_string_equal(text, rows[i].size);
		humane_span(rows[i].n, text);
		assert_string_equal(text, rows[i].span);
	}
	humane_time(0, text);
	assert_string_equal(text, "");
	humane_time(1000000, text);
	assert_non_null(strstr(text, "1970-01-01 "));
	/* "; 20779d 23h ago", and "; 20780d ago" in the first hour of a day */
	assert_non_null(strchr(text, ';'));
	assert_true(sscanf(strchr(text, ';'), "; %ud %*uh %15s", &days, end) == 2 ||
		    sscanf(strchr(text, ';'), "; %ud %15s", &days, end) == 2);
	assert_true(days > 20000);
	assert_string_equal(end, "ago");
	humane_time(UINT64_MAX, text);
	assert_null(strstr(text, "ago"));
}

static void expect_host(const char *host, const char *address)
{
	char *got = NULL, *why = NULL;
	int r = remote_host_address(host, &got, &why);

	if (!address) {
		assert_int_equal(r, -EINVAL);
		assert_non_null(why);
	} else {
		assert_int_equal(r, 0);
		assert_string_equal(got, address);
		assert_false(address_passes_fds(got));
	}
	free(got);
	free(why);
}

static void test_remote(void **state)
{
	static const char *const bad_hosts[] = { "", "-oProxyCommand=x", "a@-b", "@a", "a@", "a@b@c", "a b",
		"a;b", "a,argv1=x", "a\nb", "a:0", "a:65536", "a:x", "a:", "$(x)", "\xc3\xa4", "-", "a/b" };
	static const char *const bad_machines[] = { "", "-x", ".x", "a/b", "a,pid=1", "a b", "..", "a;b",
		"\xff", ".host/x" };
	char *got = NULL, *why = NULL;

	expect_host("a.example",
		"unixexec:path=ssh,argv1=-xT,argv2=--,argv3=a.example,argv4=systemd-stdio-bridge");
	expect_host("u_1@a-b:22", "unixexec:path=ssh,argv1=-xT,argv2=-p,argv3=22,argv4=--,argv5=u_1%40a-b,"
				  "argv6=systemd-stdio-bridge");
	expect_host("fe80::1%eth0",
		"unixexec:path=ssh,argv1=-xT,argv2=--,argv3=fe80%3a%3a1%25eth0,argv4=systemd-stdio-bridge");
	expect_host("u@[::1]:2222",
		"unixexec:path=ssh,argv1=-xT,argv2=-p,argv3=2222,argv4=--,argv5=u%40%3a%3a1,"
		"argv6=systemd-stdio-bridge");
	for (size_t i = 0; i < sizeof(bad_hosts) / sizeof(bad_hosts[0]); i++)
		expect_host(bad_hosts[i], NULL);
	assert_int_equal(remote_machine_address("web-1", &got, &why), 0);
	assert_string_equal(got, "x-machine-unix:machine=web-1");
	free(got);
	assert_int_equal(remote_machine_address(".host", &got, &why), 0);
	free(got);
	for (size_t i = 0; i < sizeof(bad_machines) / sizeof(bad_machines[0]); i++)
		assert_int_equal(remote_machine_address(bad_machines[i], &got, &why), -EINVAL);
	free(why);
}

static void write_sample(struct json *j)
{
	char *list[] = { (char[]){ "x" }, (char[]){ "y" }, NULL };

	json_array(j);
	json_object(j);
	json_key(j, "a");
	json_unsigned(j, UINT64_MAX);
	json_key(j, "b");
	json_signed(j, -1);
	json_key(j, "c");
	json_strv(j, list);
	json_key(j, "d");
	json_strv(j, NULL);
	json_end(j);
	json_object(j);
	json_end(j);
	json_bool(j, true);
	json_bool(j, false);
	json_null(j);
	json_decimal(j, 2.25);
	json_end(j);
}

static void test_json_shapes(void **state)
{
	FILE *f = capture();
	struct json j = JSON_INIT(f, false);

	write_sample(&j);
	expect_captured(f, "[{\"a\":18446744073709551615,\"b\":-1,\"c\":[\"x\",\"y\"],\"d\":[]},{},true,"
			   "false,null,2.2]\n");
	f = capture();
	j = JSON_INIT(f, true);
	write_sample(&j);
	expect_captured(f, "[\n\t{\n\t\t\"a\": 18446744073709551615,\n\t\t\"b\": -1,\n\t\t\"c\": "
			   "[\n\t\t\t\"x\",\n\t\t\t\"y\"\n\t\t],"
			   "\n\t\t\"d\": []\n\t},\n\t{},\n\ttrue,\n\tfalse,\n\tnull,\n\t2.2\n]\n");
}

static void test_json_strings(void **state)
{
	FILE *f = capture();
	struct json j = JSON_INIT(f, false);

	json_array(&j);
	json_string(&j, "q\"b\\n\nt\tc\001d\x7f");
	json_string(&j, "\xc3\xa4\xff"
			"z\xed\xa0\x80");
	json_object(&j);
	json_key(&j, "k\"");
	json_string(&j, "");
	json_end(&j);
	json_end(&j);
	expect_captured(f, "[\"q\\\"b\\\\n\\nt\\tc\\u0001d\\u007f\","
			   "\"\xc3\xa4\\ufffdz\\ufffd\\ufffd\\ufffd\",{\"k\\\"\":\"\"}]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_style),
		cmocka_unit_test(test_humane),
		cmocka_unit_test(test_remote),
		cmocka_unit_test(test_json_shapes),
		cmocka_unit_test(test_json_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
