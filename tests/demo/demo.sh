#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: demo.sh BUILD
#
# The main job from end to end, on a bus and with a daemon of its own: an unprivileged user decompresses an untrusted
# file in a jail; attempts from inside are refused; a user who may not is refused; a live sandbox is looked at and
# stopped; nothing is left. Exit status 0 when everything went as said.
set -eu

here=$(dirname "$0")
build=$1
user=bailiff-demo
stranger=nobody
made_user=
checks=0
id=
cgroup=
surprises=0

# shellcheck source=tests/demo/stage.sh
. "$here/stage.sh"

title()
{
	printf '\n\033[1m%s\033[0m\n' "$*"
}

# show TEXT: what the programs said, set off from what the demo says.
show()
{
	printf '%s\n' "$1" | sed 's/^/      | /'
}

good()
{
	checks=$((checks + 1))
	printf '  OK  %s\n' "$*"
}

bad()
{
	checks=$((checks + 1))
	surprises=$((surprises + 1))
	printf ' FAIL %s\n' "$*"
}

# check WHAT COMMAND...
check()
{
	_what=$1
	shift
	if "$@"; then good "$_what"; else bad "$_what"; fi
}

contains()
{
	case $1 in
	*"$2"*) return 0 ;;
	*) return 1 ;;
	esac
}

ctl()
{
	stage_as "$user" bailiffctl "$@"
}

leave()
{
	_leaving=$?
	trap - EXIT INT TERM HUP
	stage_close
	[ -z "$made_user" ] || userdel "$user" 2>/dev/null || :
	exit "$_leaving"
}

# What could be left behind: mounts. (Processes are followed by their PID namespaces, the cgroup by its path, files live
# in $stage.) Sessions and services of the system come and go meanwhile; theirs are not counted.
mounts()
{
	awk '{ print $5, $3, $4 }' /proc/self/mountinfo | grep -v '^/run/\(user\|systemd\|credentials\)/' | sort
}

# The pids of bailiffd and of all that came of it, jails too.
daemon_processes()
{
	cat /proc/[0-9]*/status 2>/dev/null | awk -v root="$stage_daemon_pid" '
		/^Pid:/ { pid = $2 }
		/^PPid:/ { parent[pid] = $2 }
		END {
			for (pid in parent) {
				for (p = pid; p != root && p in parent; p = parent[p])
					;
				if (p == root)
					print pid
			}
		}'
}

# Reads pids; the inodes of their PID namespaces, but for the one that the demo itself is in.
pid_namespaces()
{
	_own=$(readlink /proc/self/ns/pid)
	while read -r _pid; do
		_space=$(readlink "/proc/$_pid/ns/pid" 2>/dev/null) || continue
		[ "$_space" = "$_own" ] || printf '%s\n' "$_space"
	done | sort -u
}

# Those of the list in file $1 that still have a process.
still_populated()
{
	find /proc -maxdepth 1 -name '[0-9]*' -printf '%f\n' | pid_namespaces | grep -xF -f "$1" || :
}

# jail_profile NAME REST-OF-PROFILE
jail_profile()
{
	cat >"$stage/config/profiles/$1.profile" <<X
[Profile]
Description=Tries what it must not
[Access]
AllowUser=$user
[Exec]
Executable=/attempts /missing
StandardOutput=inherit
StandardError=inherit
[User]
DynamicUser=yes
[Filesystem]
MinimalRoot=yes
PrivateTmp=yes
BindReadOnlyPaths=$stage/attempts:/attempts
[Resources]
LimitNPROC=32
TimeoutStopSec=2s
$2
X
}

write_profiles()
{
	mkdir "$stage/config/profiles/decoder.profile.d"
	printf '[Access]\nAllowUser=%s\n' "$user" >"$stage/config/profiles/decoder.profile.d/demo.conf"
	cp "$build/tests/demo/attempts" "$stage/attempts"
	jail_profile attempts '[Seccomp]
Policy=decoder.policy'
	jail_profile attempts-unfiltered ''
	# The profile that the README shows has to work as it stands there.
	# shellcheck disable=SC2016 # the backquotes are those of the README
	sed -n '/^```ini$/,/^```$/{/^```/!p}' "$here/../../README.md" >"$stage/config/profiles/checksum.profile"
	mkdir "$stage/config/profiles/checksum.profile.d"
	printf '[Access]\nAllowUser=%s\n' "$user" >"$stage/config/profiles/checksum.profile.d/demo.conf"
}

prepare()
{
	title 'A stage: bus, daemon, profiles, an unprivileged user'
	if ! getent passwd "$user" >/dev/null; then
		useradd --system --user-group --no-create-home --home-dir / --shell /usr/sbin/nologin "$user"
		made_user=yes
	fi
	stage_open demo "$build"
	write_profiles
	mounts >"$stage/mounts.before"
	stage_start
	good "bailiffd runs on a private bus in $stage; the user is $user ($(id "$user"))"
	show "$(ctl profiles)"
}

decompress()
{
	title 'An untrusted file is decompressed inside the profile "decoder"'
	xz -c "$stage/tree/usr/sbin/bailiffd" >"$stage/input.xz"
	chmod 0644 "$stage/input.xz"
	printf '    %s$ bailiffctl run decoder -- xz -dc <input.xz | cat >output\n' "$user"
	# shellcheck disable=SC2016 # expanded by that user's shell, which opens the file as that user
	stage_as "$user" sh -c 'bailiffctl run decoder -- xz -dc <"$1" | cat' sh "$stage/input.xz" >"$stage/output" ||
		bad 'bailiffctl run failed'
	check "$(wc -c <"$stage/input.xz") bytes in, $(wc -c <"$stage/output") bytes out, equal to the original byte for byte" \
		cmp -s "$stage/output" "$stage/tree/usr/sbin/bailiffd"
	head -c 2000 "$stage/input.xz" >"$stage/cut.xz"
	_status=0
	# shellcheck disable=SC2016
	_said=$(stage_as "$user" sh -c 'bailiffctl run decoder -- xz -dc <"$1" 2>&1 >/dev/null' sh "$stage/cut.xz") || _status=$?
	show "$_said"
	check "of a damaged file, the program's own exit status comes through ($_status)" test "$_status" -eq 1
}

readme_profile()
{
	title 'The profile that the README shows'
	check 'bailiffctl verify finds nothing wrong with it' \
		stage_ctl verify --config-dir "$stage/config" "$stage/config/profiles/checksum.profile"
	printf '    %s$ bailiffctl run checksum -- sha256sum --binary <input.xz\n' "$user"
	# shellcheck disable=SC2016
	_said=$(stage_as "$user" sh -c 'bailiffctl run checksum -- sha256sum --binary <"$1" 2>&1' sh "$stage/input.xz") || :
	show "$_said"
	check 'and it does what it says' test "$_said" = "$(sha256sum --binary <"$stage/input.xz")"
	_status=0
	_said=$(ctl run checksum -- sha256sum /etc/passwd </dev/null 2>&1) || _status=$?
	show "$_said"
	check 'an argument that it does not list is refused' test "$_status" -eq 126
}

sanitized_name()
{
	title "A user's sanitized name, and the same by sha1sum"
	_said=$(ctl sanitize-username Somebody@Example.com) || bad 'bailiffctl sanitize-username failed'
	show "$_said"
	_wanted=$({ cat "$stage/state/salt" && printf 'somebody@example.com'; } | sha1sum | cut -d' ' -f1)
	check "is SHA-1 of the salt and the name in lower case" test "$_said" = "$_wanted"
}

# attempt PROFILE NAME WHAT: refused by the program's own report, or killed by the filter (128 + SIGSYS).
attempt()
{
	_status=0
	_said=$(ctl run "$1" -- /attempts "$2" </dev/null 2>&1) || _status=$?
	show "$_said"
	case $_status in
	0) check "$3: refused" contains "$_said" 'refused: ' ;;
	159) good "$3: killed by the filter (SIGSYS)" ;;
	*) bad "$3: exit status $_status" ;;
	esac
}

attempt_all()
{
	attempt "$1" shadow 'read /etc/shadow'
	attempt "$1" socket 'reach the network'
	attempt "$1" write 'write below /usr'
	attempt "$1" ptrace 'trace the parent'
	attempt "$1" mount 'mount something'
	attempt "$1" fork-bomb 'fork without end'
}

missing_program()
{
	title 'A program that the profile names, but the jail does not have'
	_status=0
	_said=$(ctl run attempts -- /missing </dev/null 2>&1) || _status=$?
	show "$_said"
	check "fails as a shell says it (exit status $_status)" test "$_status" -eq 127
}

attempt_from_inside()
{
	title 'Attempts from inside, with the filter of "decoder"'
	attempt_all attempts
	title 'The same without a filter: what namespaces, root, capabilities and limits hold by themselves'
	attempt_all attempts-unfiltered
}

refuse_stranger()
{
	title "A caller who may not launch the profile"
	printf '    %s$ bailiffctl run decoder -- xz -dc\n' "$stranger"
	_status=0
	_said=$(stage_as "$stranger" bailiffctl run decoder -- xz -dc </dev/null 2>&1) || _status=$?
	show "$_said"
	check "is refused (exit status $_status)" test "$_status" -eq 126
	check 'and is told the rule' contains "$_said" 'Access'
}

# The number of the sandbox that "bailiffctl list" shows first.
first_sandbox()
{
	ctl --json=short list | sed -n 's/^[^{]*{[^}]*"id":"\{0,1\}\([0-9]*\).*/\1/p' | head -n 1
}

look_at_live_sandbox()
{
	title 'A live sandbox, as an administrator and its owner see it'
	ctl run attempts-unfiltered -- /attempts stay </dev/null >"$stage/stay.log" 2>&1 &
	stay_pid=$!
	stage_wait_until grep -q staying "$stage/stay.log" || {
		show "$(cat "$stage/stay.log")"
		bad 'it did not start'
		return 0
	}
	id=$(first_sandbox)
	check "it has a number: ${id:-none}" test -n "$id"
	daemon_processes | pid_namespaces >"$stage/namespaces"
	# as have up to four jails that wait for launches to come (MaxSpareJails=)
	_spaces=$(wc -l <"$stage/namespaces")
	check "bailiffd and its jail have PID namespaces of their own" test "$_spaces" -ge 2
	check "and who waits for the next launches ($((_spaces - 2)), at most 4)" test "$_spaces" -le 6
	# The sandbox's cgroup lies in the daemon's.
	cgroup=$(busctl --address="$BAILIFF_ADDRESS" get-property org.bailiff.Broker1 \
		"/org/bailiff/Broker1/sandbox/$id" org.bailiff.Broker1.Sandbox ControlGroup | sed -n 's/^s "\(.*\)\/[^/]*"$/\1/p')
	[ -d "$cgroup" ] || cgroup=
	printf '    root# busctl tree org.bailiff.Broker1\n'
	_said=$(busctl --address="$BAILIFF_ADDRESS" --no-pager tree org.bailiff.Broker1)
	show "$_said"
	check 'busctl tree shows it' contains "$_said" "/org/bailiff/Broker1/sandbox/$id"
	printf '    root# busctl introspect org.bailiff.Broker1 /org/bailiff/Broker1/sandbox/%s\n' "$id"
	_said=$(busctl --address="$BAILIFF_ADDRESS" --no-pager introspect org.bailiff.Broker1 "/org/bailiff/Broker1/sandbox/$id")
	show "$_said"
	check 'busctl introspect shows its interface' contains "$_said" 'org.bailiff.Broker1.Sandbox'
	printf '    %s$ bailiffctl list\n' "$user"
	_said=$(ctl list)
	show "$_said"
	check 'its owner sees it' contains "$_said" attempts-unfiltered
	_said=$(stage_as "$stranger" bailiffctl list)
	check 'another user does not' test "${_said#*attempts-unfiltered}" = "$_said"
	_status=0
	_said=$(stage_as "$stranger" bailiffctl stop "$id" 2>&1) || _status=$?
	show "$_said"
	check 'and cannot stop it' test "$_status" -ne 0
}

stop_live_sandbox()
{
	title 'It is stopped'
	printf '    %s$ bailiffctl stop %s\n' "$user" "$id"
	check 'its owner stops it' ctl stop "$id"
	_status=0
	wait "$stay_pid" || _status=$?
	check "bailiffctl run ends with it (exit status $_status)" test "$_status" -gt 128
}

nothing_left()
{
	title 'Nothing is left'
	_status=0
	stage_stop || _status=$?
	check "bailiffd ended by itself when asked (exit status $_status)" test "$_status" -eq 0
	mounts >"$stage/mounts.after"
	check 'the same mounts as before' diff "$stage/mounts.before" "$stage/mounts.after"
	check "no cgroup (it was ${cgroup:-none})" test ! -e "${cgroup:-/none}"
	check "no process in any of the $(wc -l <"$stage/namespaces") PID namespaces" test -z "$(still_populated "$stage/namespaces")"
	# which user ids were used last, and when: the next start keeps them in quarantine
	check 'no file in the runtime directory but the record of user ids' test "$(ls -A "$stage/run")" = dynamic-uids
}

summary()
{
	title 'Summary'
	if [ "$surprises" -eq 0 ]; then
		printf 'All %s checks went as said.\n' "$checks"
		return 0
	fi
	printf '%s of %s checks did not go as said. The daemon said:\n' "$surprises" "$checks"
	show "$(tail -n 40 "$stage/daemon.log")"
	return 1
}

trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
prepare
decompress
readme_profile
sanitized_name
attempt_from_inside
missing_program
refuse_stranger
look_at_live_sandbox
[ -z "$id" ] || stop_live_sandbox
nothing_left
summary
