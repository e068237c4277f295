#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "bailiffctl verify" has nothing to say about the profiles that are shipped, with the policies that are shipped; and it
# does look at them.
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
	[ -z "$said" ] || { printf '%s\n' "$said" >&2; exit 1; }
	echo "ok: $(basename "$profile")"
done
rm "$work/policies/ping.policy"
if "$bailiffctl" verify --draft --config-dir="$work" "$work/profiles/ping.profile" 2>/dev/null; then
	echo 'ping.profile is fine without its policy' >&2
	exit 1
fi
echo 'ok: a missing policy is found'
