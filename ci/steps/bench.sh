#!/usr/bin/env bash
# the simulator is as fast as it must be
source ci/lib.sh
need director-sim
"$RELEASE/director-sim" bench
