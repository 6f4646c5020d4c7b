#!/usr/bin/env bash
# every scenario holds in the simulated world, twice with the same bytes
source ci/lib.sh
need director-sim
need e2e-report
reports=$CARGO_TARGET_DIR/ci-logs
mkdir -p "$reports"

status=0
"$RELEASE/director-sim" run scenarios/ --seed 7 || status=$?
"$RELEASE/director-sim" run scenarios/ --seed 7 --format json >"$reports/world-1.json" || true
"$RELEASE/director-sim" run scenarios/ --seed 7 --format json >"$reports/world-2.json" || true
tally "$reports/world-1.json"
if cmp "$reports/world-1.json" "$reports/world-2.json"; then passed 1; else failed 1; fi
exit "$status"
