#!/usr/bin/env bash
# the documentation builds without a warning
source ci/lib.sh
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
