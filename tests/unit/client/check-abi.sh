#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ABI: functions, their arguments and the layout of every public structure are what libbailiff.abi has on record.
# Whatever differs fails, an addition too: --update writes the record anew, and the change of that file is what a
# reviewer looks at. Structures whose insides are not public are not in it.
#
# Usage: check-abi.sh [--update] LIBRARY INCLUDE-DIR RECORD
set -eu
update=
if [ "$1" = --update ]; then
	update=yes
	shift
fi
library=$1 include=$2 record=$3
skip()
{
	echo "not compared: $1"
	exit 77
}

command -v abidiff >/dev/null || skip "no abidiff (package abigail-tools)"
readelf -hW "$library" | grep -q 'Machine:.*X86-64' || skip "the record is of x86-64"
readelf -SW "$library" | grep -q '\.debug_info' || skip "the library was built without -g"

if [ -n "$update" ]; then
	abidw --exported-interfaces-only --drop-private-types --headers-dir "$include" --no-corpus-path --no-comp-dir-path \
		--no-show-locs --no-elf-needed "$library" >"$record.new"
	mv "$record.new" "$record"
	echo "written: $(grep -c '<elf-symbol ' "$record") functions"
	exit 0
fi
compare()
{
	abidiff "$1" "$library" 2>&1
}

compare "$record" || {
	echo "The ABI is not what libbailiff.abi has. If that is meant: ninja -C BUILD update-abi, and mind the soname"
	exit 1
}
# It would notice: a member that moves, an argument of another type, a function that is not there.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
int=$(sed -n "s/.*<type-decl name='int' .*id='\([^']*\)'.*/\1/p" "$record" | head -n 1)
move="/<class-decl name='bailiff_exit'/,/<\/class-decl>/s/layout-offset-in-bits='96'/layout-offset-in-bits='128'/"
turn="s/<parameter type-id='[^']*' name='timeout_usec'/<parameter type-id='$int' name='timeout_usec'/"
lose="s/bailiff_strv_free/bailiff_strv_lost/"
for change in "$move" "$turn" "$lose"; do
	sed "$change" "$record" >"$work/other.abi"
	! cmp -s "$record" "$work/other.abi" || { echo "the record has nothing to try $change on"; exit 1; }
	! compare "$work/other.abi" >/dev/null || { echo "not noticed: $change"; exit 1; }
done
echo "ok: $(grep -c '<elf-symbol ' "$record") functions"
