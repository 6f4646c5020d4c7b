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
# One of every kind; all of them take a quarter of an hour: MOVED=all ci/run moved.
files=(tests/moved/keepalived/{all-ports,conditionals,dns,group-mixed,http-regex,ipv6,methods}.conf)
if [[ ${MOVED:-} == all ]]; then
    perl -MNet::INET6Glue -e 1 2>/dev/null ||
        skip_step "ldirectord cannot check over IPv6: apt-get install libnet-inet6glue-perl"
    files=(tests/moved/keepalived/*.conf tests/moved/ldirectord/*.cf)
fi
# Every other file in each of two guests.
one=() other=()
for ((number = 0; number < ${#files[@]}; number++)); do
    if ((number % 2)); then one+=("$PWD/${files[number]}"); else other+=("$PWD/${files[number]}"); fi
done
in_guest moved-1 "$RELEASE/e2e-moved" play "$RELEASE/director" "${one[@]}" &
in_guest moved-2 "$RELEASE/e2e-moved" play "$RELEASE/director" "${other[@]}"
wait
status=0
for half in moved-1 moved-2; do
    said "$half" || status=$?
    count_said "$half" ' holds: ' ' BROKEN: '
done
exit "$status"
