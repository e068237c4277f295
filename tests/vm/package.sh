#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: package.sh SUITE SOURCES WORK
#
# Makes the packages of the tree SOURCES in a Debian SUITE (bookworm, trixie) of their own, with that Debian's compiler,
# libraries and SELinux policy, without a network; checks them with its lintian; leaves them in WORK.
#
# The functions are called by step, through their names:
# shellcheck disable=SC2317
# shellcheck disable=SC2034 # debian.sh reads it
kind=package
# shellcheck source=tests/vm/debian.sh
. "$(dirname "$(realpath "$0")")/debian.sh"

# Build-Depends of debian/control; what is missing here dpkg-buildpackage says.
include=build-essential,debhelper,meson,pkgconf,libsystemd-dev,nettle-dev,python3,selinux-policy-dev,lintian
[ "$suite" = bookworm ] || include=$include,systemd-dev

provision() {
	unpack "$base" && mkdir "$tree/build" && cp -r "$input" "$tree/build/source"
}

build() {
	inside sh -c 'cd /build/source && dpkg-buildpackage -us -uc -b'
}

# no bug of Debian's asked for a package
check() {
	inside sh -c 'lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs /build/*.changes'
}

base=$(base_name "$include")
[ -e "$base" ] || step base base_system "$base" "$include"
step provision provision
step build build
step lintian check
cp "$tree"/build/*.deb "$work/"
rm -rf "$tree"
