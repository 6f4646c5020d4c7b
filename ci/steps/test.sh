#!/usr/bin/env bash
# every unit, property, snapshot and whole-repository test holds
source ci/lib.sh

log=$COUNTS.nextest
export DIRECTOR_BINARIES=$RELEASE
status=0
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace --profile ci >"$log" 2>&1 || status=$?
    # What passes is long and the same every day; what does not is repeated below the sum.
    sed -n '/^ *Summary /,$p' "$log"
    counted() { sed -n "s/^ *Summary .*[:,] \([0-9]*\) $1.*/\1/p" "$log" | sed -n 1p; }
    ok=$(counted passed)
    bad=$(counted failed) ignored=$(counted skipped) late=$(counted 'timed out')
    # The few that may be repeated (.config/nextest.toml): which, and what was wrong at first.
    while read -r test; do
        repeated "$test: $(awk -v test="$test" '/^ +TRY / { on = /TRY 1 FAIL/ && index($0, test) }
            on && /BROKEN:|panicked at/' "$log" | head -3 | cut -c1-300 | paste -sd' ')"
    done < <(sed -n 's/^ *FLAKY [^)]*) //p' "$log")
else
    cargo test --locked --workspace --lib --bins --tests --examples --no-fail-fast -- --nocapture \
        >"$log" 2>&1 || status=$?
    grep -E '^(test .*FAILED|error|failures|    [a-z_:]*$|test result)|panicked' "$log" || true
    counted() { awk -v word="$1" '/^test result/ { for (i = 2; i <= NF; i++)
        if ($i ~ "^" word) sum += $(i - 1) } END { print sum + 0 }' "$log"; }
    ok=$(counted passed)
    bad=$(counted failed) ignored=$(counted ignored) late=0
fi
[[ -n ${ok:-} ]] || { tail -60 "$log"; echo "the tests did not run"; exit 1; }

# Tests that found that they cannot run here said so and passed.
told=$(awk '/^ +(TRY [0-9] )?(PASS|FAIL) / { test = $0 }
    tolower($0) ~ /^ *skipped: / && !(test in seen) { seen[test]; sub(/^ */, ""); print }' "$log")
while read -r number reason; do
    [[ -n $number ]] || continue
    skipped "$number" "${reason#*: }"
    ok=$((ok - number))
done < <(sort <<<"$told" | uniq -c | grep -v '^ *1 *$' || true)
passed "$ok"
failed "$((${bad:-0} + ${late:-0}))"
[[ ${ignored:-0} -eq 0 ]] || skipped "$ignored" "marked as ignored"
exit "$status"
