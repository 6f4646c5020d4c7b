#!/usr/bin/env bash
# dependencies keep to deny.toml
source ci/lib.sh
cargo deny --version 2>/dev/null || skip_step "cargo-deny is not installed; licences and sources are \
checked by tests/licences.rs all the same, only advisories are not"
cargo deny --locked check
