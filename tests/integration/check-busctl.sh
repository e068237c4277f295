#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What somebody sees who looks at the broker with busctl(1): the tree, an object with the names of its arguments, a
# call, and the signals of a sandbox, which its launcher alone is sent. Started by test-busctl.c, which has the bus.
#
# Usage: check-busctl.sh ADDRESS
set -eu
address=$1 name=org.bailiff.Broker1 path=/org/bailiff/Broker1
manager=$name.Manager

ctl() {
	busctl --address="$address" --no-pager --no-legend "$@"
}

# expect WHAT TEXT PATTERN...: each pattern is found in the text, in an own line
expect() {
	what=$1 text=$2
	shift 2
	for pattern; do
		printf '%s\n' "$text" | grep -Eq -- "$pattern" || {
			printf '%s lacks %s:\n%s\n' "$what" "$pattern" "$text" >&2
			exit 1
		}
	done
	echo "ok: $what"
}

tree=$(ctl tree --list "$name")
expect tree "$tree" "^$path\$" "^$path/profile/tool\$" "^$path/profile/network_2dservice\$"

seen_arguments=$(mktemp)
trap 'rm -f "$seen_arguments"' EXIT
seen=$(ctl introspect "$name" "$path")
expect 'introspection of the manager' "$seen" \
	'^\.Explain +method +sasa\{ss\}a\{sv\} +bsasa\{sv\}' '^\.GetProfile +method +s +o' '^\.KillAll +method +si +u' \
	'^\.Version +property +s +"' '^org\.freedesktop\.DBus\.ObjectManager +interface'
seen=$(ctl introspect "$name" "$path/profile/tool")
expect 'introspection of a profile' "$seen" '^\.Dump +method +- +a\{sv\}' '^\.Exposure +property +d +[0-9.]+' \
	'^\.ForbiddenIntersection +property +b +false' '^\.Name +property +s +"tool"'
xml=$(ctl introspect --xml-interface "$name" "$path")
expect 'names of arguments' "$xml" '<arg type="s" name="profile" direction="in"/>' \
	'<arg type="as" name="reasons" direction="out"/>'
expect 'who may call, and what for' "$xml" '<annotation name="org.bailiff.Authorization" value="administrator"/>' \
	'<annotation name="org.gtk.GDBus.DocString" value="Compiles the profiles anew'

for object in "$path" "$path/profile/tool"; do
	ctl introspect --xml-interface "$name" "$object" | grep '<arg' >"$seen_arguments"
	if grep -v ' name="[a-z_]' "$seen_arguments" >&2; then
		echo "$object has arguments without a name" >&2
		exit 1
	fi
done
echo 'ok: each argument has a name'

said=$(ctl call "$name" "$path" "$manager" Explain 'sasa{ss}a{sv}' tool 2 sleep 1 0 0)
expect 'a call' "$said" '^bsasa\{sv\} true "administrator \(user 0\)" 0 [0-9]+ "executable" s "/usr/bin/sleep"'
said=$(ctl call "$name" "$path" "$manager" Explain 'sasa{ss}a{sv}' tool 1 /usr/bin/ls 0 0)
expect 'a denial' "$said" '^bsasa\{sv\} false "tool\.profile Executable=" 2 "org\.bailiff\.Broker1\.Error\.ArgvDenied"'
said=$(ctl call "$name" "$path" "$manager" KillAll si '' 9 2>&1 || true)
expect 'an empty name' "$said" 'does not stand for all'
said=$(ctl get-property "$name" "$path/profile/tool" "$name.Profile" Executables)
expect 'a property' "$said" '^as 3 "/usr/bin/sleep" "/usr/bin/cat" "/usr/bin/dash"$'

# What the bus carried, as root may see: the signals of a sandbox have one receiver.
seen=$(mktemp)
trap 'kill "$monitor" 2>/dev/null; rm -f "$seen" "$seen_arguments"' EXIT
busctl --address="$address" monitor "$name" >"$seen" 2>&1 &
monitor=$!
tries=0
until grep -q 'Member=InterfacesAdded' "$seen"; do
	tries=$((tries + 1))
	[ "$tries" -le 60 ] || { cat "$seen" >&2; exit 1; }
	ctl call "$name" "$path" "$manager" LaunchSandboxed 'sasa{ss}a{uh}a{sv}' tool 2 sleep 0 0 0 0 >/dev/null
	sleep 0.5
done
expect monitor "$(cat "$seen")" 'Member=InterfacesAdded'
grep -B2 'Member=InterfacesAdded' "$seen" | grep -Eq 'Destination=:1\.[0-9]+' || {
	echo 'InterfacesAdded has no receiver of its own:' >&2
	grep -B3 'Member=InterfacesAdded' "$seen" >&2
	exit 1
}
echo 'ok: signals have one receiver'
