#!/usr/bin/env bash
# two thousand seeds of random faults end with one owner and every client served
source ci/lib.sh
need director-sim
"$RELEASE/director-sim" hunt --seeds 2000
