#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: compare.sh BUILD [--minijail0 FILE] [--engines NAME,... | --profiles] [--output FILE | --against FILE]
#
# Sets the stage for compare.py: a bus, bailiffd, an unprivileged user with a home directory, the probe, and the filter
# that a container engine would give to its runtime. Removes all of it.
set -eu

here=$(dirname "$0")
build=$1
shift
user=bailiff-compare
made_user=
home=
filter_package=golang-github-containers-common
# shellcheck source=tests/demo/stage.sh
. "$here/../demo/stage.sh"

leave()
{
	_leaving=$?
	trap - EXIT INT TERM HUP
	stage_close
	[ -z "$home" ] || rm -rf --one-file-system "$home"
	[ -z "$made_user" ] || userdel "$user" 2>/dev/null || :
	exit "$_leaving"
}

# The package wants a network for containers; only one file of it is of use here, so it is unpacked and not installed.
container_filter()
{
	for _file in /etc/containers/seccomp.json /usr/share/containers/seccomp.json; do
		if [ -e "$_file" ]; then
			printf '%s' "$_file"
			return 0
		fi
	done
	mkdir "$stage/packages"
	(cd "$stage/packages" && apt-get -q download "$filter_package" && dpkg-deb -x ./*.deb .) \
		>"$stage/packages.log" 2>&1 || return 0
	printf '%s' "$stage/packages/usr/share/containers/seccomp.json"
}

trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
if [ "$(id -u)" -ne 0 ]; then
	echo 'compare: a root daemon is started: root is needed' >&2
	[ "${BAILIFF_MUST_WORK:-}" = 1 ] && exit 1
	exit 77
fi
stage_open compare "$build"
if getent passwd "$user" >/dev/null; then
	echo "compare: there is a user $user, perhaps of a run that was killed: remove it with: userdel $user" >&2
	exit 1
fi
# /tmp and /var/tmp are covered in some jails
home=$(mktemp -d /home/bailiff-compare.XXXXXX)
useradd --user-group --no-create-home --home-dir "$home" --shell /bin/sh "$user"
made_user=yes
chown "$user:$user" "$home"
cp "$build/tests/jail/probe" "$stage/probe"
filter=
# Only crun has a use for it.
case " $* " in
*" --profiles "*) ;;
*crun*) filter=$(container_filter) ;;
*" --engines "*) ;;
*) filter=$(container_filter) ;;
esac
export LD_LIBRARY_PATH="$stage_library"
stage_start
python3 -B "$here/compare.py" --stage "$stage" --ctl "$stage/tree/usr/bin/bailiffctl" --user "$user" \
	--container-filter "$filter" "$@" || {
	status=$?
	echo '--- the daemon said:' >&2
	tail -n 20 "$stage/daemon.log" >&2
	exit "$status"
}
stage_stop
