#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: check-dev.sh SOURCES
#
# What ./dev says to help and to nonsense, on a copy of it: it ends with the right status, says one line of its own, and
# neither needs anything nor makes or removes anything before it knows what is meant.
set -u

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# a path as people have them
tree="$scratch/a tree"
mkdir -p "$tree/tests/bench" "$tree/build-packages-x"
cp "$1/dev" "$tree/"
cp "$1"/tests/bench/*.py "$tree/tests/bench/"
failed=0

complain()
{
	printf '%s\n' "$*" >&2
	failed=1
}

# dev ARGUMENT...: status and output, which is in $said
dev()
{
	status=0
	said=$("$tree/dev" "$@" 2>"$scratch/errors") || status=$?
}

helps()
{
	dev "$@"
	[ "$status" = 0 ] || complain "dev $*: status $status"
	[ ! -s "$scratch/errors" ] || complain "dev $*: $(cat "$scratch/errors")"
	printf '%s\n' "$said" | grep -qe "$wanted" || complain "dev $*: nothing of \"$wanted\" in: $said"
}

refuses()
{
	dev "$@"
	[ "$status" = 1 ] || complain "dev $*: status $status"
	[ "$(grep -c '^dev: ' "$scratch/errors")$(wc -l <"$scratch/errors")$said" = 11 ] ||
		complain "dev $*: not one line of complaint: $said $(cat "$scratch/errors")"
}

wanted='^usage: '
for ask in '' help -h --help; do
	# shellcheck disable=SC2086 # none or one
	helps $ask
done
commands=$("$tree/dev" | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | sort -u)
[ "$(printf '%s\n' "$commands" | wc -l)" -ge 14 ] || complain "usage lists too few commands: $commands"
for command in $commands; do
	grep -qE "(^|[ |])${command}[ |)]" "$tree/dev" || complain "no command $command"
	wanted="^  $command "
	helps "$command" --help
	helps "$command" -h
	[ "$command" = deps ] || ! printf '%s\n' "$said" | grep -q '^  deps ' || complain "dev $command -h: helps with others"
done
wanted='--count'
helps bench launch --help

refuses nonsense
refuses nonsense --help
refuses build x
refuses test --nonsense
refuses test --suite
refuses test --clang --sanitize
refuses fuzz wire x
refuses fuzz bus x 1
for command in package container-test autopkgtest vm-test; do
	refuses "$command" nonsense
	refuses "$command" ../x
	refuses "$command" x
	refuses "$command" bookworm trixie
done

[ "$(ls "$tree")" = 'build-packages-x
dev
tests' ] || complain "what is in the tree is not what was: $(ls "$tree")"
[ "$failed" = 0 ] && echo "$(printf '%s\n' "$commands" | wc -l) commands help and refuse"
exit "$failed"
