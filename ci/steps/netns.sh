#!/usr/bin/env bash
# one scenario holds in namespaces of this machine's own kernel
source ci/lib.sh
need director
need director-lab
need e2e-report
need_engine netns
report=$CARGO_TARGET_DIR/ci-logs/netns.json
mkdir -p "${report%/*}"
status=0
"$RELEASE/director-lab" run scenarios/failover/active-loses-power.toml --engine netns --seed 7 \
    --director "$RELEASE/director" --format json >"$report" || status=$?
tally "$report"
exit "$status"
