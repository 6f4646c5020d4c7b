#!/usr/bin/env bash
# the three programs build as they are shipped
source ci/lib.sh
cargo build --locked --release --workspace --bins
cargo build --locked --release -p director-linux --example ports_selftest
ls -l "$RELEASE"/{director,director-sim,director-lab}
