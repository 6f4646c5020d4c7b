#!/usr/bin/env bash
# every way to a real server carries traffic on a real kernel; ports and takeovers hold there
source ci/lib.sh
need director
need director-lab
need e2e-matrix
need_engine timetravel
kernel=$("$RELEASE/director-lab" kernel build)
report=$CARGO_TARGET_DIR/ci-logs/matrix.txt
mkdir -p "${report%/*}"
status=0
ci/guest "$kernel" "$RELEASE/e2e-matrix" run "$RELEASE/director" | tee "$report" || status=$?
passed "$(grep -c ' holds: ' "$report" || true)"
failed "$(grep -c ' BROKEN: ' "$report" || true)"
# shellcheck disable=SC2016 # for the shell in the guest
ci/guest "$kernel" /bin/sh -c 'ip link add dummy type dummy; ip link set dummy up; exec "$0" dummy' \
    "$RELEASE/examples/ports_selftest" >"${report%.txt}-ports.txt" || status=$?
grep ' checks, ' "${report%.txt}-ports.txt"
passed "$(grep -c '^  held ' "${report%.txt}-ports.txt" || true)"
failed "$(grep -c '^  BROKEN ' "${report%.txt}-ports.txt" || true)"
for client in ipvs_selftest ipvs_selftest_tokio; do
    commands=${report%.txt}-$client.txt
    ci/guest "$kernel" "$RELEASE/examples/$client" >"$commands" || status=$?
    grep ' checks held, ' "$commands"
    passed "$(grep -c '^ok  ' "$commands" || true)"
    failed "$(grep -c '^FAIL  ' "$commands" || true)"
done
through=${report%.txt}-checks.txt
ci/guest "$kernel" "$RELEASE/e2e-matrix" checks "$RELEASE/director" | tee "$through" || status=$?
passed "$(grep -c ' holds: ' "$through" || true)"
failed "$(grep -c ' BROKEN: ' "$through" || true)"
upkeep=${report%.txt}-upkeep.txt
ci/guest "$kernel" "$RELEASE/e2e-matrix" upkeep "$RELEASE/director" | tee "$upkeep" || status=$?
passed "$(grep -c ' holds: ' "$upkeep" || true)"
failed "$(grep -c ' BROKEN: ' "$upkeep" || true)"
if ci/guest "$kernel" "$RELEASE/e2e-matrix" takeover "$RELEASE/director"; then passed 1; else
    failed 1
    status=1
fi
exit "$status"
