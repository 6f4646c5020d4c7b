#!/usr/bin/env bash
# every scenario holds on a real kernel in simulated time, twice with the same bytes
source ci/lib.sh
need director
need director-lab
need e2e-report
need_engine timetravel
reports=$CARGO_TARGET_DIR/ci-logs
mkdir -p "$reports"

mapfile -t played < <(catalogue)

# As many at once as there are processors.
play() {
    "$RELEASE/director-lab" run "${played[@]}" --engine timetravel --seed 7 \
        --director "$RELEASE/director" --format json
}
status=0
play >"$reports/timetravel-1.json" || status=$?
play >"$reports/timetravel-2.json" || true
tally "$reports/timetravel-1.json"
if cmp "$reports/timetravel-1.json" "$reports/timetravel-2.json"; then passed 1; else failed 1; fi

# A failover that was rehearsed is the failover that happens.
"$RELEASE/director-sim" run scenarios/ --seed 7 --format json >"$reports/world-1.json" || true
if "$RELEASE/e2e-report" compare "$reports/world-1.json" "$reports/timetravel-1.json"; then
    passed 1
else
    failed 1
fi
exit "$status"
