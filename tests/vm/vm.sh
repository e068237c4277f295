#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: vm.sh SUITE PACKAGES WORK
#
# Boots a Debian SUITE (bookworm, trixie) in qemu, by KVM where its kernel comes up with that, with the packages of the folder
# PACKAGES installed by dpkg and SELinux enforcing; runs the tests of the package bailiff-tests in it; leaves what they
# said in WORK/out. What takes long and does not depend on the project (base system, kernel) is kept in
# ${BAILIFF_VM_CACHE:-/var/cache/bailiff-vm} under a key of what it was made from.
#
# Files go in and results come out as tar archives on raw disks: that needs no module of any kernel.
#
# The functions are called by step, through their names:
# shellcheck disable=SC2317
# shellcheck disable=SC2034 # debian.sh reads it
kind=vm
# shellcheck source=tests/vm/debian.sh
. "$(dirname "$(realpath "$0")")/debian.sh"
need_packages

include=systemd,systemd-sysv,dbus,dbus-broker,polkitd,libpam-systemd,util-linux,mount,procps,iproute2,libcap2-bin
include=$include,systemd-container,libglib2.0-bin,kmod,libnettle8,xz-utils,iputils-ping,setools
include=$include,openssh-server,openssh-client
include=$include,selinux-basics,selinux-policy-default,policycoreutils,semodule-utils,checkpolicy,auditd
modules='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk'

# Each suite's own kernel: what its users have.
kernel() {
	local main private=$cache/apt-$suite
	main=$(archive -v)
	mkdir -p "$private/lists/partial" "$private/cache/archives/partial" "$kernel.new"
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$main" "$suite" >"$private/list"
	local options=(-o "Dir::Etc::sourcelist=$private/list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::lists=$private/lists" -o "Dir::Cache=$private/cache")
	apt-get "${options[@]}" update
	local name
	name=$(apt-cache "${options[@]}" depends linux-image-cloud-amd64 | awk '/Depends: linux-image-6/ { print $2 }')
	(cd "$kernel.new" && apt-get "${options[@]}" download "$name" && dpkg-deb -x linux-image*.deb . && rm linux-image*.deb)
	rm -rf "$private"
	mv "$kernel.new" "$kernel"
}

initial_ram_disk() {
	local dir=$work/initrd module file
	rm -rf "$dir"
	mkdir -p "$dir"/{bin,dev,mnt,lib}
	cp /bin/busybox "$dir/bin/"
	: >"$dir/lib/order"
	for module in $modules; do
		file=$(find "$kernel" -name "$module.ko*" | head -n 1)
		[ -n "$file" ] || continue # built in
		case $file in
		*.xz) xz -dc "$file" >"$dir/lib/$module.ko" ;;
		*) cp "$file" "$dir/lib/" ;;
		esac
		echo "$module" >>"$dir/lib/order"
	done
	install -m 755 "$here/initrd-init" "$dir/init"
	(cd "$dir" && find . | cpio -o -H newc --quiet) >"$work/initrd.cpio"
}

# What only costs time in a machine that lives for a minute.
masked='getty.target getty@tty1.service console-getty.service serial-getty@ttyS0.service timers.target
	e2scrub_reap.service ldconfig.service systemd-journal-catalog-update.service systemd-update-done.service
	systemd-update-utmp.service systemd-update-utmp-runlevel.service modprobe@configfs.service modprobe@drm.service
	modprobe@efi_pstore.service modprobe@loop.service modprobe@dm_mod.service modprobe@fuse.service
	systemd-journal-flush.service systemd-random-seed.service systemd-modules-load.service dev-hugepages.mount
	sys-kernel-debug.mount sys-kernel-tracing.mount selinux-autorelabel-mark.service'

provision() {
	unpack "$base"
	rm -f "$tree/.autorelabel"
	install_packages || return
	local unit
	for unit in $masked; do
		ln -sf /dev/null "$tree/etc/systemd/system/$unit"
	done
	install -m 644 "$here/vm-test.service" "$tree/etc/systemd/system/"
	install -m 755 "$here/vm-test" "$tree/usr/local/sbin/vm-test"
	mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
	ln -sf ../vm-test.service "$tree/etc/systemd/system/multi-user.target.wants/"
	sed -i 's/^SELINUX=.*/SELINUX=enforcing/' "$tree/etc/selinux/config"
	# interfaces come from the headers, or have the module's own name
	cp "$here/../../selinux/bailiff.if" "$work/vmtest.if"
	sh "$here/../../selinux/build-module" "$work/module" "$tree/tmp/vmtest.pp" /usr/share/selinux/devel default \
		"$here/vmtest.te" "$work/vmtest.if"
	cp "$here/dbus-broker.cil" "$tree/tmp/vmtest_system.cil"
	chroot "$tree" semodule -n -i /tmp/vmtest.pp -i /tmp/vmtest_system.cil
}

label() {
	inside setfiles -F -m -e /proc /etc/selinux/default/contexts/files/file_contexts /
}

image() {
	rm -f "$work/root.ext4"
	truncate -s 1G "$work/root.ext4"
	mkfs.ext4 -q -F -O ^has_journal -m 0 -E lazy_itable_init=0,root_owner=0:0 -d "$tree" "$work/root.ext4"
	rm -rf "$tree"
}

# A device is not enough: there are hypervisors that run kernels made for them alone. Without a root directory a kernel that
# runs comes to its end at once; emulation takes what it takes.
accelerator=(-accel 'tcg,thread=multi' -cpu 'max,-cx16')
try_kvm() {
	[ -w /dev/kvm ] || return 0
	if timeout --foreground -k 5 20 qemu-system-x86_64 -accel kvm -cpu host -M pc -m 512 -nodefaults -no-reboot -display none \
		-serial stdio -monitor none -kernel "$(echo "$kernel"/boot/vmlinuz-*)" \
		-append 'console=ttyS0 panic=-1' </dev/null; then
		accelerator=(-accel kvm -cpu host)
	fi
}

# What "boot" appends for each machine; and the tests there ("": all).
declare -A appended=(
	[dbus-broker]='security=selinux selinux=1 enforcing=1'
	[dbus-daemon]='security=selinux selinux=1 enforcing=1'
	[permissive-cgroup-v1]='security=selinux selinux=1 enforcing=0 systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1'
	[no-selinux]='selinux=0'
)
declare -A wanted=(
	[dbus-broker]=''
	[dbus-daemon]='10-service 15-bus 20-launch 25-kinds 90-denials'
	[permissive-cgroup-v1]='20-launch 60-circumstances'
	[no-selinux]='10-service 20-launch 60-circumstances 65-elsewhere'
)

# cx16 off, above: qemu 7.2 and Linux 6.12 do not agree about it. no_timer_check: on a busy host ticks are late, for which the kernel
# blames the hardware.
boot() {
	local out=$work/out/$1
	rm -f "$work/out.tar"
	truncate -s 64M "$work/out.tar"
	printf '%s' "${BAILIFF_VM_TESTS:-${wanted[$1]}}" >"$work/tests"
	tar -cf "$work/in.tar" -C "$work" tests
	truncate -s %512 "$work/in.tar"
	timeout --foreground -k 5 "${BAILIFF_VM_TIMEOUT:-2400}" qemu-system-x86_64 "${accelerator[@]}" -M pc -smp 2 -m 1536 \
		-nodefaults -no-reboot -display none -serial stdio -monitor none \
		-kernel "$(echo "$kernel"/boot/vmlinuz-*)" -initrd "$work/initrd.cpio" \
		-append "console=ttyS0 quiet panic=-1 no_timer_check mitigations=off systemd.show_status=0 ${appended[$1]} ${BAILIFF_VM_APPEND:-}" \
		-drive file="$work/root.ext4",if=none,id=d0,format=raw,snapshot=on -device virtio-blk-pci,drive=d0 \
		-drive file="$work/in.tar",if=none,id=d1,format=raw,readonly=on -device virtio-blk-pci,drive=d1 \
		-drive file="$work/out.tar",if=none,id=d2,format=raw,cache=unsafe -device virtio-blk-pci,drive=d2 </dev/null
	mkdir -p "$out"
	tar -xf "$work/out.tar" -C "$out" --strip-components=1
	[ -e "$out/status" ]
}

# Debian's dbus-broker takes the place of dbus-daemon by this link.
use_dbus_daemon() {
	debugfs -w -R 'rm /etc/systemd/system/dbus.service' "$work/root.ext4"
}

report() {
	local machine=$1 name
	for name in passed failed skipped; do
		counts[$name]=$((counts[$name] + $(grep -oE "[0-9]+ $name" "$work/out/$machine/log" | tail -n 1 | cut -d' ' -f1)))
	done
	printf '\n=== %s, %s\n' "$suite" "$machine"
	cat "$work/out/$machine/log"
}

base=$(base_name "$include")
kernel=$cache/kernel-$suite
[ -e "$base" ] || step base base_system "$base" "$include"
[ -d "$kernel" ] || step kernel kernel
step kvm try_kvm
say "runs with: ${accelerator[*]}"
step initrd initial_ram_disk
step packages provision
step label label
step image image

declare -A counts=([passed]=0 [failed]=0 [skipped]=0)
machines=(dbus-broker dbus-daemon permissive-cgroup-v1 no-selinux)
rm -rf "$work/out"
for machine in ${BAILIFF_VM_MACHINES:-"${machines[@]}"}; do
	[ "$machine" != dbus-daemon ] || step bus use_dbus_daemon
	step "$machine" boot "$machine"
	report "$machine"
done
printf '\n%s passed, %s failed, %s skipped\n' "${counts[passed]}" "${counts[failed]}" "${counts[skipped]}"
[ "${counts[failed]}" = 0 ] && [ "${counts[passed]}" != 0 ]
