#!/usr/bin/env bash
# ipvs-rs and ipvsadm agree on two thousand random tables; a pass fills a table faster than ipvsadm
source ci/lib.sh
need director-lab
need e2e-ipvsadm
need_engine timetravel
kernel=$("$RELEASE/director-lab" kernel build)
status=0
if ci/guest "$kernel" "$RELEASE/e2e-ipvsadm" agree 2000 1; then passed 1; else
    failed 1
    status=1
fi
# A race needs real time, and the machine to itself.
if GUEST_TIME=real ci/guest "$kernel" "$RELEASE/e2e-ipvsadm" race 1000 10; then passed 1; else
    failed 1
    status=1
fi
exit "$status"
