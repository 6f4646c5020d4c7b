#!/usr/bin/env bash
# a few scenarios hold on a real kernel in real time, decided as in the simulated world
source ci/lib.sh
need director
need director-lab
need e2e-report
need_engine uml
reports=$CARGO_TARGET_DIR/ci-logs
mkdir -p "$reports"

# Real time: each takes as long as it is.
SCENARIOS=(
    scenarios/failover/active-loses-power.toml
    scenarios/failover/active-is-stopped.toml
    scenarios/health/server-dies-and-returns.toml
)
status=0
"$RELEASE/director-lab" run "${SCENARIOS[@]}" --engine uml --seed 7 \
    --director "$RELEASE/director" --format json >"$reports/uml.json" || status=$?
tally "$reports/uml.json"
"$RELEASE/director-sim" run "${SCENARIOS[@]}" --seed 7 --format json \
    >"$reports/world-uml.json" || true
if "$RELEASE/e2e-report" compare "$reports/world-uml.json" "$reports/uml.json"; then
    passed 1
else
    failed 1
fi
exit "$status"
