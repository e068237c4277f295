#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the scripts beside it, sourced: a Debian of a test's own, made once and kept. They set these first:
: "${kind:?}" "${work:?}" "${cache:?}" "${suite:?}"

say() { printf '%s: %s\n' "$kind" "$*"; }
fail() {
	say "$@" >&2
	exit 1
}

# step NAME COMMAND...: what it says goes to a file, how long it took is said.
step() {
	local name=$1 began=$SECONDS
	shift
	"$@" >"$work/$name.log" 2>&1 || {
		tail -n 30 "$work/$name.log" >&2
		fail "$name failed: $work/$name.log"
	}
	say "$name: $((SECONDS - began)) s"
}

# The archive that this machine uses itself; with -v the main one, else that of security updates.
archive() {
	local uri
	# shellcheck disable=SC2016 # apt's own variables
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep "$@" -e '-security' | head -n 1)
	printf '%s\n' "${uri%/}"
}

# base_system FILE PACKAGES: Debian's suite with these packages (a list with commas) in a tar archive.
base_system() {
	local main security sources
	main=$(archive -v)
	security=$(archive || :)
	[ -n "$main" ] || fail 'apt knows no archive: is there a sources.list?'
	sources=("deb $main $suite main")
	[ -z "$security" ] || sources+=("deb $main $suite-updates main" "deb $security $suite-security main")
	mmdebstrap --variant=minbase --mode=root --format=tar --include="$2" \
		--aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		"$suite" "$1.new" "${sources[@]}" || return
	mv "$1.new" "$1"
}

# base_name PACKAGES: where the archive of base_system() is kept: another list is another archive.
base_name() {
	printf '%s/%s-%s.tar\n' "$cache" "$suite" "$(printf '%s' "$1" | sha256sum | cut -c1-16)"
}

# unpack BASE TREE
unpack() {
	rm -rf "$2"
	mkdir "$2"
	tar -xpf "$1" -C "$2" --xattrs --xattrs-include='*'
}

# install_packages TREE PACKAGES: those of the folder, by dpkg, and two users. The policy needs a system with SELinux.
install_packages() {
	mkdir "$1/packages" && cp "$2"/*.deb "$1/packages/" || return
	[ -x "$1/usr/sbin/semodule" ] || rm -f "$1"/packages/bailiff-selinux_*.deb
	chroot "$1" sh -c 'dpkg -i /packages/*.deb' || return
	rm -r "$1/packages"
	useradd --root "$1" --no-create-home --shell /bin/sh alice
	useradd --root "$1" --no-create-home --shell /bin/sh bob
}
