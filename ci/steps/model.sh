#!/usr/bin/env bash
# the simulator's models of IPVS and of neighbour tables do what a real kernel does
source ci/lib.sh
need director-lab
need e2e-model
need_engine timetravel
kernel=$("$RELEASE/director-lab" kernel build)
found=$CARGO_TARGET_DIR/ci-logs/model.txt
mkdir -p "${found%/*}"

# A guest has one processor.
ci/guest "$kernel" "$RELEASE/e2e-model" 250 8 1 rr wrr lc wlc sed nq fo >"$found.1" &
first=$!
status=0
ci/guest "$kernel" "$RELEASE/e2e-model" 250 8 1 ovf sh dh mh lblc lblcr twos >"$found.2" || status=$?
ci/guest "$kernel" "$RELEASE/e2e-model" neighbours 1500 1 >"$found.3" || status=$?
wait "$first" || status=$?
# A guest's console ends its lines with a carriage return, too.
cat "$found.1" "$found.2" "$found.3" | tr -d '\r' | tee "$found"
passed "$(grep -c ': 0 differences$' "$found" || true)"
failed "$(grep -c ': [1-9][0-9]* differences$' "$found" || true)"
exit "$status"
