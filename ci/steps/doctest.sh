#!/usr/bin/env bash
# the examples in the documentation of the code compile and hold
source ci/lib.sh
log=$COUNTS.doctest
status=0
cargo test --locked --workspace --doc --no-fail-fast >"$log" 2>&1 || status=$?
grep -E '^(test |test result|error|failures)' "$log" || tail -40 "$log"
counted() { awk -v word="$1" '/^test result/ { for (i = 2; i <= NF; i++)
    if ($i ~ "^" word) sum += $(i - 1) } END { print sum + 0 }' "$log"; }
passed "$(counted passed)"
failed "$(counted failed)"
ignored=$(counted ignored)
[[ $ignored -eq 0 ]] || skipped "$ignored" "examples that are shown, not compiled"
exit "$status"
