#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The man pages know what there is: bailiffctl(1) every verb and option of --help, bailiffctl-policy(1) those behind
# "policy", bailiff(3) every function of the map. The completion for bash finds the same.
# Those for zsh and fish are held against it.
#
# Usage: check-pages.sh BAILIFFCTL MAP MAN-DIR COMPLETION
set -eu
ctl=$1 map=$2 man=$3 completion=$4
status=0
left_out=0

# lacks PROGRAM: what was not tried is no success
lacks()
{
	echo "$1 is not installed: what is tried with it was left out" >&2
	left_out=77
}

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
[ "$(echo "$verbs" | wc -l)" -ge 26 ] || miss "--help lists fewer than 26 verbs"
for verb in $verbs; do
	grep -q "^\.\(It \)\{0,1\}Cm $verb\( \|\$\)" "$man/bailiffctl.1" || miss "bailiffctl.1 lacks the verb $verb"
	for option in $(list_options "$verb"); do
		grep -q "Fl -$option\( \|\$\)" "$man/bailiffctl.1" || miss "bailiffctl.1 lacks --$option of $verb"
	done
done
# What is said of explain: the options of run and launch, and its own.
[ "$(list_options explain | sort)" = "$( (list_options launch | grep -vx -e fd -e bind; printf 'user\ndetach\n') | sort)" ] ||
	miss "explain has other options than bailiffctl.1 says"
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
	grep -q "^\.Fn $function \"" "$man/bailiff.3" || miss "the synopsis of bailiff.3 lacks $function()"
	sed '1,/^\.Sh DESCRIPTION/d' "$man/bailiff.3" | grep -q "Fn $function\( \|\$\)" || miss "bailiff.3 does not describe $function()"
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
		COMP_WORDS=(bailiffctl -H host mon) COMP_CWORD=3
		_bailiffctl
		[ "${COMPREPLY[*]}" = "monitor" ] || { echo "verbs over ssh: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl --host = host top --so) COMP_CWORD=5
		_bailiffctl 2>/dev/null
		[ "${COMPREPLY[*]}" = "--sort=" ] || { echo "options over ssh: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl top --sort = m) COMP_CWORD=4
		_bailiffctl
		[ "${COMPREPLY[*]}" = "memory" ] || { echo "keys: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl top -s m) COMP_CWORD=3
		_bailiffctl
		[ "${COMPREPLY[*]}" = "memory" ] || { echo "keys of -s: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl kill -s SIGUSR1) COMP_CWORD=3
		_bailiffctl
		[ "${COMPREPLY[*]}" = "SIGUSR1" ] || { echo "signals of -s: ${COMPREPLY[*]}" >&2; exit 1; }
		all() { bailiffctl "$@" --help | sed -n "s/^  \(-., \|    \)\(--[a-z0-9-]*=\{0,1\}\).*/\2/p"; }
		for verb in $(bailiffctl --help | sed -n "s/^  \([a-z][a-z-]*\) .*/\1/p"); do
			COMP_WORDS=(bailiffctl $verb --) COMP_CWORD=2
			_bailiffctl 2>/dev/null
			[ "${COMPREPLY[*]}" = "$(all $verb | tr "\n" " " | sed "s/ $//")" ] || { echo "options of $verb: ${COMPREPLY[*]}" >&2; exit 1; }
			COMP_WORDS=(bailiffctl $verb) COMP_CWORD=1
			_bailiffctl
			[[ " ${COMPREPLY[*]} " = *" $verb "* ]] || { echo "not found: $verb" >&2; exit 1; }
		done
		# What a broker would say.
		bailiffctl() { case $2 in profiles) printf "tool yes 1\ntwo no 2\n" ;; list) printf " 17 tool\n218 two\n" ;; esac; }
		for verb in run launch cat explain; do
			COMP_WORDS=(bailiffctl $verb t) COMP_CWORD=2
			_bailiffctl
			[ "${COMPREPLY[*]}" = "tool two" ] || { echo "profiles of $verb: ${COMPREPLY[*]}" >&2; exit 1; }
		done
		for verb in status signal stop wait attach freeze thaw limits usage violations show kill; do
			COMP_WORDS=(bailiffctl $verb 1) COMP_CWORD=2
			_bailiffctl
			[ "${COMPREPLY[*]}" = "17" ] || { echo "ids of $verb: ${COMPREPLY[*]}" >&2; exit 1; }
		done
		look() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _bailiffctl 2>/dev/null; }
		look bailiffctl signal --signal = SIGUSR
		[ "${COMPREPLY[*]}" = "SIGUSR1 SIGUSR2" ] || { echo "signals: ${COMPREPLY[*]}" >&2; exit 1; }
		bailiffctl() { case $*/$2 in *--help*) command bailiffctl "$@" ;; */profiles) echo tool yes ;; */list) echo 17 tool ;; esac; }
		look bailiffctl run --env ""
		[ "${COMPREPLY[*]}" = "" ] || { echo "a value: ${COMPREPLY[*]}" >&2; exit 1; }
		look bailiffctl run -e A --tag = x ""
		[ "${COMPREPLY[*]}" = "tool" ] || { echo "a profile behind values: ${COMPREPLY[*]}" >&2; exit 1; }
		look bailiffctl run -e A tool "$2/bailiffctl-p"
		[ "${COMPREPLY[*]}" = "$2/bailiffctl-policy.1" ] || { echo "a program: ${COMPREPLY[*]}" >&2; exit 1; }
		look bailiffctl run tool --no-s
		[ "${COMPREPLY[*]}" = "" ] || { echo "an option of the program: ${COMPREPLY[*]}" >&2; exit 1; }
		look bailiffctl signal -s SIGTERM 17 ""
		[ "${COMPREPLY[*]}" = "17" ] || { echo "one more id: ${COMPREPLY[*]}" >&2; exit 1; }
		COMP_WORDS=(bailiffctl -Hfar stop "") COMP_CWORD=3
		_bailiffctl
		[ "${COMPREPLY[*]}" = "" ] || { echo "asked another machine" >&2; exit 1; }
		' bash "$completion" "$man" || status=1
else
	lacks bash
fi
# The others have the same verbs with the same kind of argument.
kinds_of()
{
	sed -n 's/^[[:space:]]*\(case \)\{0,1\}\(\(run\|status\|show\)[a-z |]*\).*/\2/p' "$1" | tr -d '|' | tr -s ' ' | sed 's/ $//'
}
for shell in zsh fish; do
	[ "$(kinds_of "${completion%.bash}.$shell")" = "$(kinds_of "$completion")" ] ||
		miss "the completions of bash and $shell know different verbs: $(kinds_of "${completion%.bash}.$shell")"
done
for verb in $(kinds_of "$completion"); do
	list_verbs | grep -qx "$verb" || miss "the completion knows a verb $verb"
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# In the place of bailiffctl: it knows sandboxes and profiles, and says how it was called.
mkdir "$scratch/bin"
cat >"$scratch/bin/bailiffctl" <<END
#!/bin/sh
case "\$*" in
*--help) exec "$(realpath "$ctl")" "\$@" ;;
*profiles) printf 'tool yes 1\\ntwo no 2\\n' ;;
*list) printf ' 17 tool\\n218 two\\n' ;;
*) echo "ran: \$*" ;;
esac
END
chmod +x "$scratch/bin/bailiffctl"
if command -v zsh >/dev/null; then
	# With real keys, on a terminal of its own.
	# shellcheck disable=SC2016 # they are the inner shell's
	found=$(HOME=$scratch PATH=$scratch/bin:$PATH TERM=dumb timeout 60 zsh -fc '
		zmodload zsh/zpty
		zpty shell zsh -f -i
		zpty -w shell "autoload -Uz compinit; compinit -u -D; . ${(q)1}; print rea\"\"dy"
		zpty -r -m shell seen "*ready*"
		zpty -w -n shell $'"'bailiffctl sto\t1\t--timeo\t5\nbailiffctl run --no-st\tto\t\nbailiffctl signal -s SIGTERM 2\t\nbailiffctl top --so\tmem\t\nbailiffctl top -s ti\t\nprint e\"\"nd\n'"'
		zpty -r -m shell seen "*end*"
		print -r -- $seen' zsh "$(realpath "${completion%.bash}.zsh")" | tr -d '\r' | sed -n 's/.*ran: //p' | sed 's/ *$//')
	[ "$found" = "stop 17 --timeout=5
run --no-stdin tool
signal -s SIGTERM 218
top --sort=memory
top -s time" ] || miss "keys in zsh make $found"
	zsh -n "${completion%.bash}.zsh" || miss "bailiffctl.zsh has errors"
	found=$(PATH=$(dirname "$ctl"):$PATH zsh -fc '. "$1"; _bailiffctl_verbs | sed "s/:.*//"; _bailiffctl_options run' zsh \
		"${completion%.bash}.zsh")
	wanted=$(list_verbs; list_options run | sed 's/^/--/')
	[ "$(echo "$found" | tr -d =)" = "$wanted" ] || miss "zsh finds $found"
else
	lacks zsh
fi
if command -v fish >/dev/null; then
	# It keeps files in its home.
	HOME=$scratch fish --no-config -n "${completion%.bash}.fish" || miss "bailiffctl.fish has errors"
	fish_says()
	{
		# shellcheck disable=SC2016 # they are the inner shell's
		HOME=$scratch PATH=$scratch/bin:$PATH fish --no-config -c '
			source $argv[1]; complete -C $argv[2]' "${completion%.bash}.fish" "$1" 2>/dev/null | cut -f1 | sort | tr '\n' ' '
	}
	[ "$(fish_says 'bailiffctl -H x sto')" = "stop " ] || miss "fish finds verbs: $(fish_says 'bailiffctl -H x sto')"
	[ "$(fish_says 'bailiffctl policy ch')" = "check " ] || miss "fish finds of policy: $(fish_says 'bailiffctl policy ch')"
	[ "$(fish_says 'bailiffctl run --no-s')" = "--no-stdin " ] || miss "fish finds options: $(fish_says 'bailiffctl run --no-s')"
	[ "$(fish_says 'bailiffctl run t')" = "tool two " ] || miss "fish finds profiles: $(fish_says 'bailiffctl run t')"
	[ "$(fish_says 'bailiffctl run -e A t')" = "tool two " ] || miss "fish finds behind values: $(fish_says 'bailiffctl run -e A t')"
	[ -z "$(fish_says 'bailiffctl run --env t')" ] || miss "fish finds a value: $(fish_says 'bailiffctl run --env t')"
	[ -z "$(fish_says 'bailiffctl run tool --no-s')" ] || miss "fish finds an option of the program"
	[ "$(fish_says 'bailiffctl signal -s SIGUSR')" = "SIGUSR1 SIGUSR2 " ] || miss "fish finds signals: $(fish_says 'bailiffctl signal -s SIGUSR')"
	[ "$(fish_says 'bailiffctl top -s t')" = "tasks time " ] || miss "fish finds keys: $(fish_says 'bailiffctl top -s t')"
	[ "$(fish_says 'bailiffctl stop 1')" = "17 " ] || miss "fish finds ids: $(fish_says 'bailiffctl stop 1')"
	[ -z "$(fish_says 'bailiffctl -Hfar stop 1')" ] || miss "fish asks another machine"
	[ "$(fish_says 'bailiffctl ')" = "$(list_verbs | sort | tr '\n' ' ')" ] || miss "fish finds verbs: $(fish_says 'bailiffctl ')"
	for verb in $(list_verbs); do
		[ "$(fish_says "bailiffctl $verb --" | tr -d =)" = "$(list_options "$verb" | sed 's/^/--/' | sort | tr '\n' ' ')" ] ||
			miss "fish finds options of $verb: $(fish_says "bailiffctl $verb --")"
	done
else
	lacks fish
fi
if command -v mandoc >/dev/null; then
	mandoc -Tlint -Wwarning "$man/bailiffctl.1" "$man/bailiffctl-policy.1" "$man/bailiff.3" || status=1
else
	lacks mandoc
fi
[ "$status" != 0 ] || exit "$left_out"
exit "$status"
