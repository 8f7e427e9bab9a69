#!/usr/bin/env bash
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the lab and the development environment need from the system. As root on Debian or Ubuntu missing packages are
# installed; elsewhere one line says what to install. Without root nothing is needed: the lab then runs control planes only.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { # command package
    command -v "$1" >/dev/null || [[ -x "/usr/sbin/$1" ]] || missing+=("$2")
}

need go golang-go
need git git
tools/venv.sh --find >/dev/null 2>&1 || missing+=(python3-venv)
if [[ $EUID -eq 0 ]]; then
    need ip iproute2
    need nft nftables
    need ping iputils-ping
    need nsenter util-linux
    need mount mount
fi

if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi
if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Please install: ${missing[*]} (names of Debian's packages)" >&2
    exit 1
fi
echo "system: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=120 update -qq
apt-get -o DPkg::Lock::Timeout=120 install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
