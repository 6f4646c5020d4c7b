#!/usr/bin/env bash
# asking a late peer never takes over falsely more often than three missed beats do
source ci/lib.sh
need director-sim
# The whole table is made by `director-sim false-takeovers` (docs/failover.md).
"$RELEASE/director-sim" false-takeovers --seeds 1 --for 120s
