#!/usr/bin/env bash
# the simulator that the tests use tells every story as the shipped one does, byte for byte
source ci/lib.sh
need director-sim
reports=$CARGO_TARGET_DIR/ci-logs
mkdir -p "$reports"
plain=$CARGO_TARGET_DIR/debug/director-sim
# The tests have built it, unless this step is run alone.
[[ -x $plain ]] || cargo build --locked --workspace --bin director-sim

for seed in 1 2 3; do
    for program in "$plain" "$RELEASE/director-sim"; do
        said=$reports/identical-$(basename "${program%/*}")-$seed.json
        "$program" run scenarios/ --seed "$seed" --format json >"$said" || true
    done
    if cmp "$reports/identical-debug-$seed.json" "$reports/identical-release-$seed.json"; then
        echo "seed $seed: $(wc -c <"$reports/identical-debug-$seed.json") bytes, the same"
        passed 1
    else
        failed 1
    fi
done
