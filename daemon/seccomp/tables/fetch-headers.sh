#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fetch-headers.sh FOLDER [SUITE [MIRROR]]: puts the headers that harvest.py reads below FOLDER, from Debian's SUITE
# (sid), from the mirror that the machine's own apt uses unless told. Uses apt with lists of its own, so neither root nor
# a change of this machine is needed; nothing of it is installed.
set -eu

[ $# -ge 1 ] || { echo "usage: $0 FOLDER [SUITE [MIRROR]]" >&2; exit 2; }
mkdir -p "$1"
top=$(CDPATH='' cd -- "$1" && pwd)
suite=${2:-sid}
# shellcheck disable=SC2016 # $(REPO_URI) is apt's
mirror=${3:-$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)}
[ -n "$mirror" ] || { echo "$0: apt has no mirror here; name one" >&2; exit 1; }

mkdir -p "$top/apt/lists/partial" "$top/apt/cache/archives/partial" "$top/apt/none" "$top/packages"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
	>"$top/apt/sources.list"
: >"$top/apt/status"
cat >"$top/apt/apt.conf" <<X
Dir::Etc::sourcelist "$top/apt/sources.list";
Dir::Etc::sourceparts "$top/apt/none";
Dir::State::lists "$top/apt/lists";
Dir::State::status "$top/apt/status";
Dir::Cache "$top/apt/cache";
APT::Architecture "amd64";
APT::Architectures { "amd64"; "i386"; "arm64"; "armhf"; "riscv64"; };
Acquire::Languages "none";
X
export APT_CONFIG="$top/apt/apt.conf"
apt-get -q update
# The kernel's headers are one package for all architectures.
cd "$top/packages"
apt-get -q download linux-libc-dev libc6-dev-x32 libc6-dev:amd64 libc6-dev:i386 libc6-dev:arm64 libc6-dev:armhf \
	libc6-dev:riscv64
for architecture in amd64 i386 arm64 armhf riscv64; do
	mkdir -p "$top/$architecture"
	dpkg -x "$(echo libc6-dev_*_"$architecture".deb)" "$top/$architecture"
	dpkg -x "$(echo linux-libc-dev_*.deb)" "$top/$architecture"
done
mkdir -p "$top/x32"
dpkg -x "$(echo libc6-dev-x32_*.deb)" "$top/x32"
for package in linux-libc-dev_*.deb libc6-dev_*_amd64.deb; do
	dpkg-deb --show --showformat "Debian's \${Package} \${Version}\n" "$package"
done >"$top/versions"
