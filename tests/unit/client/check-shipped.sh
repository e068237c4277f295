#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "bailiffctl verify" finds nothing wrong with the profiles that are shipped, with the policies that are shipped; it does
# look at them; and they leave no more open than they may: 2.0, base and decoder 1.0.
#
# Usage: check-shipped.sh BAILIFFCTL POLICIES
set -eu
bailiffctl=$1 policies=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -R "$policies/profiles" "$work/profiles"
cp -R "$policies/seccomp" "$work/policies"
for profile in "$work"/profiles/*.profile; do
	said=$("$bailiffctl" verify --draft --config-dir="$work" "$profile" 2>&1) || {
		printf '%s\n' "$said" >&2
		exit 1
	}
	name=$(basename "$profile" .profile)
	case $name in
	base | decoder) most=10 ;;
	*) most=20 ;;
	esac
	tenths=$(printf '%s\n' "$said" | sed -n 's/^[^ ]*: exposure \([0-9]*\)\.\([0-9]\) .*/\1\2/p')
	case $said in
	*"; not in the forbidden intersection: privileged no, "*) ;;
	*) tenths= ;;
	esac
	if [ -z "$tenths" ] || [ "$(printf '%s\n' "$said" | wc -l)" -ne 1 ] || [ "$tenths" -gt "$most" ]; then
		printf '%s\n' "$said" >&2
		exit 1
	fi
	echo "ok: ${said##*/}"
done
rm "$work/policies/ping.policy"
if "$bailiffctl" verify --draft --config-dir="$work" "$work/profiles/ping.profile" 2>/dev/null; then
	echo 'ping.profile is fine without its policy' >&2
	exit 1
fi
echo 'ok: a missing policy is found'
