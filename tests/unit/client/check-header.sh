#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The installed header stands alone: in C89 with nothing but what it includes itself, in C++98 and later, and twice.
# Connections, requests and sandboxes have no insides there. The examples build against it and the shared library without a warning.
#
# Usage: check-header.sh CC CXX INCLUDE-DIR LIBRARY EXAMPLE...      (CXX empty: no C++ compiler there)
set -eu
cc=$1 cxx=$2 include=$3 library=$4
left_out=0
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/use.c" <<'END'
#include <bailiff/bailiff.h>
#include <bailiff/bailiff.h>
int use(bailiff_connection *c);
int use(bailiff_connection *c)
{
	bailiff_sandbox_info *list = NULL;
	int r = bailiff_list_sandboxes(c, &list);

	bailiff_sandbox_info_free(list);
	return r + BAILIFF_STDIO_PIPE + (BAILIFF_TIMEOUT_INFINITE == 0);
}
END
cp "$work/use.c" "$work/use.cc"

for std in c89 c99 c11 c17; do
	"$cc" -std=$std -pedantic-errors -Wall -Wextra -Werror -I "$include" -c "$work/use.c" -o "$work/use.o"
	echo "ok: C, -std=$std"
done
if [ -n "$cxx" ]; then
	for std in c++98 c++11 c++17; do
		"$cxx" -std=$std -pedantic-errors -Wall -Wextra -Werror -I "$include" -c "$work/use.cc" -o "$work/use.o"
		echo "ok: C++, -std=$std"
	done
else
	echo 'there is no compiler of C++'
	left_out=77
fi
# What is opaque stays so.
for type in connection request sandbox; do
	printf '#include <bailiff/bailiff.h>\nint size = (int)sizeof(bailiff_%s);\n' $type >"$work/opaque.c"
	! "$cc" -I "$include" -c "$work/opaque.c" -o "$work/opaque.o" 2>"$work/said" || { echo "bailiff_$type has a size" >&2; exit 1; }
	grep -q incomplete "$work/said" || { cat "$work/said" >&2; exit 1; }
done
echo "ok: opaque types"
for example; do
	"$cc" -std=c99 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -I "$include" "$example" "$library" \
		-Wl,-rpath,"$(dirname "$library")" -o "$work/example"
	status=0
	"$work/example" 2>/dev/null || status=$?
	# Without arguments an example says how it is used: it was linked and found the library.
	[ "$status" -eq 2 ] || { echo "$example: exit status $status instead of 2" >&2; exit 1; }
	echo "ok: $(basename "$example")"
done
exit "$left_out"
