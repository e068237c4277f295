#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ABI: the library exports what the map lists, at that version, and the header declares the same; it needs no
# library that a client would not expect. Debian's list of symbols has the same, each with the version that brought it.
#
# Usage: check-symbols.sh CC LIBRARY MAP HEADER SYMBOLS
set -eu
cc=$1 library=$2 map=$3 header=$4 symbols=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -n 's/^[[:space:]]*\(bailiff_[a-z0-9_]*\);$/\1/p' "$map" | sort >"$work/map"
nm -D --defined-only --with-symbol-versions "$library" | sed -n 's/^[0-9a-f]* T \(.*\)@@LIBBAILIFF_0$/\1/p' | sort >"$work/library"
"$cc" -E -P -x c "$header" | grep -o 'bailiff_[a-z0-9_]* *(' | tr -d ' (' | sort >"$work/header"
sed -n 's/^ \(bailiff_[a-z0-9_]*\)@LIBBAILIFF_0 [0-9][0-9.]*$/\1/p' "$symbols" | sort >"$work/symbols"

# Anything else that leaked: another version, data, a symbol without one.
nm -D --defined-only --with-symbol-versions "$library" | awk '{ print $2, $3 }' |
	grep -v '^T bailiff_[a-z0-9_]*@@LIBBAILIFF_0$' | grep -v '^A LIBBAILIFF_0' >"$work/leaked" || true

[ -s "$work/map" ] || { echo "$map lists no symbol" >&2; exit 1; }
diff -u "$work/map" "$work/library" || { echo "library and map differ" >&2; exit 1; }
diff -u "$work/map" "$work/header" || { echo "header and map differ" >&2; exit 1; }
diff -u "$work/map" "$work/symbols" || { echo "$symbols and map differ: a line for each symbol, with the version that brings it" >&2; exit 1; }
[ ! -s "$work/leaked" ] || { echo "exported by accident:"; cat "$work/leaked"; exit 1; } >&2

readelf -dW "$library" | grep -q 'SONAME.*\[libbailiff\.so\.0\]' || { echo "wrong soname" >&2; exit 1; }
# Sanitizer builds add their runtime; nothing else may come in.
readelf -dW "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
	grep -Ev '^(libsystemd\.so\.0|libc\.so\.6|ld-linux.*|lib(asan|ubsan|clang_rt).*)$' >"$work/needed" || true
[ ! -s "$work/needed" ] || { echo "needs more than it may:"; cat "$work/needed"; exit 1; } >&2
echo "ok: $(wc -l <"$work/map") symbols"
