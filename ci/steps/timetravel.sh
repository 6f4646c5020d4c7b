#!/usr/bin/env bash
# every scenario holds on a real kernel in simulated time, and every third twice with the same bytes
source ci/lib.sh
need director
need director-lab
need director-sim
need e2e-report
need_engine timetravel
reports=$CARGO_TARGET_DIR/ci-logs
mkdir -p "$reports"

# A sample for the second time: all of them twice is ci/seeds 7 7, two times.
once=() twice=()
for scenario in $(catalogue | while read -r place; do find "$place" -name '*.toml' | sort; done); do
    # Configurations lie beside them.
    grep -q '^engines *=' "$scenario" || continue
    if (((${#once[@]} + ${#twice[@]}) % 3)); then once+=("$scenario"); else twice+=("$scenario"); fi
done

# As many at once as there are processors.
play() {
    "$RELEASE/director-lab" run "$@" --engine timetravel --seed 7 \
        --director "$RELEASE/director" --format json
}
status=0
play "${once[@]}" >"$reports/timetravel-0.json" || status=$?
play "${twice[@]}" >"$reports/timetravel-1.json" || status=$?
play "${twice[@]}" >"$reports/timetravel-2.json" || true
tally "$reports/timetravel-0.json"
tally "$reports/timetravel-1.json"
if cmp "$reports/timetravel-1.json" "$reports/timetravel-2.json"; then passed 1; else failed 1; fi

# A failover that was rehearsed is the failover that happens.
"$RELEASE/director-sim" run scenarios/ --seed 7 --format json >"$reports/world-1.json" || true
for kernel in timetravel-0 timetravel-1; do
    if "$RELEASE/e2e-report" compare "$reports/world-1.json" "$reports/$kernel.json"; then
        passed 1
    else
        failed 1
    fi
done
exit "$status"
