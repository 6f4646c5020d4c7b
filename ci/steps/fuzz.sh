#!/usr/bin/env bash
# each fuzz target runs for a while and finds nothing; FUZZ_SECONDS says how long (60)
source ci/lib.sh
command -v cargo-fuzz >/dev/null || skip_step "cargo-fuzz is missing: cargo install cargo-fuzz"
# Sanitizers are behind a switch that a stable compiler has, but does not offer.
export RUSTC_BOOTSTRAP=1
status=0
for manifest in director/crates/*/fuzz/Cargo.toml; do
    folder=${manifest%/Cargo.toml}
    for target in "$folder"/fuzz_targets/*.rs; do
        name=$(basename "$target" .rs)
        found=$CARGO_TARGET_DIR/ci-logs/fuzz/${folder//\//-}-$name
        mkdir -p "$found"
        echo "$folder $name"
        if cargo fuzz run --fuzz-dir "$folder" --target-dir "$CARGO_TARGET_DIR/fuzz" "$name" \
            "$found" -- -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
            -artifact_prefix="$found/" -print_final_stats=1 >"$found.log" 2>&1; then
            passed 1
            grep -E '^(stat::number_of_executed_units|Done)' "$found.log" || true
        else
            failed 1
            status=1
            tail -40 "$found.log"
        fi
    done
done
exit "$status"
