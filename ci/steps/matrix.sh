#!/usr/bin/env bash
# every way to a real server carries traffic on a real kernel; ports and takeovers hold there
source ci/lib.sh
need director
need director-lab
need e2e-matrix
need_engine timetravel
kernel=$("$RELEASE/director-lab" kernel build)

# Two rows of about the same length, beside each other.
played matrix "$RELEASE/e2e-matrix" run "$RELEASE/director" &
row=$!
# shellcheck disable=SC2016 # for the shell in the guest
played ports /bin/sh -c 'ip link add dummy type dummy; ip link set dummy up; exec "$0" dummy' \
    "$RELEASE/examples/ports_selftest"
played ipvs_selftest "$RELEASE/examples/ipvs_selftest"
played ipvs_selftest_tokio "$RELEASE/examples/ipvs_selftest_tokio"
played through "$RELEASE/e2e-matrix" checks "$RELEASE/director"
played upkeep "$RELEASE/e2e-matrix" upkeep "$RELEASE/director"
played files "$RELEASE/e2e-matrix" files "$RELEASE/director"
played takeover "$RELEASE/e2e-matrix" takeover "$RELEASE/director"
wait "$row"

status=0
for part in matrix through upkeep files; do
    said "$part" || status=$?
    count_said "$part" ' holds: ' ' BROKEN: '
done
said ports ' checks, ' || status=$?
count_said ports '^  held ' '^  BROKEN '
for client in ipvs_selftest ipvs_selftest_tokio; do
    said "$client" ' checks held, ' || status=$?
    count_said "$client" '^ok  ' '^FAIL  '
done
if said takeover; then passed 1; else
    failed 1
    status=1
fi
exit "$status"
