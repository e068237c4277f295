#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: selftests.sh BUILD [--sources FOLDER] [--output FILE]
#
# Builds the kernel's own self-tests of what Bailiff stands on, from Debian's source package, in a folder of their own
# outside of the tree; runs them on this machine, and some once more inside a jail. Nothing of the kernel's sources
# stays. --sources: an unpacked source of a kernel instead.
set -eu

here=$(dirname "$0")
build=$1
shift
package=linux-source-6.1
sources=
output=
scratch=
# shellcheck source=tests/demo/stage.sh
. "$here/../demo/stage.sh"

while [ $# -gt 0 ]; do
	case $1 in
	--sources | --output) [ $# -ge 2 ] || {
		echo "selftests: $1 needs a value" >&2
		exit 2
	} ;;
	esac
	case $1 in
	--sources) sources=$2 ;;
	--output) output=$2 ;;
	*)
		echo "selftests: unknown option '$1'" >&2
		exit 2
		;;
	esac
	shift 2
done

leave()
{
	_leaving=$?
	trap - EXIT INT TERM HUP
	stage_close
	[ -z "$scratch" ] || rm -rf --one-file-system "$scratch"
	exit "$_leaving"
}

# Only what the self-tests are made of is unpacked.
get_sources()
{
	echo "selftests: fetching $package (about 140 MB)" >&2
	mkdir "$scratch/packages" "$scratch/kernel"
	(cd "$scratch/packages" && apt-get -q -o APT::Sandbox::User=root download "$package") >&2
	dpkg-deb -x "$scratch"/packages/*.deb "$scratch/packages/files"
	for _tar in "$scratch"/packages/files/usr/src/*.tar.xz; do
		tar -C "$scratch/kernel" -xf "$_tar" --strip-components=1 --wildcards '*/tools/testing/selftests/*' \
			'*/tools/include/*' '*/tools/scripts/*' '*/scripts/subarch.include'
	done
	basename "$scratch"/packages/*.deb .deb | tr _ ' ' | cut -d' ' -f1,2 >"$scratch/version"
	sources=$scratch/kernel
}

# make_tests NAME: their makefiles take the headers of the installed linux-libc-dev.
make_tests()
{
	mkdir -p "$scratch/tests/$1"
	make -s -C "$sources/tools/testing/selftests/$1" KHDR_INCLUDES=-I/usr/include OUTPUT="$scratch/tests/$1" \
		>"$scratch/make-$1.log" 2>&1 || {
		cat "$scratch/make-$1.log" >&2
		echo "selftests: $1 does not compile (see above)" >&2
		return 1
	}
}

trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# Not in /tmp: the tests get one of their own.
scratch=$(mktemp -d /var/tmp/bailiff-selftests.XXXXXX)
chmod 0755 "$scratch"
echo 'sources as given' >"$scratch/version"
[ -n "$sources" ] || get_sources
for name in seccomp landlock openat2 clone3 mount_setattr pidfd; do
	make_tests "$name"
done
stage_open selftests "$build"
cat >"$stage/config/profiles/selftests.profile" <<X
[Profile]
Description=The kernel's self-tests
[Exec]
Executable=/usr/bin/sh
WorkingDirectory=/tests
StandardOutput=inherit
StandardError=inherit
[Filesystem]
BindReadOnlyPaths=$scratch/tests:/tests
X
stage_start
export LD_LIBRARY_PATH="$stage_library"
python3 -B "$here/selftests.py" "$scratch/tests" "$scratch/version" "$stage/tree/usr/bin/bailiffctl" "$here/reasons.txt" \
	>"$scratch/document" || {
	status=$?
	echo '--- the daemon said:' >&2
	tail -n 20 "$stage/daemon.log" >&2
	exit "$status"
}
stage_stop
if [ -n "$output" ]; then
	cp "$scratch/document" "$output"
else
	cat "$scratch/document"
fi
