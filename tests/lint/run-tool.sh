#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: run-tool.sh format|cppcheck|shell SOURCE-ROOT BUILD-ROOT
# Runs one of the tools that others made over our sources. A tool that is not installed is a skipped test (77).
set -eu

what=$1
cd "$2"
build=$3

require()
{
	command -v "$1" >/dev/null 2>&1 || {
		echo "$1 is not installed"
		exit 77
	}
}

# OpenRC's and Upstart's, with somebody for the first to call
service_scripts()
{
	sed '1d; s/@[a-z]*@/x/g' init/openrc/bailiffd.in
	for part in pre-start post-start; do
		echo "upstart_${part%-start}() {"
		sed -n "/^$part script\$/,/^end script\$/{/script\$/d; s/@[a-z]*@/x/g; p}" init/upstart/bailiffd.conf.in
		echo '}'
	done
}

sources()
{
	find daemon dbus client tests -name '*.[ch]' -not -path '*/corpus/*' -print0
}

case $what in
format)
	require clang-format
	sources | xargs -0 clang-format --dry-run -Werror
	;;
cppcheck)
	require cppcheck
	mkdir -p "$build/cppcheck-$(id -u)"
	# A style opinion is no finding; what is off is off for a reason:
	#   missingIncludeSystem   the system's headers are not what is checked
	#   unusedStructMember     members of the private protocol are read by another process
	#   memleakOnRealloc       array.h keeps the old pointer in the caller's variable
	#   memleak, resourceLeak  cppcheck 2.10 does not know the cleanup attribute; AddressSanitizer watches leaks
	#   ctuPointerArith        it takes the size of an array for the distance to its end
	#   nullPointerRedundantCheck  it takes no notice of what a called function does with NULL
	#   internalAstError       a statement expression in an initializer is beyond its parser (gcc and clang see it)
	# The list macros are the only thing of the system's headers that has to be seen expanded.
	queue=$(find /usr/include -path '*/sys/queue.h' | head -n 1)
	# What ships is checked; tests are run.
	find daemon client -name '*.c' -print0 |
		xargs -0 cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -j 2 \
			--enable=warning,performance,portability \
			--suppress=missingIncludeSystem --suppress=unusedStructMember --suppress=memleak --suppress=resourceLeak \
			--suppress=memleakOnRealloc:daemon/base/array.h --suppress=internalAstError --suppress=ctuPointerArith \
			--suppress=nullPointerRedundantCheck --suppress=unmatchedSuppression \
			--cppcheck-build-dir="$build/cppcheck-$(id -u)" -D_GNU_SOURCE -D__x86_64__ -I . -I daemon -I client \
			-I client/include -I "$build" ${queue:+--include="$queue"}
	;;
shell)
	require shellcheck
	find tests daemon -name '*.sh' -print0 | xargs -0 shellcheck -x dev .ci/run .ci/nightly .ci/steps
	# what packages run
	shellcheck debian/*.postinst debian/*.prerm debian/*.postrm debian/tests/installed debian/tests/machine selinux/build-module
	shellcheck -s bash client/cli/bailiffctl.bash
	# Programs for other shells are in quotes (SC2016); "common" sets what others use (SC2034).
	shellcheck -x -P SCRIPTDIR -e SC2016,SC2034 tests/installed/*.test tests/installed/common tests/installed/run tests/vm/vm-test
	# what service managers run: by dash, whose "ulimit" has options and which has "local"; runit's "conf" is a site's
	shellcheck -s dash -e SC1091 init/runit/*.in
	service_scripts | shellcheck -s dash -e SC2034 -
	;;
*)
	echo "run-tool.sh: no tool '$what'" >&2
	exit 2
	;;
esac
