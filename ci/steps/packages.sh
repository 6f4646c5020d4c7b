#!/usr/bin/env bash
# the Debian packages that the kernel, the lab and the build need are installed
source ci/lib.sh

PACKAGES=(
    build-essential ca-certificates pkg-config
    user-mode-linux linux-source-6.12 flex bison bc xz-utils
    nginx-light apache2-bin keepalived heartbeat ldirectord resource-agents
    ipvsadm iproute2 nftables kmod util-linux procps
    binutils debootstrap musl-tools prometheus python3-prometheus-client tmux chromium-headless-shell
    tshark
    # What checks are tried on, and what ldirectord needs to ask a database.
    libdbd-mysql-perl
    dovecot-imapd dovecot-pop3d etcd-server exim4-daemon-light freeradius kamailio kamailio-tls-modules leafnode
    mariadb-server memcached postgresql redis-server slapd squid tinyproxy unbound vsftpd
)

# Whether a package may be called installed, also where another one stands in for it.
present() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

command -v dpkg-query >/dev/null || skip_step "not a Debian machine: install what \
\`director-lab doctor\` asks for"
missing=()
for package in "${PACKAGES[@]}"; do
    present "$package" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || { echo "all ${#PACKAGES[@]} packages are installed"; exit 0; }

echo "missing: ${missing[*]}"
[[ $(id -u) -eq 0 ]] || skip_step "not root: run apt-get install ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# The lab wants the programs, not services on this machine: invoke-rc.d(8) asks this file.
POLICY=/usr/sbin/policy-rc.d
if [[ ! -e $POLICY ]]; then
    trap 'rm -f "$POLICY"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
fi
apt-get update -qq
unknown=() known=()
for package in "${missing[@]}"; do
    if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); else
        unknown+=("$package"); fi
done
[[ ${#known[@]} -eq 0 ]] || apt-get install -y -qq --no-install-recommends "${known[@]}"
passed 1
[[ ${#unknown[@]} -eq 0 ]] || skipped 1 "this distribution has no package ${unknown[*]}"
