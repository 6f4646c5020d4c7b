#!/usr/bin/env bash
# the three programs build as they are shipped
source ci/lib.sh
# All at once: a package alone would have other features, and what it depends on be built anew.
cargo build --locked --release --workspace --features ipvs-rs/tokio --bins \
    --example paper_pair --example ports_selftest --example ipvs_selftest --example ipvs_selftest_tokio
ls -l "$RELEASE"/{director,director-sim,director-lab}
