#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: apart.sh PROGRAM [ARGUMENT...]
#
# Runs a test program apart from all others: in namespaces of its own (mount, PID, IPC, UTS, network, cgroup), with a
# /tmp and a cgroup of its own. What it compares before and after is then its own, so that many such programs may run
# at a time; and whatever it started ends with it, also when it aborts or is killed. Exits as the program does. Without
# root, which these programs want, it only becomes the program.
set -eu

# In the namespaces, as their first process.
if [ "${1:-}" = --inside ]; then
	temporary=$2
	propagation=$3
	shift 3
	umount --recursive --lazy /proc
	mount -t proc proc /proc
	cgroup=$(findmnt -rnt cgroup2 -o TARGET | head -n 1)
	if [ -n "$cgroup" ]; then
		umount --lazy "$cgroup"
		mount -t cgroup2 cgroup2 "$cgroup"
	fi
	# What others mount in there goes from here too when they remove the directory that it is on: rmdir(2). What sources
	# and build are on has to stay.
	for mount in $(findmnt -rno TARGET | grep -E '^/(var/)?tmp/' | sort -r); do
		case $(realpath "${0%/*}/..")/:${BAILIFF_BUILD_ROOT:-$PWD}/:$temporary/ in
		"$mount"/* | *:"$mount"/*) ;;
		*) umount --lazy "$mount" 2>/dev/null || : ;;
		esac
	done
	# where sources and build are below /tmp they have to stay there
	for tree in "$(realpath "${0%/*}/..")" "${BAILIFF_BUILD_ROOT:-$PWD}"; do
		case $tree in
		/tmp/*)
			there=$temporary/${tree#/tmp/}
			[ -d "$there" ] || { mkdir -p "$there" && mount --bind "$tree" "$there"; }
			;;
		esac
	done
	mount --rbind "$temporary" /tmp
	case $propagation in
	*shared*) mount --make-rshared / ;;
	esac
	ip link set lo up
	# this shell stays, to reap who is left
	"$@" || exit
	exit 0
fi

[ "$(id -u)" -eq 0 ] || exec "$@"

# shellcheck disable=SC2317 # called by the trap
clean()
{
	# the killed may take a moment
	for pause in 0 0.1 0.2 0.5 1 2; do
		sleep "$pause"
		[ -d "$cgroup" ] || break
		find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && break
	done
	rm -rf --one-file-system "$temporary"
}

cgroup=
temporary=$(mktemp -d /tmp/bailiff-apart-XXXXXX)
trap clean EXIT
trap 'kill -KILL "$pid"' TERM INT HUP
chmod 1777 "$temporary"
top=$(findmnt -rnt cgroup2 -o TARGET | head -n 1)
if [ -n "$top" ]; then
	cgroup=$top$(sed -n 's/^0:://p' /proc/self/cgroup)/${temporary##*/}
	mkdir "$cgroup"
fi
(
	[ -z "$cgroup" ] || echo 0 >"$cgroup/cgroup.procs"
	# of a process in the background the shell has these ignored
	exec env --default-signal=INT,QUIT \
		unshare --mount --pid --fork --kill-child --ipc --uts --net --cgroup \
		"$0" --inside "$temporary" "$(findmnt -no PROPAGATION /)" "$@"
) &
pid=$!
status=0
wait "$pid" || status=$?
exit "$status"
