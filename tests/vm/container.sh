#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: container.sh SUITE PACKAGES WORK
#
# Boots systemd of a Debian SUITE (bookworm, trixie) in a container of systemd-nspawn, with the packages of the folder
# PACKAGES installed by dpkg, or by rpm where they are such; runs the tests of the package bailiff-tests in it; leaves what
# they said in WORK/out. With BAILIFF_VM_RUNNER=autopkgtest Debian's runner installs the packages and runs debian/tests. The
# kernel is the machine's own: no SELinux, and of the controllers those that are left for version 2. For these there
# is vm.sh; this takes seconds.
#
# The functions are called by step, through their names:
# shellcheck disable=SC2317
kind=container
# shellcheck source=tests/vm/debian.sh
. "$(dirname "$(realpath "$0")")/debian.sh"
need_packages

include=systemd,systemd-sysv,dbus,dbus-broker,polkitd,libpam-systemd,util-linux,mount,procps,libcap2-bin
include=$include,libglib2.0-bin,libnettle8,xz-utils,bzip2,zstd,lz4,file,iputils-ping,runit,s6
# Debian 13 has no OpenRC that can be installed.
[ "$suite" != bookworm ] || include=$include,openrc

runner=${BAILIFF_VM_RUNNER:-run}
[ "$format" = deb ] || include=$include,rpm
[ "$runner" != autopkgtest ] || include=$include,autopkgtest,dpkg-dev,apt-utils,iproute2

# Slow, or not to be had in a container.
masked='getty.target console-getty.service timers.target e2scrub_reap.service ldconfig.service
	systemd-journal-catalog-update.service systemd-update-done.service systemd-update-utmp.service
	systemd-update-utmp-runlevel.service systemd-journal-flush.service systemd-random-seed.service
	systemd-modules-load.service'

# Of the sources autopkgtest wants debian/.
prepare() {
	if [ "$runner" != autopkgtest ]; then
		install_packages
		return
	fi
	mkdir "$tree/packages" "$tree/srv/source" && cp "$input"/*.deb "$tree/packages/" && rm -f "$tree"/packages/bailiff-selinux_*.deb &&
		cp -r "$here/../../debian" "$tree/srv/source/"
}

provision() {
	local unit
	unpack "$base" && prepare || return
	for unit in $masked; do
		ln -sf /dev/null "$tree/etc/systemd/system/$unit"
	done
	mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
	install -m 644 "$here/container-test.service" "$tree/etc/systemd/system/"
	ln -sf ../container-test.service "$tree/etc/systemd/system/multi-user.target.wants/"
}

# nspawn makes control groups in that of its caller: each hierarchy of systemd's gets one to be removed with them.
groups=()
enter_groups() {
	local root
	for root in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
		[ -e "$root/cgroup.procs" ] || continue
		mkdir "$root/bailiff-container-$$"
		groups+=("$root/bailiff-container-$$")
		echo $$ >"$root/bailiff-container-$$/cgroup.procs"
	done
}

# They are busy until the last process is reaped.
leave_groups() {
	local group try
	for group in ${groups[@]+"${groups[@]}"}; do
		echo $$ >"${group%/*}/cgroup.procs" || continue
		for ((try = 0; try < 100; try++)); do
			find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
			sleep 0.1
		done
		[ ! -e "$group" ] || say "left behind: $group"
	done
}

# What the container runs. autopkgtest does not know that it is in one, and leaves out what wants a machine: status 2.
main() {
	if [ "$runner" = autopkgtest ]; then
		echo 'autopkgtest --ignore-restrictions=isolation-container --no-built-binaries /packages/*.deb /srv/source -- null ||'
		echo '	[ "$?" = 2 ]'
	else
		printf 'exec /usr/libexec/installed-tests/bailiff/run %s\n' \
			"${BAILIFF_VM_TESTS:-10-service 12-hardened 20-launch 40-faults 70-managers 80-upgrade 99-remove}"
	fi
}

# Its own list of calls leaves Landlock out. The tests' own end is the container's: with their status.
boot() {
	rm -rf "$work/out"
	mkdir "$work/out"
	main >"$work/out/main"
	trap leave_groups EXIT
	enter_groups
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout --foreground -k 5 "${BAILIFF_VM_TIMEOUT:-900}" \
		systemd-nspawn -q -D "$tree" -M "bailiff-container-$$" --bind="$work/out:/run/container-test" \
		--keep-unit --register=no --private-network --capability=all --system-call-filter=@known \
		--console=pipe -b </dev/null
}

base=$(base_name "$include")
[ -e "$base" ] || step base base_system "$base" "$include"
step provision provision
status=0
boot >"$work/boot.log" 2>&1 || status=$?
[ -s "$work/out/log" ] || { tail -n 40 "$work/boot.log" >&2; fail "it did not come to the tests: $work/boot.log"; }
rm -rf "$tree"
cat "$work/out/log"
exit "$status"
