/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bus-address.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		int result;
		const char *name;
		size_t size;
	} tries[] = {
		{ BUS_ADDRESS_SYSTEM, 0, "/run/dbus/system_bus_socket", 27 },
		{ "unix:path=/a,guid=0123456789abcdef0123456789abcdef", 0, "/a", 2 },
		{ "unix:guid=1,path=/a", 0, "/a", 2 },
		{ "unix:path=/a%20b%2cC%2C", 0, "/a b,C,", 7 },
		{ "unix:abstract=/tmp/x", 0, "\0/tmp/x", 7 },
		{ "unix:path=/a;unix:path=/b", 0, "/a", 2 },
		{ "unix:path=/a;", 0, "/a", 2 },
		{ "", -EINVAL, NULL, 0 },
		{ "/run/bus", -EINVAL, NULL, 0 },
		{ "unix:path", -EINVAL, NULL, 0 },
		{ "unix:path=", -EINVAL, NULL, 0 },
		{ "unix:path=%", -EINVAL, NULL, 0 },
		{ "unix:path=%4", -EINVAL, NULL, 0 },
		{ "unix:path=%4g", -EINVAL, NULL, 0 },
		{ "unix:path=/a%00b", -EINVAL, NULL, 0 },
		{ "unix:path=/a,path=/b", -EINVAL, NULL, 0 },
		{ "unix:path=/a,abstract=b", -EINVAL, NULL, 0 },
		{ "unix:", -EAFNOSUPPORT, NULL, 0 },
		{ "unix:tmpdir=/tmp", -EAFNOSUPPORT, NULL, 0 },
		{ "tcp:host=localhost,port=1", -EAFNOSUPPORT, NULL, 0 },
		{ "unixexec:path=/bin/sh", -EAFNOSUPPORT, NULL, 0 },
		{ "un:path=/a", -EAFNOSUPPORT, NULL, 0 },
	};

	for (size_t i = 0; i < ELEMENTSOF(tries); i++) {
		const char *address = tries[i].address;
		char name[UNIX_NAME_SIZE];
		size_t size;

		assert_int_equal(bus_address_next(&address, name, &size), tries[i].result);
		if (tries[i].result < 0)
			continue;
		assert_int_equal(size, tries[i].size);
		assert_memory_equal(name, tries[i].name, size);
	}
}

static void test_too_long(void **state)
{
	char address[300] = "unix:path=/";
	const char *at = address;
	char name[UNIX_NAME_SIZE];
	size_t size;

	memset(address + 11, 'a', sizeof(address) - 12);
	assert_int_equal(bus_address_next(&at, name, &size), -ENAMETOOLONG);
	assert_int_equal(unix_connect(address, 108), -ENAMETOOLONG);
	assert_int_equal(unix_connect(address, 0), -EINVAL);
}

/* The first that takes a connection, of those before which others do not. */
static void test_connects(void **state)
{
	static const char name[] = "bailiff-test-bus-address";
	_cleanup_close_ int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = -1, peer = -1;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char address[256];

	(void)snprintf(sa.sun_path + 1, sizeof(sa.sun_path) - 1, "%s-%d", name, getpid());
	(void)snprintf(address, sizeof(address),
		"tcp:port=1;unix:path=/none/there;unix:abstract=%s-%d;unix:", name, getpid());
	assert_int_equal(bus_address_connect("unix:path=/none/there"), -ENOENT);
	assert_int_equal(
		bind(listener, (struct sockaddr *)&sa,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(sa.sun_path + 1))),
		0);
	assert_int_equal(listen(listener, 1), 0);
	fd = bus_address_connect(address);
	assert_true(fd >= 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_connects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
