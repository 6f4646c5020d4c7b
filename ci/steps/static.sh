#!/usr/bin/env bash
# the daemon is built as one static file, which fails over on a real kernel as the other does
source ci/lib.sh
need director-lab
need_engine timetravel

built=$CARGO_TARGET_DIR/static.log
status=0
ci/static 2>"$built" || status=$?
[[ $status -ne 3 ]] || skip_step "$(sed -n 's/^cannot be built here: //p' "$built")"
cat "$built"
[[ $status -eq 0 ]] || exit "$status"
program=$CARGO_TARGET_DIR/x86_64-unknown-linux-musl/release/director
# ldd(1) ends with status 1 for what has nothing to load.
linked=$(ldd "$program" 2>&1 || true)
echo "$linked"
grep -qE 'not a dynamic executable|statically linked' <<<"$linked" || { failed 1; exit 1; }
if readelf --program-headers "$program" | grep -q INTERP; then failed 1; exit 1; fi
passed 1

report=$CARGO_TARGET_DIR/ci-logs/static.json
mkdir -p "${report%/*}"
"$RELEASE/director-lab" run scenarios/failover/active-loses-power.toml scenarios/guides \
    --engine timetravel --seed 7 --director "$program" --format json >"$report" || status=$?
tally "$report"
exit "$status"
