#!/usr/bin/env bash
# after any reloads, crashes, drifts, kernel errors and takeovers the table is as configured
source ci/lib.sh
need e2e-sequences
status=0
# A sample: 10000 of each is what was seen to hold (docs/hunting.md).
if "$RELEASE/e2e-sequences" memory 2000 1; then passed 1; else
    failed 1
    status=1
fi
need director-sim
if "$RELEASE/director-sim" hunt --kernel --seeds 2000; then passed 1; else
    failed 1
    status=1
fi
need director-lab
report=$("$RELEASE/director-lab" doctor || true)
if ! grep -q "^timetravel.*ready" <<<"$report"; then
    skipped 1 "the 200 on a real kernel: this machine has none to run (director-lab doctor)"
    exit "$status"
fi
kernel=$("$RELEASE/director-lab" kernel build)
# Half of the 200 in each of two guests: a guest has one processor.
ci/guest "$kernel" "$RELEASE/e2e-sequences" kernel 100 1 &
first=$!
if ci/guest "$kernel" "$RELEASE/e2e-sequences" kernel 100 101; then passed 1; else
    failed 1
    status=1
fi
if wait "$first"; then passed 1; else
    failed 1
    status=1
fi
exit "$status"
