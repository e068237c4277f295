# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A private stage for the demo and the benchmark: the installed tree, a system bus and bailiffd, all below one
# temporary directory. To be sourced. Knows how to start and to end them, not what is played.
#
#   stage_open NAME BUILD  makes $stage, installs the build into $stage/tree, a configuration into $stage/config
#   stage_start            starts bus and daemon; sets $BAILIFF_ADDRESS
#   stage_stop             stops both; fails when the daemon did not end well
#   stage_close            stops what runs and removes $stage; for the EXIT trap

stage=
stage_bus_pid=
stage_daemon_pid=

stage_say()
{
	printf '%s\n' "$*" >&2
}

stage_wait_until()
{
	_tries=100
	until "$@" >/dev/null 2>&1; do
		_tries=$((_tries - 1))
		[ "$_tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

stage_open()
{
	# Unprivileged users have to reach the programs, whatever the modes above the source tree are.
	stage=$(mktemp -d "${TMPDIR:-/tmp}/bailiff-$1.XXXXXX")
	chmod 0755 "$stage"
	umask 022
	meson install -C "$2" --no-rebuild --quiet --destdir "$stage/tree" >"$stage/install.log" 2>&1 || {
		cat "$stage/install.log" >&2
		return 1
	}
	stage_library=$(find "$stage/tree" -name 'libbailiff.so.0' | head -n 1)
	if [ -z "$stage_library" ]; then
		stage_say 'the build installs no libbailiff.so.0'
		return 1
	fi
	stage_library=${stage_library%/*}
	mkdir "$stage/config" "$stage/run" "$stage/state"
	cp -R "$stage/tree/usr/lib/bailiff/profiles" "$stage/tree/usr/lib/bailiff/policies" "$stage/config/"
	printf '[Broker]\nSaltPath=%s/state/salt\n' "$stage" >"$stage/config/bailiffd.conf"
	chown -R 0:0 "$stage/config"
	chmod -R u=rwX,go=rX "$stage/config"
}

# The rules of a system bus: nobody owns a name or calls a method unless a file says so; ours is the only file.
stage_bus_config()
{
	cat <<X
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$stage/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <includedir>$stage/tree/usr/share/dbus-1/system.d</includedir>
</busconfig>
X
}

stage_start()
{
	stage_bus_config >"$stage/bus.conf"
	dbus-daemon --config-file="$stage/bus.conf" --nofork --nopidfile --nosyslog >"$stage/bus.log" 2>&1 &
	stage_bus_pid=$!
	stage_wait_until test -S "$stage/bus" || {
		cat "$stage/bus.log" >&2
		return 1
	}
	BAILIFF_ADDRESS=unix:path=$stage/bus
	export BAILIFF_ADDRESS
	"$stage/tree/usr/sbin/bailiffd" --libexec-dir "$stage/tree/usr/libexec/bailiff" --config-dir "$stage/config" \
		--runtime-dir "$stage/run" --bus-address "$BAILIFF_ADDRESS" --log-level info >"$stage/daemon.log" 2>&1 &
	stage_daemon_pid=$!
	if ! stage_wait_until busctl --address="$BAILIFF_ADDRESS" --no-pager call org.bailiff.Broker1 \
		/org/bailiff/Broker1 org.freedesktop.DBus.Peer Ping; then
		stage_say "bailiffd did not answer:"
		cat "$stage/daemon.log" >&2
		return 1
	fi
}

stage_ctl()
{
	LD_LIBRARY_PATH="$stage_library" "$stage/tree/usr/bin/bailiffctl" "$@"
}

# stage_as USER COMMAND...: with that user's groups and nothing of root's; bailiffctl is found by its name.
stage_as()
{
	_user=$1
	shift
	setpriv --reuid="$_user" --regid="$(id -g "$_user")" --init-groups --bounding-set=-all --inh-caps=-all -- \
		env -i PATH="$stage/tree/usr/bin:/usr/bin:/bin" HOME=/ LANG=C.UTF-8 LD_LIBRARY_PATH="$stage_library" \
		BAILIFF_ADDRESS="$BAILIFF_ADDRESS" "$@"
}

# stage_end PID: asks, waits ten seconds, and says how it ended.
stage_end()
{
	kill -TERM "$1" 2>/dev/null || :
	_tries=100
	while kill -0 "$1" 2>/dev/null && [ "$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)" != Z ]; do
		_tries=$((_tries - 1))
		if [ "$_tries" -eq 0 ]; then
			stage_say "process $1 did not end within ten seconds; killed"
			kill -KILL "$1" 2>/dev/null || :
			wait "$1" 2>/dev/null || :
			return 1
		fi
		sleep 0.1
	done
	wait "$1"
}

stage_stop()
{
	_status=0
	if [ -n "$stage_daemon_pid" ]; then
		stage_end "$stage_daemon_pid" || _status=$?
		stage_daemon_pid=
	fi
	if [ -n "$stage_bus_pid" ]; then
		stage_end "$stage_bus_pid" || :
		stage_bus_pid=
	fi
	return "$_status"
}

stage_close()
{
	stage_stop || :
	if [ -n "$stage" ]; then
		rm -rf --one-file-system "$stage"
		stage=
	fi
}
