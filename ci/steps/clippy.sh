#!/usr/bin/env bash
# no lint of the workspace has anything to say, tests and examples included
source ci/lib.sh
cargo clippy --locked --workspace --all-targets -- -D warnings
