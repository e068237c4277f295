#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The man pages know what there is: bailiffctl(1) every verb and option of --help, bailiffctl-policy(1) those behind
# "policy", bailiff(3) every function of the map. The completion for bash finds the same.
#
# Usage: check-pages.sh BAILIFFCTL MAP MAN-DIR COMPLETION
set -eu
ctl=$1 map=$2 man=$3 completion=$4
status=0

miss()
{
	echo "$1" >&2
	status=1
}

list_verbs()
{
	"$ctl" "$@" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'
}

list_options()
{
	"$ctl" "$@" --help | sed -n 's/^  \(-., \|    \)--\([a-z0-9-]*\).*/\2/p'
}

verbs=$(list_verbs)
[ "$(echo "$verbs" | wc -l)" -ge 13 ] || miss "--help lists fewer than 13 verbs"
for verb in $verbs; do
	grep -q "^\.\(It \)\{0,1\}Cm $verb\( \|\$\)" "$man/bailiffctl.1" || miss "bailiffctl.1 lacks the verb $verb"
	for option in $(list_options "$verb"); do
		grep -q "Fl -$option\( \|\$\)" "$man/bailiffctl.1" || miss "bailiffctl.1 lacks --$option of $verb"
	done
done
global=$(list_options policy)
verbs=$(list_verbs policy)
[ "$(echo "$verbs" | wc -l)" -ge 3 ] || miss "policy --help lists fewer than 3 verbs"
for verb in $verbs; do
	grep -q "^\.It Cm $verb\( \|\$\)" "$man/bailiffctl-policy.1" || miss "bailiffctl-policy.1 lacks the verb $verb"
	grep -q "^\.Cm policy $verb\( \|\$\)" "$man/bailiffctl-policy.1" || miss "bailiffctl-policy.1 lacks a synopsis of $verb"
	for option in $(list_options policy "$verb"); do
		echo "$global" | grep -qx -e "$option" || grep -q "Fl -$option\( \|\$\)" "$man/bailiffctl-policy.1" ||
			miss "bailiffctl-policy.1 lacks --$option of $verb"
	done
done
functions=$(sed -n 's/^[[:space:]]*\(bailiff_[a-z0-9_]*\);$/\1/p' "$map")
for function in $functions; do
	grep -q "^\.Fn $function " "$man/bailiff.3" || miss "bailiff.3 lacks $function()"
done

if command -v bash >/dev/null; then
	PATH=$(dirname "$ctl"):$PATH bash -c '
		. "$1"
		COMP_WORDS=(bailiffctl --json=short st) COMP_CWORD=2
		_bailiffctl
		[ "${COMPREPLY[*]}" = "status stop" ] || { echo "verbs: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl run --no-s) COMP_CWORD=2
		_bailiffctl 2>/dev/null
		[ "${COMPREPLY[*]}" = "--no-stdin" ] || { echo "options: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl policy --json = short c) COMP_CWORD=5
		_bailiffctl
		[ "${COMPREPLY[*]}" = "check compile" ] || { echo "verbs of policy: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl policy compile --ou) COMP_CWORD=3
		_bailiffctl 2>/dev/null
		[ "${COMPREPLY[*]}" = "--output=" ] || { echo "options of policy: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl policy dump --arch = a) COMP_CWORD=5
		_bailiffctl
		[ "${COMPREPLY[*]}" = "arm64 arm" ] || { echo "architectures: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl policy check --arch=all "$2/bailiffctl-p") COMP_CWORD=4
		_bailiffctl
		[ "${COMPREPLY[*]}" = "$2/bailiffctl-policy.1" ] || { echo "files: ${COMPREPLY[*]}" >&2; exit 1; }
		' bash "$completion" "$man" || status=1
fi
if command -v mandoc >/dev/null; then
	mandoc -Tlint -Wwarning "$man/bailiffctl.1" "$man/bailiffctl-policy.1" "$man/bailiff.3" || status=1
fi
exit $status
