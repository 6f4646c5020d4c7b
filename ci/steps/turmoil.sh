#!/usr/bin/env bash
# the whole shell holds the scenarios on turmoil, decides as in the world, twice with the same bytes
source ci/lib.sh
need director-sim
need e2e-report
reports=$CARGO_TARGET_DIR/ci-logs
mkdir -p "$reports"

# Those that name it: what others are for is said by their own steps.
mapfile -t named < <(grep -rlE '^engines *=.*"turmoil"' scenarios --include='*.toml' | sort)
play() { "$RELEASE/director-sim" run "${named[@]}" --seed 7 --format json "$@"; }

status=0
play --engine turmoil >"$reports/turmoil-1.json" &
first=$!
play --engine turmoil >"$reports/turmoil-2.json" || true
wait "$first" || status=$?
play >"$reports/world-turmoil.json" || true
tally "$reports/turmoil-1.json"
if cmp "$reports/turmoil-1.json" "$reports/turmoil-2.json"; then passed 1; else failed 1; fi
if "$RELEASE/e2e-report" compare "$reports/world-turmoil.json" "$reports/turmoil-1.json"; then
    passed 1
else
    failed 1
fi
exit "$status"
