#!/usr/bin/env bash
# every Rust file is as rustfmt writes it
source ci/lib.sh
cargo fmt --all --check
