#!/usr/bin/env bash
# the real keepalived and ldirectord put the same table into a kernel as a director after the import
source ci/lib.sh
need director
need director-lab
need e2e-moved
need_engine timetravel
command -v keepalived >/dev/null || skip_step "keepalived is missing: apt-get install keepalived"
command -v ldirectord >/dev/null || skip_step "ldirectord is missing: apt-get install ldirectord"
kernel=$("$RELEASE/director-lab" kernel build)
report=$CARGO_TARGET_DIR/ci-logs/moved.txt
mkdir -p "${report%/*}"
# One of every kind; all of them take a quarter of an hour: MOVED=all ci/run moved.
files=(tests/moved/keepalived/{all-ports,conditionals,dns,group-mixed,http-regex,ipv6,methods}.conf)
if [[ ${MOVED:-} == all ]]; then
    perl -MNet::INET6Glue -e 1 2>/dev/null ||
        skip_step "ldirectord cannot check over IPv6: apt-get install libnet-inet6glue-perl"
    files=(tests/moved/keepalived/*.conf tests/moved/ldirectord/*.cf)
fi
status=0
ci/guest "$kernel" "$RELEASE/e2e-moved" play "$RELEASE/director" "${files[@]/#/$PWD/}" |
    tr -d '\r' | tee "$report" || status=$?
passed "$(grep -c ' holds: ' "$report" || true)"
failed "$(grep -c ' BROKEN: ' "$report" || true)"
exit "$status"
