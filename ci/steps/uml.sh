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
# A machine that was busy for half a second is a director that was frozen for it: another attempt.
ATTEMPTS=3

# Held, and decided as in the simulated world.
attempt() {
    "$RELEASE/director-lab" run "$1" --engine uml --seed 7 \
        --director "$RELEASE/director" --format json >"$reports/uml.json" &&
        "$RELEASE/e2e-report" compare "$reports/world-uml.json" "$reports/uml.json"
}

"$RELEASE/director-sim" run "${SCENARIOS[@]}" --seed 7 --format json >"$reports/world-uml.json" || true
status=0
for scenario in "${SCENARIOS[@]}"; do
    held=
    for ((number = 1; number <= ATTEMPTS; number++)); do
        if attempt "$scenario"; then
            held=yes
            break
        fi
        echo "attempt $number of $ATTEMPTS did not hold; real time depends on what else the machine does"
        "$RELEASE/e2e-report" tally "$reports/uml.json" >/dev/null || true
    done
    if [[ -n $held ]]; then
        passed 1
        [[ $number -eq 1 ]] || repeated "$scenario, attempt $number of $ATTEMPTS"
    else
        failed 1
        status=1
    fi
done
exit "$status"
