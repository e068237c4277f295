#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the scripts beside it, sourced: a Debian of a test's own, made once and kept in ${BAILIFF_VM_CACHE:-/var/cache/bailiff-vm}.
# Each has the arguments SUITE (bookworm, trixie), INPUT (a folder), WORK (another one), and sets this first:
: "${kind:?}"
set -euo pipefail

# Whoever waits for a program in the foreground ends after it. So these have to get a terminal's Ctrl-C themselves, which
# timeout(1) keeps from them unless it is told --foreground.
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() { printf '%s: %s\n' "$kind" "$*"; }
fail() {
	say "$@" >&2
	exit 1
}

[ "$#" = 3 ] || fail 'wanted: SUITE INPUT WORK'
suite=$1 input=$(realpath "$2") work=$3
case $suite in
bookworm | trixie) ;;
*) fail "$suite: one of bookworm, trixie" ;;
esac
[ "$(id -u)" = 0 ] || fail 'a file system with many owners takes root'
# shellcheck disable=SC2034 # where its files are: the others read it
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
cache=${BAILIFF_VM_CACHE:-/var/cache/bailiff-vm}
mkdir -p "$work" "$cache"
work=$(realpath "$work")
tree=$work/tree

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

# unpack BASE: into $tree
unpack() {
	rm -rf "$tree"
	mkdir "$tree"
	tar -xpf "$1" -C "$tree" --xattrs --xattrs-include='*'
}

# inside COMMAND...: in $tree, which has a procfs meanwhile, and nothing to reach over a network.
inside() {
	unshare --mount --net --propagation private sh -ec "mount -t proc proc '$tree/proc'; exec chroot '$tree' \"\$@\"" - "$@"
}

# What is in $input: deb or rpm, in $format.
need_packages() {
	for format in deb rpm; do
		! ls "$input"/*."$format" >/dev/null 2>&1 || return 0
	done
	fail "$input: there are no packages in it"
}

# next_version FILE FOLDER: the same package with a higher version.
next_version() {
	local content=$work/next
	rm -rf "$content"
	dpkg-deb -R "$1" "$content" || return
	sed -Ei '/^Version:/ s/$/+next/; /^Depends:/ s/\(= ([^)]*)\)/(= \1+next)/g' "$content/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone -b "$content" "$2" || return
	rm -r "$content"
}

# All but those of the policy, which need a system with SELinux, go into $tree, and those of the next version beside.
install_debs() {
	local file
	cp "$input"/*.deb "$tree/packages/" || return
	[ -x "$tree/usr/sbin/semodule" ] || rm -f "$tree"/packages/bailiff-selinux_*.deb
	inside sh -c 'dpkg -i /packages/*.deb' || return
	for file in "$tree"/packages/*.deb; do
		next_version "$file" "$tree/srv/bailiff-next" || return
	done
}

# Debian has other names for what they require, and its loader another folder than theirs for libraries.
install_rpms() {
	cp "$input"/*.rpm "$tree/packages/" && cp "$input"/next/*.rpm "$tree/srv/bailiff-next/" || return
	[ -x "$tree/usr/sbin/semodule" ] || rm -f "$tree"/{packages,srv/bailiff-next}/bailiff-selinux-*.rpm
	echo /usr/lib64 >"$tree/etc/ld.so.conf.d/rpm.conf"
	inside sh -c 'rpm -i --nodeps /packages/*.rpm && ldconfig'
}

# The packages of $input, and two users; those that 80-upgrade installs lie beside.
install_packages() {
	mkdir "$tree/packages" "$tree/srv/bailiff-next" && "install_${format}s" || return
	rm -r "$tree/packages"
	useradd --root "$tree" --no-create-home --shell /bin/sh alice
	useradd --root "$tree" --no-create-home --shell /bin/sh bob
}
