#!/usr/bin/env bash
# ipvs-rs and ipvsadm agree on two thousand random tables; a pass fills a table faster than ipvsadm
source ci/lib.sh
need director-lab
need e2e-ipvsadm
need_engine timetravel
kernel=$("$RELEASE/director-lab" kernel build)
status=0
# Half of the tables in each of two guests.
in_guest ipvsadm-1 "$RELEASE/e2e-ipvsadm" agree 1000 1 &
in_guest ipvsadm-2 "$RELEASE/e2e-ipvsadm" agree 1000 1001
wait
for half in ipvsadm-1 ipvsadm-2; do
    if said "$half"; then passed 1; else
        failed 1
        status=1
    fi
done
# A race needs real time, and the machine to itself.
if GUEST_TIME=real ci/guest "$kernel" "$RELEASE/e2e-ipvsadm" race 1000 10; then passed 1; else
    failed 1
    status=1
fi
exit "$status"
