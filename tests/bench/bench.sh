#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: bench.sh BUILD [launch|queries|fairness] [--count N] [--json FILE]
# Sets the stage for the benchmark: a bus, bailiffd, and a profile that runs the payload in the jail of "decoder".
set -eu

here=$(dirname "$0")
build=$1
shift
# shellcheck source=tests/demo/stage.sh
. "$here/../demo/stage.sh"

fairness=
case ${1:-} in
launch) shift && set -- --launch "$@" ;;
queries) shift && set -- --queries "$@" ;;
fairness) fairness=yes && shift ;;
'' | --*) set -- --launch --queries "$@" ;;
*)
	echo "bench: no benchmark '$1' (launch, queries, fairness)" >&2
	exit 2
	;;
esac

trap stage_close EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
stage_open bench "$build"
cp "$build/tests/bench/bench-payload" "$stage/payload"
cat >"$stage/config/profiles/bench.profile" <<X
[Profile]
Description=Runs the benchmark's payload
[Access]
AllowUser=man
AllowUser=lp
[Exec]
Executable=/payload
Executable=/usr/bin/sleep
StandardOutput=inherit
[User]
User=nobody
[Filesystem]
MinimalRoot=yes
PrivateTmp=yes
BindReadOnlyPaths=$stage/payload:/payload
[Seccomp]
Policy=decoder.policy
X
stage_start
# Of the payload's policy nothing is needed but that both programs run; who asks are two users of every Debian.
if [ -n "$fairness" ]; then
	count=300 json=
	while [ $# -gt 0 ]; do
		case $1 in
		--count) count=$2 ;;
		--json) json=$2 ;;
		*)
			echo "bench: no option '$1' (--count N, --json FILE)" >&2
			exit 2
			;;
		esac
		shift 2
	done
	install -m 0666 /dev/null "$stage/json"
	LD_LIBRARY_PATH="$stage_library" "$build/tests/bench/bench-fairness" "$BAILIFF_ADDRESS" "$(id -u man)" "$(id -u lp)" \
		"$count" ${json:+"$stage/json"} || {
		tail -n 20 "$stage/daemon.log" >&2
		exit 1
	}
	[ -z "$json" ] || cp "$stage/json" "$json"
	stage_stop
	exit
fi
LD_LIBRARY_PATH="$stage_library" "$build/tests/bench/bench" --address "$BAILIFF_ADDRESS" --payload /payload \
	--host-payload "$stage/payload" --profile bench "$@" || {
	status=$?
	echo '--- the daemon said:' >&2
	tail -n 20 "$stage/daemon.log" >&2
	exit "$status"
}
stage_stop
