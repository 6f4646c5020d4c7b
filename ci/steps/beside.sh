#!/usr/bin/env bash
# the outage of a power loss in the simulated world is the one on the real kernel
source ci/lib.sh
need director
need director-lab
need director-sim
need_engine timetravel
"$RELEASE/director-lab" beside scenarios/failover/power-loss-measured.toml \
    --sim "$RELEASE/director-sim" --director "$RELEASE/director" --seeds 1..5
