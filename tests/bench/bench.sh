#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: bench.sh BUILD [WHAT] [OPTIONS]
# Sets the stage for the benchmark: a bus, bailiffd, and profiles that run the payload in the jail of jail.py. What is
# measured, and how, stands in bench.py.
#
# Functions are called by traps:
# shellcheck disable=SC2317
set -eu

here=$(dirname "$0")
build=$1
shift
# shellcheck source=tests/demo/stage.sh
. "$here/../demo/stage.sh"

bench_pid=

# A shell takes no signal while it waits for a program in the foreground: so the bench is in the background.
finish()
{
	if [ -n "$bench_pid" ]; then
		kill -TERM "$bench_pid" 2>/dev/null || :
		wait "$bench_pid" || :
	fi
	exit "$1"
}

# What second.py had no time for.
end_second()
{
	[ ! -e "$stage/second/pid" ] || stage_end "$(cat "$stage/second/pid")" || :
	stage_close
}

trap end_second EXIT
trap 'finish 130' INT
trap 'finish 143' TERM HUP
what=launch
case ${1:-} in
'' | --*) ;;
*)
	what=$1
	shift
	;;
esac
stage_open bench "$build"
mkdir "$stage/app"
cp "$build/tests/bench/bench-payload" "$stage/app/payload"
# The users are those of "fairness"; every Debian has them.
python3 -B "$here/jail.py" "$stage" man lp
cat >>"$stage/config/bailiffd.conf" <<'X'
MaxSandboxes=4096
LaunchesPerMinutePerUser=60000
X
# One user's limits are what "fairness" is about; in all else one user is everybody.
[ "$what" = fairness ] || cat >>"$stage/config/bailiffd.conf" <<'X'
MaxSandboxesPerUser=4096
MaxCallsPerUser=4096
MaxBytesPerUser=1G
MaxFileDescriptorsPerUser=100000
X
# The empty service, which is what a bus costs at least.
cat >"$stage/tree/usr/share/dbus-1/system.d/org.bailiff.Bench.conf" <<'X'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root">
    <allow own="org.bailiff.Bench"/>
    <allow send_destination="org.bailiff.Bench"/>
  </policy>
</busconfig>
X
stage_start
export LD_LIBRARY_PATH="$stage_library"
status=0
python3 -B "$here/bench.py" "$what" --stage "$stage" --build "$build" --daemon "$stage_daemon_pid" \
	--bus-pid "$stage_bus_pid" "$@" &
bench_pid=$!
wait "$bench_pid" || status=$?
bench_pid=
if [ "$status" -ne 0 ] && [ "$status" -ne 2 ]; then
	echo '--- the daemon said:' >&2
	grep -v 'Sandbox [0-9]' "$stage/daemon.log" | tail -n 20 >&2
fi
stage_stop
exit "$status"
