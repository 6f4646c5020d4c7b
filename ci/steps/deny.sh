#!/usr/bin/env bash
# dependencies keep to deny.toml
source ci/lib.sh
cargo deny --version 2>/dev/null || skip_step "cargo-deny is not installed; tests/licences.rs \
checks licences and sources all the same, but nothing checks advisories"
cargo deny --locked check
